// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of a file's last block that is past its end
 *
 * Truncate and orphan clean-up zero it, but not without the key. What they have
 * left is made up for when the key comes, before anybody can see it. The block
 * is there and stays where it is, so this is a store to memory and no business
 * of the journal's.
 *
 * On a read-only mount nothing is stored: its metadata may be what has to be
 * doubted. A mapping may show the tail then; before anybody can make it a part
 * of the file, by writing or by a new size, it is zeroed.
 */
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/pfn_t.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "mktme_dax_private.h"

/* 1 if there is something to zero, 0 if not, -EIO if it cannot be read. */
static int has_content(const void *addr, size_t len)
{
	u8 buf[256];
	size_t n;

	for (; len; addr += n, len -= n) {
		n = min(len, sizeof(buf));
		if (copy_mc_to_kernel(buf, addr, n))
			return -EIO;
		if (memchr_inv(buf, 0, n))
			return 1;
	}
	return 0;
}

/* A frozen filesystem is one that somebody takes an image of. */
static int clear(struct super_block *sb, unsigned int keyid, phys_addr_t phys,
		 void *addr, size_t len)
{
	int ret = has_content(addr, len);

	if (ret <= 0)
		return ret;
	if (sb_rdonly(sb))
		return -EROFS;
	if (!sb_start_write_trylock(sb))
		return -EBUSY;
	memset(addr, 0, len);
	mktme_alias_writeback(keyid, phys, len);
	sb_end_write(sb);
	return 0;
}

/* Through the alias: the keyed device is that of an unlocked inode. */
static int clear_at(struct super_block *sb, struct dax_device *base,
		    unsigned int keyid, u64 offset, size_t len)
{
	phys_addr_t phys;
	long ret;
	void *addr;
	pfn_t pfn;
	int id;

	id = dax_read_lock();
	ret = dax_direct_access(base, offset >> PAGE_SHIFT, 1, DAX_ACCESS, NULL,
				&pfn);
	if (ret >= 0) {
		phys = pfn_t_to_phys(pfn) + offset_in_page(offset);
		addr = mktme_alias(keyid, phys);
		ret = addr ? clear(sb, keyid, phys, addr, len) : -ENXIO;
	}
	dax_read_unlock(id);
	return ret;
}

/**
 * mktme_dax_clear_tail() - zero what is past the end of a file
 * @inode: bound file, both locks held exclusively
 * @base: the filesystem's DAX device
 * @keyid: KeyID of its key; the caller is a user of its device
 *
 * Return: 0; -EROFS if there is something to zero on a read-only filesystem;
 * -EBUSY if it is frozen or about to be; -ENXIO if the device is going away;
 * -EIO.
 */
int mktme_dax_clear_tail(struct inode *inode, struct dax_device *base,
			 unsigned int keyid)
{
	loff_t size = i_size_read(inode);
	size_t len = round_up(size, i_blocksize(inode)) - size;
	u64 offset;
	int ret;

	if (!len)
		return 0;
	ret = mktme_dax_fs(inode->i_sb)->data_at(inode, size, &offset);
	if (ret <= 0)
		return ret;
	return clear_at(inode->i_sb, base, keyid, offset, len);
}

/**
 * mktme_dax_clear_late_tail() - make up for what a read-only mount has left
 * @inode: bound file, inode_lock held exclusively
 *
 * Return: 0, also if there is nothing to do; as mktme_dax_clear_tail().
 */
int mktme_dax_clear_late_tail(struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;
	unsigned int keyid;
	u64 offset;
	int err = 0;

	filemap_invalidate_lock(mapping);
	keyid = mktme_dax_keyid(mapping);
	if (keyid && mktme_dax_state(mapping) & MKTME_DAX_TAIL) {
		err = mktme_dax_clear_tail(inode, mktme_dax_fs(inode->i_sb)->
					   dax_device(inode->i_sb, &offset),
					   keyid);
		if (!err)
			mktme_dax_set_state(mapping, MKTME_DAX_KEYED | keyid);
	}
	filemap_invalidate_unlock(mapping);
	return err;
}
