/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext4: encrypted DAX files
 */
#ifndef _EXT4_MKTME_H
#define _EXT4_MKTME_H

#include <linux/mktme_dax.h>

#ifdef CONFIG_MKTME_DAX
#include <linux/iomap.h>
#include <linux/mktme_dax_fs.h>

/**
 * struct ext4_mktme_sb - what a mounted filesystem keeps for bound files
 * @layout: see ext4_mktme_fill_super(), which writes it; constant after that
 */
struct ext4_mktme_sb {
	__le64 layout[MKTME_DAX_LAYOUT_WORDS];
};

/* mktme.c */
void ext4_mktme_fill_super(struct super_block *sb);
int ext4_mktme_iget(struct inode *inode);
unsigned long ext4_mktme_disk_flags(struct inode *inode, unsigned long flags);
int ext4_mktme_prepare_new_inode(struct inode *dir, umode_t mode, int *nblocks);
int ext4_mktme_new_inode(handle_t *handle, struct inode *inode,
			 struct inode *dir);
int ext4_mktme_zeroout(struct inode *inode, ext4_fsblk_t pblk,
		       ext4_lblk_t len);

/**
 * ext4_mktme_begin() - mktme_dax_begin(), for ext4_iomap_begin()
 * @inode: inode whose blocks are to be looked up or allocated
 * @flags: IOMAP_*
 *
 * Only bmap() comes here to have blocks reported (FIEMAP and lseek() have a
 * function of their own). Its users in the kernel read and write them behind the
 * file's back, through KeyID 0; they take an error for "no block".
 *
 * Return: 0; -EOPNOTSUPP for bmap() of a bound file; as mktme_dax_begin().
 */
static inline int ext4_mktme_begin(struct inode *inode, unsigned int flags)
{
	if (flags & IOMAP_REPORT && mktme_dax_bound(inode))
		return -EOPNOTSUPP;
	return mktme_dax_begin(inode);
}

#else

/* Takes no room in struct ext4_sb_info. */
struct ext4_mktme_sb {
};

static inline void ext4_mktme_fill_super(struct super_block *sb)
{
}

static inline int ext4_mktme_iget(struct inode *inode)
{
	return 0;
}

static inline int ext4_mktme_begin(struct inode *inode, unsigned int flags)
{
	return 0;
}

static inline unsigned long ext4_mktme_disk_flags(struct inode *inode,
						  unsigned long flags)
{
	return flags;
}

static inline int ext4_mktme_prepare_new_inode(struct inode *dir, umode_t mode,
					       int *nblocks)
{
	return 0;
}

static inline int ext4_mktme_new_inode(handle_t *handle, struct inode *inode,
				       struct inode *dir)
{
	return 0;
}

static inline int ext4_mktme_zeroout(struct inode *inode, ext4_fsblk_t pblk,
				     ext4_lblk_t len)
{
	return -EOPNOTSUPP;
}

#endif /* CONFIG_MKTME_DAX */

#endif /* _EXT4_MKTME_H */
