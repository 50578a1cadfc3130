// SPDX-License-Identifier: GPL-2.0-only
/*
 * XFS: encrypted DAX files, the record and the marker of a bound inode
 *
 * Kernels that know nothing of records must not write into a bound file, and
 * xfs_repair has to find nothing to mend: unknown flags of inodes it clears,
 * unknown feature bits it refuses. So the marker is made of what every XFS knows:
 * on disk a bound inode has the flag "immutable" beside its record. An unaware
 * kernel reads ciphertext from such a file; writing, truncating, unlinking and
 * renaming it are EPERM there until an administrator takes the flag away.
 *
 * In core the flag is not set: nothing else in XFS, and no user, takes the inode
 * for an immutable one. XFS_IMKTME stands in its place, and XFS keeps it in an
 * inode that waits for reclaim.
 *
 * Immutable inodes are rare. So reading one costs nothing unless it is immutable
 * and has attributes; then its record is looked for, before anyone can reach its
 * data.
 *
 * The record of the root directory, which cannot be bound, says that there can be
 * bound inodes, and turns the hooks on at mount.
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
#include "xfs_bmap.h"
#include "xfs_da_format.h"
#include "xfs_da_btree.h"
#include "xfs_attr.h"
#include "xfs_xattr.h"
#include "xfs_dir2.h"
#include "xfs_health.h"
#include "xfs_mktme_private.h"

/* Value of the root directory's record. */
static const u8 announcement = 1;

static struct xfs_da_args record_args(struct xfs_inode *ip, const void *value,
				      size_t size)
{
	return (struct xfs_da_args) {
		.dp		= ip,
		.attr_filter	= XFS_ATTR_SECURE,
		.name		= MKTME_DAX_RECORD_SUFFIX,
		.namelen	= strlen(MKTME_DAX_RECORD_SUFFIX),
		.value		= (void *)value,
		.valuelen	= size,
	};
}

/* 0, or -ENOATTR, or an error. */
static int find_record(struct xfs_trans *tp, struct xfs_inode *ip)
{
	struct xfs_da_args args = record_args(ip, NULL, 0);

	args.trans = tp;
	return xfs_attr_get(&args);
}

/* Neither the root, which is announced by its record, nor what nobody binds. */
static bool can_have_marker(struct xfs_inode *ip)
{
	umode_t mode = VFS_I(ip)->i_mode;

	return ip->i_diflags & XFS_DIFLAG_IMMUTABLE &&
	       (S_ISREG(mode) || S_ISDIR(mode)) &&
	       xfs_inode_has_attr_fork(ip) &&
	       ip->i_ino != ip->i_mount->m_sb.sb_rootino;
}

/**
 * xfs_mktme_iget() - recognise a bound inode
 * @tp: transaction of the caller, or NULL
 * @ip: inode just read from disk; nobody else sees it
 *
 * Return: 0; -EFSCORRUPTED if the marker makes no sense: the root directory says
 * that there are no bound inodes, or the data is on the real-time device; errors
 * of reading the record.
 */
int xfs_mktme_iget(struct xfs_trans *tp, struct xfs_inode *ip)
{
	int error;

	if (likely(!can_have_marker(ip)))
		return 0;
	error = find_record(tp, ip);
	if (error)
		return error == -ENOATTR ? 0 : error;
	if (!xfs_mktme_used() || XFS_IS_REALTIME_INODE(ip)) {
		xfs_inode_mark_sick(ip, XFS_SICK_INO_CORE);
		return -EFSCORRUPTED;
	}
	ip->i_diflags &= ~XFS_DIFLAG_IMMUTABLE;
	xfs_iflags_set(ip, XFS_IMKTME);
	return 0;
}

/**
 * xfs_mktme_setup_inode() - state of an inode that is about to be seen
 * @ip: inode from disk, or from those that wait for reclaim
 *
 * In the latter case the VFS's half of it has been made anew and says nothing.
 */
void xfs_mktme_setup_inode(struct xfs_inode *ip)
{
	if (xfs_mktme_marked(ip))
		mktme_dax_set_state(VFS_I(ip)->i_mapping, MKTME_DAX_LOCKED);
}

/**
 * xfs_mktme_diflags() - flags of an inode as others are to see them
 * @ip: any inode
 *
 * Return: on-disk flags. An inode that has been freed has no marker any more.
 */
uint16_t xfs_mktme_diflags(const struct xfs_inode *ip)
{
	if (xfs_mktme_marked(ip) && ip->i_vnode.i_mode)
		return ip->i_diflags | XFS_DIFLAG_IMMUTABLE;
	return ip->i_diflags;
}

/**
 * xfs_mktme_is_record() - is this attribute a record?
 * @attr_filter: XFS_ATTR_* of the name
 * @name: name without prefix
 *
 * For the calls by handle, which ask no security module.
 *
 * Return: whether it is.
 */
bool xfs_mktme_is_record(u32 attr_filter, const unsigned char *name)
{
	return attr_filter & XFS_ATTR_SECURE &&
	       !strcmp(name, MKTME_DAX_RECORD_SUFFIX);
}

static struct dax_device *xfs_mktme_dax_device(struct super_block *sb,
					       u64 *offset)
{
	struct xfs_buftarg *target = XFS_M(sb)->m_ddev_targp;

	*offset = target->bt_dax_part_off;
	return target->bt_daxdev;
}

