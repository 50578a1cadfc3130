// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * State of a file or directory
 */
#include "lib_private.h"
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* The public header does without the kernel's: the two have to agree. */
_Static_assert(MKTME_DAX_UNBOUND == MKTME_DAX_FILE_UNBOUND, "state");
_Static_assert(MKTME_DAX_LOCKED == MKTME_DAX_FILE_LOCKED, "state");
_Static_assert(MKTME_DAX_UNLOCKED == MKTME_DAX_FILE_UNLOCKED, "state");
_Static_assert(MKTME_DAX_PROBLEM_NO_RECORD == MKTME_DAX_RECORD_NONE, "problem");
_Static_assert(MKTME_DAX_PROBLEM_NONE == MKTME_DAX_RECORD_GOOD, "problem");
_Static_assert(MKTME_DAX_PROBLEM_OTHER_PLACE == MKTME_DAX_RECORD_OTHER_PLACE, "problem");
_Static_assert(MKTME_DAX_PROBLEM_OTHER_VERSION == MKTME_DAX_RECORD_OTHER_VERSION, "problem");
_Static_assert(MKTME_DAX_PROBLEM_DAMAGED == MKTME_DAX_RECORD_DAMAGED, "problem");
_Static_assert(MKTME_DAX_AES_XTS_128 == MKTME_ALG_AES_XTS_128, "algorithm");
_Static_assert(MKTME_DAX_AES_XTS_256 == MKTME_ALG_AES_XTS_256, "algorithm");
_Static_assert(MKTME_DAX_KEY_IDENTIFIER_SIZE == MKTME_DAX_IDENTIFIER_SIZE, "identifier");

static const struct reason query_reasons[] = {
	{ ENOTTY, "this filesystem or this kernel cannot have encrypted files" },
	{ EBADF, "not open" },
	{ }
};

int mktme_dax_query(int fd, struct mktme_dax_file_info *info)
{
	struct mktme_dax_status_arg arg = { .version = MKTME_DAX_IOC_V1 };
	struct statx stat;

	if (info->version != MKTME_DAX_API_V1)
		return fail(-EINVAL, "struct mktme_dax_file_info of another version");
	if (ioctl(fd, MKTME_DAX_IOC_STATUS, &arg))
		return fail_call(errno, "cannot ask for the state", query_reasons);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stat))
		return fail_call(errno, "cannot ask for the file's type", NULL);
	info->state = arg.state;
	info->problem = arg.record;
	info->algorithm = arg.algorithm;
	info->keyid = arg.keyid;
	info->is_directory = S_ISDIR(stat.stx_mode);
	info->is_dax = !!(stat.stx_attributes & STATX_ATTR_DAX);
	memcpy(info->identifier, arg.identifier, sizeof(info->identifier));
	return 0;
}
