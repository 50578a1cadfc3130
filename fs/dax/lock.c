// SPDX-License-Identifier: GPL-2.0-only
/*
 * All inodes of a filesystem that are under one key: locking, unlocking, counting
 */
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/writeback.h>
#include "mktme_dax_private.h"

/*
 * Only a hint, but for one that is unlocked with the key: that holds on to the
 * slot, so its identifier stays.
 */
static bool is_unlocked_with(struct inode *inode, const u8 *identifier)
{
	unsigned int keyid = mktme_dax_keyid(&inode->i_data);
	const u8 *found = keyid ? mktme_slot_identifier(keyid) : NULL;

	return found && !memcmp(found, identifier, MKTME_DAX_IDENTIFIER_SIZE);
}

static bool is_locked_file(struct inode *inode, const u8 *identifier)
{
	return S_ISREG(inode->i_mode) &&
	       mktme_dax_state(&inode->i_data) == MKTME_DAX_LOCKED;
}

/**
 * struct walk - what to do with which inodes
 * @sb: filesystem
 * @identifier: of the key
 * @wanted: looks at an inode without any lock but that of the list
 * @visit: may sleep; no lock is held
 * @count: how often @visit said 1
 */
struct walk {
	struct super_block *sb;
	const u8 *identifier;
	bool (*wanted)(struct inode *inode, const u8 *identifier);
	int (*visit)(struct inode *inode, const u8 *identifier);
	unsigned int count;
};

/* With s_inode_list_lock. An inode that is being freed needs no visit. */
static bool grab(struct inode *inode)
{
	bool alive;

	spin_lock(&inode->i_lock);
	alive = !(inode->i_state & (I_FREEING | I_WILL_FREE));
	if (alive)
		__iget(inode);
	spin_unlock(&inode->i_lock);
	return alive;
}

/*
 * The reference to an inode keeps its place in the list while the lock of the
 * list is released. New inodes are added at the head, behind our back: who makes
 * one asks the ring first.
 */
static void walk_inodes(struct walk *walk)
{
	struct super_block *sb = walk->sb;
	struct inode *inode, *last = NULL;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		if (!walk->wanted(inode, walk->identifier) || !grab(inode))
			continue;
		spin_unlock(&sb->s_inode_list_lock);
		iput(last);
		last = inode;
		/* One that is being created in a directory under the key. */
		wait_on_inode(inode);
		walk->count += walk->visit(inode, walk->identifier);
		cond_resched();
		spin_lock(&sb->s_inode_list_lock);
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(last);
}

/**
 * mktme_dax_drop_mappings() - take everything away from under the mappings
 * @inode: file, both locks held exclusively
 *
 * Page-table entries (holes show the zero page, of KeyID 0) and DAX entries. No
 * fault, read or write runs now, and none can begin: they hold one of the two
 * locks shared. Dropping an entry waits for its writeback, and flushes its lines
 * if it has a KeyID. Copies that private mappings have made are theirs.
 *
 * Return: true; false if there are entries left, which cannot be.
 */
bool mktme_dax_drop_mappings(struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;

	unmap_mapping_range(mapping, 0, 0, 0);
	truncate_inode_pages(mapping, 0);
	return mapping_empty(mapping);
}

/*
 * From then on fsync, writeback, truncate and eviction find nothing that would
 * take the key. The KeyID that it had.
 */
static unsigned int drop_data(struct inode *inode)
{
	unsigned int keyid = mktme_dax_keyid(inode->i_mapping);

	if (WARN_ON_ONCE(!mktme_dax_drop_mappings(inode)))
		mktme_dax_warn(inode, "entries are left of a file being locked");
	mktme_dax_set_state(inode->i_mapping, MKTME_DAX_LOCKED);
	return keyid;
}

static int lock_inode(struct inode *inode, const u8 *identifier)
{
	unsigned int keyid = 0;
	u64 offset;

	inode_lock(inode);
	filemap_invalidate_lock(inode->i_mapping);
	if (is_unlocked_with(inode, identifier))
		keyid = drop_data(inode);
	filemap_invalidate_unlock(inode->i_mapping);
	inode_unlock(inode);
	if (!keyid)
		return 0;
	mktme_dax_put_device(mktme_dax_fs(inode->i_sb)->
			     dax_device(inode->i_sb, &offset), keyid);
	mktme_slot_put(keyid);
	mktme_dax_note_lock(inode, keyid);
	return 1;
}

/**
 * mktme_dax_lock_all() - lock every inode that is unlocked with a key
 * @sb: filesystem
 * @identifier: of the key, which the ring does not have any more
 *
 * Context: process context; no lock of an inode held.
 * Return: how many were locked.
 */
unsigned int mktme_dax_lock_all(struct super_block *sb, const u8 *identifier)
{
	struct walk walk = {
		.sb = sb,
		.identifier = identifier,
		.wanted = is_unlocked_with,
		.visit = lock_inode,
	};

	walk_inodes(&walk);
	return walk.count;
}

static int unlock_inode(struct inode *inode, const u8 *identifier)
{
	int err;

	if (is_bad_inode(inode))
		return 0;
	err = mktme_dax_unlock_from_ring(inode, identifier);
	return err && err != -ENOKEY;
}

/**
 * mktme_dax_unlock_all() - unlock every inode in memory that is under a key
 * @sb: filesystem
 * @identifier: of the key, which the ring has
 *
 * Context: as mktme_dax_lock_all().
 * Return: how many stay locked although they are under the key, or because their
 * record cannot be read.
 */
unsigned int mktme_dax_unlock_all(struct super_block *sb, const u8 *identifier)
{
	struct walk walk = {
		.sb = sb,
		.identifier = identifier,
		.wanted = is_locked_file,
		.visit = unlock_inode,
	};

	walk_inodes(&walk);
	return walk.count;
}

/*
 * One that is being freed is on the list for as long as it waits for the lock that
 * we hold. Nobody can reach it any more.
 */
static bool is_being_freed(struct inode *inode)
{
	return READ_ONCE(inode->i_state) & (I_FREEING | I_WILL_FREE);
}

/**
 * mktme_dax_count_unlocked() - how many inodes are unlocked with a key?
 * @sb: filesystem
 * @identifier: of the key
 *
 * Return: a number that was true while the list of inodes was looked through.
 */
u64 mktme_dax_count_unlocked(struct super_block *sb, const u8 *identifier)
{
	struct inode *inode;
	u64 count = 0;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list)
		count += !is_being_freed(inode) &&
			 is_unlocked_with(inode, identifier);
	spin_unlock(&sb->s_inode_list_lock);
	return count;
}
