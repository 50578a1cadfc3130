// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls on a file or directory: keys of its filesystem, bind, status
 */
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "mktme_dax_private.h"

/* ABI: no holes, and the same for 32-bit callers. */
static_assert(sizeof(struct mktme_dax_add_key_arg) == 64);
static_assert(offsetof(struct mktme_dax_add_key_arg, identifier) == 16);
static_assert(offsetof(struct mktme_dax_add_key_arg, reserved) == 32);
static_assert(sizeof(struct mktme_dax_remove_key_arg) == 64);
static_assert(offsetof(struct mktme_dax_remove_key_arg, status) == 24);
static_assert(offsetof(struct mktme_dax_remove_key_arg, reserved) == 32);
static_assert(sizeof(struct mktme_dax_key_status_arg) == 72);
static_assert(offsetof(struct mktme_dax_key_status_arg, status) == 24);
static_assert(offsetof(struct mktme_dax_key_status_arg, reserved) == 40);
static_assert(sizeof(struct mktme_dax_bind_arg) == 48);
static_assert(offsetof(struct mktme_dax_bind_arg, reserved) == 16);
static_assert(sizeof(struct mktme_dax_status_arg) == 64);
static_assert(offsetof(struct mktme_dax_status_arg, identifier) == 24);
static_assert(offsetof(struct mktme_dax_status_arg, reserved) == 40);

/* Of all arguments: version and flags come first, reserved fields last. */
static int get_arg_flags(void *arg, size_t size, size_t reserved, u32 flags,
			 const void __user *uarg)
{
	const u32 *head = arg;

	if (copy_from_user(arg, uarg, size))
		return -EFAULT;
	if (head[0] != MKTME_DAX_IOC_V1 || head[1] & ~flags ||
	    memchr_inv(arg + reserved, 0, size - reserved))
		return -EINVAL;
	return 0;
}

static int get_arg(void *arg, size_t size, size_t reserved,
		   const void __user *uarg)
{
	return get_arg_flags(arg, size, reserved, 0, uarg);
}

static int put_arg(void __user *uarg, const void *arg, size_t size)
{
	return copy_to_user(uarg, arg, size) ? -EFAULT : 0;
}

static int call_add_key(struct file *file, void __user *uarg)
{
	struct super_block *sb = file_inode(file)->i_sb;
	struct mktme_dax_add_key_arg arg;
	key_ref_t ref;
	int err;

	err = get_arg_flags(&arg, sizeof(arg), offsetof(typeof(arg), reserved),
			    MKTME_DAX_ADD_EXPECTED, uarg);
	if (err)
		return err;
	if (!mktme_nr_keyids())
		return -EOPNOTSUPP;
	ref = lookup_user_key(arg.serial, 0, KEY_NEED_SEARCH);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	err = mktme_dax_add_key(sb, key_ref_to_ptr(ref), arg.identifier,
				arg.flags & MKTME_DAX_ADD_EXPECTED, &arg.refused);
	key_ref_put(ref);
	return err ?: put_arg(uarg, &arg, sizeof(arg));
}

static int call_remove_key(struct file *file, void __user *uarg)
{
	struct super_block *sb = file_inode(file)->i_sb;
	struct mktme_dax_remove_key_arg arg;
	bool still_used;
	int err;

	err = get_arg(&arg, sizeof(arg), offsetof(typeof(arg), reserved), uarg);
	if (err)
		return err;
	err = mktme_dax_remove_key(sb, arg.identifier, &arg.locked,
				   &still_used);
	if (err)
		return err;
	arg.status = still_used ? MKTME_DAX_KEY_STILL_USED : 0;
	return put_arg(uarg, &arg, sizeof(arg));
}

static int call_key_status(struct file *file, void __user *uarg)
{
	struct super_block *sb = file_inode(file)->i_sb;
	struct mktme_dax_key_status_arg arg;
	kuid_t uid;
	int err;

	err = get_arg(&arg, sizeof(arg), offsetof(typeof(arg), reserved), uarg);
	if (err)
		return err;
	arg.status = MKTME_DAX_KEY_ABSENT;
	arg.status_flags = 0;
	if (mktme_dax_in_ring(sb, arg.identifier, &uid)) {
		arg.status = MKTME_DAX_KEY_PRESENT;
		if (uid_eq(uid, current_uid()))
			arg.status_flags = MKTME_DAX_KEY_ADDED_BY_SELF;
	}
	arg.unlocked = mktme_dax_count_unlocked(sb, arg.identifier);
	return put_arg(uarg, &arg, sizeof(arg));
}

