/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted DAX files: places where a test can hold a thread, for races by
 * handshake (fs/dax/pause.c)
 */
#ifndef _LINUX_MKTME_DAX_PAUSE_H
#define _LINUX_MKTME_DAX_PAUSE_H

#include <linux/jump_label.h>

/**
 * enum mktme_dax_pause - places where a test can hold a thread
 * @MKTME_DAX_PAUSE_PASSES: encrypt_mprotect() has bound the file and not yet
 *	set the protection; no locks
 * @MKTME_DAX_PAUSE_DROPPED: bind has dropped all mappings; inode_lock and
 *	invalidate_lock held, as for the next two
 * @MKTME_DAX_PAUSE_TRANSACTION: record and marker are written, the transaction
 *	is open
 * @MKTME_DAX_PAUSE_RECORDED: the transaction is closed, the state is not set
 * @MKTME_DAX_PAUSE_BEGIN: first look-up of blocks of an unbound inode;
 *	inode_lock or invalidate_lock held shared
 * @MKTME_DAX_PAUSE_DEVICE: look-up of blocks of an unlocked file is done, the
 *	page-table entry not made; locks as before
 * @MKTME_DAX_PAUSE_FORGET: a DAX entry is about to be flushed and dropped;
 *	invalidate_lock held exclusively, or an inode being freed
 */
enum mktme_dax_pause {
	MKTME_DAX_PAUSE_PASSES,
	MKTME_DAX_PAUSE_DROPPED,
	MKTME_DAX_PAUSE_TRANSACTION,
	MKTME_DAX_PAUSE_RECORDED,
	MKTME_DAX_PAUSE_BEGIN,
	MKTME_DAX_PAUSE_DEVICE,
	MKTME_DAX_PAUSE_FORGET,
};

#ifdef CONFIG_MKTME_DAX_DEBUG

DECLARE_STATIC_KEY_FALSE(mktme_dax_pausing);

/* fs/dax/pause.c */
void __mktme_dax_pause(enum mktme_dax_pause where);

/* Waits, if a test has armed this place. Sleeps; wakes up on fatal signals. */
static inline void mktme_dax_pause(enum mktme_dax_pause where)
{
	if (static_branch_unlikely(&mktme_dax_pausing))
		__mktme_dax_pause(where);
}

#else /* !CONFIG_MKTME_DAX_DEBUG */

static inline void mktme_dax_pause(enum mktme_dax_pause where)
{
}

#endif /* CONFIG_MKTME_DAX_DEBUG */

#endif /* _LINUX_MKTME_DAX_PAUSE_H */
