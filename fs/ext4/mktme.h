/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext4: encrypted DAX files
 */
#ifndef _EXT4_MKTME_H
#define _EXT4_MKTME_H

#include <linux/mktme_dax.h>

#ifdef CONFIG_MKTME_DAX

/* mktme.c */
void ext4_mktme_fill_super(struct super_block *sb);
int ext4_mktme_iget(struct inode *inode);
unsigned long ext4_mktme_disk_flags(struct inode *inode, unsigned long flags);
int ext4_mktme_prepare_new_inode(struct inode *dir, umode_t mode, int *nblocks);
int ext4_mktme_new_inode(handle_t *handle, struct inode *inode,
			 struct inode *dir);
int ext4_mktme_zeroout(struct inode *inode, ext4_fsblk_t pblk,
		       ext4_lblk_t len);

#else

static inline void ext4_mktme_fill_super(struct super_block *sb)
{
}

static inline int ext4_mktme_iget(struct inode *inode)
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
