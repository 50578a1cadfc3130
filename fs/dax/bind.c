// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding a file to a key, and giving the key of a bound file
 *
 * Lock order: inode_lock, then invalidate_lock, both exclusive, then the
 * filesystem's transaction. mmap_lock is never held: write(2) faults in user
 * memory under inode_lock, so taking inode_lock under mmap_lock would deadlock.
 */
#include <linux/dax.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <trace/events/mktme_dax.h>
#include "mktme_dax_private.h"

/**
 * struct binding - what a bind or an unlock works with
 * @file: open file; its mount is checked for write access
 * @inode: its inode
 * @ops: filesystem operations
 * @key: key, pinned by the caller
 * @base: DAX device under the filesystem
 * @place: digest of where the data lies
 * @keyid: KeyID of @key's slot; the inode takes over our reference to the slot
 *	and our use of the keyed device when it is unlocked
 * @claim: begun before anything else is looked at
 */
struct binding {
	struct file *file;
	struct inode *inode;
	const struct mktme_dax_fs_ops *ops;
	const struct mktme_key *key;
	struct dax_device *base;
	u8 place[MKTME_DAX_PLACE_SIZE];
	unsigned int keyid;
	struct mktme_dax_claim claim;
};

/**
 * mktme_dax_may_bind() - can this kind of file be bound at all?
 * @file: open file
 *
 * Return: 0; -EOPNOTSUPP for anything but a regular file with DAX on a
 * filesystem that supports bound files.
 */
int mktme_dax_may_bind(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (!S_ISREG(inode->i_mode) || !IS_DAX(inode) ||
	    !mktme_dax_fs(inode->i_sb))
		return -EOPNOTSUPP;
	return 0;
}

/* With inode_lock: the inode holds on to the slot. Without: a good guess. */
static bool is_slot_of(unsigned int keyid, const u8 *wanted)
{
	const u8 *identifier = mktme_slot_identifier(keyid);

	return identifier &&
	       !memcmp(identifier, wanted, MKTME_DAX_IDENTIFIER_SIZE);
}

/**
 * mktme_dax_bound_to() - is this file unlocked, and under this key?
 * @file: open regular file
 * @identifier: of the key
 *
 * Context: any. Without inode_lock the answer is about a moment ago, as that of
 * mktme_dax_bind() is when it returns: later the file may be locked, but it is
 * never under another key.
 */
bool mktme_dax_bound_to(struct file *file, const u8 *identifier)
{
	unsigned int keyid = mktme_dax_keyid(file_inode(file)->i_mapping);

	return keyid && is_slot_of(keyid, identifier);
}

/* Whoever binds decides over all present and future users of the file. */
int mktme_dax_check_owner(struct file *file, struct inode *inode)
{
	if (!S_ISDIR(inode->i_mode) && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	if (!inode_owner_or_capable(file_mnt_idmap(file), inode))
		return -EPERM;
	if (IS_IMMUTABLE(inode) || IS_APPEND(inode))
		return -EPERM;
	return 0;
}

/* Holds for good only under both locks. */
static int check_empty(const struct binding *b)
{
	int ret = b->ops->has_data(b->inode);

	return ret > 0 ? mktme_dax_refuse(b->inode, MKTME_DAX_REFUSE_HAS_DATA,
					  -ENOTEMPTY) : ret;
}

/*
 * From here until the locks are released nobody can fault, so the first access
 * to come sees the binding. A page still held by get_user_pages() would go on to
 * be used through KeyID 0.
 */
static int drop_mappings(struct inode *inode)
{
	if (dax_layout_busy_page(inode->i_mapping))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_PINNED, -EBUSY);
	if (WARN_ON_ONCE(!mktme_dax_drop_mappings(inode)))
		return -EBUSY;
	return 0;
}

/* 1: bound, but the key was removed meanwhile, so it is locked. */
static int bind_new(struct binding *b)
{
	struct mktme_dax_record_v1 record;
	int err;

	err = mktme_dax_check_owner(b->file, b->inode);
	if (err)
		return err;
	err = check_empty(b);
	if (err)
		return err;
	err = drop_mappings(b->inode);
	if (err)
		return err;
	mktme_dax_pause(MKTME_DAX_PAUSE_DROPPED);
	mktme_dax_pack_record(&record, b->key, b->place);
	err = b->ops->write_record(b->inode, &record, sizeof(record));
	if (err)
		return err;
	mktme_dax_pause(MKTME_DAX_PAUSE_RECORDED);
	mktme_dax_note_bind();
	if (mktme_dax_publish(&b->claim, b->inode, MKTME_DAX_KEYED | b->keyid))
		return 0;
	mktme_dax_note_lock(b->inode, b->keyid);
	return 1;
}

/* The record of a locked file, checked against key and place. */
static int check_record(struct binding *b)
{
	struct mktme_dax_record_v1 record;

	return mktme_dax_read_record(b->inode, &record) ?:
		mktme_dax_compare_record(b->inode, &record, b->key->identifier,
					 b->place);
}

/* Return: as mktme_dax_unlock_inode(), and errors of check_record(). */
static int unlock(struct binding *b)
{
	return check_record(b) ?:
		mktme_dax_unlock_inode(b->inode, &b->claim, b->base, b->keyid);
}

/*
 * Decide under the locks. 1: all is done, but the inode has not taken over slot
 * and device: another thread was first, with the same key; or the key has been
 * removed from the filesystem since, and the file is locked again.
 */
