// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK slots: which key is in which KeyID
 *
 * A key keeps its KeyID while somebody uses it. After that the KeyID stays
 * programmed, so that the same key finds it again at no cost, until another key
 * needs it (the one that is idle for longest goes first) or the key is retired.
 */
#define pr_fmt(fmt) "x86/mktme: " fmt

#include "mktme_private.h"

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/mktme_dax.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <asm/smp.h>

#include <trace/events/mktme_dax.h>

/**
 * enum slot_state - life of a slot
 * @SLOT_FREE: no package holds a key, no cache holds a line
 * @SLOT_PROGRAMMED: every package holds the key of @identifier
 * @SLOT_CLOSED: as above, but nothing leads to the KeyID any more; while its
 *	key is being replaced or cleared, under slots_lock
 * @SLOT_LOST: packages differ in what they hold; never used again
 */
enum slot_state {
	SLOT_FREE,
	SLOT_PROGRAMMED,
	SLOT_CLOSED,
	SLOT_LOST,
};

/**
 * struct slot - one KeyID
 * @state: see above
 * @algorithm: of the key, MKTME_ALG_*
 * @retire: the key has to leave the hardware when @users is 0
 * @identifier: of the key; stable while somebody is a user
 * @users: unlocked inodes, and whoever else holds a use
 * @last_use: value of the use counter when a use ended last
 *
 * In the static table below, forever. Fields are written under slots_lock, but
 * for @last_use and for @users going up from more than 0 or down: inodes are
 * evicted in memory reclaim, which programming a slot may enter. @users goes up
 * from 0 under slots_lock only, so there an idle slot stays idle. @state turns
 * from and to SLOT_FREE under cpus_read_lock(): CPU hotplug sees it unchanging.
 */
struct slot {
	enum slot_state state;
	u8 algorithm;
	bool retire;
	u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	atomic_t users;
	u64 last_use;
};

/* Indexed by KeyID; the first is never used. */
static struct slot slots[MKTME_MAX_KEYIDS + 1];

/* Outside of keyed_create_lock, areas_lock and the CPU hotplug lock. */
static DEFINE_MUTEX(slots_lock);

static atomic64_t use_counter = ATOMIC64_INIT(0);

static void retire_idle_slots(struct work_struct *work);
static DECLARE_WORK(retire_work, retire_idle_slots);

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

/* The idle slot that has waited longest for its key to come back. */
static struct slot *find_idle_slot(void)
{
	struct slot *oldest = NULL;
	unsigned int keyid;

	for (keyid = 1; keyid <= mktme_nr_keyids(); keyid++) {
		struct slot *slot = &slots[keyid];

		/* Pairs with mktme_slot_put(): 0 users, then their last_use */
		if (slot->state != SLOT_PROGRAMMED ||
		    atomic_read_acquire(&slot->users))
			continue;
		if (!oldest || READ_ONCE(slot->last_use) <
			       READ_ONCE(oldest->last_use))
			oldest = slot;
	}
	return oldest;
}

/*
 * Rule I5: nothing leads to the KeyID and no cache holds a line of it when its
 * key changes. PCONFIG flushes nothing: a dirty line left behind would be
 * encrypted with the new key, a clean one would show the old data. Page tables
 * of users have no entry with the KeyID any more, or the slot would have a user;
 * what the kernel itself has goes here, mappings before lines, or lines might be
 * fetched again.
 */
static void close_slot(struct slot *slot)
{
	unsigned int keyid = slot - slots;

	lockdep_assert_held(&slots_lock);
	/* Pairs with mktme_slot_identifier() */
	smp_store_release(&slot->state, SLOT_CLOSED);
	mktme_dax_drop_keyid(keyid);
	mktme_alias_drop_keyid(keyid);
	wbinvd_on_all_cpus();
}

/*
 * A free KeyID is in no page-table entry and has no lines. But for one case:
 * after kexec, caches may hold lines of the previous kernel. They are written
 * back once, before the first PCONFIG, still under the keys of that kernel.
 */
