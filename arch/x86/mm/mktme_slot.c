// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK slots: which key is in which KeyID
 *
 * A KeyID is given to the first key that asks and keeps it until the machine
 * is reset, also while nobody uses it: the same key finds it again. Giving a
 * KeyID to another key would be one more state change (programmed, no users ->
 * free), and it needs, in this order: the alias areas unmapped with their TLB
 * entries, wbinvd_on_all_cpus(), and only then PCONFIG; otherwise dirty lines
 * would be encrypted with the new key and clean ones would show the old data.
 */
#define pr_fmt(fmt) "x86/mktme: " fmt

#include "mktme_private.h"

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/syscore_ops.h>
#include <linux/topology.h>

#include <asm/smp.h>

/**
 * enum slot_state - life of a slot
 * @SLOT_FREE: never programmed in this boot
 * @SLOT_PROGRAMMED: every package holds the key of @identifier
 * @SLOT_LOST: packages differ in what they hold; never used again
 */
enum slot_state {
	SLOT_FREE,
	SLOT_PROGRAMMED,
	SLOT_LOST,
};

/**
 * struct slot - one KeyID
 * @state: see above
 * @identifier: of the key; written once, before @state says programmed
 * @users: inodes that are unlocked with it
 *
 * In the static table below, forever. Fields are written under slots_lock; only
 * @users goes down without it: inodes are evicted in memory reclaim, which
 * programming a slot may enter.
 */
struct slot {
	enum slot_state state;
	u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	atomic_t users;
};

/* Indexed by KeyID; the first is never used. */
static struct slot slots[MKTME_MAX_KEYIDS + 1];

/* Innermost but for the CPU hotplug lock, which is taken outside of it. */
static DEFINE_MUTEX(slots_lock);

/* Written under cpus_read_lock(): CPU hotplug callbacks see it unchanging. */
static bool keys_programmed;

static struct slot *find_slot(const u8 *identifier)
{
	unsigned int keyid;

	for (keyid = 1; keyid <= mktme_nr_keyids(); keyid++) {
		if (slots[keyid].state == SLOT_PROGRAMMED &&
		    !memcmp(slots[keyid].identifier, identifier,
			    MKTME_DAX_IDENTIFIER_SIZE))
			return &slots[keyid];
	}
	return NULL;
}

static struct slot *find_free_slot(void)
{
	unsigned int keyid;

	for (keyid = 1; keyid <= mktme_nr_keyids(); keyid++) {
		if (slots[keyid].state == SLOT_FREE)
			return &slots[keyid];
	}
	return NULL;
}

/*
 * A KeyID that was never programmed in this boot has never been in a
 * page-table entry, so no cache holds a line of it and PCONFIG needs no flush.
 * But for one case: after kexec, caches may hold lines of the previous kernel.
 * They are written back before the first PCONFIG, still under the old keys.
 */
static int program_slot(struct slot *slot, const struct mktme_key *key)
{
	bool touched;
	int err;

	if (!keys_programmed)
		wbinvd_on_all_cpus();
	err = mktme_pconfig_set_key(slot - slots, &key->material, &touched);
	if (touched)
		keys_programmed = true;
	if (err) {
		if (touched)
			slot->state = SLOT_LOST;
		return err;
	}
	memcpy(slot->identifier, key->identifier, sizeof(slot->identifier));
	/* Pairs with mktme_slot_identifier() */
	smp_store_release(&slot->state, SLOT_PROGRAMMED);
	return 0;
}

/**
 * mktme_slot_get() - the KeyID for a key, programmed if need be
 * @key: key with identifier and material; the caller keeps it from changing
 *
 * Equal identifiers mean equal keys, so holders of the same key share a KeyID.
 * Each success needs one mktme_slot_put().
 *
 * Context: Process context, may sleep; no spinlock, no filesystem transaction.
 * Return: the KeyID, 1..mktme_nr_keyids(); -EOPNOTSUPP without usable TME-MK or
 * if the key's algorithm is not activated; -ENOSPC if every KeyID has a key;
 * -ENOMEM; -EIO if PCONFIG failed.
 */
