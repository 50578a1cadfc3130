/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted DAX files: the hooks that mm and filesystems call
 *
 * Every hook is an inline gate: a static key that is off until a mounted
 * filesystem may hold a record, then a look at a word of the address_space
 * that the caller has in its cache anyway, and only then a call.
 */
#ifndef _LINUX_MKTME_DAX_H
#define _LINUX_MKTME_DAX_H

#include <linux/fs.h>
#include <linux/jump_label.h>
#include <linux/mktme.h>
#include <linux/pfn.h>
#include <linux/tracepoint-defs.h>
#include <linux/uuid.h>

struct dax_device;
struct dev_pagemap;
struct fileattr;
struct folio;
struct gendisk;
struct key;
struct seq_file;
struct vm_area_struct;
struct vm_fault;

/*
 * The state of an inode's binding lives in the top 16 bits of
 * mapping->flags: no inode grows, and whoever has only the address_space
 * (writeback, truncate, GUP) can read it.
 *
 * Written with cmpxchg, because AS_EIO is set without any of our locks, and
 * under inode_lock and invalidate_lock, both exclusive, because everyone who
 * touches data on the strength of it holds one of them shared. (Before the
 * inode is visible to others no lock is needed.)
 */
#define AS_MKTME_SHIFT		48
#define AS_MKTME_MASK		0xffffUL

#define MKTME_DAX_UNKNOWN	0U	/* fresh inode; says nothing */
#define MKTME_DAX_NONE		1U	/* has no record */
#define MKTME_DAX_LOCKED	2U	/* has a record, its key is not loaded */
#define MKTME_DAX_KEYED		256U	/* | KeyID: has a record, key loaded */
#define MKTME_DAX_TAIL		512U	/* with KEYED: see fs/dax/tail.c */
#define MKTME_DAX_KEYID_MASK	255U

/*
 * A directory with a record is LOCKED and stays so: it has no data. Whether new
 * files can be created in it is for the ring of its filesystem to say.
 */

/**
 * enum mktme_dax_refusal - why an access or a request was refused
 * @MKTME_DAX_REFUSE_LOCKED: data of a locked file
 * @MKTME_DAX_REFUSE_PINNED: page reference to a bound file, or bind of a file
 *	with such references
 * @MKTME_DAX_REFUSE_NO_DAX: bound file opened where it would not be DAX
 * @MKTME_DAX_REFUSE_DAX_FLAG: change of the DAX attribute of a bound file
 * @MKTME_DAX_REFUSE_RECORD: record set or removed as an extended attribute
 * @MKTME_DAX_REFUSE_BAD_RECORD: record missing, or as no kernel writes it
 * @MKTME_DAX_REFUSE_VERSION: record of a later version
 * @MKTME_DAX_REFUSE_OTHER_KEY: bound to another key
 * @MKTME_DAX_REFUSE_OTHER_PLACE: data written at another physical place
 * @MKTME_DAX_REFUSE_HAS_DATA: bind of a file with data
 * @MKTME_DAX_REFUSE_NO_KEYID: every KeyID has another key
 * @MKTME_DAX_NR_REFUSALS: how many there are
 */
enum mktme_dax_refusal {
	MKTME_DAX_REFUSE_LOCKED,
	MKTME_DAX_REFUSE_PINNED,
	MKTME_DAX_REFUSE_NO_DAX,
	MKTME_DAX_REFUSE_DAX_FLAG,
	MKTME_DAX_REFUSE_RECORD,
	MKTME_DAX_REFUSE_BAD_RECORD,
	MKTME_DAX_REFUSE_VERSION,
	MKTME_DAX_REFUSE_OTHER_KEY,
	MKTME_DAX_REFUSE_OTHER_PLACE,
	MKTME_DAX_REFUSE_HAS_DATA,
	MKTME_DAX_REFUSE_NO_KEYID,
	MKTME_DAX_NR_REFUSALS
};

#ifdef CONFIG_MKTME_DAX

DECLARE_STATIC_KEY_FALSE(mktme_dax_used);

/* fs/dax/state.c */
int __mktme_dax_begin(struct inode *inode);

/* fs/dax/bind.c */
int mktme_dax_bind(struct file *file, const struct mktme_key *key);
int mktme_dax_bind_key(struct file *file, struct key *key);
int mktme_dax_may_bind(struct file *file);
bool mktme_dax_bound_to(struct file *file, const u8 *identifier);

/* fs/dax/key.c */
int mktme_dax_identify(struct key *key, u8 *identifier);

/* fs/dax/device.c */
struct dax_device *__mktme_dax_device(struct inode *inode,
				      struct dax_device *base);
void __mktme_dax_unmap(struct dev_pagemap *pgmap);
void mktme_dax_drop_keyid(unsigned int keyid);

/* fs/dax/flush.c */
bool __mktme_dax_writeback(struct address_space *mapping, unsigned long pfn,
			   unsigned long count);
void __mktme_dax_forget(struct address_space *mapping, pgoff_t index);

/* drivers/nvdimm/disk_uuid.c */
int nvdimm_disk_uuid(struct gendisk *disk, uuid_t *uuid);

