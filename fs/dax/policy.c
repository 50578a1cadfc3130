// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which operations on bound files are refused
 *
 * What the VFS asks its security modules about is answered by a small one that
 * is always on. It keeps nothing of its own, so its functions could as well be
 * called from other hooks; two of them, for an inode being freed and a filesystem
 * being unmounted, only pass on that something ends. The rest is called through linux/mktme_dax.h.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/fileattr.h>
#include <linux/lsm_hooks.h>
#include <linux/memremap.h>
#include <linux/mktme_hmm.h>
#include <linux/mm.h>
#include <linux/xattr.h>
#include "mktme_dax_private.h"

/* Far above the numbers that upstream hands out one by one. */
#define LSM_ID_MKTME_DAX	600

/* Left from a time when the filesystem was read-only; see tail.c. */
static bool has_late_tail(const struct inode *inode)
{
	return mktme_dax_state(inode->i_mapping) & MKTME_DAX_TAIL;
}

static int clear_late_tail(struct inode *inode)
{
	int err;

	inode_lock(inode);
	err = mktme_dax_clear_late_tail(inode);
	inode_unlock(inode);
	return err;
}

/*
 * DAX is the only way to a bound file's data that goes through its KeyID. On a
 * mount with dax=never, or dax=inode without the file's flag, the page cache
 * would read ciphertext and write plaintext.
 *
 * If the ring has the key the file is unlocked here. If not, or if that fails,
 * it can be opened all the same: what touches its data is refused.
 */
static int policy_file_open(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (!mktme_dax_bound(inode) || !S_ISREG(inode->i_mode))
		return 0;
	if (!IS_DAX(inode))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_NO_DAX,
					-EOPNOTSUPP);
	if (mktme_dax_locked(inode))
		mktme_dax_unlock_from_ring(inode, NULL);
	if (file->f_mode & FMODE_WRITE && has_late_tail(inode))
		return clear_late_tail(inode);
	return 0;
}

/*
 * Truncate needs no open file. Both cutting a block and growing past a partial
 * one have to zero part of a block, which takes the key; the filesystem would
 * notice only after it has changed i_size.
 */
static int policy_inode_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
				struct iattr *attr)
{
	struct inode *inode = d_backing_inode(dentry);

	if (!(attr->ia_valid & ATTR_SIZE) || !mktme_dax_bound(inode))
		return 0;
	if (IS_ALIGNED(min(attr->ia_size, i_size_read(inode)),
		       i_blocksize(inode)))
		return 0;
	/* The caller holds inode_lock. */
	if (mktme_dax_locked(inode))
		mktme_dax_unlock_from_ring_locked(inode);
	if (mktme_dax_locked(inode))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_LOCKED,
					-ENOKEY);
	return has_late_tail(inode) ? mktme_dax_clear_late_tail(inode) : 0;
}

/*
 * Without this, a file that is not under the directory's key would be among
 * those that are. Asked in both directions if two names are exchanged.
 */
static int policy_inode_rename(struct inode *old_dir, struct dentry *old_dentry,
			       struct inode *new_dir, struct dentry *new_dentry)
{
	if (old_dir == new_dir || !mktme_dax_bound(new_dir))
		return 0;
	return mktme_dax_may_enter(new_dir, d_backing_inode(old_dentry));
}

static int policy_inode_link(struct dentry *old_dentry, struct inode *dir,
			     struct dentry *new_dentry)
{
	if (!mktme_dax_bound(dir))
		return 0;
	return mktme_dax_may_enter(dir, d_backing_inode(old_dentry));
}

static bool is_record(const char *name)
{
	return !strcmp(name, MKTME_DAX_RECORD_NAME);
}

/* Before the capability checks, so that everyone gets the same answer. */
static int policy_inode_xattr_skipcap(const char *name)
{
	return is_record(name);
}

static int refuse_record(struct dentry *dentry)
{
	return mktme_dax_refuse(d_backing_inode(dentry),
				MKTME_DAX_REFUSE_RECORD, -EOPNOTSUPP);
}

/*
 * EOPNOTSUPP is what tar, rsync and overlayfs take for "not on this
 * filesystem": the copy goes on without the record, as it has to.
 */
static int policy_inode_setxattr(struct mnt_idmap *idmap,
				 struct dentry *dentry, const char *name,
				 const void *value, size_t size, int flags)
{
	return is_record(name) ? refuse_record(dentry) : 0;
}

static int policy_inode_removexattr(struct mnt_idmap *idmap,
				    struct dentry *dentry, const char *name)
{
	return is_record(name) ? refuse_record(dentry) : 0;
}

/* A copy is a new file with plaintext of its own. */
static int policy_inode_copy_up_xattr(struct dentry *src, const char *name)
{
	return is_record(name) ? -ECANCELED : -EOPNOTSUPP;
}

static void policy_inode_free_security(struct inode *inode)
{
	if (static_branch_unlikely(&mktme_dax_used))
		mktme_dax_release(inode);
}

