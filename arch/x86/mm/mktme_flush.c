// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK cache lines: flushing and zeroing through aliases
 *
 * Caches take the KeyID for a part of the address. Aliases of a page are not
 * coherent: a dirty line of one of them can be written back over newer data of
 * another at any time, and a clean one can show old data. The functions here
 * exist to keep that from happening (Intel 336907 rev. 1.3, chapter 7); who has to
 * call them and when is in Documentation/design.rst.
 */
#include "mktme_private.h"

#include <linux/atomic.h>
#include <linux/libnvdimm.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/cacheflush.h>
#include <asm/mktme.h>

#include <trace/events/mktme_dax.h>

/* Cache lines flushed or written back, of aliases and of blocks to be zeroed */
atomic_long_t mktme_flushed_lines = ATOMIC_LONG_INIT(0);

static void count_lines(const void *kaddr, size_t len)
{
	unsigned long line = boot_cpu_data.x86_clflush_size;
	unsigned long start = round_down((unsigned long)kaddr, line);
	unsigned long end = round_up((unsigned long)kaddr + len, line);

	atomic_long_add((end - start) / line, &mktme_flushed_lines);
}

static void flush_step(void *kaddr, phys_addr_t phys, size_t len)
{
	clflush_cache_range(kaddr, len);
	count_lines(kaddr, len);
}

/**
 * mktme_alias_flush() - no line of the range is left in the alias
 * @keyid: the alias
 * @phys: physical address, without KeyID
 * @len: bytes, at most to the end of the device's range
 *
 * Before the memory is used under another KeyID; the user mappings are gone and
 * out of the TLBs. Writes back and invalidates (CLFLUSHOPT), on every CPU, with
 * fences on both sides. Unlike dax_flush() it does not ask whether the platform
 * flushes caches on power loss: this is about coherency, not about persistence.
 *
 * Without an area there is nothing to do: nobody ever used the alias, or
 * mktme_alias_drop() has flushed everything.
 *
 * Context: Process context, may sleep; needs no lock and allocates nothing.
 */
void mktme_alias_flush(unsigned int keyid, phys_addr_t phys, size_t len)
{
	trace_mktme_flush(keyid, phys, len, MKTME_FLUSH_DROP);
	mktme_alias_walk(keyid, phys, len, flush_step);
}

static void writeback_step(void *kaddr, phys_addr_t phys, size_t len)
{
	arch_wb_cache_pmem(kaddr, len);
	count_lines(kaddr, len);
}

/**
 * mktme_alias_writeback() - dirty lines of the range reach the memory
 * @keyid: the alias
 * @phys: physical address, without KeyID
 * @len: bytes, at most to the end of the device's range
 *
 * For fsync() and the like: lines may stay in the caches, clean (CLWB).
 *
 * Context: As mktme_alias_flush(), also for a missing area.
 */
void mktme_alias_writeback(unsigned int keyid, phys_addr_t phys, size_t len)
{
	trace_mktme_flush(keyid, phys, len, MKTME_FLUSH_SYNC);
	mktme_alias_walk(keyid, phys, len, writeback_step);
	/* CLWB is weakly ordered: complete before the caller says durable. */
	wmb();
}

/*
 * Lines of the direct map first: a dirty one, left by a file without a key that
 * had the blocks before, would be evicted over the new data. Then whole lines
 * without reading them, past the caches: lines of the alias that hold remains of
 * the past are overwritten.
 */
static void zero_step(void *kaddr, phys_addr_t phys, size_t len)
{
	size_t done;

	clflush_cache_range(__va(phys), len);
	count_lines(__va(phys), len);
	for (done = 0; done < len; done += PAGE_SIZE)
		memcpy_flushcache(kaddr + done, empty_zero_page, PAGE_SIZE);
}

/**
 * mktme_alias_zero() - zeros under the key in newly allocated blocks
 * @keyid: the alias
 * @phys: physical address, without KeyID; page aligned
 * @len: bytes; whole pages
 *
 * The zeros are in the persistence domain on return. The blocks must not be
 * visible in the file before.
 *
 * Context: Process context, may sleep, but takes no filesystem lock and allocates
 * nothing: usable inside a transaction.
 * Return: 0; -EINVAL for parts of pages; -ENXIO if there is no alias of all of
 * the range, because the device is being removed for example: the blocks are
 * stale and the caller must not use them.
 */
int mktme_alias_zero(unsigned int keyid, phys_addr_t phys, size_t len)
{
	int err;

	if (WARN_ON_ONCE(!PAGE_ALIGNED(phys | len)))
		return -EINVAL;
	trace_mktme_flush(0, phys, len, MKTME_FLUSH_ALLOCATE);
	err = mktme_alias_walk(keyid, phys, len, zero_step);
	/* Non-temporal stores are weakly ordered. */
	wmb();
	return err;
}
