/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmktmedax: DAX files encrypted by the memory controller
 *
 * The header is the manual. Link with -lmktmedax (pkg-config libmktmedax). It needs
 * neither headers of the kernel nor other libraries, and can be used from C++.
 *
 * Functions return 0 or a negative errno. After an error mktme_dax_message() has one
 * sentence with its cause. Nothing is ever printed, no signal handler installed, and
 * no state kept but that sentence, per thread: all functions can be called from
 * several threads at a time.
 *
 * Structs have a version. Zero a struct, set @version to MKTME_DAX_API_V1, then fill in
 * what the call reads; what is reserved has to be zero. A longer struct will have
 * another version, and old programs go on with the old one.
 */
#ifndef MKTME_DAX_H
#define MKTME_DAX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MKTME_DAX_API_V1		1

#define MKTME_DAX_KEY_IDENTIFIER_SIZE	16

/* Longest identifier as text, with its zero byte: see mktme_dax_identifier_text() */
#define MKTME_DAX_IDENTIFIER_TEXT_SIZE	33

/* Values of "algorithm" */
#define MKTME_DAX_AES_XTS_128		1
#define MKTME_DAX_AES_XTS_256		2

/* Values of &mktme_dax_file_info.state */
#define MKTME_DAX_UNBOUND		1	/* not encrypted */
#define MKTME_DAX_LOCKED		2	/* encrypted, and the key is not there */
#define MKTME_DAX_UNLOCKED		3	/* encrypted, and usable */

/* Values of &mktme_dax_file_info.problem */
#define MKTME_DAX_PROBLEM_NO_RECORD	0	/* not bound: nothing can be wrong */
#define MKTME_DAX_PROBLEM_NONE		1
#define MKTME_DAX_PROBLEM_OTHER_PLACE	2	/* written at another physical address */
#define MKTME_DAX_PROBLEM_OTHER_VERSION	3	/* bound by a later kernel */
#define MKTME_DAX_PROBLEM_DAMAGED	4	/* the record cannot be understood */

/**
 * mktme_dax_version() - version of the library
 *
 * Return: text such as "0.1.0".
 */
const char *mktme_dax_version(void);

/**
 * mktme_dax_message() - cause of the last error in this thread
 *
 * Return: a sentence without full stop and line end, valid until the next call of the
 * library in this thread; "" if there was no error yet.
 */
const char *mktme_dax_message(void);

/* ---- keys ---- */

/**
 * struct mktme_dax_key - key material
 * @version: MKTME_DAX_API_V1
 * @algorithm: MKTME_DAX_AES_XTS_*
 * @data: AES key for the data; 16 bytes count with AES-XTS-128, 32 with AES-XTS-256
 * @tweak: AES key for the tweak, as long, and different
 *
 * The caller owns it, keeps it out of core dumps and swap, and ends it by
 * mktme_dax_key_wipe().
 */
struct mktme_dax_key {
	uint32_t version;
	uint32_t algorithm;
	uint8_t data[32];
	uint8_t tweak[32];
};

/**
 * mktme_dax_key_size() - length of each half of a key
 * @algorithm: MKTME_DAX_AES_XTS_*
 *
 * Return: 16 or 32; 0 for an unknown algorithm.
 */
size_t mktme_dax_key_size(uint32_t algorithm);

/**
 * mktme_dax_key_generate() - random key from the kernel
 * @key: @version and @algorithm are read, the material is written
 *
 * Return: 0; -EINVAL for another version or an unknown algorithm; errors of
 * getrandom(2).
 */
int mktme_dax_key_generate(struct mktme_dax_key *key);

/**
 * mktme_dax_key_identifier() - what files record of a key
 * @key: the key
 * @identifier: result; the same that the kernel computes
 *
 * One-way: the key cannot be had from it.
 *
 * Return: 0; -EINVAL for another version, an unknown algorithm or equal halves; -EIO if
 * libcrypto refuses.
 */
int mktme_dax_key_identifier(const struct mktme_dax_key *key,
			     uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE]);

/**
 * mktme_dax_key_load() - put a key into a keyring of the kernel
 * @key: the key
 * @description: its name in the keyring, as /proc/keys shows it
 * @keyring: serial of a keyring, or a special one (linux/keyctl.h): -4 is @u
 * @serial: result, for the calls below
 *
 * A key of the same name in the keyring is replaced, and leaves the memory controller
 * with the last file that uses it, unless a filesystem has it.
 *
 * Return: 0; -EINVAL for a bad key, an empty or too long description; -EACCES without
 * CAP_SYS_RESOURCE and CAP_SYS_ADMIN; -EOPNOTSUPP if the machine has no usable KeyIDs or
 * not this algorithm; -ENODEV if the kernel does not know such keys; other errors of
 * add_key(2).
 */