/* fs/dax/ioctl.c */
int mktme_dax_ioctl(struct file *file, unsigned int cmd, void __user *arg);

/* fs/dax/policy.c */
bool __mktme_dax_refuse_pin(struct folio *folio);
int __mktme_dax_prepare_fileattr(struct inode *inode,
				 const struct fileattr *old_ma,
				 const struct fileattr *fa);
int __mktme_dax_prepare_fallocate(struct inode *inode, int mode, loff_t offset,
				  loff_t len);

/* fs/dax/count.c */
int mktme_dax_refuse(const struct inode *inode, enum mktme_dax_refusal why,
		     int err);

/* fs/dax/show.c */
void __mktme_dax_trace_fault(const struct vm_fault *vmf, pfn_t pfn, size_t size,
			     bool write);
void __mktme_dax_show_smap(struct seq_file *m,
			   const struct vm_area_struct *vma);

DECLARE_TRACEPOINT(mktme_fault);

static inline unsigned int mktme_dax_state(const struct address_space *mapping)
{
	return READ_ONCE(mapping->flags) >> AS_MKTME_SHIFT & AS_MKTME_MASK;
}

/* The KeyID of an unlocked file, or 0. */
static inline unsigned int mktme_dax_keyid(const struct address_space *mapping)
{
	unsigned int state = mktme_dax_state(mapping);

	return state & MKTME_DAX_KEYED ? state & MKTME_DAX_KEYID_MASK : 0;
}

/* Has a record, whether or not its key is loaded. */
static inline bool mktme_dax_bound(const struct inode *inode)
{
	return static_branch_unlikely(&mktme_dax_used) &&
	       mktme_dax_state(inode->i_mapping) >= MKTME_DAX_LOCKED;
}

static inline bool mktme_dax_locked(const struct inode *inode)
{
	return static_branch_unlikely(&mktme_dax_used) &&
	       mktme_dax_state(inode->i_mapping) == MKTME_DAX_LOCKED;
}

/**
 * mktme_dax_begin() - may the data of this inode be mapped?
 * @inode: inode whose blocks iomap_begin is about to look up or allocate
 *
 * First thing in a filesystem's iomap_begin, before any journal handle or
 * allocation: a refusal later would leave allocated blocks behind that were
 * never zeroed.
 *
 * Context: inode_lock or invalidate_lock held, at least shared.
 * Return: 0; -ENOKEY if the file is bound and its key is not loaded.
 */
static inline int mktme_dax_begin(struct inode *inode)
{
	unsigned int state;

	if (!static_branch_unlikely(&mktme_dax_used))
		return 0;
	state = mktme_dax_state(inode->i_mapping);
	if (state == MKTME_DAX_NONE || state & MKTME_DAX_KEYED)
		return 0;
	return __mktme_dax_begin(inode);
}

/**
 * mktme_dax_device() - the DAX device through which to reach a file's data
 * @inode: file that mktme_dax_begin() let pass
 * @base: the filesystem's DAX device
 *
 * Context: as mktme_dax_begin(), in the same critical section.
 * Return: @base for a file without a record, else the device that stands for
 * @base seen through the file's KeyID; a dead device, whose every use fails,
 * if there is none.
 */
static inline struct dax_device *mktme_dax_device(struct inode *inode,
						  struct dax_device *base)
{
	if (mktme_dax_bound(inode))
		return __mktme_dax_device(inode, base);
	return base;
}

/**
 * mktme_dax_writeback() - flush a DAX entry of a bound file for fsync
 * @mapping: address_space of the entry
 * @pfn: first page of the entry
 * @count: its pages
 *
 * Context: entry locked, mappings write-protected; nothing else is held.
 * Return: true if the file is bound (its lines live under its own KeyID, the
 * direct map has none to flush), false if the caller has to flush.
 */
static inline bool mktme_dax_writeback(struct address_space *mapping,
				       unsigned long pfn, unsigned long count)
{
	return static_branch_unlikely(&mktme_dax_used) &&
	       mktme_dax_keyid(mapping) &&
	       __mktme_dax_writeback(mapping, pfn, count);
}

/**
 * mktme_dax_forget() - flush a DAX entry that is about to be dropped
 * @mapping: address_space of the entry
 * @index: index inside the entry
 *
 * Without this, dirty lines under the file's KeyID would outlive its blocks'
 * return to the allocator.
 *
 * Context: invalidate_lock held exclusively or inode being freed; mappings
 * zapped and TLBs flushed; may sleep.
 */
static inline void mktme_dax_forget(struct address_space *mapping,
				    pgoff_t index)
{
	if (static_branch_unlikely(&mktme_dax_used) && mktme_dax_keyid(mapping))
		__mktme_dax_forget(mapping, index);
}

/* Drop what was built over a page map that goes away. May sleep. */
static inline void mktme_dax_unmap(struct dev_pagemap *pgmap)
{
	if (static_branch_unlikely(&mktme_dax_used))
		__mktme_dax_unmap(pgmap);
}

