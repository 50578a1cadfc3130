/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * DAX files whose data is encrypted by the memory controller (TME-MK)
 *
 * See Documentation/mktme-dax.rst.
 */
#ifndef _UAPI_LINUX_MKTME_DAX_H
#define _UAPI_LINUX_MKTME_DAX_H

#include <linux/ioctl.h>
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
 * @place: first bytes of a SHA-256 over the physical range under the inode's
 *	filesystem, and on ext4 over what tells that blocks were moved within it;
 *	the cipher's tweak is the physical address, so the data can be read at
 *	this place only
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

/*
 * Calls on an open regular file or directory. The structs below have neither
 * holes nor pointers and are the same for 32-bit callers. The size is part of
 * the number of the call: a longer struct will be another call.
 *
 * @version is MKTME_DAX_IOC_V1. Flags that are not defined here and reserved
 * fields have to be zero: EINVAL. Fields marked "out" are not read.
 */
#define MKTME_DAX_IOC_V1		1

/* Values of &mktme_dax_add_key_arg.flags, bits */
#define MKTME_DAX_ADD_EXPECTED		(1U << 0)

/**
 * struct mktme_dax_add_key_arg - argument of MKTME_DAX_IOC_ADD_KEY
 * @version: MKTME_DAX_IOC_V1
 * @flags: MKTME_DAX_ADD_EXPECTED: no other key than that with @identifier
 * @serial: key of type "mktme" with type=user
 * @refused: out; files in memory that are under the key but stay locked, for a
 *	reason that the kernel's log and MKTME_DAX_IOC_STATUS tell
 * @identifier: out, and with MKTME_DAX_ADD_EXPECTED in; identifier of the key
 * @reserved: zero
 *
 * Puts the key into the ring of the filesystem: every file under it is
 * unlocked, now or when it is opened, until MKTME_DAX_IOC_REMOVE_KEY or unmount.
 */
struct mktme_dax_add_key_arg {
	__u32 version;
	__u32 flags;
	__s32 serial;
	__u32 refused;
	__u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	__u64 reserved[4];
};

/* Values of &mktme_dax_remove_key_arg.status, bits */
#define MKTME_DAX_KEY_STILL_USED	(1U << 0)

/**
 * struct mktme_dax_remove_key_arg - argument of MKTME_DAX_IOC_REMOVE_KEY
 * @version: MKTME_DAX_IOC_V1
 * @flags: zero
 * @identifier: identifier of the key
 * @status: out; MKTME_DAX_KEY_STILL_USED: the key is still in the memory
 *	controller, for another filesystem or an inode that is just being freed,
 *	and leaves it with the last of them
 * @locked: out; files that were unlocked
 * @reserved: zero
 *
 * Takes the key out of the ring and locks every file under it, open and mapped
 * ones too, whichever way they were unlocked.
 */
struct mktme_dax_remove_key_arg {
	__u32 version;
	__u32 flags;
	__u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	__u32 status;
	__u32 locked;
	__u64 reserved[4];
};

/* Values of &mktme_dax_key_status_arg.status */
#define MKTME_DAX_KEY_ABSENT		1
#define MKTME_DAX_KEY_PRESENT		2

/* Values of &mktme_dax_key_status_arg.status_flags, bits */
#define MKTME_DAX_KEY_ADDED_BY_SELF	(1U << 0)

/**
 * struct mktme_dax_key_status_arg - argument of MKTME_DAX_IOC_KEY_STATUS
 * @version: MKTME_DAX_IOC_V1
 * @flags: zero
 * @identifier: identifier of the key
 * @status: out; MKTME_DAX_KEY_ABSENT or MKTME_DAX_KEY_PRESENT in the ring
 * @status_flags: out; MKTME_DAX_KEY_ADDED_BY_SELF: by this user
 * @unlocked: out; files that are unlocked with the key. Also if it is absent:
 *	encrypt_mprotect() and MKTME_DAX_IOC_BIND unlock single files
 * @reserved: zero
 */
struct mktme_dax_key_status_arg {
	__u32 version;
	__u32 flags;
	__u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	__u32 status;
	__u32 status_flags;
	__u64 unlocked;
	__u64 reserved[4];
};

/**
 * struct mktme_dax_bind_arg - argument of MKTME_DAX_IOC_BIND
 * @version: MKTME_DAX_IOC_V1
 * @flags: zero
 * @serial: key of type "mktme" with type=user
 * @reserved0: zero
 * @reserved: zero
 *
 * Binds a file without data or an empty directory to the key, or gives the key
 * of a bound file, as encrypt_mprotect() does.
 */
struct mktme_dax_bind_arg {
	__u32 version;
	__u32 flags;
	__s32 serial;
	__u32 reserved0;
	__u64 reserved[4];
};

/* Values of &mktme_dax_status_arg.state */
#define MKTME_DAX_FILE_UNBOUND		1
#define MKTME_DAX_FILE_LOCKED		2
#define MKTME_DAX_FILE_UNLOCKED		3

/* Values of &mktme_dax_status_arg.record */
#define MKTME_DAX_RECORD_NONE		0
#define MKTME_DAX_RECORD_GOOD		1
#define MKTME_DAX_RECORD_OTHER_PLACE	2
#define MKTME_DAX_RECORD_OTHER_VERSION	3
#define MKTME_DAX_RECORD_DAMAGED	4

/**
 * struct mktme_dax_status_arg - argument of MKTME_DAX_IOC_STATUS
 * @version: MKTME_DAX_IOC_V1
 * @flags: zero
 * @state: out; MKTME_DAX_FILE_*. A directory is unlocked if the ring has its
 *	key: then files can be created in it
 * @record: out; MKTME_DAX_RECORD_*; what stands in the way of unlocking
 * @algorithm: out; MKTME_ALG_*, 0 if the record does not tell
 * @keyid: out; KeyID of an unlocked file, valid while it stays unlocked; or 0
 * @identifier: out; identifier of the key, zeros if the record does not tell
 * @reserved: zero
 */
struct mktme_dax_status_arg {
	__u32 version;
	__u32 flags;
	__u32 state;
	__u32 record;
	__u32 algorithm;
	__u32 keyid;
	__u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
	__u64 reserved[3];
};

#define MKTME_DAX_IOC_ADD_KEY		_IOWR('f', 0xd0, struct mktme_dax_add_key_arg)
#define MKTME_DAX_IOC_REMOVE_KEY	_IOWR('f', 0xd1, \
					      struct mktme_dax_remove_key_arg)
#define MKTME_DAX_IOC_KEY_STATUS	_IOWR('f', 0xd2, \
					      struct mktme_dax_key_status_arg)
#define MKTME_DAX_IOC_BIND		_IOW('f', 0xd3, struct mktme_dax_bind_arg)
#define MKTME_DAX_IOC_STATUS		_IOWR('f', 0xd4, struct mktme_dax_status_arg)

#endif /* _UAPI_LINUX_MKTME_DAX_H */