int mktme_dax_key_load(const struct mktme_dax_key *key, const char *description,
		       int32_t keyring, int32_t *serial);

/**
 * mktme_dax_key_instantiate() - answer request_key(2)
 * @key: the key
 * @serial: key that the kernel wants to be made, as request-key(8) has said
 *
 * For a program that request-key(8) has called. Whoever has asked gets the key into the
 * keyring that was named there, and need not be privileged.
 *
 * Return: 0; -EPERM if nobody has asked this process for that key; -EINVAL for a bad key;
 * -EOPNOTSUPP if the machine has no usable KeyIDs or not this algorithm; other errors of
 * KEYCTL_INSTANTIATE.
 */
int mktme_dax_key_instantiate(const struct mktme_dax_key *key, int32_t serial);

/**
 * mktme_dax_key_unload() - take a key out of all keyrings
 * @serial: the key
 *
 * Filesystems that were given it keep it, as do files that are unlocked with it.
 *
 * Return: 0; -ENOKEY if there is no such key; -EACCES without the right to search it.
 */
int mktme_dax_key_unload(int32_t serial);

/**
 * mktme_dax_key_wipe() - forget the material
 * @key: is overwritten with zeros, in a way that the compiler keeps; or NULL
 */
void mktme_dax_key_wipe(struct mktme_dax_key *key);

/**
 * mktme_dax_identifier_text() - an identifier in hexadecimal digits
 * @identifier: the identifier
 * @text: 32 digits and a zero byte
 */
void mktme_dax_identifier_text(const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			       char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE]);

/**
 * mktme_dax_identifier_parse() - an identifier from 32 hexadecimal digits
 * @text: the digits, in either case
 * @identifier: result
 *
 * Return: 0; -EINVAL if it is anything else.
 */
int mktme_dax_identifier_parse(const char *text,
			       uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE]);

/* ---- keys of a mounted filesystem ---- */

/**
 * struct mktme_dax_added - what mktme_dax_add_key() or its like has done
 * @version: MKTME_DAX_API_V1
 * @refused: out; files in memory that stay locked although the key is theirs:
 *	mktme_dax_query() says why
 * @identifier: out; identifier of the key
 * @reserved: zero
 */
struct mktme_dax_added {
	uint32_t version;
	uint32_t refused;
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	uint64_t reserved[4];
};

/**
 * mktme_dax_add_key() - give a key to a filesystem: unlock
 * @fd: any file or directory of it
 * @serial: key that was loaded
 * @added: result, or NULL
 *
 * All files under the key are unlocked, for all who may open them, until
 * mktme_dax_remove_key() or until the filesystem is unmounted. Giving a key twice is
 * giving it once.
 *
 * Return: 0; -EOPNOTSUPP if the machine has no usable KeyIDs, or there is no NVDIMM
 * namespace right below the filesystem; -ENOTTY if kernel or filesystem cannot have bound
 * files; -ENOKEY, -EKEYEXPIRED, -EKEYREVOKED, -EACCES about the key; -EUSERS if every
 * KeyID is in use; -EINVAL, -EIO, -ENXIO, -ENOMEM.
 */
int mktme_dax_add_key(int fd, int32_t serial, struct mktme_dax_added *added);

/**
 * mktme_dax_add_expected_key() - as mktme_dax_add_key(), but no other key than this one
 * @fd: any file or directory of the filesystem
 * @serial: key that was found by its name, which anybody could have given to another
 * @identifier: what the key has to be
 * @added: result, or NULL
 *
 * Return: that of mktme_dax_add_key(), or -EKEYREJECTED: nothing was given.
 */
int mktme_dax_add_expected_key(int fd, int32_t serial,
			       const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			       struct mktme_dax_added *added);

/**
 * struct mktme_dax_removed - what mktme_dax_remove_key() has done
 * @version: MKTME_DAX_API_V1
 * @locked: out; files that were unlocked, and are locked now
 * @still_used: out; not 0 if another filesystem has the key
 * @reserved: zero
 */
struct mktme_dax_removed {
	uint32_t version;
	uint32_t locked;
	uint32_t still_used;
	uint32_t reserved0;
	uint64_t reserved[4];
};

/**
 * mktme_dax_remove_key() - take a key from a filesystem: lock
 * @fd: any file or directory of it
 * @identifier: identifier of the key
 * @removed: result, or NULL
 *
 * Locks files that are open or mapped, too: the next access to a mapping is a SIGBUS.
 * Nothing is lost.
 *
 * Return: 0; -ENOKEY if the filesystem does not have the key; -EACCES if somebody else has
 * given it; -ENOTTY, -EOPNOTSUPP, -ENOMEM.
 */
