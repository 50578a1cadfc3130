/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of encrypted DAX files
 *
 * Nothing here can hold a byte of a key or of its identifier. KeyIDs and
 * physical addresses are for root, as all of tracefs.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mktme_dax

#if !defined(_TRACE_MKTME_DAX_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_MKTME_DAX_H

#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/mktme.h>
#include <linux/mktme_dax.h>
#include <linux/tracepoint.h>

#define MKTME_SLOT_EVENTS					\
	EM(MKTME_SLOT_PROGRAMMED, "programmed")			\
	EM(MKTME_SLOT_CLEARED, "cleared")			\
	EM(MKTME_SLOT_LOST, "lost")				\
	EM(MKTME_SLOT_GET, "get")				\
	EM_LAST(MKTME_SLOT_PUT, "put")

#define MKTME_FLUSH_REASONS					\
	EM(MKTME_FLUSH_ALLOCATE, "allocate")			\
	EM(MKTME_FLUSH_DROP, "drop")				\
	EM_LAST(MKTME_FLUSH_SYNC, "sync")

/* Also the names of the counters, in fs/dax/count.c */
#define MKTME_DAX_REFUSALS					\
	EM(MKTME_DAX_REFUSE_LOCKED, "locked")			\
	EM(MKTME_DAX_REFUSE_PINNED, "pinned")			\
	EM(MKTME_DAX_REFUSE_NO_DAX, "no_dax")			\
	EM(MKTME_DAX_REFUSE_DAX_FLAG, "dax_flag")		\
	EM(MKTME_DAX_REFUSE_RECORD, "record")			\
	EM(MKTME_DAX_REFUSE_BAD_RECORD, "bad_record")		\
	EM(MKTME_DAX_REFUSE_VERSION, "version")			\
	EM(MKTME_DAX_REFUSE_OTHER_KEY, "other_key")		\
	EM(MKTME_DAX_REFUSE_OTHER_PLACE, "other_place")		\
	EM(MKTME_DAX_REFUSE_HAS_DATA, "has_data")		\
	EM_LAST(MKTME_DAX_REFUSE_NO_KEYID, "no_keyid")

#undef EM
#undef EM_LAST
#define EM(symbol, name)	TRACE_DEFINE_ENUM(symbol);
#define EM_LAST(symbol, name)	TRACE_DEFINE_ENUM(symbol);

MKTME_DAX_REFUSALS
MKTME_SLOT_EVENTS
MKTME_FLUSH_REASONS

#undef EM
#undef EM_LAST
#define EM(symbol, name)	{ symbol, name },
#define EM_LAST(symbol, name)	{ symbol, name }

/* A file was to be bound, or its key was given; how that ended. */
TRACE_EVENT(mktme_bind,
	TP_PROTO(const struct inode *inode, unsigned int keyid, int err),
	TP_ARGS(inode, keyid, err),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(unsigned int, keyid)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = inode->i_sb->s_dev;
		__entry->ino = inode->i_ino;
		__entry->keyid = keyid;
		__entry->err = err;
	),
	TP_printk("dev %d:%d ino %lu keyid %u err %d",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __entry->keyid, __entry->err)
);

DECLARE_EVENT_CLASS(mktme_binding,
	TP_PROTO(const struct inode *inode, unsigned int keyid),
	TP_ARGS(inode, keyid),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(unsigned int, keyid)
	),
	TP_fast_assign(
		__entry->dev = inode->i_sb->s_dev;
		__entry->ino = inode->i_ino;
		__entry->keyid = keyid;
	),
	TP_printk("dev %d:%d ino %lu keyid %u",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __entry->keyid)
);

/* A locked file has got its key. */
DEFINE_EVENT(mktme_binding, mktme_unlock,
	TP_PROTO(const struct inode *inode, unsigned int keyid),
	TP_ARGS(inode, keyid));

/* An unlocked file is locked, or leaves memory. */
DEFINE_EVENT(mktme_binding, mktme_lock,
	TP_PROTO(const struct inode *inode, unsigned int keyid),
	TP_ARGS(inode, keyid));

/* A page of a bound file is about to get its page-table entry. */
TRACE_EVENT(mktme_fault,
	TP_PROTO(const struct inode *inode, pgoff_t pgoff, unsigned int keyid,
		 unsigned int order, bool write, unsigned long pfn),
	TP_ARGS(inode, pgoff, keyid, order, write, pfn),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(pgoff_t, pgoff)
		__field(unsigned long, pfn)
		__field(unsigned int, keyid)
		__field(u8, order)
		__field(bool, write)
	),
	TP_fast_assign(
		__entry->dev = inode->i_sb->s_dev;
		__entry->ino = inode->i_ino;
		__entry->pgoff = pgoff;
		__entry->pfn = pfn;
		__entry->keyid = keyid;
		__entry->order = order;
		__entry->write = write;
	),
	TP_printk("dev %d:%d ino %lu pgoff %#lx keyid %u order %u %s pfn %#lx",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __entry->pgoff, __entry->keyid, __entry->order,
		  __entry->write ? "write" : "read", __entry->pfn)
);

/* Life of a KeyID. */
TRACE_EVENT(mktme_slot,
	TP_PROTO(unsigned int keyid, enum mktme_slot_event what),
	TP_ARGS(keyid, what),
	TP_STRUCT__entry(
		__field(unsigned int, keyid)
		__field(unsigned int, what)
	),
	TP_fast_assign(
		__entry->keyid = keyid;
		__entry->what = what;
	),
	TP_printk("keyid %u %s", __entry->keyid,
		  __print_symbolic(__entry->what, MKTME_SLOT_EVENTS))
);

/* Cache lines of a range are flushed or written back through a KeyID. */
TRACE_EVENT(mktme_flush,
	TP_PROTO(unsigned int keyid, phys_addr_t phys, size_t len,
		 enum mktme_flush_reason why),
	TP_ARGS(keyid, phys, len, why),
	TP_STRUCT__entry(
		__field(u64, phys)
		__field(u64, len)
		__field(unsigned int, keyid)
		__field(unsigned int, why)
	),
	TP_fast_assign(
		__entry->phys = phys;
		__entry->len = len;
		__entry->keyid = keyid;
		__entry->why = why;
	),
	TP_printk("keyid %u phys %#llx len %llu %s", __entry->keyid,
		  __entry->phys, __entry->len,
		  __print_symbolic(__entry->why, MKTME_FLUSH_REASONS))
);

/* An access or a request was refused. */
TRACE_EVENT(mktme_refuse,
	TP_PROTO(const struct inode *inode, enum mktme_dax_refusal why),
	TP_ARGS(inode, why),
	TP_STRUCT__entry(
		__field(dev_t, dev)
		__field(unsigned long, ino)
		__field(unsigned int, why)
	),
	TP_fast_assign(
		__entry->dev = inode->i_sb->s_dev;
		__entry->ino = inode->i_ino;
		__entry->why = why;
	),
	TP_printk("dev %d:%d ino %lu %s",
		  MAJOR(__entry->dev), MINOR(__entry->dev), __entry->ino,
		  __print_symbolic(__entry->why, MKTME_DAX_REFUSALS))
);

#undef EM
#undef EM_LAST

#endif /* _TRACE_MKTME_DAX_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
