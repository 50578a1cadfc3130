/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XFS: encrypted DAX files, what the files of this feature share
 */
#ifndef __XFS_MKTME_PRIVATE_H__
#define __XFS_MKTME_PRIVATE_H__

#include <linux/mktme_dax_fs.h>
#include <linux/mktme_dax_pause.h>

/*
 * In xfs_inode.i_flags, far above XFS's own: the inode is bound. Set under ILOCK
 * exclusively; survives in an inode that waits for reclaim and is used again.
 */
#define XFS_IMKTME	BIT(40)

static inline bool xfs_mktme_marked(const struct xfs_inode *ip)
{
	return READ_ONCE(ip->i_flags) & XFS_IMKTME;
}

/* xfs_mktme_data.c */
int xfs_mktme_range_has_data(struct xfs_inode *ip, xfs_fileoff_t start,
			     xfs_fileoff_t end);
int xfs_mktme_data_at(struct inode *inode, loff_t pos, u64 *offset);

#endif /* __XFS_MKTME_PRIVATE_H__ */
