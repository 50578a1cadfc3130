/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A KeyID in a pfn_t, and its way into a page-table entry
 *
 * The KeyID travels in the pfn_t and not in vma->vm_page_prot: some twenty
 * places of the core mm build entries for ordinary RAM pages (zero page,
 * copy-on-write, swap-in, migration) from vm_page_prot, and each of them would
 * map a page of KeyID 0 through the file's KeyID.
 */
#ifndef _LINUX_MKTME_PFN_H
#define _LINUX_MKTME_PFN_H

#include <linux/types.h>

/* Bits 63..59 of a pfn_t are PFN_* flags, 51..0 the page frame number. */
#define PFN_KEYID_SHIFT		52
#define PFN_KEYID_MAX		127

#ifdef CONFIG_MKTME_DAX
#include <asm/mktme.h>

static inline u64 pfn_t_keyid_flags(unsigned int keyid)
{
	return (u64)keyid << PFN_KEYID_SHIFT;
}

/* The KeyID of @pfn_val as page-table bits; 0 for whatever has none. */
static inline pgprot_t pfn_t_pgprot(u64 pfn_val, pgprot_t prot)
{
	unsigned int keyid = pfn_val >> PFN_KEYID_SHIFT & PFN_KEYID_MAX;

	return __pgprot(pgprot_val(prot) | mktme_keyid_bits(keyid));
}
#else
#define pfn_t_pgprot(pfn_val, prot)	(prot)
#endif

#endif /* _LINUX_MKTME_PFN_H */