int mktme_dax_remove_key(int fd, const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			 struct mktme_dax_removed *removed);

/**
 * struct mktme_dax_key_info - a key, as a filesystem sees it
 * @version: MKTME_DAX_API_V1
 * @present: out; not 0 if the filesystem was given the key
 * @added_by_self: out; not 0 if the caller's user has done it
 * @reserved0: zero
 * @unlocked: out; files that are unlocked with the key now; also if it is not present,
 *	since mktme_dax_bind() and mktme_dax_map() unlock single files
 * @reserved: zero
 */
struct mktme_dax_key_info {
	uint32_t version;
	uint32_t present;
	uint32_t added_by_self;
	uint32_t reserved0;
	uint64_t unlocked;
	uint64_t reserved[4];
};

/**
 * mktme_dax_key_status() - does a filesystem have a key
 * @fd: any file or directory of it
 * @identifier: identifier of the key
 * @info: result
 *
 * Return: 0; -ENOTTY if kernel or filesystem cannot have bound files; -EINVAL for another
 * version.
 */
int mktme_dax_key_status(int fd, const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			 struct mktme_dax_key_info *info);

/* ---- files and directories ---- */

/**
 * mktme_dax_bind() - put a file or directory under a key
 * @fd: a regular file without data, open for writing, or an empty directory
 * @serial: key that was loaded; for a directory, the filesystem must have it
 *
 * What is created in a bound directory is under its key from the start. If the file is
 * bound already, this unlocks it as long as somebody has it open.
 *
 * Return: 0; -EKEYREJECTED if it is under another key; -ENOTEMPTY if it has data or
 * entries; -EACCES, -EPERM, -EROFS without the right to; -EUCLEAN, -ESTALE if its record
 * is damaged or of another place; -ENOKEY if there is no such key, or the filesystem
 * lacks that of a directory; and those of mktme_dax_add_key().
 */
int mktme_dax_bind(int fd, int32_t serial);

/**
 * mktme_dax_make_directory() - new directory under a key
 * @path: it must not exist
 * @mode: permissions, as for mkdir(2)
 * @serial: key that was loaded; the filesystem is given it if it lacks it
 *
 * If it cannot be bound there is no directory afterwards, unless somebody has put
 * something into it meanwhile (-ENOTEMPTY).
 *
 * Return: 0; errors of mkdir(2), mktme_dax_add_key() and mktme_dax_bind().
 */
int mktme_dax_make_directory(const char *path, mode_t mode, int32_t serial);

/**
 * struct mktme_dax_file_info - what is known of a file or directory
 * @version: MKTME_DAX_API_V1
 * @state: out; MKTME_DAX_UNBOUND, _LOCKED or _UNLOCKED. A directory is unlocked if files
 *	can be created in it
 * @problem: out; MKTME_DAX_PROBLEM_*; why it cannot be unlocked, whatever the key
 * @algorithm: out; MKTME_DAX_AES_XTS_*; 0 if not known
 * @keyid: out; KeyID in use, 0 if there is none; valid while the file stays unlocked
 * @is_directory: out; not 0 for a directory
 * @is_dax: out; not 0 if mappings reach the memory itself
 * @reserved0: zero
 * @identifier: out; key identifier; zeros if not known
 * @reserved: zero
 */
struct mktme_dax_file_info {
	uint32_t version;
	uint32_t state;
	uint32_t problem;
	uint32_t algorithm;
	uint32_t keyid;
	uint32_t is_directory;
	uint32_t is_dax;
	uint32_t reserved0;
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	uint64_t reserved[4];
};

/**
 * mktme_dax_query() - state of a file or directory
 * @fd: the file, open for anything but O_PATH
 * @info: result
 *
 * Return: 0; -ENOTTY if kernel or filesystem cannot have bound files, or it is neither a
 * regular file nor a directory; -EINVAL for another version.
 */
int mktme_dax_query(int fd, struct mktme_dax_file_info *info);

/**
 * struct mktme_dax_extent - a piece of a file
 * @logical: where it begins in the file, in bytes
 * @physical: where it begins on the block device
 * @length: bytes
 * @unwritten: not 0 for blocks that were allocated and never written
 * @reserved: zero
 */
struct mktme_dax_extent {
	uint64_t logical;
	uint64_t physical;
	uint64_t length;
	uint32_t unwritten;
	uint32_t reserved;
};

/**
 * mktme_dax_for_each_extent() - where a file lies
 * @fd: the file
 * @fn: is called for each extent in the order of the file; ends the walk by not
 *	returning 0
 * @data: is passed to @fn
 *
 * Return: 0; what @fn has returned; -EOPNOTSUPP if the filesystem cannot tell;
 * -EFBIG for inline data, which has no extent; other errors of FS_IOC_FIEMAP.
 */
