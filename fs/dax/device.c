// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DAX device that stands for another one seen through a KeyID
 *
 * Stacked over the real device like a device-mapper table: it asks the lower
 * device where a page is, and answers with the kernel address inside the
 * KeyID's alias and a pfn_t that carries the KeyID. A filesystem that names it
 * in iomap->dax_dev has with that one line encrypted read, write, zeroing and
 * both sizes of faults.
 */
#include <linux/dax.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mktme_pfn.h>
#include <linux/mutex.h>
#include <linux/pfn_t.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include "mktme_dax_private.h"

/**
 * struct keyed_device - (real device, KeyID) pair
 * @list: on keyed_devices[@keyid]; added and removed under keyed_lock, read
 *	under RCU
 * @base: the real device; we hold a reference, so its address is not reused
 *	while this entry can be found
 * @dax: the device that stands for it
 * @pgmap: page map of @base, to know what goes when it does
 * @keyid: its KeyID
 * @users: unlocked inodes that use it; under keyed_lock
 * @dead: @pgmap or the key of @keyid is gone; under keyed_lock
 * @free: to free it from process context when it is dead and unused
 */
struct keyed_device {
	struct list_head list;
	struct dax_device *base;
	struct dax_device *dax;
	struct dev_pagemap *pgmap;
	unsigned int keyid;
	unsigned int users;
	bool dead;
	struct rcu_work free;
};

static struct list_head keyed_devices[PFN_KEYID_MAX + 1];

/* Leaf lock: taken in inode eviction, so nothing is allocated under it. */
static DEFINE_SPINLOCK(keyed_lock);

/* Serialises creation and removal, which sleep. Outside of keyed_lock. */
static DEFINE_MUTEX(keyed_create_lock);

/* Dead from birth; every use fails. */
static struct dax_device *dead_device;

static long keyed_direct_access(struct dax_device *dax, pgoff_t pgoff,
				long nr_pages, enum dax_access_mode mode,
				void **kaddr, pfn_t *pfn)
{
	struct keyed_device *keyed = dax_get_private(dax);
	pfn_t lower;
	long avail;
	void *addr;

	if (!keyed)
		return -ENXIO;
	avail = dax_direct_access(keyed->base, pgoff, nr_pages, mode, NULL,
				  &lower);
	if (avail < 0)
		return avail;
	addr = mktme_alias(keyed->keyid, pfn_t_to_phys(lower));
	if (!addr)
		return -ENXIO;
	if (kaddr)
		*kaddr = addr;
	if (pfn)
		*pfn = __pfn_to_pfn_t(pfn_t_to_pfn(lower), lower.val |
				      pfn_t_keyid_flags(keyed->keyid));
	return avail;
}

static int keyed_zero_page_range(struct dax_device *dax, pgoff_t pgoff,
				 size_t nr_pages)
{
	struct keyed_device *keyed = dax_get_private(dax);
	pfn_t lower;
	long avail;
	int err;

	if (!keyed)
		return -ENXIO;
	while (nr_pages) {
		avail = dax_direct_access(keyed->base, pgoff, nr_pages,
					  DAX_ACCESS, NULL, &lower);
		if (avail < 0)
			return avail;
		err = mktme_alias_zero(keyed->keyid, pfn_t_to_phys(lower),
				       avail << PAGE_SHIFT);
		if (err)
			return err;
		pgoff += avail;
		nr_pages -= avail;
	}
	return 0;
}

/* @addr is an alias address already; the lower device clears the poison. */
static size_t keyed_recovery_write(struct dax_device *dax, pgoff_t pgoff,
				   void *addr, size_t bytes,
				   struct iov_iter *i)
{
	struct keyed_device *keyed = dax_get_private(dax);

	return keyed ? dax_recovery_write(keyed->base, pgoff, addr, bytes, i) : 0;
}

static const struct dax_operations keyed_ops = {
	.direct_access = keyed_direct_access,
	.zero_page_range = keyed_zero_page_range,
	.recovery_write = keyed_recovery_write,
};

static struct keyed_device *find_device(const struct dax_device *base,
					unsigned int keyid)
{
	struct keyed_device *keyed;

	list_for_each_entry_rcu(keyed, &keyed_devices[keyid], list,
				lockdep_is_held(&keyed_lock))
		if (keyed->base == base)
			return keyed;
	return NULL;
}

static bool device_exists(const struct dax_device *base, unsigned int keyid)
{
	bool found;

	rcu_read_lock();
	found = find_device(base, keyid);
	rcu_read_unlock();
	return found;
}

struct dax_device *__mktme_dax_device(struct inode *inode,
				      struct dax_device *base)
{
	unsigned int keyid = mktme_dax_keyid(inode->i_mapping);
	struct keyed_device *keyed;
	struct dax_device *dax = dead_device;