static void open_free_slot(void)
{
	static bool caches_written_back;

	if (!caches_written_back)
		wbinvd_on_all_cpus();
	caches_written_back = true;
}

static int program_slot(struct slot *slot, const struct mktme_key *key)
{
	enum slot_state state = slot->state;
	bool touched;
	int err;

	if (state == SLOT_FREE)
		open_free_slot();
	else
		close_slot(slot);

	cpus_read_lock();
	err = mktme_pconfig_set_key(slot - slots, &key->material, &touched);
	if (touched) {
		memcpy(slot->identifier, key->identifier,
		       sizeof(slot->identifier));
		slot->algorithm = key->material.algorithm;
		slot->retire = false;
		state = err ? SLOT_LOST : SLOT_PROGRAMMED;
	}
	/* Pairs with mktme_slot_identifier() */
	smp_store_release(&slot->state, state);
	cpus_read_unlock();
	if (touched)
		trace_mktme_slot(slot - slots, err ? MKTME_SLOT_LOST :
				 MKTME_SLOT_PROGRAMMED);
	return err;
}

/* The key of an idle slot leaves the hardware. */
static int clear_slot(struct slot *slot)
{
	int err;

	close_slot(slot);
	cpus_read_lock();
	err = mktme_pconfig_clear_key(slot - slots, slot->algorithm);
	slot->retire = false;
	memzero_explicit(slot->identifier, sizeof(slot->identifier));
	/* Pairs with mktme_slot_identifier() */
	smp_store_release(&slot->state, err ? SLOT_LOST : SLOT_FREE);
	cpus_read_unlock();
	trace_mktme_slot(slot - slots, err ? MKTME_SLOT_LOST :
			 MKTME_SLOT_CLEARED);
	return err;
}

/**
 * mktme_slot_get() - the KeyID for a key, programmed if need be
 * @key: key with identifier and material; the caller keeps it from changing
 *
 * Equal identifiers mean equal keys, so users of the same key share a KeyID.
 * A retirement of the key that is still to come is cancelled. If all KeyIDs hold
 * keys, one that nobody uses is given to @key.
 *
 * Each success needs one mktme_slot_put(). Until then the KeyID stands for this
 * key, and a keyed device or an alias of it may be made and used.
 *
 * Context: Process context, may sleep, also for all caches to be written back;
 * no spinlock, no filesystem transaction, none of the locks that memory reclaim
 * takes.
 * Return: the KeyID, 1..mktme_nr_keyids(); -EOPNOTSUPP without usable TME-MK or
 * if the key's algorithm is not activated; -EUSERS if every KeyID holds a key
 * that is in use; -EIO if PCONFIG failed.
 */
int mktme_slot_get(const struct mktme_key *key)
{
	struct slot *slot;
	int ret = 0;

	if (!mktme_algorithm_usable(key->material.algorithm))
		return -EOPNOTSUPP;

	mutex_lock(&slots_lock);
	slot = find_slot(key->identifier);
	if (slot) {
		WRITE_ONCE(slot->retire, false);
	} else {
		slot = find_free_slot() ?: find_idle_slot();
		ret = slot ? program_slot(slot, key) : -EUSERS;
	}
	if (!ret) {
		atomic_inc(&slot->users);
		ret = slot - slots;
		trace_mktme_slot(ret, MKTME_SLOT_GET);
	}
	mutex_unlock(&slots_lock);
	return ret;
}

static struct slot *used_slot(unsigned int keyid)
{
	if (WARN_ON_ONCE(!keyid || keyid > mktme_nr_keyids()))
		return NULL;
	return &slots[keyid];
}

/**
 * mktme_slot_hold() - one user of a KeyID more
 * @keyid: a KeyID that the caller has a use of
 *
 * Needs one mktme_slot_put() of its own.
 *
 * Context: Any.
 */
