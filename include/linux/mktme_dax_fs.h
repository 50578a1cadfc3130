/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted DAX files: what a filesystem implements, and what it calls apart from
 * the hooks of mktme_dax.h
 */
#ifndef _LINUX_MKTME_DAX_FS_H
#define _LINUX_MKTME_DAX_FS_H

#include <linux/list.h>
#include <linux/mktme_dax.h>
#include <linux/types.h>

struct module;

/* Numbers that mktme_dax_fs_ops.layout gives */
#define MKTME_DAX_LAYOUT_WORDS	5

/**
 * struct mktme_dax_fs_ops - what a filesystem does for bound files
 * @name: file_system_type.name
 * @fixed_xflags: FS_XFLAG_* that cannot be changed on a bound regular file. Of a
 *	directory, FS_XFLAG_IMMUTABLE only
 * @dax_device: the DAX device under @sb and the byte offset of @sb in it
 * @layout: numbers of which one is another after a tool has moved blocks of the
 *	unmounted filesystem, and which stay the same while it is mounted, also
 *	if it grows. NULL if there is no such tool. Goes into the record.
 * @marked: is the on-disk marker of a bound file set on @inode? No locks, no
 *	sleeping: reads the in-core inode.
 * @has_data: 1 if @inode has blocks with data (unwritten ones have none),
 *	0 if not, or -errno. The answer stays true while both locks are held
 *	exclusively.
 *	For a directory: names.
 * @may_bind: is there a reason of the filesystem's own against binding this
 *	directory? 0 or -errno.
 * @read_record: the value of the record's xattr. Size, or -errno. May be called
 *	in a transaction.
 * @write_record: write record and marker of @inode in one transaction.
 *	Both locks held exclusively (of a directory: inode_lock); 0 or -errno,
 *	and then nothing is changed.
 * @data_at: 1 and the byte offset in the DAX device if the block at @pos has
 *	data, 0 if not, or -errno. Both locks held exclusively.
 * @owner: module of @name, or NULL if it is built in
 * @list: of all filesystems, belongs to mktme_dax_register_fs()
 */
struct mktme_dax_fs_ops {
	const char *name;
	struct module *owner;
	u32 fixed_xflags;
	struct dax_device *(*dax_device)(struct super_block *sb, u64 *offset);
	const __le64 *(*layout)(struct super_block *sb);
	bool (*marked)(struct inode *inode);
	int (*has_data)(struct inode *inode);
	int (*may_bind)(struct inode *dir);
	ssize_t (*read_record)(struct inode *inode, void *record, size_t size);
	int (*write_record)(struct inode *inode, const void *record,
			    size_t size);
	int (*data_at)(struct inode *inode, loff_t pos, u64 *offset);
	struct list_head list;
};

/* fs/dax/state.c */
void mktme_dax_enable(void);
void mktme_dax_set_state(struct address_space *mapping, unsigned int state);
void mktme_dax_register_fs(struct mktme_dax_fs_ops *ops);

/* fs/dax/directory.c */
int mktme_dax_may_create(struct inode *dir, struct mktme_dax_record_v1 *record);
void mktme_dax_born(struct inode *inode,
		    const struct mktme_dax_record_v1 *record);
int mktme_dax_inherit(struct inode *dir, struct inode *inode,
		      struct mktme_dax_record_v1 *record);

/* fs/dax/zero.c */
int mktme_dax_zeroout(struct inode *inode, struct dax_device *base,
		      u64 offset, u64 len);

#endif /* _LINUX_MKTME_DAX_FS_H */
