// SPDX-License-Identifier: GPL-2.0-only
/*
 * State of an inode's binding, and the filesystems that can have bound files
 */
#include <linux/export.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pagemap.h>
#include <linux/rculist.h>
#include "mktme_dax_private.h"

/*
 * Off until a mounted filesystem may hold a record: its superblock says so at
 * mount, or a first file is bound. Does not depend on the CPU: where TME is
 * missing, bound files have to be refused just as well. Never turned off.
 */
DEFINE_STATIC_KEY_FALSE(mktme_dax_used);
EXPORT_SYMBOL_GPL(mktme_dax_used);

/* One entry for each type of which a filesystem has been mounted. */
static LIST_HEAD(mktme_dax_filesystems);
static DEFINE_MUTEX(mktme_dax_filesystems_lock);

/**
 * mktme_dax_enable() - turn the hooks on, for good
 *
 * Called before the first record can become visible: at mount of a filesystem
 * whose superblock announces records, and before the first bind.
 *
 * Context: process context, may sleep; takes cpus_read_lock().
 */
void mktme_dax_enable(void)
{
	if (!static_key_enabled(&mktme_dax_used))
		static_branch_enable(&mktme_dax_used);
}
EXPORT_SYMBOL_GPL(mktme_dax_enable);

/**
 * mktme_dax_set_state() - write the state of a binding
 * @mapping: &inode.i_data of the inode
 * @state: MKTME_DAX_*
 *
 * Other bits of the word change under us (AS_EIO is set by writeback without
 * any lock of ours), hence the loop.
 *
 * Context: inode_lock and invalidate_lock held exclusively, or an inode that
 * nobody else can see yet; for MKTME_DAX_UNKNOWN to MKTME_DAX_NONE shared is
 * enough, as all who do it agree.
 */
void mktme_dax_set_state(struct address_space *mapping, unsigned int state)
{
	unsigned long old = READ_ONCE(mapping->flags), new;

	do {
		new = old & ~(AS_MKTME_MASK << AS_MKTME_SHIFT);
		new |= (unsigned long)state << AS_MKTME_SHIFT;
	} while (!try_cmpxchg(&mapping->flags, &old, new));
}
EXPORT_SYMBOL_GPL(mktme_dax_set_state);

static bool is_registered(const struct mktme_dax_fs_ops *ops)
{
	const struct mktme_dax_fs_ops *other;

	lockdep_assert_held(&mktme_dax_filesystems_lock);
	list_for_each_entry(other, &mktme_dax_filesystems, list) {
		if (other == ops)
			return true;
	}
	return false;
}

/**
 * mktme_dax_register_fs() - announce a filesystem that can have bound files
 * @ops: its operations; stay until the module of the filesystem goes
 *
 * At each mount, before the first inode is read; only the first one counts. A
 * filesystem that is a module has its one initcall already, so none of its own is
 * left for this.
 *
 * Context: process context, may sleep.
 */
void mktme_dax_register_fs(struct mktme_dax_fs_ops *ops)
{
	mutex_lock(&mktme_dax_filesystems_lock);
	if (!is_registered(ops))
		list_add_tail_rcu(&ops->list, &mktme_dax_filesystems);
	mutex_unlock(&mktme_dax_filesystems_lock);
}
EXPORT_SYMBOL_GPL(mktme_dax_register_fs);

/*
 * The operations of the filesystem of @sb, or NULL if it has no bound files. They
 * stay for as long as @sb: a mounted filesystem holds its module.
 */
const struct mktme_dax_fs_ops *mktme_dax_fs(const struct super_block *sb)
{
	const struct mktme_dax_fs_ops *ops, *found = NULL;

	rcu_read_lock();
	list_for_each_entry_rcu(ops, &mktme_dax_filesystems, list) {
		if (!strcmp(ops->name, sb->s_type->name)) {
			found = ops;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

#ifdef CONFIG_MODULES

/* Nothing of the type is mounted any more, and nothing can be. */
static int forget_module(struct notifier_block *nb, unsigned long event, void *data)
{
	struct mktme_dax_fs_ops *ops, *next;

	if (event != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	mutex_lock(&mktme_dax_filesystems_lock);
	list_for_each_entry_safe(ops, next, &mktme_dax_filesystems, list) {
		if (ops->owner == data) {
			list_del_rcu(&ops->list);
			synchronize_rcu();
		}
	}
	mutex_unlock(&mktme_dax_filesystems_lock);
	return NOTIFY_OK;
}

static struct notifier_block forget_module_nb = { .notifier_call = forget_module };

static int __init mktme_dax_state_init(void)
{
	return register_module_notifier(&forget_module_nb);
}
fs_initcall(mktme_dax_state_init);

#endif /* CONFIG_MODULES */

/*
 * Slow path of mktme_dax_begin(). The marker is part of the on-disk inode, and
 * a filesystem sets LOCKED when it reads a marked one; so a fresh inode without
 * the marker provably has no record, and one with it cannot be UNKNOWN.
 */
int __mktme_dax_begin(struct inode *inode)
{
	const struct mktme_dax_fs_ops *ops;

	if (mktme_dax_state(inode->i_mapping) == MKTME_DAX_LOCKED)
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_LOCKED,
					-ENOKEY);

	ops = mktme_dax_fs(inode->i_sb);
	if (WARN_ON_ONCE(!ops || ops->marked(inode))) {
		mktme_dax_warn(inode, "bound file was never recognised as such");
		return -ENOKEY;
	}
	mktme_dax_set_state(inode->i_mapping, MKTME_DAX_NONE);
	mktme_dax_pause(MKTME_DAX_PAUSE_BEGIN);
	return 0;
}
EXPORT_SYMBOL_GPL(__mktme_dax_begin);
