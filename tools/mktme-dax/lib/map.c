// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Map a file, and never without its key
 */
#include "lib_private.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KNOWN_PROT	(PROT_READ | PROT_WRITE | PROT_EXEC)

static const struct reason map_reasons[] = {
	{ EOPNOTSUPP, "MAP_SYNC is not to be had: the file is not a DAX file" },
	{ EACCES, "the file is not open for this, or it is no regular file" },
	{ EPERM, "the filesystem is mounted noexec" },
	{ ENODEV, "files of this kind cannot be mapped" },
	{ ENOMEM, "no memory, or too many mappings" },
	{ EOVERFLOW, "offset and length are beyond what can be mapped" },
	{ }
};

static int check_args(int fd, const struct mktme_dax_map_args *args, size_t *length)
{
	long page = sysconf(_SC_PAGESIZE);
	struct stat stat;

	if (args->version != MKTME_DAX_API_V1)
		return fail(-EINVAL, "struct mktme_dax_map_args of another version");
	if (args->flags & ~MKTME_DAX_MAP_SYNC)
		return fail(-EINVAL, "unknown flags %#x", args->flags);
	for (size_t i = 0; i < sizeof(args->reserved) / sizeof(args->reserved[0]); i++)
		if (args->reserved[i])
			return fail(-EINVAL, "reserved fields are not zero");
	if (args->prot & ~KNOWN_PROT)
		return fail(-EINVAL, "unknown protection %#x", args->prot);
	if (args->offset & (page - 1))
		return fail(-EINVAL, "the offset is not a multiple of %ld", page);
	if (fstat(fd, &stat))
		return fail_call(errno, "cannot ask for the file's size", NULL);
	*length = args->length;
	if (!*length && (uint64_t)stat.st_size > args->offset)
		*length = stat.st_size - args->offset;
	if (!*length)
		return fail(-EINVAL, "no bytes to map: the file ends before the offset");
	*length = (*length + page - 1) & ~(page - 1);
	return 0;
}

/* Without a key the file has to be unlocked, or plaintext would be written. */
static int check_unlocked(int fd)
{
	struct mktme_dax_file_info info = { .version = MKTME_DAX_API_V1 };
	int err = mktme_dax_query(fd, &info);

	if (err)
		return err;
	if (info.state == MKTME_DAX_UNBOUND)
		return fail(-ENODATA, "cannot map: the file is not bound, and there is no key to bind it to");
	if (info.state != MKTME_DAX_UNLOCKED)
		return fail(-ENOKEY, "cannot map: the file is locked");
	return 0;
}

static int open_mapping(void *p, size_t length, const struct mktme_dax_map_args *args)
{
	if (!args->serial) {
		if (mprotect(p, length, args->prot))
			return fail_call(errno, "cannot map", map_reasons);
		return 0;
	}
	if (syscall(__NR_encrypt_mprotect, p, length, args->prot, args->serial))
		return fail_call(errno, "cannot map", bind_reasons);
	return 0;
}

int mktme_dax_map(int fd, const struct mktme_dax_map_args *args, void **address,
		  size_t *length)
{
	int flags = args->flags & MKTME_DAX_MAP_SYNC ? MAP_SHARED_VALIDATE | MAP_SYNC : MAP_SHARED;
	size_t len;
	void *p;
	int err;

	err = check_args(fd, args, &len);
	if (!err && !args->serial)
		err = check_unlocked(fd);
	if (err)
		return err;
	p = mmap(args->address, len, PROT_NONE, flags, fd, args->offset);
	if (p == MAP_FAILED)
		return fail_call(errno, "cannot map", map_reasons);
	err = open_mapping(p, len, args);
	if (err) {
		munmap(p, len);
		return err;
	}
	*address = p;
	if (length)
		*length = len;
	return 0;
}
