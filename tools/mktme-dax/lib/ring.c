// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keys of a mounted filesystem: give, take away, ask
 */
#include "lib_private.h"
#include <string.h>
#include <sys/ioctl.h>

static const struct reason add_reasons[] = {
	{ ENOTTY, "this filesystem or this kernel cannot have encrypted files" },
	{ EOPNOTSUPP, "no usable KeyIDs on this machine, not this algorithm, or no NVDIMM namespace right below the filesystem" },
	{ ENOKEY, "the kernel does not have this key" },
	{ EKEYEXPIRED, "the key has expired" },
	{ EKEYREVOKED, "the key was revoked" },
	{ EACCES, "no permission to use the key" },
	{ EKEYREJECTED, "it is another key than its name says" },
	{ EUSERS, "every KeyID of the machine is in use" },
	{ EINVAL, "not a key with which files can be bound" },
	{ EIO, "the processor refused the key" },
	{ ENXIO, "the device is being removed" },
	{ ENOMEM, "no memory" },
	{ }
};

static const struct reason remove_reasons[] = {
	{ ENOTTY, "this filesystem or this kernel cannot have encrypted files" },
	{ ENOKEY, "the filesystem does not have this key" },
	{ EACCES, "somebody else has given this key" },
	{ EOPNOTSUPP, "no NVDIMM namespace right below the filesystem" },
	{ ENOMEM, "no memory" },
	{ }
};

static int add_key_by(int fd, struct mktme_dax_add_key_arg *arg, struct mktme_dax_added *added)
{
	arg->version = MKTME_DAX_IOC_V1;
	if (added && added->version != MKTME_DAX_API_V1)
		return fail(-EINVAL, "struct mktme_dax_added of another version");
	if (ioctl(fd, MKTME_DAX_IOC_ADD_KEY, arg))
		return fail_call(errno, "cannot give the key to the filesystem", add_reasons);
	if (added) {
		added->refused = arg->refused;
		memcpy(added->identifier, arg->identifier, sizeof(added->identifier));
	}
	return 0;
}

int mktme_dax_add_key(int fd, int32_t serial, struct mktme_dax_added *added)
{
	struct mktme_dax_add_key_arg arg = { .serial = serial };

	return add_key_by(fd, &arg, added);
}

int mktme_dax_add_expected_key(int fd, int32_t serial,
			       const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			       struct mktme_dax_added *added)
{
	struct mktme_dax_add_key_arg arg = { .serial = serial, .flags = MKTME_DAX_ADD_EXPECTED };

	memcpy(arg.identifier, identifier, sizeof(arg.identifier));
	return add_key_by(fd, &arg, added);
}

int mktme_dax_remove_key(int fd, const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			 struct mktme_dax_removed *removed)
{
	struct mktme_dax_remove_key_arg arg = { .version = MKTME_DAX_IOC_V1 };

	if (removed && removed->version != MKTME_DAX_API_V1)
		return fail(-EINVAL, "struct mktme_dax_removed of another version");
	memcpy(arg.identifier, identifier, sizeof(arg.identifier));
	if (ioctl(fd, MKTME_DAX_IOC_REMOVE_KEY, &arg))
		return fail_call(errno, "cannot take the key from the filesystem", remove_reasons);
	if (removed) {
		removed->locked = arg.locked;
		removed->still_used = !!(arg.status & MKTME_DAX_KEY_STILL_USED);
	}
	return 0;
}

int mktme_dax_key_status(int fd, const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			 struct mktme_dax_key_info *info)
{
	struct mktme_dax_key_status_arg arg = { .version = MKTME_DAX_IOC_V1 };

	if (info->version != MKTME_DAX_API_V1)
		return fail(-EINVAL, "struct mktme_dax_key_info of another version");
	memcpy(arg.identifier, identifier, sizeof(arg.identifier));
	if (ioctl(fd, MKTME_DAX_IOC_KEY_STATUS, &arg))
		return fail_call(errno, "cannot ask for the key", remove_reasons);
	info->present = arg.status == MKTME_DAX_KEY_PRESENT;
	info->added_by_self = !!(arg.status_flags & MKTME_DAX_KEY_ADDED_BY_SELF);
	info->unlocked = arg.unlocked;
	return 0;
}
