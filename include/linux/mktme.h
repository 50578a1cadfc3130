/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory encryption with several keys: KeyIDs, slots and aliases
 *
 * Generic front of asm/mktme.h, after the pattern of linux/pkeys.h: code that
 * includes this header needs no #ifdef.
 */
#ifndef _LINUX_MKTME_H
#define _LINUX_MKTME_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <uapi/linux/mktme_dax.h>

struct dev_pagemap;
struct key_type;
struct kobject;

#define MKTME_KEY_FIELD_SIZE	32

/**
 * struct mktme_material - the two AES keys of an XTS key
 * @algorithm: MKTME_ALG_*
 * @data: data key; the first 16 (AES-128) or 32 (AES-256) bytes count
 * @tweak: tweak key, likewise
 *
 * Whoever holds one wipes it (memzero_explicit(), kfree_sensitive()).
 */
struct mktme_material {
	u8 algorithm;
	u8 data[MKTME_KEY_FIELD_SIZE];
	u8 tweak[MKTME_KEY_FIELD_SIZE];
};

/**
 * struct mktme_key - payload of a key of type "mktme"
 * @identifier: key identifier, see mktme_key_identifier()
 * @persistent: type=user: the same key can be given again after a reboot
 * @material: the AES keys
 */
struct mktme_key {
	u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	bool persistent;
	struct mktme_material material;
};

/**
 * enum mktme_slot_event - what happens to a KeyID, for tracing
 * @MKTME_SLOT_PROGRAMMED: every package holds a new key
 * @MKTME_SLOT_CLEARED: no package holds the key any more
 * @MKTME_SLOT_LOST: packages differ in what they hold
 * @MKTME_SLOT_GET: one user more
 * @MKTME_SLOT_PUT: one user less
 */
enum mktme_slot_event {
	MKTME_SLOT_PROGRAMMED,
	MKTME_SLOT_CLEARED,
	MKTME_SLOT_LOST,
	MKTME_SLOT_GET,
	MKTME_SLOT_PUT,
};

/**
 * enum mktme_flush_reason - why cache lines are flushed, for tracing
 * @MKTME_FLUSH_ALLOCATE: blocks come to a file; lines of KeyID 0
 * @MKTME_FLUSH_DROP: pages leave a file; lines of its KeyID
 * @MKTME_FLUSH_SYNC: data is made durable; lines of its KeyID, kept clean
 */
enum mktme_flush_reason {
	MKTME_FLUSH_ALLOCATE,
	MKTME_FLUSH_DROP,
	MKTME_FLUSH_SYNC,
};

#ifdef CONFIG_MKTME_DAX

extern struct key_type key_type_mktme;

/* arch: detection. Number of KeyIDs usable for files; 0: none, or mktme=off. */
unsigned int mktme_nr_keyids(void);
bool mktme_algorithm_usable(u8 algorithm);

/* arch: /sys/kernel/mm/mktme; NULL before arch_initcall and if it failed */
extern struct kobject *mktme_kobj;

/* arch: slots */
int mktme_slot_get(const struct mktme_key *key);
void mktme_slot_hold(unsigned int keyid);
void mktme_slot_put(unsigned int keyid);
int mktme_slot_retire(const u8 *identifier);
const u8 *mktme_slot_identifier(unsigned int keyid);

/* arch: aliases */
int mktme_alias_add(unsigned int keyid, struct dev_pagemap *pgmap);
void mktme_alias_drop(struct dev_pagemap *pgmap);
void *mktme_alias(unsigned int keyid, phys_addr_t phys);
void mktme_alias_flush(unsigned int keyid, phys_addr_t phys, size_t len);
void mktme_alias_writeback(unsigned int keyid, phys_addr_t phys, size_t len);
int mktme_alias_zero(unsigned int keyid, phys_addr_t phys, size_t len);

extern atomic_long_t mktme_flushed_lines;

/* keys: derivation */
int mktme_key_identifier(const struct mktme_material *material,
			 u8 identifier[MKTME_DAX_IDENTIFIER_SIZE]);

#endif /* CONFIG_MKTME_DAX */

#endif /* _LINUX_MKTME_H */
