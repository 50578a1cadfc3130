/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the TME-MK driver share among themselves
 */
#ifndef _ARCH_X86_MM_MKTME_PRIVATE_H
#define _ARCH_X86_MM_MKTME_PRIVATE_H

#include <linux/init.h>
#include <linux/mktme.h>
#include <linux/types.h>

/* A pfn_t has seven free bits for the KeyID. */
#define MKTME_MAX_KEYIDS	127

/*
 * On the way down: for CPUs to answer an interrupt and to write back their caches,
 * which takes milliseconds
 */
#define MKTME_ANSWER_TIMEOUT_MS	5000

/* mktme.c; algorithms are one-hot as in PCONFIG and IA32_TME_ACTIVATE */
u16 mktme_algorithm_bit(u8 algorithm);
bool mktme_cpu_matches(unsigned int cpu);
const char *mktme_algorithm_names(void);
const char *mktme_status(void);

/* mktme_alias.c; @kaddr is the address of @phys in the alias */
typedef void (*mktme_alias_step_t)(void *kaddr, phys_addr_t phys, size_t len);

int mktme_alias_walk(unsigned int keyid, phys_addr_t phys, size_t len,
		     mktme_alias_step_t step);
void mktme_alias_drop_keyid(unsigned int keyid);

/* mktme_crash.c */
void mktme_crash_init(void) __init;

/* mktme_packages.c */
bool mktme_packages_have_cpus(void) __init;

/* mktme_pconfig.c */
int mktme_pconfig_set_key(unsigned int keyid,
			  const struct mktme_material *material, bool *touched);
int mktme_pconfig_clear_key(unsigned int keyid, u8 algorithm);
void mktme_pconfig_clear_here(unsigned int keyid, u8 algorithm);
bool mktme_leads_package(int cpu);

/* mktme_power.c */
int mktme_power_init(void) __init;

/* mktme_slot.c */
unsigned int mktme_slots_in_use(void);
void mktme_slots_clear_package(void);

#endif /* _ARCH_X86_MM_MKTME_PRIVATE_H */
