// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Put a file or directory under a key
 */
#include "lib_private.h"
#include <sys/ioctl.h>

/* Also for encrypt_mprotect(), which ends in the same function of the kernel. */
const struct reason bind_reasons[] = {
	{ ENOSYS, "the kernel has no encrypt_mprotect()" },
	{ ENOTTY, "neither regular file nor directory of a filesystem that can have encrypted files" },
	{ EOPNOTSUPP, "no usable KeyIDs on this machine, or not a DAX file on an NVDIMM namespace" },
	{ EKEYREJECTED, "it is under another key" },
	{ ENOTEMPTY, "it is not empty: only files without data and empty directories can be bound" },
	{ ENOKEY, "the kernel does not have this key, or the filesystem of a directory was not given it" },
	{ EKEYEXPIRED, "the key has expired" },
	{ EKEYREVOKED, "the key was revoked" },
	{ EACCES, "no permission: neither for the key, or not open for writing" },
	{ EPERM, "only its owner may bind it, and nobody if it is immutable or a filesystem's root" },
	{ EROFS, "the filesystem is mounted read-only" },
	{ EUCLEAN, "its record is damaged" },
	{ ESTALE, "its data was written at another physical address" },
	{ EUSERS, "every KeyID of the machine is in use" },
	{ EINVAL, "not a key with which files can be bound" },
	{ EIO, "the processor refused the key, or the device failed" },
	{ ENXIO, "the device is being removed" },
	{ EBUSY, "pages of the file are in use by the kernel, or the filesystem is frozen" },
	{ ENOSPC, "no room for the record" },
	{ EDQUOT, "no quota for the record" },
	{ ENOMEM, "no memory" },
	{ }
};

int mktme_dax_bind(int fd, int32_t serial)
{
	struct mktme_dax_bind_arg arg = { .version = MKTME_DAX_IOC_V1, .serial = serial };

	if (ioctl(fd, MKTME_DAX_IOC_BIND, &arg))
		return fail_call(errno, "cannot bind", bind_reasons);
	return 0;
}
