// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flushing the lines of a bound file, through the alias they live in
 *
 * The processor's caches take the KeyID for part of the address: lines of
 * different KeyIDs of one page know nothing of each other. Invariants kept
 * here, with the names of Documentation/design.rst:
 *
 * I1: kernel stores through a KeyID are non-temporal or flushed at once, so
 *     dirty lines come from user mappings only.
 * I2: a user mapping implies a DAX entry, so the lines of an entry are flushed
 *     before it is dropped, and after its page-table entries are gone.
 */
#include <linux/dax.h>
#include <linux/huge_mm.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/xarray.h>
#include "mktme_dax_private.h"

/*
 * Format of a DAX entry, private to fs/dax.c: an xarray value with the page
 * frame number above four flag bits.
 */
#define DAX_ENTRY_SHIFT		4
#define DAX_ENTRY_PMD		BIT(1)
#define DAX_ENTRY_ZERO		BIT(2)
#define DAX_ENTRY_EMPTY		BIT(3)

bool __mktme_dax_writeback(struct address_space *mapping, unsigned long pfn,
			   unsigned long count)
{
	mktme_alias_writeback(mktme_dax_keyid(mapping), PFN_PHYS(pfn),
			      count << PAGE_SHIFT);
	return true;
}

/*
 * The caller is about to drop the entry, with no lock that would let it be
 * replaced under us: faults are excluded by the invalidate_lock. It can be
 * locked by writeback, which does not change the bits looked at.
 *
 * A clean entry has no dirty lines: writeback clears the mark only after its
 * flush, with the mappings write-protected. Programs that flush from user
 * space (MAP_SYNC) leave the mark set.
 */
void __mktme_dax_forget(struct address_space *mapping, pgoff_t index)
{
	unsigned long value, count = 1;
	void *entry;

	entry = xa_load(&mapping->i_pages, index);
	if (!xa_is_value(entry))
		return;
	value = xa_to_value(entry);
	if (value & (DAX_ENTRY_ZERO | DAX_ENTRY_EMPTY))
		return;
	mktme_dax_pause(MKTME_DAX_PAUSE_FORGET);
	if (!xa_get_mark(&mapping->i_pages, index, PAGECACHE_TAG_DIRTY))
		return;
	if (value & DAX_ENTRY_PMD)
		count = HPAGE_PMD_NR;
	mktme_alias_flush(mktme_dax_keyid(mapping),
			  PFN_PHYS(value >> DAX_ENTRY_SHIFT),
			  count << PAGE_SHIFT);
}