	/*
	 * A locked file was refused by mktme_dax_begin(). XFS lets those pass who
	 * zero holes of one, and leaves them nothing to do.
	 */
	if (!keyid)
		return dead_device;

	/* The unlocked inode counts as a user, so the entry stays. */
	rcu_read_lock();
	keyed = find_device(base, keyid);
	if (keyed)
		dax = keyed->dax;
	rcu_read_unlock();
	mktme_dax_pause(MKTME_DAX_PAUSE_DEVICE);
	return dax;
}
EXPORT_SYMBOL_GPL(__mktme_dax_device);

/* The page map of @base, with a reference; ERR_PTR if it has no struct pages. */
static struct dev_pagemap *device_pgmap(struct dax_device *base)
{
	struct dev_pagemap *pgmap;
	pfn_t pfn;
	int err;

	err = mktme_dax_first_pfn(base, &pfn);
	if (err)
		return ERR_PTR(err);
	if (!pfn_t_devmap(pfn))
		return ERR_PTR(-EOPNOTSUPP);
	pgmap = get_dev_pagemap(pfn_t_to_pfn(pfn), NULL);
	if (!pgmap)
		return ERR_PTR(-ENXIO);
	if (pgmap->type == MEMORY_DEVICE_FS_DAX)
		return pgmap;
	put_dev_pagemap(pgmap);
	return ERR_PTR(-EOPNOTSUPP);
}

static void free_device_work(struct work_struct *work)
{
	struct keyed_device *keyed;

	keyed = container_of(to_rcu_work(work), struct keyed_device, free);
	put_dax(keyed->dax);
	put_dax(keyed->base);
	kfree(keyed);
}

/*
 * Build alias and device. The copies go through non-temporal stores as on the
 * real device (NOCACHE): the kernel leaves no dirty line under a KeyID. The
 * flush that dax_flush() does after partial zeroing must not depend on the
 * real device's write_cache attribute.
 */
static struct keyed_device *create_device(struct super_block *sb,
					  struct dev_pagemap *pgmap,
					  unsigned int keyid)
{
	struct keyed_device *keyed;
	u64 offset;
	int err;

	err = mktme_alias_add(keyid, pgmap);
	if (err)
		return ERR_PTR(err);
	keyed = kzalloc(sizeof(*keyed), GFP_KERNEL);
	if (!keyed)
		return ERR_PTR(-ENOMEM);
	keyed->keyid = keyid;
	keyed->pgmap = pgmap;
	INIT_RCU_WORK(&keyed->free, free_device_work);
	/* Without a holder this takes a reference and nothing else. */
	keyed->base = fs_dax_get_by_bdev(sb->s_bdev, &offset, NULL, NULL);
	if (!keyed->base) {
		err = -ENXIO;
		goto out_free;
	}
	keyed->dax = alloc_dax(keyed, &keyed_ops);
	if (IS_ERR(keyed->dax)) {
		err = PTR_ERR(keyed->dax);
		goto out_put;
	}
	set_dax_nocache(keyed->dax);
	set_dax_nomc(keyed->dax);
	dax_write_cache(keyed->dax, true);
	return keyed;

out_put:
	put_dax(keyed->base);
out_free:
	kfree(keyed);
	return ERR_PTR(err);
}

/**
 * mktme_dax_get_device() - make sure a (device, KeyID) pair exists
 * @sb: filesystem on the device
 * @base: its DAX device
 * @keyid: KeyID whose slot the caller is a user of
 *
 * Context: process context, may sleep. No filesystem lock is needed.
 * Return: 0, and the caller is one more user until mktme_dax_put_device();
 * -EOPNOTSUPP if @base has no struct pages; -ENXIO if it is going away;
 * -ENOMEM.
 */
int mktme_dax_get_device(struct super_block *sb, struct dax_device *base,
			 unsigned int keyid)
{
	struct keyed_device *keyed, *created = NULL;
	struct dev_pagemap *pgmap;
	int err = 0;

	pgmap = device_pgmap(base);
	if (IS_ERR(pgmap))
		return PTR_ERR(pgmap);

	mutex_lock(&keyed_create_lock);
	if (!device_exists(base, keyid)) {
		created = create_device(sb, pgmap, keyid);
		if (IS_ERR(created)) {
			err = PTR_ERR(created);
			goto out_unlock;
		}
	}
	spin_lock(&keyed_lock);
	if (created)
		list_add_tail_rcu(&created->list, &keyed_devices[keyid]);
	keyed = find_device(base, keyid);
	if (!keyed || keyed->dead)
		err = -ENXIO;
	else
		keyed->users++;
	spin_unlock(&keyed_lock);
out_unlock:
	mutex_unlock(&keyed_create_lock);
	put_dev_pagemap(pgmap);
	return err;
}

