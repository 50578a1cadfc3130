/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KeyID bits of page-table entries
 *
 * Kept small: page-table headers include it.
 */
#ifndef _ASM_X86_MKTME_H
#define _ASM_X86_MKTME_H

#include <linux/cache.h>
#include <asm/pgtable_types.h>

/* The KeyID bits of an entry; 0 without usable KeyIDs. Constant after boot. */
extern u64 mktme_keyid_mask __ro_after_init;
extern unsigned int mktme_keyid_shift __ro_after_init;

/**
 * mktme_keyid_bits() - bits that select a KeyID, to be ORed into an entry
 * @keyid: at most mktme_nr_keyids(); 0 gives no bits
 *
 * The same for PTE, PMD and PUD leaves. Goes into the protection, never into
 * the page frame number: physical_mask does not cover these bits.
 *
 * Return: the bits.
 */
static inline pteval_t mktme_keyid_bits(unsigned int keyid)
{
	return (pteval_t)keyid << mktme_keyid_shift;
}

/**
 * mktme_pte_keyid() - KeyID of a present page-table entry
 * @val: raw value of a PTE, PMD or PUD leaf
 *
 * Return: the KeyID; 0 without usable KeyIDs.
 */
static inline unsigned int mktme_pte_keyid(pteval_t val)
{
	return (val & mktme_keyid_mask) >> mktme_keyid_shift;
}

#endif /* _ASM_X86_MKTME_H */
