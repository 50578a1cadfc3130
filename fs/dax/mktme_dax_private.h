/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted DAX files: what the files of this folder share
 */
#ifndef _FS_DAX_MKTME_DAX_PRIVATE_H
#define _FS_DAX_MKTME_DAX_PRIVATE_H

#include <linux/mktme_dax.h>
#include <linux/pfn_t.h>
#include <linux/printk.h>

/*
 * One rate-limited line per cause; it always names filesystem and inode. No
 * byte of a key, not even its identifier, goes into the log.
 */
#define mktme_dax_warn(inode, fmt, ...)					\
	pr_warn_ratelimited("mktme-dax (%s, inode %lu): " fmt "\n",	\
			    (inode)->i_sb->s_id, (inode)->i_ino, ##__VA_ARGS__)

/* Records of all versions to come are shorter. */
#define MKTME_DAX_RECORD_MAX	64

/* bind.c */
void mktme_dax_release(struct inode *inode);

/* device.c */
int mktme_dax_get_device(struct super_block *sb, struct dax_device *base,
			 unsigned int keyid);
void mktme_dax_put_device(struct dax_device *base, unsigned int keyid);

/* place.c */
int mktme_dax_first_pfn(struct dax_device *base, pfn_t *pfn);
int mktme_dax_place(struct super_block *sb, struct dax_device *base,
		    u64 offset, u8 place[MKTME_DAX_PLACE_SIZE]);

/* record.c */
void mktme_dax_pack_record(struct mktme_dax_record_v1 *record,
			   const struct mktme_key *key,
			   const u8 place[MKTME_DAX_PLACE_SIZE]);
int mktme_dax_check_record(const struct mktme_dax_record_v1 *record,
			   size_t size);

/* state.c */
const struct mktme_dax_fs_ops *mktme_dax_fs(const struct super_block *sb);

#endif /* _FS_DAX_MKTME_DAX_PRIVATE_H */