int mktme_slot_get(const struct mktme_key *key)
{
	struct slot *slot;
	int ret = 0;

	if (!mktme_algorithm_usable(key->material.algorithm))
		return -EOPNOTSUPP;

	cpus_read_lock();
	mutex_lock(&slots_lock);
	slot = find_slot(key->identifier);
	if (!slot) {
		slot = find_free_slot();
		ret = slot ? program_slot(slot, key) : -ENOSPC;
	}
	if (!ret) {
		atomic_inc(&slot->users);
		ret = slot - slots;
	}
	mutex_unlock(&slots_lock);
	cpus_read_unlock();
	return ret;
}

/**
 * mktme_slot_put() - one user of a KeyID less
 * @keyid: from mktme_slot_get()
 *
 * The caller has flushed its lines through the alias. The key stays programmed.
 *
 * Context: Any; in memory reclaim, too.
 */
void mktme_slot_put(unsigned int keyid)
{
	if (WARN_ON_ONCE(!keyid || keyid > mktme_nr_keyids()))
		return;
	WARN_ON_ONCE(atomic_dec_return(&slots[keyid].users) < 0);
}

/**
 * mktme_slot_identifier() - identifier of the key in a KeyID
 * @keyid: any number
 *
 * Context: Any. What is returned never changes while the machine is up.
 * Return: MKTME_DAX_IDENTIFIER_SIZE bytes; NULL if no key is programmed.
 */
const u8 *mktme_slot_identifier(unsigned int keyid)
{
	if (!keyid || keyid > mktme_nr_keyids())
		return NULL;
	/* Pairs with program_slot() */
	if (smp_load_acquire(&slots[keyid].state) != SLOT_PROGRAMMED)
		return NULL;
	return slots[keyid].identifier;
}

/* Number of KeyIDs that hold keys. */
unsigned int mktme_slots_in_use(void)
{
	unsigned int keyid, count = 0;

	for (keyid = 1; keyid <= mktme_nr_keyids(); keyid++)
		count += READ_ONCE(slots[keyid].state) != SLOT_FREE;
	return count;
}

static bool first_of_package(unsigned int cpu)
{
	unsigned int other;

	for_each_online_cpu(other) {
		if (other != cpu && topology_logical_package_id(other) ==
				    topology_logical_package_id(cpu))
			return false;
	}
	return true;
}

/*
 * A package that comes late has not got the keys, and they are not kept to be
 * programmed again: data read through it would be noise. That includes one
 * that had keys, went offline with all its CPUs and may have missed others.
 */
static int cpu_comes_online(unsigned int cpu)
{
	const char *reason;

	if (!mktme_cpu_matches(cpu))
		reason = "its KeyIDs differ from the boot CPU's";
	else if (keys_programmed && first_of_package(cpu))
		reason = "its package does not have the keys of DAX files";
	else
		return 0;
	pr_warn("CPU %u refused: %s\n", cpu, reason);
	return -EIO;
}

/* Suspend to RAM and hibernation lose the keys; suspend to idle does not. */
static int refuse_suspend(void *data)
{
	if (!keys_programmed)
		return 0;
	pr_warn("no suspend: the keys of DAX files would be lost\n");
	return -EBUSY;
}

static const struct syscore_ops slot_syscore_ops = {
	.suspend = refuse_suspend,
};

static struct syscore slot_syscore = {
	.ops = &slot_syscore_ops,
};

/* Once, from mktme_init(). Return: 0, or the error of cpuhp_setup_state(). */
int __init mktme_slot_init(void)
{
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "x86/mktme:online",
					cpu_comes_online, NULL);
	if (err < 0)
		return err;
	register_syscore(&slot_syscore);
	return 0;
}