/**
 * mktme_dax_hold_device() - one more user of a pair that has one
 * @base: as given to mktme_dax_get_device()
 * @keyid: likewise; the caller keeps a user of the pair from going meanwhile
 *
 * Also if the device is dead: its users are counted until the last one frees it.
 *
 * Context: any that may take a spinlock; a transaction among them.
 */
void mktme_dax_hold_device(struct dax_device *base, unsigned int keyid)
{
	struct keyed_device *keyed;

	spin_lock(&keyed_lock);
	keyed = find_device(base, keyid);
	if (!WARN_ON_ONCE(!keyed))
		keyed->users++;
	spin_unlock(&keyed_lock);
}

/* The last user of a dead device frees it. */
static void put_device_user(struct keyed_device *keyed)
{
	bool retired;

	spin_lock(&keyed_lock);
	retired = !--keyed->users && keyed->dead;
	if (retired)
		list_del_rcu(&keyed->list);
	spin_unlock(&keyed_lock);
	/* Readers found it under RCU; put_dax() may sleep. */
	if (retired)
		queue_rcu_work(system_wq, &keyed->free);
}

/**
 * mktme_dax_put_device() - one user less
 * @base: as given to mktme_dax_get_device()
 * @keyid: likewise
 *
 * Comes before mktme_slot_put().
 *
 * Context: any that may take a spinlock; inode eviction among them.
 */
void mktme_dax_put_device(struct dax_device *base, unsigned int keyid)
{
	struct keyed_device *keyed;

	rcu_read_lock();
	keyed = find_device(base, keyid);
	rcu_read_unlock();
	/* The caller is a user, so it stays. */
	if (!WARN_ON_ONCE(!keyed))
		put_device_user(keyed);
}

/*
 * Mark one live device of @keyid dead, over @pgmap if that is not NULL, and
 * become a user of it so that it stays; NULL if there is none left.
 */
static struct keyed_device *mark_dead(unsigned int keyid,
				      const struct dev_pagemap *pgmap)
{
	struct keyed_device *keyed;

	lockdep_assert_held(&keyed_lock);
	list_for_each_entry(keyed, &keyed_devices[keyid], list) {
		if (keyed->dead || (pgmap && keyed->pgmap != pgmap))
			continue;
		keyed->dead = true;
		keyed->users++;
		return keyed;
	}
	return NULL;
}

/*
 * Nobody gets a new address through these devices, and kill_dax() waits for
 * those who hold one.
 */
static void kill_devices(unsigned int keyid, const struct dev_pagemap *pgmap)
{
	struct keyed_device *keyed;

	for (;;) {
		spin_lock(&keyed_lock);
		keyed = mark_dead(keyid, pgmap);
		spin_unlock(&keyed_lock);
		if (!keyed)
			break;
		kill_dax(keyed->dax);
		put_device_user(keyed);
	}
}

/* The page map goes away; the lower device is dead already. */
void __mktme_dax_unmap(struct dev_pagemap *pgmap)
{
	unsigned int keyid;

	if (pgmap->type != MEMORY_DEVICE_FS_DAX)
		return;

	mutex_lock(&keyed_create_lock);
	for (keyid = 1; keyid <= PFN_KEYID_MAX; keyid++)
		kill_devices(keyid, pgmap);
	mktme_alias_drop(pgmap);
	mutex_unlock(&keyed_create_lock);
}

/**
 * mktme_dax_drop_keyid() - nobody reaches memory through a KeyID any more
 * @keyid: KeyID whose key is about to change
 *
 * Kills and frees the keyed devices. They have no users: an inode is a user of
 * the slot for longer than of the device.
 *
 * Context: process context, sleeps; in slots_lock. The slot has no users and gets
 * none meanwhile.
 */
void mktme_dax_drop_keyid(unsigned int keyid)
{
	mutex_lock(&keyed_create_lock);
	kill_devices(keyid, NULL);
	WARN_ON_ONCE(!list_empty(&keyed_devices[keyid]));
	mutex_unlock(&keyed_create_lock);
}

/* After dax_core_init() (subsys), before filesystems can be mounted. */
static int __init keyed_device_init(void)
{
	unsigned int keyid;

	for (keyid = 0; keyid <= PFN_KEYID_MAX; keyid++)
		INIT_LIST_HEAD(&keyed_devices[keyid]);

	dead_device = alloc_dax(NULL, &keyed_ops);
	if (IS_ERR(dead_device))
		return PTR_ERR(dead_device);
	kill_dax(dead_device);
	return 0;
}
fs_initcall(keyed_device_init);