static int bind_locked(struct binding *b)
{
	struct address_space *mapping = b->inode->i_mapping;
	int err;

	if (!IS_DAX(b->inode))
		return -EOPNOTSUPP;
	if (mktme_dax_keyid(mapping))
		return mktme_dax_bound_to(b->file, b->key->identifier) ? 1 :
		       mktme_dax_refuse(b->inode, MKTME_DAX_REFUSE_OTHER_KEY,
					-EKEYREJECTED);

	filemap_invalidate_lock(mapping);
	if (b->ops->marked(b->inode))
		err = unlock(b);
	else
		err = bind_new(b);
	filemap_invalidate_unlock(mapping);
	return err;
}

static int with_device(struct binding *b)
{
	int err;

	err = mktme_dax_get_device(b->inode->i_sb, b->base, b->keyid);
	if (err)
		return err;
	inode_lock(b->inode);
	err = bind_locked(b);
	inode_unlock(b->inode);
	if (err)
		mktme_dax_put_device(b->base, b->keyid);
	return err;
}

static int with_slot(struct binding *b)
{
	int keyid, err;

	keyid = mktme_slot_get(b->key);
	if (keyid == -EUSERS)
		mktme_dax_refuse(b->inode, MKTME_DAX_REFUSE_NO_KEYID, keyid);
	if (keyid < 0)
		return keyid;
	b->keyid = keyid;
	err = with_device(b);
	if (err)
		mktme_slot_put(b->keyid);
	return err < 0 ? err : 0;
}

/* What is refused for good is refused before it costs a KeyID. */
static int bind_claimed(struct binding *b)
{
	bool fresh = !b->ops->marked(b->inode);
	int err;

	if (fresh)
		err = mktme_dax_check_owner(b->file, b->inode) ?:
			check_empty(b) ?: mnt_want_write_file(b->file);
	else
		err = check_record(b);
	if (err)
		return err;
	err = with_slot(b);
	if (fresh)
		mnt_drop_write_file(b->file);
	return err;
}

/**
 * mktme_dax_bind() - put a file under a key, or give the key of a bound one
 * @file: open file
 * @key: payload of an mktme key; the caller keeps it valid
 *
 * On success every later access to the file's data, by whatever mapping or
 * call, goes through the key's KeyID. On failure nothing has changed. If the key
 * is removed from the filesystem while this runs, the file is bound and locked.
 *
 * The new binding is as durable as a file's creation: it is there after a
 * crash whenever any data written under it is.
 *
 * Context: process context; must not hold mmap_lock.
 * Return: 0, also if the file already is under this key, or
 *   -EOPNOTSUPP no TME-MK, kind of file, filesystem without DAX, device mapper
 *	below, or record of a later version
 *   -EINVAL key of type=cpu, which would be gone after a reboot
 *   -EKEYREJECTED bound to another key
 *   -ESTALE right key, but the data was written at another physical place
 *   -EUCLEAN bound, but the record is missing or corrupted
 *   -ENOTEMPTY not bound and has data
 *   -EACCES not bound and not open for writing
 *   -EPERM not bound and caller is not the owner; immutable or append-only
 *   -EBUSY some page is held by get_user_pages(); bound, and the filesystem is
 *	frozen while the rest of the last block has to be zeroed
 *   -EROFS not bound and mount is read-only
 *   -EUSERS every KeyID holds a key that is in use
 *   -ENOSPC no room for the record
 *   -EDQUOT, -ENOMEM, -EIO
 */
int mktme_dax_bind(struct file *file, const struct mktme_key *key)
{
	struct binding b = {
		.file = file,
		.inode = file_inode(file),
		.key = key,
	};
	int err;

	if (!mktme_nr_keyids())
		return -EOPNOTSUPP;
	err = mktme_dax_may_bind(file);
	if (err)
		return err;
	if (!key->persistent)
		return -EINVAL;
	if (mktme_dax_bound_to(file, key->identifier))
		return 0;

	b.ops = mktme_dax_fs(b.inode->i_sb);
	err = mktme_dax_find_place(b.inode->i_sb, &b.base, b.place);
	if (err)
		return err;
	mktme_dax_enable();
	mktme_dax_begin_claim(&b.claim, b.inode->i_sb, key->identifier);
	err = bind_claimed(&b);
	mktme_dax_end_claim(&b.claim);
	return err;
}

/**
 * mktme_dax_bind_key() - as mktme_dax_bind(), with any key
 * @file: open file; mktme_dax_may_bind() said yes, or a directory
 * @key: key of any type, referenced
 *
 * Return: as mktme_dax_bind() or mktme_dax_bind_directory(); -EINVAL for a key
 * of another type; -EKEYEXPIRED, -EKEYREVOKED.
 */
int mktme_dax_bind_key(struct file *file, struct key *key)
{
	const struct mktme_key *payload = mktme_dax_lock_key(key);
	int err;

	if (IS_ERR(payload))
		return PTR_ERR(payload);
	if (S_ISDIR(file_inode(file)->i_mode))
		err = mktme_dax_bind_directory(file, payload);
	else
		err = mktme_dax_bind(file, payload);
	mktme_dax_unlock_key(key);
	trace_mktme_bind(file_inode(file),
			 mktme_dax_keyid(file_inode(file)->i_mapping), err);
	return err;
}

/*
 * The inode is being freed: its entries are gone, and with them its lines.
 * Called for every inode, also in memory reclaim.
 */
void mktme_dax_release(struct inode *inode)
{
	unsigned int keyid = mktme_dax_keyid(&inode->i_data);
	const struct mktme_dax_fs_ops *ops;
	u64 offset;

	if (!keyid)
		return;
	mktme_dax_set_state(&inode->i_data, MKTME_DAX_LOCKED);
	ops = mktme_dax_fs(inode->i_sb);
	mktme_dax_put_device(ops->dax_device(inode->i_sb, &offset), keyid);
	mktme_slot_put(keyid);
	mktme_dax_note_lock(inode, keyid);
}
