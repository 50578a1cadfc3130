// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding a file to a key, and giving the key of a bound file
 *
 * Lock order: inode_lock, then invalidate_lock, both exclusive, then the
 * filesystem's transaction. mmap_lock is never held: write(2) faults in user
 * memory under inode_lock, so taking inode_lock under mmap_lock would deadlock.
 */
#include <linux/dax.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/xattr.h>
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
 */
struct binding {
	struct file *file;
	struct inode *inode;
	const struct mktme_dax_fs_ops *ops;
	const struct mktme_key *key;
	struct dax_device *base;
	u8 place[MKTME_DAX_PLACE_SIZE];
	unsigned int keyid;
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

/* Is this the key of the slot? It stays while an inode is unlocked with it. */
static int compare_slot(unsigned int keyid, const struct mktme_key *key)
{
	const u8 *identifier = mktme_slot_identifier(keyid);

	if (WARN_ON_ONCE(!identifier))
		return -ENOKEY;
	return memcmp(identifier, key->identifier, sizeof(key->identifier)) ?
		-EKEYREJECTED : 0;
}

/* Whoever binds decides over all present and future users of the file. */
static int check_owner(struct file *file, struct inode *inode)
{
	if (!(file->f_mode & FMODE_WRITE))
		return -EACCES;
	if (!inode_owner_or_capable(file_mnt_idmap(file), inode))
		return -EPERM;
	if (IS_IMMUTABLE(inode) || IS_APPEND(inode))
		return -EPERM;
	if (IS_SWAPFILE(inode))
		return -ETXTBSY;
	return 0;
}

/* Holds for good only under both locks. */
static int check_empty(const struct binding *b)
{
	int ret = b->ops->has_data(b->inode);

	return ret > 0 ? -ENOTEMPTY : ret;
}

/*
 * Take everything away from under the existing mappings: page-table entries of
 * KeyID 0 (holes show the zero page) and DAX entries. From here until the
 * locks are released nobody can fault, so the first access to come sees the
 * binding. A page still held by get_user_pages() would go on to be used
 * through KeyID 0.
 */
static int drop_mappings(struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;

	if (dax_layout_busy_page(mapping))
		return -EBUSY;
	unmap_mapping_range(mapping, 0, 0, 0);
	truncate_inode_pages(mapping, 0);
	if (WARN_ON_ONCE(!mapping_empty(mapping)))
		return -EBUSY;
	return 0;
}

static int bind_new(struct binding *b)
{
	struct mktme_dax_record_v1 record;
	int err;

	err = check_owner(b->file, b->inode);
	if (err)
		return err;
	err = check_empty(b);
	if (err)
		return err;
	err = drop_mappings(b->inode);
	if (err)
		return err;
	mktme_dax_pack_record(&record, b->key, b->place);
	err = b->ops->write_record(b->inode, &record, sizeof(record));
	if (err)
		return err;
	mktme_dax_set_state(b->inode->i_mapping,
			    MKTME_DAX_KEYED | b->keyid);
	return 0;
}

/* The record of a locked file, checked against key and place. */
static int check_record(struct binding *b)
{
	u8 value[MKTME_DAX_RECORD_MAX];
	const struct mktme_dax_record_v1 *record = (const void *)value;
	ssize_t size;
	int err;

	size = __vfs_getxattr(b->file->f_path.dentry, b->inode,
			      MKTME_DAX_RECORD_NAME, value, sizeof(value));
	if (size < 0 && size != -ENODATA && size != -ERANGE)
		return size;
	err = size < 0 ? -EUCLEAN : mktme_dax_check_record(record, size);
	if (err) {
		mktme_dax_warn(b->inode, "record is %s", err == -EUCLEAN ?
			       "missing or corrupted" : "of an unknown version");
		return err;
	}
	if (record->algorithm != b->key->material.algorithm ||
	    memcmp(record->identifier, b->key->identifier,
		   sizeof(record->identifier)))
		return -EKEYREJECTED;
	if (memcmp(record->place, b->place, sizeof(record->place))) {
		mktme_dax_warn(b->inode,
			       "encrypted at another physical place; move the namespace back to read it");
		return -ESTALE;
	}
	return 0;
}

/*
 * A locked file has no DAX entries and only zero pages or nothing mapped. Its
 * last block may have a tail that orphan clean-up or truncate could not zero.
 */
static int unlock(struct binding *b)
{
	struct address_space *mapping = b->inode->i_mapping;
	int err;

	err = check_record(b);
	if (err)
		return err;
	mktme_dax_set_state(mapping, MKTME_DAX_KEYED | b->keyid);
	if (sb_rdonly(b->inode->i_sb))
		return 0;
	err = b->ops->zero_tail(b->inode);
	if (err)
		mktme_dax_set_state(mapping, MKTME_DAX_LOCKED);
	return err;
}

/* Decide under the locks. 1: another thread was first, with the same key. */
static int bind_locked(struct binding *b)
{
	struct address_space *mapping = b->inode->i_mapping;
	int err;

	if (!IS_DAX(b->inode))
		return -EOPNOTSUPP;
	if (mktme_dax_keyid(mapping))
		return compare_slot(mktme_dax_keyid(mapping), b->key) ?: 1;

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
	if (keyid < 0)
		return keyid;
	b->keyid = keyid;
	err = with_device(b);
	if (err)
		mktme_slot_put(b->keyid);
	return err < 0 ? err : 0;
}

/**
 * mktme_dax_bind() - put a file under a key, or give the key of a bound one
 * @file: open file
 * @key: payload of an mktme key; the caller keeps it valid
 *
 * On success every later access to the file's data, by whatever mapping or
 * call, goes through the key's KeyID. On failure nothing has changed.
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
 *   -ETXTBSY in use as swap
 *   -EBUSY some page is held by get_user_pages()
 *   -EROFS not bound and mount is read-only
 *   -ENOSPC no KeyID is left, or no room for the record
 *   -EDQUOT, -ENOMEM, -EIO
 */
int mktme_dax_bind(struct file *file, const struct mktme_key *key)
{
	struct binding b = {
		.file = file,
		.inode = file_inode(file),
		.key = key,
	};
	unsigned int keyid;
	bool fresh;
	u64 offset;
	int err;

	if (!mktme_nr_keyids())
		return -EOPNOTSUPP;
	err = mktme_dax_may_bind(file);
	if (err)
		return err;
	if (!key->persistent)
		return -EINVAL;
	keyid = mktme_dax_keyid(b.inode->i_mapping);
	if (keyid)
		return compare_slot(keyid, key);

	b.ops = mktme_dax_fs(b.inode->i_sb);
	b.base = b.ops->dax_device(b.inode->i_sb, &offset);
	if (!b.base)
		return -EOPNOTSUPP;
	err = mktme_dax_place(b.inode->i_sb, b.base, offset, b.place);
	if (err)
		return err;

	mktme_dax_enable();
	/* What is refused for good is refused before it costs a KeyID. */
	fresh = !b.ops->marked(b.inode);
	if (fresh)
		err = check_owner(file, b.inode) ?: check_empty(&b) ?:
			mnt_want_write_file(file);
	else
		err = check_record(&b);
	if (err)
		return err;
	err = with_slot(&b);
	if (fresh)
		mnt_drop_write_file(file);
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
}