static bool xfs_mktme_inode_marked(struct inode *inode)
{
	return xfs_mktme_marked(XFS_I(inode));
}

/* 0 if it can be bound, else 1 or -errno. */
static int xfs_mktme_has_data(struct inode *inode)
{
	struct xfs_inode *ip = XFS_I(inode);
	unsigned int lock_mode;
	int ret;

	if (S_ISREG(inode->i_mode))
		return xfs_mktme_range_has_data(ip, 0, XFS_MAX_FILEOFF);
	lock_mode = xfs_ilock_data_map_shared(ip);
	ret = !xfs_dir_isempty(ip);
	xfs_iunlock(ip, lock_mode);
	return ret;
}

/*
 * The record of the root means something else. And what is created here needs the
 * room for attributes that an inode of version 3 has.
 */
static int xfs_mktme_may_bind(struct inode *dir)
{
	if (!xfs_has_v3inodes(XFS_M(dir->i_sb)))
		return -EOPNOTSUPP;
	return XFS_I(dir)->i_ino == XFS_M(dir->i_sb)->m_sb.sb_rootino ?
	       -EPERM : 0;
}

static ssize_t xfs_mktme_read_record(struct inode *inode, void *record,
				     size_t size)
{
	struct xfs_da_args args = record_args(XFS_I(inode), record, size);
	int error = xfs_attr_get(&args);

	return error ?: args.valuelen;
}

static int set_record(struct xfs_inode *ip, const void *record, size_t size)
{
	struct xfs_da_args args = record_args(ip, record, size);

	return xfs_attr_change(&args, XFS_ATTRUPDATE_UPSERT);
}

/* Of an inode that did not become bound; what stays means nothing. */
static void remove_record(struct xfs_inode *ip)
{
	struct xfs_da_args args = record_args(ip, NULL, 0);

	xfs_attr_change(&args, XFS_ATTRUPDATE_REMOVE);
}

static int announce(struct xfs_mount *mp)
{
	int error = find_record(NULL, mp->m_rootip);

	return error == -ENOATTR ? set_record(mp->m_rootip, &announcement,
					      sizeof(announcement)) : error;
}

/* The flag goes into the log with the inode's core: see xfs_mktme_diflags(). */
static int set_marker(struct xfs_inode *ip)
{
	struct xfs_trans *tp;
	int error;

	error = xfs_trans_alloc_inode(ip, &M_RES(ip->i_mount)->tr_ichange, 0, 0,
				      false, &tp);
	if (error)
		return error;
	xfs_iflags_set(ip, XFS_IMKTME);
	xfs_trans_log_inode(tp, ip, XFS_ILOG_CORE);
	if (xfs_has_wsync(ip->i_mount) || IS_SYNC(VFS_I(ip)))
		xfs_trans_set_sync(tp);
	error = xfs_trans_commit(tp);
	/* The log is shut down then; keep the in-core inode consistent. */
	if (error)
		xfs_iflags_clear(ip, XFS_IMKTME);
	xfs_iunlock(ip, XFS_ILOCK_EXCL);
	return error;
}

/*
 * A file with a layout given to a pNFS client would be written around us; one
 * with a copy-on-write fork has blocks that we do not look at.
 */
static int check_kind(struct xfs_inode *ip)
{
	struct inode *inode = VFS_I(ip);
	int error;

	if (!S_ISREG(inode->i_mode))
		return 0;
	if (XFS_IS_REALTIME_INODE(ip) || xfs_is_cow_inode(ip))
		return -EOPNOTSUPP;
	error = break_layout(inode, false);
	return error == -EWOULDBLOCK ? -EBUSY : error;
}

/*
 * Adding an attribute can take several transactions, so the marker has one of its
 * own, the last. A crash leaves an unbound inode without data, with or without a
 * record that nobody looks at, or a bound one; and data written under the key is
 * in a later transaction.
 */
static int xfs_mktme_write_record(struct inode *inode, const void *record,
				  size_t size)
{
	struct xfs_inode *ip = XFS_I(inode);
	int error;

	error = check_kind(ip) ?: announce(ip->i_mount) ?:
		set_record(ip, record, size);
	if (error)
		return error;
	mktme_dax_pause(MKTME_DAX_PAUSE_TRANSACTION);
	error = set_marker(ip);
	if (error)
		remove_record(ip);
	return error;
}

static struct mktme_dax_fs_ops xfs_mktme_ops = {
	.name = "xfs",
	.owner = THIS_MODULE,
	.fixed_xflags = FS_XFLAG_DAX | FS_XFLAG_IMMUTABLE | FS_XFLAG_REALTIME,
	.dax_device = xfs_mktme_dax_device,
	.marked = xfs_mktme_inode_marked,
	.has_data = xfs_mktme_has_data,
	.may_bind = xfs_mktme_may_bind,
	.read_record = xfs_mktme_read_record,
	.write_record = xfs_mktme_write_record,
	.data_at = xfs_mktme_data_at,
};

/**
 * xfs_mktme_mount() - turn the hooks on if there can be bound inodes
 * @mp: filesystem being mounted; of its inodes only the root is there, and log
 *	recovery is done but for its intents
 *
 * In doubt there can be.
 */
void xfs_mktme_mount(struct xfs_mount *mp)
{
	mktme_dax_register_fs(&xfs_mktme_ops);
	if (find_record(NULL, mp->m_rootip) != -ENOATTR)
		mktme_dax_enable();
}
