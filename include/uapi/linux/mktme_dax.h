/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * DAX files whose data is encrypted by the memory controller (TME-MK)
 *
 * See Documentation/mktme-dax.rst.
 */
#ifndef _UAPI_LINUX_MKTME_DAX_H
#define _UAPI_LINUX_MKTME_DAX_H

#include <linux/types.h>

/*
 * int encrypt_mprotect(void *addr, size_t len, int prot, key_serial_t serial);
 *
 * The number lies above 547, where arch/x86/entry/syscalls/syscall_64.tbl has
 * room for calls that upstream does not hand out.
 */
#ifndef __NR_encrypt_mprotect
#define __NR_encrypt_mprotect 600
#endif

/* The xattr that holds the record. Users can read it but not write it. */
#define MKTME_DAX_RECORD_SUFFIX	"mktme"
#define MKTME_DAX_RECORD_NAME	"security.mktme"

#define MKTME_DAX_IDENTIFIER_SIZE	16
#define MKTME_DAX_PLACE_SIZE		16

/* Values of &mktme_dax_record_v1.version */
#define MKTME_DAX_RECORD_V1		1

/* Values of &mktme_dax_record_v1.state */
#define MKTME_DAX_STATE_ENCRYPTED	1

/* Values of &mktme_dax_record_v1.algorithm */
#define MKTME_ALG_AES_XTS_128		1
#define MKTME_ALG_AES_XTS_256		2

/**
 * struct mktme_dax_record_v1 - on-disk record of a bound file
 * @version: MKTME_DAX_RECORD_V1
 * @state: MKTME_DAX_STATE_ENCRYPTED: every data block is under the key
 * @algorithm: MKTME_ALG_*
 * @reserved: zero
 * @identifier: key identifier, derived one-way from the key
 * @place: first bytes of a SHA-256 over the list of physical ranges under the
 *	inode's DAX device; the cipher's tweak is the physical address, so the
 *	data can be read at this place only
 *
 * A record holds neither the key nor the KeyID: the KeyID is a number of this
 * boot. Size and layout of a version never change.
 */
struct mktme_dax_record_v1 {
	__u8 version;
	__u8 state;
	__u8 algorithm;
	__u8 reserved;
	__u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	__u8 place[MKTME_DAX_PLACE_SIZE];
};

#endif /* _UAPI_LINUX_MKTME_DAX_H */
