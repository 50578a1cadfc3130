// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of a filesystem: the keys that unlock its files
 *
 * After fscrypt's model: a key is given once for a mounted filesystem. Keys that
 * are looked for in the keyrings of whoever opens a file would make the answer
 * depend on who asks first.
 *
 * A ring is made with its first key and goes at unmount. Each of its keys is a
 * user of its slot and of its keyed device, so a key stays in the memory
 * controller while no file is open, and one more user can be had without
 * sleeping.
 */
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "mktme_dax_private.h"

/*
 * A leaf but for the lock of keyed devices: taken in transactions. An inode
 * becomes KEYED under it, and a key leaves a ring under it: so whoever walks the
 * inodes after having taken a key out finds all that got it.
 */
static DEFINE_SPINLOCK(ring_lock);
static LIST_HEAD(rings);
static LIST_HEAD(claims);

static struct mktme_dax_ring *find_ring(const struct super_block *sb)
{
	struct mktme_dax_ring *ring;

	lockdep_assert_held(&ring_lock);
	list_for_each_entry(ring, &rings, list)
		if (ring->sb == sb)
			return ring;
	return NULL;
}

static struct mktme_dax_ring_key *find_key(const struct mktme_dax_ring *ring, const u8 *identifier)
{
	struct mktme_dax_ring_key *key;

	lockdep_assert_held(&ring_lock);
	list_for_each_entry(key, &ring->keys, list)
		if (!memcmp(key->identifier, identifier,
			    MKTME_DAX_IDENTIFIER_SIZE))
			return key;
	return NULL;
}

/* One more user of slot and device, for an inode. The KeyID, or -ENOKEY. */
static int use_key(const struct super_block *sb, const u8 *identifier)
{
	struct mktme_dax_ring *ring = find_ring(sb);
	struct mktme_dax_ring_key *key = ring ? find_key(ring, identifier) : NULL;

	if (!key)
		return -ENOKEY;
	mktme_slot_hold(key->keyid);
	mktme_dax_hold_device(ring->base, key->keyid);
	return key->keyid;
}

/* Could any file of the filesystem be unlocked without being given a key? */
bool mktme_dax_has_ring(const struct super_block *sb)
{
	struct mktme_dax_ring *ring;
	bool keys;

	spin_lock(&ring_lock);
	ring = find_ring(sb);
	keys = ring && !list_empty(&ring->keys);
	spin_unlock(&ring_lock);
	return keys;
}

/**
 * mktme_dax_begin_claim() - announce that an inode is about to be unlocked
 * @claim: on the caller's stack
 * @sb: filesystem
 * @identifier: of the key; stays until mktme_dax_end_claim()
 *
 * Between this and mktme_dax_publish() the key can be removed, by somebody who
 * is then told that no file is unlocked with it any more. A claim makes this
 * true without waiting for each other: see mktme_dax_publish().
 */
void mktme_dax_begin_claim(struct mktme_dax_claim *claim,
			   struct super_block *sb, const u8 *identifier)
{
	claim->sb = sb;
	claim->identifier = identifier;
	claim->overtaken = false;
	spin_lock(&ring_lock);
	list_add(&claim->list, &claims);
	spin_unlock(&ring_lock);
}

/**
 * mktme_dax_claim_ring_key() - as mktme_dax_begin_claim(), with a key of the ring
 * @claim: on the caller's stack
 * @sb: filesystem
 * @identifier: of the key
 *
 * Return: the KeyID, and the caller is one more user of slot and device; -ENOKEY
 * if the ring has no such key, and then there is no claim.
 */
int mktme_dax_claim_ring_key(struct mktme_dax_claim *claim,
			     struct super_block *sb, const u8 *identifier)
{
	int ret;

	claim->sb = sb;
	claim->identifier = identifier;
	claim->overtaken = false;
	spin_lock(&ring_lock);
	ret = use_key(sb, identifier);
	if (ret >= 0)
		list_add(&claim->list, &claims);
	spin_unlock(&ring_lock);
	return ret;
}

void mktme_dax_end_claim(struct mktme_dax_claim *claim)
{
	spin_lock(&ring_lock);
	list_del(&claim->list);
	spin_unlock(&ring_lock);
}