/**
 * mktme_dax_refuse_pin() - must get_user_pages() leave this page alone?
 * @page: page found in a page table
 *
 * A holder of the page would reach it through the direct map or by DMA, that
 * is under KeyID 0: it would read ciphertext and write plaintext.
 *
 * Context: page-table lock held or interrupts off; does not sleep.
 */
static inline bool mktme_dax_refuse_pin(struct page *page)
{
	return static_branch_unlikely(&mktme_dax_used) &&
	       __mktme_dax_refuse_pin(page_folio(page));
}

/**
 * mktme_dax_prepare_fileattr() - may these attributes be set?
 * @inode: inode, locked
 * @old_ma: attributes now
 * @fa: attributes wanted
 *
 * Return: 0, or -EOPNOTSUPP for a change of a flag by which a bound file is
 * reached or known: &mktme_dax_fs_ops.fixed_xflags.
 */
static inline int mktme_dax_prepare_fileattr(struct inode *inode,
					     const struct fileattr *old_ma,
					     const struct fileattr *fa)
{
	if (mktme_dax_bound(inode))
		return __mktme_dax_prepare_fileattr(inode, old_ma, fa);
	return 0;
}

/**
 * mktme_dax_prepare_fallocate() - may this range be changed without the key?
 * @inode: inode, locked exclusively
 * @mode: FALLOC_FL_*
 * @offset: first byte
 * @len: bytes
 *
 * Asked before the filesystem has changed anything: it learns only after it
 * has grown i_size that a part of a block cannot be zeroed.
 *
 * Return: 0, or -ENOKEY if a part of a block of a locked file would have to be
 * zeroed.
 */
static inline int mktme_dax_prepare_fallocate(struct inode *inode, int mode,
					      loff_t offset, loff_t len)
{
	if (mktme_dax_locked(inode))
		return __mktme_dax_prepare_fallocate(inode, mode, offset, len);
	return 0;
}

/* One of ours? Not behind the static key: a first key is given this way, too. */
static inline bool mktme_dax_is_ioctl(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == _IOC_TYPE(MKTME_DAX_IOC_ADD_KEY) &&
	       _IOC_NR(cmd) >= _IOC_NR(MKTME_DAX_IOC_ADD_KEY) &&
	       _IOC_NR(cmd) <= _IOC_NR(MKTME_DAX_IOC_STATUS);
}

/**
 * mktme_dax_trace_fault() - tell who traces that a page is about to be mapped
 * @vmf: the fault
 * @pfn: first page of the entry, with its KeyID if it has one
 * @size: bytes of the entry
 * @write: will the entry be writable?
 *
 * Costs nothing until somebody enables the trace event.
 *
 * Context: DAX entry locked.
 */
static inline void mktme_dax_trace_fault(const struct vm_fault *vmf, pfn_t pfn,
					 size_t size, bool write)
{
	if (tracepoint_enabled(mktme_fault))
		__mktme_dax_trace_fault(vmf, pfn, size, write);
}

/**
 * mktme_dax_show_smap() - the line "KeyID:" of a mapping in /proc/PID/smaps
 * @m: where to
 * @vma: the mapping
 *
 * Context: mmap_lock held for reading.
 */
static inline void mktme_dax_show_smap(struct seq_file *m,
				       const struct vm_area_struct *vma)
{
	if (static_branch_unlikely(&mktme_dax_used))
		__mktme_dax_show_smap(m, vma);
}

#else /* !CONFIG_MKTME_DAX */

static inline bool mktme_dax_is_ioctl(unsigned int cmd)
{
	return false;
}

static inline int mktme_dax_ioctl(struct file *file, unsigned int cmd,
				  void __user *arg)
{
	return -ENOIOCTLCMD;
}

static inline bool mktme_dax_bound(const struct inode *inode)
{
	return false;
}

static inline bool mktme_dax_locked(const struct inode *inode)
{
	return false;
}

static inline int mktme_dax_begin(struct inode *inode)
{
	return 0;
}

static inline struct dax_device *mktme_dax_device(struct inode *inode,
						  struct dax_device *base)
{
	return base;
}

static inline bool mktme_dax_writeback(struct address_space *mapping,
				       unsigned long pfn, unsigned long count)
{
	return false;
}

static inline void mktme_dax_forget(struct address_space *mapping,
				    pgoff_t index)
{
}

static inline void mktme_dax_unmap(struct dev_pagemap *pgmap)
{
}

static inline bool mktme_dax_refuse_pin(struct page *page)
{
	return false;
}

static inline int mktme_dax_prepare_fileattr(struct inode *inode,
					     const struct fileattr *old_ma,
					     const struct fileattr *fa)
{
	return 0;
}

static inline int mktme_dax_prepare_fallocate(struct inode *inode, int mode,
					      loff_t offset, loff_t len)
{
	return 0;
}

static inline void mktme_dax_trace_fault(const struct vm_fault *vmf, pfn_t pfn,
					 size_t size, bool write)
{
}

static inline void mktme_dax_show_smap(struct seq_file *m,
				       const struct vm_area_struct *vma)
{
}

#endif /* CONFIG_MKTME_DAX */

#endif /* _LINUX_MKTME_DAX_H */
