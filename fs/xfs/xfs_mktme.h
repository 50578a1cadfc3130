/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XFS: encrypted DAX files
 */
#ifndef __XFS_MKTME_H__
#define __XFS_MKTME_H__

#include <linux/mktme_dax.h>

struct xfs_bmbt_irec;
struct xfs_icreate_args;
struct xfs_inode;
struct xfs_mount;
struct xfs_trans;

#ifdef CONFIG_MKTME_DAX

/* In &struct xfs_icreate_args: what the new inode inherits, if it has a version. */
#define XFS_MKTME_INHERITED	struct mktme_dax_record_v1 mktme

/* xfs_mktme.c */
void xfs_mktme_mount(struct xfs_mount *mp);
int xfs_mktme_iget(struct xfs_trans *tp, struct xfs_inode *ip);
void xfs_mktme_setup_inode(struct xfs_inode *ip);
uint16_t xfs_mktme_diflags(const struct xfs_inode *ip);
bool xfs_mktme_is_record(u32 attr_filter, const unsigned char *name);

/* xfs_mktme_create.c */
int xfs_mktme_prepare_create(struct xfs_icreate_args *args);
void xfs_mktme_icreate(struct xfs_trans *tp,
		       const struct xfs_icreate_args *args,
		       struct xfs_inode *ip);

/* xfs_mktme_data.c */
int __xfs_mktme_begin(struct xfs_inode *ip, loff_t offset, loff_t length,
		      unsigned int flags);
int xfs_mktme_zero_extent(struct xfs_inode *ip, u64 start_fsb,
			  u64 count_fsb);
int __xfs_mktme_prepare_fallocate(struct xfs_inode *ip, int mode,
				  loff_t offset, loff_t len);

/*
 * A client of pNFS would write to the device past every KeyID. -ENXIO, as for a file on
 * the real-time device, tells it that there are no layouts of this file; on other errors
 * it asks again for each write. Called with IOLOCK exclusive, as is bind, which recalls
 * what has been given out before.
 */
static inline bool xfs_mktme_refuse_layout(const struct inode *inode,
					   int *error)
{
	if (!mktme_dax_bound(inode))
		return false;
	*error = -ENXIO;
	return true;
}

#else /* !CONFIG_MKTME_DAX */

#define XFS_MKTME_INHERITED	struct { }

static inline void xfs_mktme_mount(struct xfs_mount *mp)
{
}

static inline int xfs_mktme_iget(struct xfs_trans *tp, struct xfs_inode *ip)
{
	return 0;
}

static inline void xfs_mktme_setup_inode(struct xfs_inode *ip)
{
}

#define xfs_mktme_diflags(ip)	((ip)->i_diflags)
/* No function: a variable whose address is taken lives elsewhere. */
#define xfs_mktme_refuse_layout(inode, error)	false

static inline bool xfs_mktme_is_record(u32 attr_filter,
				       const unsigned char *name)
{
	return false;
}

static inline int xfs_mktme_prepare_create(struct xfs_icreate_args *args)
{
	return 0;
}

static inline void xfs_mktme_icreate(struct xfs_trans *tp,
				     const struct xfs_icreate_args *args,
				     struct xfs_inode *ip)
{
}

static inline int __xfs_mktme_begin(struct xfs_inode *ip, loff_t offset,
				    loff_t length, unsigned int flags)
{
	return 0;
}

static inline int xfs_mktme_zero_extent(struct xfs_inode *ip,
					u64 start_fsb, u64 count_fsb)
{
	return -EOPNOTSUPP;
}

static inline int __xfs_mktme_prepare_fallocate(struct xfs_inode *ip, int mode,
						loff_t offset, loff_t len)
{
	return 0;
}

#endif /* CONFIG_MKTME_DAX */

/* Is there a mounted filesystem that may have bound files? */
static inline bool xfs_mktme_used(void)
{
#ifdef CONFIG_MKTME_DAX
	return static_branch_unlikely(&mktme_dax_used);
#else
	return false;
#endif
}

/**
 * xfs_mktme_begin() - may this range be mapped?
 * @ip: inode whose blocks iomap_begin is about to look up or allocate
 * @offset: first byte
 * @length: bytes
 * @flags: IOMAP_*
 *
 * Context: as mktme_dax_begin(); ILOCK not held.
 * Return: 0; -ENOKEY if data of a locked file is to be touched; -EOPNOTSUPP for
 * a bound file that is not DAX on this mount; -EUCLEAN for one whose blocks an
 * unaware kernel has shared.
 */
static inline int xfs_mktme_begin(struct xfs_inode *ip, loff_t offset,
				  loff_t length, unsigned int flags)
{
	return xfs_mktme_used() ? __xfs_mktme_begin(ip, offset, length, flags) :
				  0;
}

/**
 * xfs_mktme_prepare_fallocate() - as mktme_dax_prepare_fallocate()
 * @ip: inode, both locks held exclusively
 * @mode: FALLOC_FL_*
 * @offset: first byte
 * @len: bytes
 *
 * Return: 0 or -ENOKEY.
 */
static inline int xfs_mktme_prepare_fallocate(struct xfs_inode *ip, int mode,
					      loff_t offset, loff_t len)
{
	return xfs_mktme_used() ?
		__xfs_mktme_prepare_fallocate(ip, mode, offset, len) : 0;
}

/* Blocks do not move between files if one of them is bound. */
static inline bool xfs_mktme_bound(const struct inode *inode,
				   const struct inode *other)
{
	return mktme_dax_bound(inode) || mktme_dax_bound(other);
}

#endif /* __XFS_MKTME_H__ */