void mktme_slot_hold(unsigned int keyid)
{
	struct slot *slot = used_slot(keyid);

	if (!slot)
		return;
	WARN_ON_ONCE(atomic_inc_return(&slot->users) < 2);
	trace_mktme_slot(keyid, MKTME_SLOT_GET);
}

/**
 * mktme_slot_put() - one user of a KeyID less
 * @keyid: from mktme_slot_get() or mktme_slot_hold()
 *
 * The caller has zapped its mappings, flushed its lines through the alias and put
 * its keyed device. The KeyID may have another key from here on.
 *
 * Context: Any; in memory reclaim, too.
 */
void mktme_slot_put(unsigned int keyid)
{
	struct slot *slot = used_slot(keyid);
	int users;

	if (!slot)
		return;
	/* While we are still a user: pairs with find_idle_slot() */
	WRITE_ONCE(slot->last_use, atomic64_inc_return(&use_counter));
	users = atomic_dec_return(&slot->users);
	WARN_ON_ONCE(users < 0);
	trace_mktme_slot(keyid, MKTME_SLOT_PUT);
	/* Fully ordered: either we see retire, or mktme_slot_retire() our 0. */
	if (!users && READ_ONCE(slot->retire))
		schedule_work(&retire_work);
}

/* The last user of a key that has to go may have been in memory reclaim. */
static void retire_idle_slots(struct work_struct *work)
{
	struct slot *slot;

	mutex_lock(&slots_lock);
	for (slot = slots + 1; slot <= slots + mktme_nr_keyids(); slot++) {
		if (slot->state == SLOT_PROGRAMMED && slot->retire &&
		    !atomic_read_acquire(&slot->users))
			clear_slot(slot);
	}
	mutex_unlock(&slots_lock);
}

/**
 * mktme_slot_retire() - take a key out of the hardware
 * @identifier: of the key
 *
 * Now if nobody uses its KeyID, else when the last user has gone. A
 * mktme_slot_get() of the same key before that cancels it; one after that
 * programs the key anew.
 *
 * Context: As mktme_slot_get().
 * Return: 0 if no package holds the key any more; -EBUSY if it is in use and will
 * leave later; -ENOKEY if no KeyID holds it; -EIO if PCONFIG failed: the KeyID is
 * not used again, but the key may be in a package until reset (logged).
 */
int mktme_slot_retire(const u8 *identifier)
{
	struct slot *slot;
	int err = -ENOKEY;

	mutex_lock(&slots_lock);
	slot = find_slot(identifier);
	if (slot) {
		WRITE_ONCE(slot->retire, true);
		/* Pairs with the decrement of mktme_slot_put() */
		smp_mb();
		err = atomic_read(&slot->users) ? -EBUSY : clear_slot(slot);
	}
	mutex_unlock(&slots_lock);
	return err;
}

/**
 * mktme_slot_identifier() - identifier of the key in a KeyID
 * @keyid: any number
 *
 * Context: Any. What is returned stays true while the caller is a user of the
 * slot, or keeps one from going (an unlocked inode, under its locks). Without
 * that it is a hint.
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

/**
 * mktme_slots_in_use() - number of KeyIDs that hold keys
 *
 * Used or idle; those among them that packages disagree about.
 *
 * Context: Any. Not 0 turns into 0 and back under cpus_read_lock().
 * Return: the number.
 */
unsigned int mktme_slots_in_use(void)
{
	unsigned int keyid, count = 0;

	for (keyid = 1; keyid <= mktme_nr_keyids(); keyid++)
		count += READ_ONCE(slots[keyid].state) != SLOT_FREE;
	return count;
}

/*
 * For the last moments before a reset or another kernel: the caller has stopped
 * all other CPUs but those that do the same for their packages, and has written
 * the caches back.
 */
void mktme_slots_clear_package(void)
{
	unsigned int keyid;

	for (keyid = 1; keyid <= mktme_nr_keyids(); keyid++) {
		if (READ_ONCE(slots[keyid].state) != SLOT_FREE)
			mktme_pconfig_clear_here(keyid, slots[keyid].algorithm);
	}
}
