// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unlocking a bound file, with a key that somebody gives or that the ring has
 *
 * A locked file has no DAX entries, and zero pages or nothing mapped.
 */
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include "mktme_dax_private.h"

/**
 * mktme_dax_unlock_inode() - from locked to unlocked
 * @inode: locked file under the key of @keyid, both locks held exclusively
 * @claim: begun before the key was looked at
 * @base: the filesystem's DAX device
 * @keyid: KeyID of its key; the caller is a user of slot and device
 *
 * Return: 0, and the inode has taken over the use of slot and device; 1 if the
 * key was removed meanwhile: done and undone; or -errno, as
 * mktme_dax_clear_tail().
 */
int mktme_dax_unlock_inode(struct inode *inode, struct mktme_dax_claim *claim,
			   struct dax_device *base, unsigned int keyid)
{
	unsigned int state = MKTME_DAX_KEYED | keyid;
	int err;

	err = mktme_dax_clear_tail(inode, base, keyid);
	if (err == -EROFS)
		state |= MKTME_DAX_TAIL;
	else if (err)
		return err;
	if (!mktme_dax_publish(claim, inode, state))
		return 1;
	mktme_dax_note_unlock(inode, keyid);
	return 0;
}

/* inode_lock held. 1: it is unlocked already, or the key is gone again. */
static int unlock_locked(struct inode *inode, struct mktme_dax_claim *claim,
			 struct dax_device *base, unsigned int keyid)
{
	int ret = 1;

	filemap_invalidate_lock(inode->i_mapping);
	if (mktme_dax_locked(inode))
		ret = mktme_dax_unlock_inode(inode, claim, base, keyid);
	filemap_invalidate_unlock(inode->i_mapping);
	return ret;
}

static int unlock_claimed(struct inode *inode, struct mktme_dax_claim *claim,
			  const struct mktme_dax_record_v1 *record,
			  unsigned int keyid)
{
	u8 place[MKTME_DAX_PLACE_SIZE];
	struct dax_device *base;
	int ret;

	ret = mktme_dax_find_place(inode->i_sb, &base, place);
	if (WARN_ON_ONCE(ret))	/* the ring has a key, so there is one */
		return ret;
	ret = mktme_dax_compare_record(inode, record, claim->identifier,
				       place);
	if (!ret)
		ret = unlock_locked(inode, claim, base, keyid);
	if (ret) {
		mktme_dax_put_device(base, keyid);
		mktme_slot_put(keyid);
	}
	return ret < 0 ? ret : 0;
}

/**
 * mktme_dax_unlock_from_ring_locked() - unlock a file if its key is there
 * @inode: bound file, inode_lock held exclusively
 *
 * Return: 0, also if somebody else was first; -ENOKEY if the ring of the
 * filesystem does not have the key; -EOPNOTSUPP if the file has no DAX on this
 * mount; errors of mktme_dax_read_record(),
 * mktme_dax_compare_record() and mktme_dax_clear_tail().
 */
int mktme_dax_unlock_from_ring_locked(struct inode *inode)
{
	struct mktme_dax_record_v1 record;
	struct mktme_dax_claim claim;
	int keyid, err;

	/* Only DAX goes through the KeyID; see policy_file_open(). */
	if (!IS_DAX(inode))
		return -EOPNOTSUPP;
	err = mktme_dax_read_record(inode, &record);
	if (err)
		return err;
	keyid = mktme_dax_claim_ring_key(&claim, inode->i_sb,
					 record.identifier);
	if (keyid < 0)
		return keyid;
	err = unlock_claimed(inode, &claim, &record, keyid);
	mktme_dax_end_claim(&claim);
	return err;
}

/**
 * mktme_dax_unlock_from_ring() - the same without the lock
 * @inode: bound file
 * @identifier: only if it is under this key; NULL: under any
 *
 * Takes inode_lock only if the key is there.
 *
 * Return: as mktme_dax_unlock_from_ring_locked(); -ENOKEY also if the file is
 * under another key than @identifier.
 */
int mktme_dax_unlock_from_ring(struct inode *inode, const u8 *identifier)
{
	struct mktme_dax_record_v1 record;
	int err;

	if (!mktme_dax_has_ring(inode->i_sb))
		return -ENOKEY;
	err = mktme_dax_read_record(inode, &record);
	if (err)
		return err;
	if (identifier && memcmp(record.identifier, identifier,
				 sizeof(record.identifier)))
		return -ENOKEY;
	if (!mktme_dax_in_ring(inode->i_sb, record.identifier, NULL))
		return -ENOKEY;
	inode_lock(inode);
	err = mktme_dax_unlock_from_ring_locked(inode);
	inode_unlock(inode);
	return err;
}
