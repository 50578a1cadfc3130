// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK aliases: persistent memory as the kernel sees it through a KeyID
 *
 * Page structs and the direct map know a page under KeyID 0 only. To read and
 * write a file's data the kernel uses an alias area: address space of the size
 * of the device, mapped to the same memory with the KeyID in the entries.
 *
 * This file makes, finds and takes down the areas. What goes through them to keep
 * aliases coherent is in mktme_flush.c.
 */
#include "mktme_private.h"

#include <linux/io.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/range.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/vmalloc.h>

#include <asm/mktme.h>
#include <asm/smp.h>

/* Work between two chances to reschedule: about 0.1 ms */
#define ALIAS_CHUNK	SZ_64K

/**
 * struct alias_area - one range of a device seen through one KeyID
 * @node: in areas[keyid], RCU
 * @pgmap: the device, identity only
 * @range: physical addresses
 * @kaddr: where they are mapped
 * @vm: the mapping; gone before RCU readers are
 * @gone: list of those about to be unmapped
 * @rcu: frees the struct
 *
 * Made by mktme_alias_add(), dies with the device in mktme_alias_drop() or with
 * the key in mktme_alias_drop_keyid(). The lists are changed under areas_lock. The
 * mapping outlives every section of areas_srcu that found it, and every user who
 * holds dax_read_lock().
 */
struct alias_area {
	struct hlist_node node;
	const struct dev_pagemap *pgmap;
	struct range range;
	void *kaddr;
	struct vm_struct *vm;
	struct list_head gone;
	struct rcu_head rcu;
};

/* Indexed by KeyID; the first is never used. */
static struct hlist_head areas[MKTME_MAX_KEYIDS + 1];

static DEFINE_MUTEX(areas_lock);
DEFINE_STATIC_SRCU(areas_srcu);

static bool usable_keyid(unsigned int keyid)
{
	return keyid && keyid <= mktme_nr_keyids();
}

static struct alias_area *find_area(unsigned int keyid,
				    const struct dev_pagemap *pgmap,
				    const struct range *range)
{
	struct alias_area *area;

	lockdep_assert_held(&areas_lock);
	hlist_for_each_entry(area, &areas[keyid], node) {
		if (area->pgmap == pgmap && area->range.start == range->start)
			return area;
	}
	return NULL;
}

/*
 * VM_IOREMAP aligns the area so that 1 GiB and 2 MiB leaves can be used, and
 * keeps it out of /proc/kcore. The KeyID goes into the protection: the physical
 * address that ioremap_page_range() sees is the plain one, also for the memory
 * type.
 */
static struct vm_struct *map_alias(unsigned int keyid, const struct range *range)
{
	pgprot_t prot = __pgprot(pgprot_val(PAGE_KERNEL) | mktme_keyid_bits(keyid));
	struct vm_struct *vm;
	unsigned long addr;

	vm = get_vm_area(range_len(range), VM_IOREMAP);
	if (!vm)
		return NULL;
	addr = (unsigned long)vm->addr;
	if (ioremap_page_range(addr, addr + range_len(range), range->start, prot)) {
		free_vm_area(vm);
		return NULL;
	}
	return vm;
}

static int add_area(unsigned int keyid, const struct dev_pagemap *pgmap,
		    const struct range *range)
{
	struct alias_area *area;

	if (find_area(keyid, pgmap, range))
		return 0;
	area = kzalloc(sizeof(*area), GFP_KERNEL);
	if (!area)
		return -ENOMEM;
	area->pgmap = pgmap;
	area->range = *range;
	area->vm = map_alias(keyid, range);
	if (!area->vm) {
		kfree(area);
		return -ENOMEM;
	}
	area->kaddr = area->vm->addr;
	hlist_add_head_rcu(&area->node, &areas[keyid]);
	return 0;
}

/**
 * mktme_alias_add() - make a device's memory reachable through a KeyID
 * @keyid: from mktme_slot_get()
 * @pgmap: the device's pages; memory of an fsdax namespace
 *
 * Does nothing if the area exists. It stays until the device goes or the KeyID
 * gets another key.
 *
 * Context: Process context, sleeps, allocates with GFP_KERNEL. The caller holds a
 * reference of get_dev_pagemap(), so that mktme_alias_drop() comes later, and is
 * a user of the slot, so that mktme_alias_drop_keyid() does.
 * Return: 0; -EOPNOTSUPP if @pgmap is not file-system DAX memory; -EINVAL for a
 * KeyID that does not exist; -ENOMEM, also when address space is used up.
 */
int mktme_alias_add(unsigned int keyid, struct dev_pagemap *pgmap)
{
	int i, err = 0;

	if (pgmap->type != MEMORY_DEVICE_FS_DAX)
		return -EOPNOTSUPP;
	if (WARN_ON_ONCE(!usable_keyid(keyid)))
		return -EINVAL;

	mutex_lock(&areas_lock);
	for (i = 0; i < pgmap->nr_range && !err; i++)
		err = add_area(keyid, pgmap, &pgmap->ranges[i]);
	mutex_unlock(&areas_lock);
	return err;
}

