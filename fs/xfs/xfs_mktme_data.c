// SPDX-License-Identifier: GPL-2.0-only
/*
 * XFS: encrypted DAX files, what touches their blocks
 */
#include "xfs.h"
#include "xfs_fs.h"
#include "xfs_shared.h"
#include "xfs_format.h"
#include "xfs_log_format.h"
#include "xfs_trans_resv.h"
#include "xfs_mount.h"
#include "xfs_inode.h"
#include "xfs_bmap.h"
#include "xfs_bmap_util.h"
#include "xfs_reflink.h"
#include "xfs_mktme_private.h"
#include <linux/falloc.h>
#include <linux/iomap.h>

/* Unwritten blocks have no data: they are zeroed when they are converted. */
static int find_data(struct xfs_inode *ip, xfs_fileoff_t start,
		     xfs_fileoff_t end)
{
	struct xfs_iext_cursor icur;
	struct xfs_bmbt_irec got;
	int error;
	bool more;

	error = xfs_iread_extents(NULL, ip, XFS_DATA_FORK);
	if (error)
		return error;
	more = xfs_iext_lookup_extent(ip, &ip->i_df, start, &icur, &got);
	while (more && got.br_startoff < end) {
		if (got.br_state != XFS_EXT_UNWRITTEN)
			return 1;
		more = xfs_iext_next_extent(&ip->i_df, &icur, &got);
	}
	return 0;
}

/**
 * xfs_mktme_range_has_data() - are there written blocks in a range?
 * @ip: regular file
 * @start: first block
 * @end: block after the last
 *
 * Context: takes ILOCK.
 * Return: 1, 0, or an error of reading the extents.
 */
int xfs_mktme_range_has_data(struct xfs_inode *ip, xfs_fileoff_t start,
			     xfs_fileoff_t end)
{
	unsigned int lock_mode = xfs_ilock_data_map_shared(ip);
	int ret = find_data(ip, start, end);

	xfs_iunlock(ip, lock_mode);
	return ret;
}

static u64 device_offset(struct xfs_inode *ip, xfs_fsblock_t fsb)
{
	return BBTOB(xfs_fsb_to_db(ip, fsb)) +
	       xfs_inode_buftarg(ip)->bt_dax_part_off;
}

/* As &mktme_dax_fs_ops.data_at. */
int xfs_mktme_data_at(struct inode *inode, loff_t pos, u64 *offset)
{
	struct xfs_inode *ip = XFS_I(inode);
	struct xfs_mount *mp = ip->i_mount;
	unsigned int lock_mode = xfs_ilock_data_map_shared(ip);
	struct xfs_bmbt_irec imap;
	int nimaps = 1;
	int error;

	error = xfs_bmapi_read(ip, XFS_B_TO_FSBT(mp, pos), 1, &imap, &nimaps,
			       0);
	xfs_iunlock(ip, lock_mode);
	if (error || !nimaps || !xfs_bmap_is_written_extent(&imap))
		return error;
	*offset = device_offset(ip, imap.br_startblock) +
		  (pos & mp->m_blockmask);
	return 1;
}

/* What would have to be zeroed of a hole or of unwritten blocks is zero. */
static int begin_zeroing(struct xfs_inode *ip, loff_t offset, loff_t length)
{
	struct xfs_mount *mp = ip->i_mount;
	int ret;

	ret = xfs_mktme_range_has_data(ip, XFS_B_TO_FSBT(mp, offset),
				       XFS_B_TO_FSB(mp, offset + length));
	return ret > 0 ? -ENOKEY : ret;
}

int __xfs_mktme_begin(struct xfs_inode *ip, loff_t offset, loff_t length,
		      unsigned int flags)
{
	struct inode *inode = VFS_I(ip);

	/* FIEMAP: tells blocks, touches no data */
	if (flags & IOMAP_REPORT)
		return 0;
	if (!mktme_dax_bound(inode))
		return IS_DAX(inode) ? mktme_dax_begin(inode) : 0;
	if (!IS_DAX(inode))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_NO_DAX,
					-EOPNOTSUPP);
	/* Nothing here shares blocks of bound files, an unaware kernel can. */
	if (xfs_is_reflink_inode(ip))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_BAD_RECORD,
					-EUCLEAN);
	if (flags & IOMAP_ZERO && mktme_dax_locked(inode))
		return begin_zeroing(ip, offset, length);
	return mktme_dax_begin(inode);
}

/**
 * xfs_mktme_zero_extent() - zero newly allocated blocks of a bound file
 * @ip: bound file
 * @start_fsb: first block
 * @count_fsb: blocks
 *
 * Context: ILOCK held exclusively, in a transaction.
 * Return: as mktme_dax_zeroout().
 */
int xfs_mktme_zero_extent(struct xfs_inode *ip, u64 start_fsb,
			  u64 count_fsb)
{
	return mktme_dax_zeroout(VFS_I(ip), xfs_inode_buftarg(ip)->bt_daxdev,
				 device_offset(ip, start_fsb),
				 XFS_FSB_TO_B(ip->i_mount, count_fsb));
}

/* XFS sets a new size when the extents have moved, and zeroes what it cuts. */
int __xfs_mktme_prepare_fallocate(struct xfs_inode *ip, int mode,
				  loff_t offset, loff_t len)
{
	struct inode *inode = VFS_I(ip);

	if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE) &&
	    mktme_dax_locked(inode) &&
	    !IS_ALIGNED(i_size_read(inode), i_blocksize(inode)))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_LOCKED,
					-ENOKEY);
	return mktme_dax_prepare_fallocate(inode, mode, offset, len);
}
