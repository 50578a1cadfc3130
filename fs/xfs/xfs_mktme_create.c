// SPDX-License-Identifier: GPL-2.0-only
/*
 * XFS: encrypted DAX files, what is created in a directory with a key
 *
 * Record and marker are in the transaction that creates the inode, and its state
 * is set before anyone can find it. A transaction in which something is changed
 * already cannot be given up without a shutdown, so all that can be refused is
 * asked before: the record travels in &struct xfs_icreate_args.
 */
#include "xfs.h"
#include "xfs_fs.h"
#include "xfs_shared.h"
#include "xfs_format.h"
#include "xfs_log_format.h"
#include "xfs_trans_resv.h"
#include "xfs_mount.h"
#include "xfs_inode.h"
#include "xfs_trans.h"
#include "xfs_da_format.h"
#include "xfs_da_btree.h"
#include "xfs_attr_leaf.h"
#include "xfs_attr_sf.h"
#include "xfs_mktme_private.h"

/* As xfs_inode_should_enable_dax() will say of a file created in @pip. */
static bool will_have_dax(const struct xfs_inode *pip)
{
	struct xfs_mount *mp = pip->i_mount;

	if (xfs_has_dax_never(mp) || mp->m_sb.sb_blocksize != PAGE_SIZE ||
	    !mp->m_ddev_targp->bt_daxdev)
		return false;
	/* Would be on the real-time device. */
	if (pip->i_diflags & XFS_DIFLAG_RTINHERIT && xfs_has_realtime(mp))
		return false;
	return xfs_has_dax_always(mp) || pip->i_diflags2 & XFS_DIFLAG2_DAX;
}

/**
 * xfs_mktme_prepare_create() - before an inode is created in a directory
 * @args: how; gets the record of a bound directory
 *
 * Files and directories inherit. Symbolic links and special files have no data:
 * they can be created without the key.
 *
 * Context: nothing but the directory's IOLOCK held.
 * Return: 0; as mktme_dax_may_create(); -EOPNOTSUPP for a file that would not be
 * DAX.
 */
int xfs_mktme_prepare_create(struct xfs_icreate_args *args)
{
	struct inode *dir = VFS_I(args->pip);

	if (!mktme_dax_bound(dir) ||
	    !(S_ISREG(args->mode) || S_ISDIR(args->mode)))
		return 0;
	if (S_ISREG(args->mode) && !will_have_dax(args->pip))
		return mktme_dax_refuse(dir, MKTME_DAX_REFUSE_NO_DAX,
					-EOPNOTSUPP);
	args->flags |= XFS_ICREATE_INIT_XATTRS;
	return mktme_dax_may_create(dir, &args->mktme);
}

/* The first attribute of a new inode, and far shorter than its room for them. */
static void add_record(struct xfs_trans *tp, struct xfs_inode *ip,
		       const struct mktme_dax_record_v1 *record)
{
	struct xfs_da_args args = {
		.trans		= tp,
		.dp		= ip,
		.owner		= ip->i_ino,
		.geo		= ip->i_mount->m_attr_geo,
		.whichfork	= XFS_ATTR_FORK,
		.attr_filter	= XFS_ATTR_SECURE,
		.name		= MKTME_DAX_RECORD_SUFFIX,
		.namelen	= strlen(MKTME_DAX_RECORD_SUFFIX),
		.value		= (void *)record,
		.valuelen	= sizeof(*record),
	};
	int size = sizeof(struct xfs_attr_sf_hdr) +
		   xfs_attr_sf_entsize_byname(args.namelen, args.valuelen);

	xfs_attr_shortform_create(&args);
	xfs_attr_shortform_add(&args, xfs_attr_shortform_bytesfit(ip, size));
}

/**
 * xfs_mktme_icreate() - give a new inode the key of its directory
 * @tp: the transaction that creates it
 * @args: from xfs_mktme_prepare_create()
 * @ip: new inode, I_NEW and in no directory yet
 *
 * Without a key it only forgets what the last owner of the inode has left.
 *
 * Context: ILOCK of @ip held exclusively.
 */
void xfs_mktme_icreate(struct xfs_trans *tp,
		       const struct xfs_icreate_args *args,
		       struct xfs_inode *ip)
{
	if (args->mktme.version) {
		xfs_iflags_set(ip, XFS_IMKTME);
		add_record(tp, ip, &args->mktme);
		mktme_dax_born(VFS_I(ip), &args->mktme);
	} else if (xfs_mktme_marked(ip)) {
		xfs_iflags_clear(ip, XFS_IMKTME);
		mktme_dax_set_state(VFS_I(ip)->i_mapping, MKTME_DAX_UNKNOWN);
	}
}