/* Moves areas from the KeyID's list to @gone; NULL stands for every device. */
static void unpublish_areas(unsigned int keyid, const struct dev_pagemap *pgmap,
			    struct list_head *gone)
{
	struct alias_area *area;
	struct hlist_node *next;

	lockdep_assert_held(&areas_lock);
	hlist_for_each_entry_safe(area, next, &areas[keyid], node) {
		if (pgmap && area->pgmap != pgmap)
			continue;
		hlist_del_rcu(&area->node);
		list_add(&area->gone, gone);
	}
}

/* On return no CPU has a mapping or a TLB entry of them. */
static void unmap_areas(struct list_head *gone)
{
	struct alias_area *area, *next;

	/* Who flushes or zeroes right now has found the area in its list. */
	synchronize_srcu(&areas_srcu);
	list_for_each_entry_safe(area, next, gone, gone) {
		free_vm_area(area->vm);
		kfree_rcu(area, rcu);
	}
	vm_unmap_aliases();
}

/**
 * mktme_alias_drop() - take down every alias of a device
 * @pgmap: the device's pages, about to go
 *
 * For memunmap_pages(), when the last reference to @pgmap is gone and before the
 * range leaves the direct map. The memory may get another use next, in which
 * nobody knows of KeyIDs. So no line of an alias is left: mappings go first, with
 * their TLB entries, which could fetch lines again; then caches are written back.
 *
 * Context: Process context, sleeps. The lower dax_device is dead: kill_dax() has
 * waited for those who got an address from mktme_alias().
 */
void mktme_alias_drop(struct dev_pagemap *pgmap)
{
	unsigned int keyid;
	LIST_HEAD(gone);

	mutex_lock(&areas_lock);
	for (keyid = 1; keyid <= mktme_nr_keyids(); keyid++)
		unpublish_areas(keyid, pgmap, &gone);
	mutex_unlock(&areas_lock);
	if (list_empty(&gone))
		return;

	unmap_areas(&gone);
	wbinvd_on_all_cpus();
}

/**
 * mktme_alias_drop_keyid() - take down every alias through a KeyID
 * @keyid: KeyID that is about to get another key
 *
 * Lines stay in the caches: writing them back is the caller's, once it has seen
 * to it that nothing else leads to the KeyID.
 *
 * Context: Process context, sleeps. mktme_dax_drop_keyid() has waited for those
 * who got an address from mktme_alias(), and nobody is a user of the slot.
 */
void mktme_alias_drop_keyid(unsigned int keyid)
{
	LIST_HEAD(gone);

	mutex_lock(&areas_lock);
	unpublish_areas(keyid, NULL, &gone);
	mutex_unlock(&areas_lock);
	if (!list_empty(&gone))
		unmap_areas(&gone);
}

/* Address of [phys, phys + len) in an alias; NULL if no area has all of it. */
static void *lookup_alias(unsigned int keyid, phys_addr_t phys, size_t len)
{
	struct range wanted = { .start = phys, .end = phys + len - 1 };
	struct alias_area *area;
	void *kaddr = NULL;

	rcu_read_lock();
	hlist_for_each_entry_rcu(area, &areas[keyid], node) {
		if (range_contains(&area->range, &wanted)) {
			kaddr = area->kaddr + (phys - area->range.start);
			break;
		}
	}
	rcu_read_unlock();
	return kaddr;
}

/**
 * mktme_alias() - kernel address of physical memory in an alias
 * @keyid: any number
 * @phys: physical address, without KeyID
 *
 * The address is good for the rest of the area: up to the end of the device's
 * range.
 *
 * Context: Any. The caller holds dax_read_lock() and has found the lower
 * dax_device alive, for as long as the address is used.
 * Return: the address; NULL if there is no alias. The caller fails then, and
 * never falls back to the direct map.
 */
void *mktme_alias(unsigned int keyid, phys_addr_t phys)
{
	if (!usable_keyid(keyid))
		return NULL;
	return lookup_alias(keyid, phys, 1);
}

/**
 * mktme_alias_walk() - do something with a range, while its alias cannot go
 * @keyid: the alias
 * @phys: physical address, without KeyID
 * @len: bytes, at most to the end of the device's range
 * @step: called for one chunk after the other; must not sleep for long
 *
 * Context: Process context, may sleep; needs no lock and allocates nothing.
 * Return: 0; -ENXIO if there is no alias of all of the range: no step was done.
 */
int mktme_alias_walk(unsigned int keyid, phys_addr_t phys, size_t len,
		     mktme_alias_step_t step)
{
	void *kaddr;
	size_t n;
	int idx;

	if (WARN_ON_ONCE(!usable_keyid(keyid)))
		return -ENXIO;
	if (!len)
		return 0;

	idx = srcu_read_lock(&areas_srcu);
	kaddr = lookup_alias(keyid, phys, len);
	for (; kaddr && len; kaddr += n, phys += n, len -= n) {
		n = min_t(size_t, len, ALIAS_CHUNK);
		step(kaddr, phys, n);
		cond_resched();
	}
	srcu_read_unlock(&areas_srcu, idx);
	return kaddr ? 0 : -ENXIO;
}
