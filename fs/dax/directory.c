// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories that give their key to what is created in them
 *
 * A directory has no data of its own. Its record is what new files inherit, in
 * the transaction that creates them and before anybody can reach them, so there
 * is no moment at which they could take plaintext. The key has to be in the ring
 * of the filesystem then: no file comes into being that nobody can write to.
 *
 * The record of an inode never changes once it is there, so it can be read
 * without a lock of ours.
 */
#include <linux/dax.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include "mktme_dax_private.h"

static int check_directory(struct file *file, struct inode *dir)
{
	const struct mktme_dax_fs_ops *ops = mktme_dax_fs(dir->i_sb);
	int err;

	err = mktme_dax_check_owner(file, dir) ?:
		file_permission(file, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	return ops->may_bind(dir);
}

/* Bound already: nothing is to be done but to tell whether this is the key. */
static int compare(struct inode *dir, const struct mktme_key *key,
		   const u8 *place)
{
	struct mktme_dax_record_v1 record;

	return mktme_dax_read_record(dir, &record) ?:
		mktme_dax_compare_record(dir, &record, key->identifier, place);
}

static int bind_locked(struct inode *dir, const struct mktme_key *key,
		       const u8 *place)
{
	const struct mktme_dax_fs_ops *ops = mktme_dax_fs(dir->i_sb);
	struct mktme_dax_record_v1 record;
	int err;

	if (ops->marked(dir))
		return compare(dir, key, place);
	if (IS_DEADDIR(dir))
		return -ENOENT;
	/* An fscrypt file is no DAX file. Its policy is set under inode_lock, too. */
	if (IS_ENCRYPTED(dir))
		return -EOPNOTSUPP;
	err = ops->has_data(dir);
	if (err)
		return err < 0 ? err : -ENOTEMPTY;
	mktme_dax_pack_record(&record, key, place);
	err = ops->write_record(dir, &record, sizeof(record));
	if (!err)
		mktme_dax_set_state(dir->i_mapping, MKTME_DAX_LOCKED);
	return err;
}

/**
 * mktme_dax_bind_directory() - have what is created in a directory inherit a key
 * @file: open directory
 * @key: payload of an mktme key; the caller keeps it valid
 *
 * Return: 0, also if the directory is under this key already, or
 *   -EOPNOTSUPP no TME-MK; filesystem that cannot have bound files; device
 *	mapper below; fscrypt directory; record of a later version
 *   -EINVAL key of type=cpu
 *   -EKEYREJECTED bound to another key
 *   -ESTALE right key, but bound at another physical place
 *   -EUCLEAN bound, but the record is missing or corrupted
 *   -EPERM not bound and caller is not the owner; immutable or append-only; the
 *	root of the filesystem
 *   -EACCES not bound and no permission to create files in it
 *   -ENOKEY not bound and the ring of the filesystem does not have the key
 *   -ENOTEMPTY not bound and not empty
 *   -ENOENT removed
 *   -EROFS not bound and mount is read-only
 *   -ENOSPC, -EDQUOT, -ENOMEM, -EIO
 */
int mktme_dax_bind_directory(struct file *file, const struct mktme_key *key)
{
	struct inode *dir = file_inode(file);
	u8 place[MKTME_DAX_PLACE_SIZE];
	struct dax_device *base;
	int err;

	if (!mktme_nr_keyids())
		return -EOPNOTSUPP;
	if (!key->persistent)
		return -EINVAL;
	err = mktme_dax_find_place(dir->i_sb, &base, place);
	if (err)
		return err;
	if (mktme_dax_fs(dir->i_sb)->marked(dir))
		return compare(dir, key, place);
	err = check_directory(file, dir);
	if (err)
		return err;
	if (!mktme_dax_in_ring(dir->i_sb, key->identifier, NULL))
		return -ENOKEY;
	err = mnt_want_write_file(file);
	if (err)
		return err;
	mktme_dax_enable();
	inode_lock(dir);
	err = bind_locked(dir, key, place);
	inode_unlock(dir);
	mnt_drop_write_file(file);
	return err;
}

/**
 * mktme_dax_may_create() - can a file or directory be created here?
 * @dir: bound directory
 * @record: result, what it would inherit
 *
 * Asked before the filesystem has begun to change anything.
 *
 * Return: 0; -ENOKEY if the ring does not have the key; -ESTALE at another
 * place; errors of mktme_dax_read_record() and mktme_dax_find_place().
 */
int mktme_dax_may_create(struct inode *dir, struct mktme_dax_record_v1 *record)
{
	u8 place[MKTME_DAX_PLACE_SIZE];
	struct dax_device *base;
	int err;

	err = mktme_dax_read_record(dir, record);
	if (err)
		return err;
	if (!mktme_dax_in_ring(dir->i_sb, record->identifier, NULL))
		return mktme_dax_refuse(dir, MKTME_DAX_REFUSE_LOCKED, -ENOKEY);
	err = mktme_dax_find_place(dir->i_sb, &base, place);
	if (err)
		return err;
	return mktme_dax_compare_record(dir, record, record->identifier, place);
}
EXPORT_SYMBOL_GPL(mktme_dax_may_create);

/**
 * mktme_dax_inherit() - put a new inode under the key of its directory
 * @dir: bound directory
 * @inode: new regular file or directory, with nothing in it, which nobody else
 *	can reach yet
 * @record: result, to be written by the filesystem in the transaction that
 *	creates @inode; if that fails @inode has to be freed
 *
 * A file is unlocked from now on. Removing the key locks it as any other one.
 *
 * Context: in a transaction.
 * Return: 0; -EOPNOTSUPP if the file has no DAX; -ENOKEY if the key was removed
 * since mktme_dax_may_create(); errors of mktme_dax_read_record().
 */
int mktme_dax_inherit(struct inode *dir, struct inode *inode,
		      struct mktme_dax_record_v1 *record)
{
	int err;

	err = mktme_dax_read_record(dir, record);
	if (err)
		return err;
	if (S_ISDIR(inode->i_mode)) {
		mktme_dax_set_state(inode->i_mapping, MKTME_DAX_LOCKED);
		return 0;
	}
	if (!IS_DAX(inode))
		return mktme_dax_refuse(dir, MKTME_DAX_REFUSE_NO_DAX,
					-EOPNOTSUPP);
	return mktme_dax_adopt(inode, record->identifier);
}
EXPORT_SYMBOL_GPL(mktme_dax_inherit);

/**
 * mktme_dax_born() - as mktme_dax_inherit(), where nothing can be refused any more
 * @inode: as there
 * @record: from mktme_dax_may_create(), before the transaction
 *
 * If the key was removed since, the file is born locked, just as if it had been
 * removed a moment later.
 *
 * Context: in a transaction.
 */
void mktme_dax_born(struct inode *inode, const struct mktme_dax_record_v1 *record)
{
	if (!S_ISREG(inode->i_mode) || !IS_DAX(inode) ||
	    mktme_dax_adopt(inode, record->identifier))
		mktme_dax_set_state(inode->i_mapping, MKTME_DAX_LOCKED);
}
EXPORT_SYMBOL_GPL(mktme_dax_born);

/**
 * mktme_dax_may_enter() - may this get a name in this directory?
 * @dir: bound directory
 * @inode: what is renamed or linked into it
 *
 * As with fscrypt: what is in a bound directory is under its key, or has no
 * data. EXDEV makes mv(1) copy.
 *
 * Return: 0; -EXDEV; errors of mktme_dax_read_record().
 */
int mktme_dax_may_enter(struct inode *dir, struct inode *inode)
{
	struct mktme_dax_record_v1 ours, its;
	int err;

	if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode))
		return 0;
	if (!mktme_dax_bound(inode))
		return -EXDEV;
	err = mktme_dax_read_record(dir, &ours) ?:
		mktme_dax_read_record(inode, &its);
	if (err)
		return err;
	return memcmp(ours.identifier, its.identifier,
		      sizeof(ours.identifier)) ? -EXDEV : 0;
}