static int call_bind(struct file *file, void __user *uarg)
{
	struct mktme_dax_bind_arg arg;
	key_ref_t ref;
	int err;

	err = get_arg(&arg, sizeof(arg), offsetof(typeof(arg), reserved), uarg);
	if (err)
		return err;
	if (arg.reserved0)
		return -EINVAL;
	if (!mktme_nr_keyids())
		return -EOPNOTSUPP;
	ref = lookup_user_key(arg.serial, 0, KEY_NEED_SEARCH);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	err = mktme_dax_bind_key(file, key_ref_to_ptr(ref));
	key_ref_put(ref);
	return err;
}

static u32 judge_record(struct inode *inode,
			struct mktme_dax_record_v1 *record)
{
	u8 place[MKTME_DAX_PLACE_SIZE];
	struct dax_device *base;
	int err = mktme_dax_read_record(inode, record);

	if (err)
		memset(record, 0, sizeof(*record));
	if (err == -EOPNOTSUPP)
		return MKTME_DAX_RECORD_OTHER_VERSION;
	if (err)
		return MKTME_DAX_RECORD_DAMAGED;
	if (mktme_dax_find_place(inode->i_sb, &base, place) ||
	    memcmp(place, record->place, sizeof(place)))
		return MKTME_DAX_RECORD_OTHER_PLACE;
	return MKTME_DAX_RECORD_GOOD;
}

static void fill_status(struct inode *inode, struct mktme_dax_status_arg *arg)
{
	struct mktme_dax_record_v1 record;

	arg->record = judge_record(inode, &record);
	arg->algorithm = record.algorithm;
	memcpy(arg->identifier, record.identifier, sizeof(arg->identifier));
	arg->keyid = mktme_dax_keyid(inode->i_mapping);
	if (arg->keyid || (S_ISDIR(inode->i_mode) &&
			   arg->record == MKTME_DAX_RECORD_GOOD &&
			   mktme_dax_in_ring(inode->i_sb, record.identifier,
					     NULL)))
		arg->state = MKTME_DAX_FILE_UNLOCKED;
	else
		arg->state = MKTME_DAX_FILE_LOCKED;
}

static int call_status(struct file *file, void __user *uarg)
{
	struct inode *inode = file_inode(file);
	struct mktme_dax_status_arg arg;
	int err;

	err = get_arg(&arg, sizeof(arg), offsetof(typeof(arg), reserved), uarg);
	if (err)
		return err;
	memset(&arg, 0, sizeof(arg));
	arg.version = MKTME_DAX_IOC_V1;
	arg.state = MKTME_DAX_FILE_UNBOUND;
	if (mktme_dax_bound(inode))
		fill_status(inode, &arg);
	return put_arg(uarg, &arg, sizeof(arg));
}

/**
 * mktme_dax_ioctl() - the calls of uapi/linux/mktme_dax.h
 * @file: any open file
 * @cmd: any command
 * @arg: its argument
 *
 * Other kinds of files than regular ones and directories may have calls of their
 * own with these numbers: a device node has those of its driver.
 *
 * Return: -ENOIOCTLCMD if this is not one of ours, or not on a regular file or
 * directory of a filesystem that can have bound files; else the result.
 */
int mktme_dax_ioctl(struct file *file, unsigned int cmd, void __user *arg)
{
	struct inode *inode = file_inode(file);

	if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode))
		return -ENOIOCTLCMD;
	if (!mktme_dax_fs(inode->i_sb))
		return -ENOIOCTLCMD;
	switch (cmd) {
	case MKTME_DAX_IOC_ADD_KEY:
		return call_add_key(file, arg);
	case MKTME_DAX_IOC_REMOVE_KEY:
		return call_remove_key(file, arg);
	case MKTME_DAX_IOC_KEY_STATUS:
		return call_key_status(file, arg);
	case MKTME_DAX_IOC_BIND:
		return call_bind(file, arg);
	case MKTME_DAX_IOC_STATUS:
		return call_status(file, arg);
	}
	return -ENOIOCTLCMD;
}