/* Unmount: the last inode is gone, the filesystem's device is not. */
static void policy_sb_delete(struct super_block *sb)
{
	if (static_branch_unlikely(&mktme_dax_used))
		mktme_dax_drop_ring(sb);
}

static struct security_hook_list policy_hooks[] __ro_after_init = {
	LSM_HOOK_INIT(file_open, policy_file_open),
	LSM_HOOK_INIT(inode_setattr, policy_inode_setattr),
	LSM_HOOK_INIT(inode_rename, policy_inode_rename),
	LSM_HOOK_INIT(inode_link, policy_inode_link),
	LSM_HOOK_INIT(inode_xattr_skipcap, policy_inode_xattr_skipcap),
	LSM_HOOK_INIT(inode_setxattr, policy_inode_setxattr),
	LSM_HOOK_INIT(inode_removexattr, policy_inode_removexattr),
	LSM_HOOK_INIT(inode_copy_up_xattr, policy_inode_copy_up_xattr),
	LSM_HOOK_INIT(inode_free_security, policy_inode_free_security),
	LSM_HOOK_INIT(sb_delete, policy_sb_delete),
};

static const struct lsm_id policy_lsmid = {
	.name = "mktme_dax",
	.id = LSM_ID_MKTME_DAX,
};

static int __init policy_init(void)
{
	security_add_hooks(policy_hooks, ARRAY_SIZE(policy_hooks),
			   &policy_lsmid);
	return 0;
}

/* LSM_ORDER_LAST cannot be left out with lsm= on the command line. */
DEFINE_LSM(mktme_dax) = {
	.name = "mktme_dax",
	.order = LSM_ORDER_LAST,
	.init = policy_init,
};

bool __mktme_dax_refuse_pin(struct folio *folio)
{
	struct address_space *mapping;

	if (!folio_is_zone_device(folio) ||
	    folio->page.pgmap->type != MEMORY_DEVICE_FS_DAX)
		return false;
	mapping = READ_ONCE(folio->mapping);
	/* A reflinked page has a mark here instead; bound files have none. */
	if (!mapping || (unsigned long)mapping & PAGE_MAPPING_FLAGS)
		return false;
	if (!mktme_dax_keyid(mapping))
		return false;
	/* get_user_pages_fast() comes here again with interrupts on. */
	if (!irqs_disabled())
		mktme_dax_refuse(mapping->host, MKTME_DAX_REFUSE_PINNED, 0);
	return true;
}

/**
 * mktme_dax_refuse_hmm() - may a device use what was found in this range?
 * @mm: address space that hmm_range_fault() has walked
 * @start: first byte
 * @end: byte behind the last
 *
 * The device would reach the page frames under KeyID 0. Asked after the walk: a
 * file that was bound meanwhile has no page-table entry with a KeyID before its
 * state says that it is bound.
 *
 * Context: mmap_lock held.
 * Return: 0; -EFAULT if a bound file is mapped there.
 */
int mktme_dax_refuse_hmm(struct mm_struct *mm, unsigned long start,
			 unsigned long end)
{
	VMA_ITERATOR(vmi, mm, start);
	struct vm_area_struct *vma;
	struct inode *inode;

	if (!static_branch_unlikely(&mktme_dax_used))
		return 0;
	for_each_vma_range(vmi, vma, end) {
		if (!vma->vm_file)
			continue;
		inode = vma->vm_file->f_mapping->host;
		if (mktme_dax_bound(inode))
			return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_PINNED,
						-EFAULT);
	}
	return 0;
}

int __mktme_dax_prepare_fileattr(struct inode *inode,
				 const struct fileattr *old_ma,
				 const struct fileattr *fa)
{
	u32 fixed = mktme_dax_fs(inode->i_sb)->fixed_xflags;

	/* Others of a directory are about what is created in it. */
	if (!S_ISREG(inode->i_mode))
		fixed &= FS_XFLAG_IMMUTABLE;
	if ((old_ma->fsx_xflags ^ fa->fsx_xflags) & fixed)
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_DAX_FLAG,
					-EOPNOTSUPP);
	return 0;
}

/*
 * Blocks as a whole can be punched, made unwritten and preallocated without the
 * key. Growing past a partial last block would show its tail.
 */
int __mktme_dax_prepare_fallocate(struct inode *inode, int mode, loff_t offset,
				  loff_t len)
{
	loff_t size = i_size_read(inode);
	bool partial = false;

	if (!(mode & FALLOC_FL_KEEP_SIZE) && offset + len > size)
		partial = !IS_ALIGNED(size, i_blocksize(inode));
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		partial |= !IS_ALIGNED(offset | len, i_blocksize(inode));
	if (partial)
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_LOCKED,
					-ENOKEY);
	return 0;
}
EXPORT_SYMBOL_GPL(__mktme_dax_prepare_fallocate);
