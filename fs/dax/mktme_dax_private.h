/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted DAX files: what the files of this folder share
 */
#ifndef _FS_DAX_MKTME_DAX_PRIVATE_H
#define _FS_DAX_MKTME_DAX_PRIVATE_H

#include <linux/list.h>
#include <linux/mktme_dax_fs.h>
#include <linux/mktme_dax_pause.h>
#include <linux/mutex.h>
#include <linux/pfn_t.h>
#include <linux/printk.h>
#include <linux/uidgid.h>

/* Names filesystem and inode. No byte of a key, not even its identifier. */
#define MKTME_DAX_MESSAGE	"mktme-dax (%s, inode %lu): "

/* For what must not happen; refusals go through mktme_dax_refuse(). */
#define mktme_dax_warn(which, fmt, ...)					\
do {									\
	const struct inode *inode_ = (which);				\
									\
	pr_warn_ratelimited(MKTME_DAX_MESSAGE fmt "\n",			\
			    inode_->i_sb->s_id, inode_->i_ino,		\
			    ##__VA_ARGS__);				\
} while (0)

/* Records of all versions to come are shorter. */
#define MKTME_DAX_RECORD_MAX	64

/**
 * struct mktme_dax_ring_key - a key of a ring
 * @list: on &mktme_dax_ring.keys; written under ring_lock and
 *	&mktme_dax_ring.change
 * @identifier: key identifier
 * @keyid: KeyID of its slot
 * @uid: who gave it
 *
 * Owned by the ring; only @list is ever written after it can be found.
 */
struct mktme_dax_ring_key {
	struct list_head list;
	u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	unsigned int keyid;
	kuid_t uid;
};

/**
 * struct mktme_dax_ring - the keys of a filesystem
 * @list: on rings, under ring_lock
 * @sb: the filesystem, which outlives the ring
 * @base: DAX device under it
 * @change: held while keys come and go, and until all inodes in memory have
 *	followed. Outside of key->sem and inode_lock
 * @keys: of &struct mktme_dax_ring_key
 *
 * Made by the first MKTME_DAX_IOC_ADD_KEY, freed at unmount, when no inode is
 * left. Whoever uses it has a file of the filesystem open, or is in a hook that
 * has.
 */
struct mktme_dax_ring {
	struct list_head list;
	struct super_block *sb;
	struct dax_device *base;
	struct mutex change;	/* as above */
	struct list_head keys;
};

/**
 * struct mktme_dax_claim - an inode is about to be unlocked
 * @list: on claims, under ring_lock
 * @sb: filesystem
 * @identifier: of the key
 * @overtaken: the key was removed meanwhile; under ring_lock
 *
 * On the stack of whoever unlocks.
 */
struct mktme_dax_claim {
	struct list_head list;
	struct super_block *sb;
	const u8 *identifier;
	bool overtaken;
};

/* bind.c */
void mktme_dax_release(struct inode *inode);
int mktme_dax_check_owner(struct file *file, struct inode *inode);

/* count.c */
void mktme_dax_note_bind(void);
void mktme_dax_note_unlock(const struct inode *inode, unsigned int keyid);
void mktme_dax_note_lock(const struct inode *inode, unsigned int keyid);

/* device.c */
void mktme_dax_hold_device(struct dax_device *base, unsigned int keyid);
int mktme_dax_get_device(struct super_block *sb, struct dax_device *base,
			 unsigned int keyid);
void mktme_dax_put_device(struct dax_device *base, unsigned int keyid);

/* directory.c */
int mktme_dax_bind_directory(struct file *file, const struct mktme_key *key);
int mktme_dax_may_enter(struct inode *dir, struct inode *inode);

/* key.c */
const struct mktme_key *mktme_dax_lock_key(struct key *key);
void mktme_dax_unlock_key(struct key *key);

/* lock.c */
bool mktme_dax_drop_mappings(struct inode *inode);
unsigned int mktme_dax_lock_all(struct super_block *sb, const u8 *identifier);
unsigned int mktme_dax_unlock_all(struct super_block *sb,
				  const u8 *identifier);
u64 mktme_dax_count_unlocked(struct super_block *sb, const u8 *identifier);

/* pause.c */
void mktme_dax_pause_init(struct dentry *dir);

/* place.c */
int mktme_dax_first_pfn(struct dax_device *base, pfn_t *pfn);
int mktme_dax_find_place(struct super_block *sb, struct dax_device **base,
			 u8 place[MKTME_DAX_PLACE_SIZE]);

/* record.c */
void mktme_dax_pack_record(struct mktme_dax_record_v1 *record,
			   const struct mktme_key *key,
			   const u8 place[MKTME_DAX_PLACE_SIZE]);
int mktme_dax_check_record(const struct mktme_dax_record_v1 *record,
			   size_t size);
int mktme_dax_read_record(struct inode *inode,
			  struct mktme_dax_record_v1 *record);
int mktme_dax_compare_record(struct inode *inode,
			     const struct mktme_dax_record_v1 *record,
			     const u8 *identifier, const u8 *place);

/* ring.c */
bool mktme_dax_has_ring(const struct super_block *sb);
bool mktme_dax_in_ring(const struct super_block *sb, const u8 *identifier,
		       kuid_t *uid);
void mktme_dax_begin_claim(struct mktme_dax_claim *claim,
			   struct super_block *sb, const u8 *identifier);
int mktme_dax_claim_ring_key(struct mktme_dax_claim *claim,
			     struct super_block *sb, const u8 *identifier);
void mktme_dax_end_claim(struct mktme_dax_claim *claim);
int mktme_dax_adopt(struct inode *inode, const u8 *identifier);
bool mktme_dax_publish(struct mktme_dax_claim *claim, struct inode *inode,
		       unsigned int state);
struct mktme_dax_ring *mktme_dax_get_ring(struct super_block *sb,
					  struct dax_device *base);
void mktme_dax_insert_key(struct mktme_dax_ring *ring,
			  struct mktme_dax_ring_key *key);
struct mktme_dax_ring_key *mktme_dax_take_key(struct super_block *sb,
					      const u8 *identifier);
struct mktme_dax_ring *mktme_dax_take_ring(struct super_block *sb);

/* ring_change.c */
int mktme_dax_add_key(struct super_block *sb, struct key *key, u8 *identifier,
		      bool expected, unsigned int *refused);
int mktme_dax_remove_key(struct super_block *sb, const u8 *identifier,
			 unsigned int *locked, bool *still_used);
void mktme_dax_drop_ring(struct super_block *sb);

/* state.c */
const struct mktme_dax_fs_ops *mktme_dax_fs(const struct super_block *sb);

/* tail.c */
int mktme_dax_clear_tail(struct inode *inode, struct dax_device *base,
			 unsigned int keyid);
int mktme_dax_clear_late_tail(struct inode *inode);

/* unlock.c */
int mktme_dax_unlock_inode(struct inode *inode, struct mktme_dax_claim *claim,
			   struct dax_device *base, unsigned int keyid);
int mktme_dax_unlock_from_ring(struct inode *inode, const u8 *identifier);
int mktme_dax_unlock_from_ring_locked(struct inode *inode);

#endif /* _FS_DAX_MKTME_DAX_PRIVATE_H */