/**
 * mktme_dax_publish() - the moment at which an inode is unlocked
 * @claim: begun before the key was looked at
 * @inode: bound inode, both locks held exclusively
 * @state: MKTME_DAX_KEYED and what goes with it
 *
 * If the key was removed since the claim was begun the inode is locked, just as
 * if it had been unlocked first and the key removed then.
 *
 * Return: true if the inode has taken over the caller's use of slot and device.
 */
bool mktme_dax_publish(struct mktme_dax_claim *claim, struct inode *inode,
		       unsigned int state)
{
	bool overtaken;

	spin_lock(&ring_lock);
	overtaken = claim->overtaken;
	mktme_dax_set_state(inode->i_mapping,
			    overtaken ? MKTME_DAX_LOCKED : state);
	spin_unlock(&ring_lock);
	return !overtaken;
}

/**
 * mktme_dax_adopt() - a new inode starts its life unlocked
 * @inode: nobody else can reach its data yet; it is on the list of its sb
 * @identifier: of the key it is to be under
 *
 * Context: any that may take a spinlock, a transaction among them.
 * Return: 0; -ENOKEY if the ring has no such key.
 */
int mktme_dax_adopt(struct inode *inode, const u8 *identifier)
{
	int ret;

	spin_lock(&ring_lock);
	ret = use_key(inode->i_sb, identifier);
	if (ret >= 0)
		mktme_dax_set_state(inode->i_mapping, MKTME_DAX_KEYED | ret);
	spin_unlock(&ring_lock);
	if (ret < 0)
		return ret;
	mktme_dax_note_bind();
	return 0;
}

/* @uid: who gave the key, if there is one; may be NULL. */
bool mktme_dax_in_ring(const struct super_block *sb, const u8 *identifier,
		       kuid_t *uid)
{
	struct mktme_dax_ring_key *key = NULL;
	struct mktme_dax_ring *ring;

	spin_lock(&ring_lock);
	ring = find_ring(sb);
	if (ring)
		key = find_key(ring, identifier);
	if (key && uid)
		*uid = key->uid;
	spin_unlock(&ring_lock);
	return key;
}

static struct mktme_dax_ring *make_ring(struct super_block *sb, struct dax_device *base)
{
	struct mktme_dax_ring *ring, *first;

	ring = kzalloc(sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return NULL;
	ring->sb = sb;
	ring->base = base;
	mutex_init(&ring->change);
	INIT_LIST_HEAD(&ring->keys);

	spin_lock(&ring_lock);
	first = find_ring(sb);
	if (!first)
		list_add(&ring->list, &rings);
	spin_unlock(&ring_lock);
	if (!first)
		return ring;
	kfree(ring);
	return first;
}

/* The ring of a filesystem, made if need be; NULL if there is no memory. */
struct mktme_dax_ring *mktme_dax_get_ring(struct super_block *sb,
					  struct dax_device *base)
{
	struct mktme_dax_ring *ring;

	spin_lock(&ring_lock);
	ring = find_ring(sb);
	spin_unlock(&ring_lock);
	return ring ?: make_ring(sb, base);
}

/* The key, taken out of the ring and no use of its slot dropped yet; or NULL. */
struct mktme_dax_ring_key *mktme_dax_take_key(struct super_block *sb, const u8 *identifier)
{
	struct mktme_dax_claim *claim;
	struct mktme_dax_ring_key *key = NULL;
	struct mktme_dax_ring *ring;

	spin_lock(&ring_lock);
	ring = find_ring(sb);
	if (ring)
		key = find_key(ring, identifier);
	if (key)
		list_del(&key->list);
	list_for_each_entry(claim, &claims, list)
		if (claim->sb == sb && !memcmp(claim->identifier, identifier,
					       MKTME_DAX_IDENTIFIER_SIZE))
			claim->overtaken = true;
	spin_unlock(&ring_lock);
	return key;
}

/* For unmount. */
struct mktme_dax_ring *mktme_dax_take_ring(struct super_block *sb)
{
	struct mktme_dax_ring *ring;

	spin_lock(&ring_lock);
	ring = find_ring(sb);
	if (ring)
		list_del(&ring->list);
	spin_unlock(&ring_lock);
	return ring;
}

void mktme_dax_insert_key(struct mktme_dax_ring *ring, struct mktme_dax_ring_key *key)
{
	spin_lock(&ring_lock);
	list_add_tail(&key->list, &ring->keys);
	spin_unlock(&ring_lock);
}
