/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted DAX files: what mm/hmm.c asks
 */
#ifndef _LINUX_MKTME_HMM_H
#define _LINUX_MKTME_HMM_H

struct mm_struct;

#ifdef CONFIG_MKTME_DAX
/* fs/dax/policy.c */
int mktme_dax_refuse_hmm(struct mm_struct *mm, unsigned long start,
			 unsigned long end);
#else
static inline int mktme_dax_refuse_hmm(struct mm_struct *mm,
				       unsigned long start, unsigned long end)
{
	return 0;
}
#endif

#endif /* _LINUX_MKTME_HMM_H */