int mktme_dax_for_each_extent(int fd, int (*fn)(const struct mktme_dax_extent *extent,
						void *data), void *data);

/**
 * mktme_dax_device_address() - physical address of the device below a filesystem
 * @fd: any file on it
 * @address: result; an extent lies at this plus its @physical. Written on error as well,
 *	with what is known: where a partition begins on its disk
 *
 * The cipher depends on it: its tweak is the physical address.
 *
 * Return: 0; -EACCES if only root may know; -EOPNOTSUPP if the filesystem does not lie
 * directly on persistent memory.
 */
int mktme_dax_device_address(int fd, uint64_t *address);

/* Values of &mktme_dax_layout.obstacle, the first one that applies */
#define MKTME_DAX_HUGE_ALL		0	/* 2 MiB pages wherever there is data */
#define MKTME_DAX_HUGE_NOT_DAX		1	/* mappings go through the page cache */
#define MKTME_DAX_HUGE_SHORT		2	/* shorter than 2 MiB */
#define MKTME_DAX_HUGE_NO_BLOCKS	3	/* nothing allocated yet */
#define MKTME_DAX_HUGE_NAMESPACE	4	/* device does not begin at 2 MiB */
#define MKTME_DAX_HUGE_ALIGNMENT	5	/* extents begin at odd places */
#define MKTME_DAX_HUGE_FRAGMENTED	6	/* extents are shorter than 2 MiB */

/**
 * struct mktme_dax_layout - can 2 MiB pages map a file
 * @version: MKTME_DAX_API_V1
 * @obstacle: out; MKTME_DAX_HUGE_*
 * @size: out; size of the file
 * @allocated: out; bytes that have blocks
 * @eligible: out; bytes, in whole units of 2 MiB, that can be mapped by 2 MiB pages
 * @extents: out; number of extents
 * @reserved: zero
 */
struct mktme_dax_layout {
	uint32_t version;
	uint32_t obstacle;
	uint64_t size;
	uint64_t allocated;
	uint64_t eligible;
	uint64_t extents;
	uint64_t reserved[4];
};

/**
 * mktme_dax_query_layout() - can 2 MiB pages map this file, and if not, why
 * @fd: a regular file
 * @layout: result
 *
 * Return: 0; -EINVAL for another version; errors of mktme_dax_for_each_extent().
 */
int mktme_dax_query_layout(int fd, struct mktme_dax_layout *layout);

/* Values of &mktme_dax_map_args.flags, bits */
#define MKTME_DAX_MAP_SYNC		(1U << 0)	/* MAP_SYNC: flushes by the CPU suffice */

/**
 * struct mktme_dax_map_args - what to map
 * @version: MKTME_DAX_API_V1
 * @flags: MKTME_DAX_MAP_*
 * @serial: key that was loaded; or 0 for a file that is unlocked already
 * @prot: PROT_* of mmap(2)
 * @offset: where to begin in the file, a multiple of the page size
 * @length: bytes, or 0 for all that follows
 * @address: where the mapping should be, as for mmap(2), or NULL
 * @reserved: zero
 */
struct mktme_dax_map_args {
	uint32_t version;
	uint32_t flags;
	int32_t serial;
	uint32_t prot;
	uint64_t offset;
	uint64_t length;
	void *address;
	uint64_t reserved[4];
};

/**
 * mktme_dax_map() - map a file, and never without its key
 * @fd: a regular file on a filesystem with DAX
 * @args: what to map
 * @address: result; ends by munmap(2)
 * @length: its length, or NULL
 *
 * The mapping is made without any access, the file is bound or unlocked, and only then
 * is it opened for @args->prot, by one call of encrypt_mprotect(). With serial 0 nothing
 * is bound, and a file that is not unlocked is refused. On error nothing is mapped.
 *
 * pmem_map_file() and libpmem2 can be used as well, on files that were bound before.
 *
 * Return: 0; -EINVAL for another version, unknown flags, an offset that is not a multiple
 * of the page size, or no bytes to map; -EOPNOTSUPP if MAP_SYNC is not to be had;
 * -ENOSYS if the kernel has no encrypt_mprotect(); -ENODATA with serial 0 if the file is
 * not bound, -ENOKEY if it is locked; errors of mmap(2) and mktme_dax_bind().
 */
int mktme_dax_map(int fd, const struct mktme_dax_map_args *args, void **address,
		  size_t *length);

#ifdef __cplusplus
}
#endif

#endif /* MKTME_DAX_H */
