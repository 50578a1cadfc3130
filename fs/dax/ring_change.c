// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving a key to a filesystem and taking it away, and what follows for its files
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dax.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/slab.h>
#include "mktme_dax_private.h"

static void put_key(struct dax_device *base, unsigned int keyid)
{
	mktme_dax_put_device(base, keyid);
	mktme_slot_put(keyid);
}

/* @change held. Program the key and put it into the ring. */
static int insert_key(struct mktme_dax_ring *ring, const struct mktme_key *key)
{
	struct mktme_dax_ring_key *new;
	int keyid, err;

	if (mktme_dax_in_ring(ring->sb, key->identifier, NULL))
		return 0;
	keyid = mktme_slot_get(key);
	if (keyid < 0)
		return keyid;
	err = mktme_dax_get_device(ring->sb, ring->base, keyid);
	if (err)
		goto out_put_slot;
	err = -ENOMEM;
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		goto out_put_device;
	memcpy(new->identifier, key->identifier, sizeof(new->identifier));
	new->keyid = keyid;
	new->uid = current_uid();
	mktme_dax_insert_key(ring, new);
	return 0;

out_put_device:
	mktme_dax_put_device(ring->base, keyid);
out_put_slot:
	mktme_slot_put(keyid);
	return err;
}

/* The caller may have found the key by a name, which anybody can give it. */
static int check_payload(const struct mktme_key *payload, const u8 *expected)
{
	if (!payload->persistent)
		return -EINVAL;
	if (expected && memcmp(payload->identifier, expected,
			       sizeof(payload->identifier)))
		return -EKEYREJECTED;
	return 0;
}

static int insert_payload(struct mktme_dax_ring *ring, struct key *key, u8 *identifier,
			  bool expected)
{
	const struct mktme_key *payload;
	int err;

	payload = mktme_dax_lock_key(key);
	if (IS_ERR(payload))
		return PTR_ERR(payload);
	err = check_payload(payload, expected ? identifier : NULL);
	if (!err)
		err = insert_key(ring, payload);
	if (!err)
		memcpy(identifier, payload->identifier,
		       sizeof(payload->identifier));
	mktme_dax_unlock_key(key);
	return err;
}

/**
 * mktme_dax_add_key() - give a key to a filesystem
 * @sb: filesystem; the caller has a file of it open
 * @key: key of any type
 * @identifier: out; in as well if it is @expected
 * @expected: refuse any other key
 * @refused: out; inodes in memory that stay locked although they are under the
 *	key
 *
 * Return: 0, also if the ring has the key already; -EOPNOTSUPP if the filesystem
 * cannot have bound files; -EINVAL for a key of another type or with type=cpu;
 * -EKEYREJECTED if another key is expected; errors of key_validate(),
 * mktme_slot_get(), mktme_dax_find_place() and mktme_dax_get_device(); -ENOMEM.
 */
int mktme_dax_add_key(struct super_block *sb, struct key *key, u8 *identifier,
		      bool expected, unsigned int *refused)
{
	u8 place[MKTME_DAX_PLACE_SIZE];
	struct dax_device *base;
	struct mktme_dax_ring *ring;
	int err;

	/* Asked for its errno only: a device mapper has no place. */
	err = mktme_dax_find_place(sb, &base, place);
	if (err)
		return err;
	mktme_dax_enable();
	ring = mktme_dax_get_ring(sb, base);
	if (!ring)
		return -ENOMEM;
	mutex_lock(&ring->change);
	err = insert_payload(ring, key, identifier, expected);
	if (!err)
		*refused = mktme_dax_unlock_all(sb, identifier);
	mutex_unlock(&ring->change);
	return err;
}

static bool may_remove(struct super_block *sb, const u8 *identifier)
{
	kuid_t uid;

	if (mktme_dax_in_ring(sb, identifier, &uid) &&
	    uid_eq(uid, current_uid()))
		return true;
	return capable(CAP_SYS_ADMIN) || capable(CAP_SYS_RESOURCE);
}

/* @change held: keys neither come nor go. */
static int remove_key(struct mktme_dax_ring *ring, const u8 *identifier,
		      unsigned int *locked, bool *still_used)
{
	struct super_block *sb = ring->sb;
	struct mktme_dax_ring_key *key;
	int ret;

	if (!mktme_dax_in_ring(sb, identifier, NULL) &&
	    !mktme_dax_count_unlocked(sb, identifier))
		return -ENOKEY;
	if (!may_remove(sb, identifier))
		return -EACCES;
	key = mktme_dax_take_key(sb, identifier);
	*locked = mktme_dax_lock_all(sb, identifier);
	if (key)
		put_key(ring->base, key->keyid);
	kfree(key);
	ret = mktme_slot_retire(identifier);
	*still_used = ret == -EBUSY;
	return 0;
}

/**
 * mktme_dax_remove_key() - take a key away from a filesystem
 * @sb: filesystem; the caller has a file of it open
 * @identifier: of the key
 * @locked: out; inodes that were locked
 * @still_used: out; somebody else still has the key in the memory controller
 *
 * On return no inode is unlocked with the key, but for those that were given it
 * after this call has begun.
 *
 * Return: 0; -EOPNOTSUPP if the filesystem cannot have bound files; -ENOKEY if
 * the ring does not have the key and no inode is unlocked with it; -EACCES if
 * the caller has neither given it nor CAP_SYS_ADMIN or CAP_SYS_RESOURCE;
 * -ENOMEM.
 */
int mktme_dax_remove_key(struct super_block *sb, const u8 *identifier,
			 unsigned int *locked, bool *still_used)
{
	struct dax_device *base;
	struct mktme_dax_ring *ring;
	u64 offset;
	int err;

	base = mktme_dax_fs(sb)->dax_device(sb, &offset);
	if (!base)
		return -EOPNOTSUPP;
	ring = mktme_dax_get_ring(sb, base);
	if (!ring)
		return -ENOMEM;
	mutex_lock(&ring->change);
	err = remove_key(ring, identifier, locked, still_used);
	mutex_unlock(&ring->change);
	return err;
}

/*
 * Unmount: no inode is left that could be unlocked, and nobody who could ask.
 * The keys leave the memory controller unless another filesystem has them.
 */
void mktme_dax_drop_ring(struct super_block *sb)
{
	struct mktme_dax_ring_key *key, *next;
	struct mktme_dax_ring *ring;

	ring = mktme_dax_take_ring(sb);
	if (!ring)
		return;
	list_for_each_entry_safe(key, next, &ring->keys, list) {
		put_key(ring->base, key->keyid);
		mktme_slot_retire(key->identifier);
		kfree(key);
	}
	kfree(ring);
}
