// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls on a file or directory: keys of its file system, bind, status
 */
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include "common.h"

int ioctl_add_key(int fd, key_serial_t key, struct mktme_dax_add_key_arg *out)
{
	struct mktme_dax_add_key_arg arg = { .version = MKTME_DAX_IOC_V1, .serial = key };
	int ret = ioctl(fd, MKTME_DAX_IOC_ADD_KEY, &arg);

	if (out)
		*out = arg;
	return ret;
}

int ioctl_remove_key(int fd, const uint8_t *identifier,
		     struct mktme_dax_remove_key_arg *out)
{
	struct mktme_dax_remove_key_arg arg = { .version = MKTME_DAX_IOC_V1 };
	int ret;

	memcpy(arg.identifier, identifier, sizeof(arg.identifier));
	ret = ioctl(fd, MKTME_DAX_IOC_REMOVE_KEY, &arg);
	if (out)
		*out = arg;
	return ret;
}

int ioctl_bind(int fd, key_serial_t key)
{
	struct mktme_dax_bind_arg arg = { .version = MKTME_DAX_IOC_V1, .serial = key };

	return ioctl(fd, MKTME_DAX_IOC_BIND, &arg);
}

struct mktme_dax_status_arg status_of(int fd)
{
	struct mktme_dax_status_arg arg = { .version = MKTME_DAX_IOC_V1 };

	NEED(!ioctl(fd, MKTME_DAX_IOC_STATUS, &arg), "STATUS: %s", errno_name(errno));
	return arg;
}

struct mktme_dax_key_status_arg key_status(int fd, const uint8_t *identifier)
{
	struct mktme_dax_key_status_arg arg = { .version = MKTME_DAX_IOC_V1 };

	memcpy(arg.identifier, identifier, sizeof(arg.identifier));
	NEED(!ioctl(fd, MKTME_DAX_IOC_KEY_STATUS, &arg), "KEY_STATUS: %s",
	     errno_name(errno));
	return arg;
}

/* The file system of @dir gets the key; its identifier stays valid. */
const uint8_t *need_ring_key(const char *dir, unsigned int number)
{
	static struct mktme_dax_add_key_arg added[4];
	static unsigned int next;
	struct mktme_dax_add_key_arg *arg = &added[next++ % 4];
	key_serial_t key = need_key(number);
	int fd = open(dir, O_RDONLY);

	NEED(fd >= 0, "%s: %s", dir, errno_name(errno));
	NEED(!ioctl_add_key(fd, key, arg), "ADD_KEY: %s", errno_name(errno));
	close(fd);
	return arg->identifier;
}

void remove_ring_key(const char *dir, const uint8_t *identifier)
{
	int fd = open(dir, O_RDONLY);

	NEED(fd >= 0 && !ioctl_remove_key(fd, identifier, NULL), "REMOVE_KEY: %s",
	     errno_name(errno));
	close(fd);
}

/* An empty directory under the key, which the ring has by now. */
void bound_directory(const char *path, unsigned int number)
{
	int fd;

	need_ring_key(fixture_dir(), number);
	NEED(!mkdir(path, 0755), "%s: %s", path, errno_name(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	NEED(fd >= 0);
	NEED(!ioctl_bind(fd, need_key(number)), "BIND: %s", errno_name(errno));
	close(fd);
}

bool path_has_record(const char *path)
{
	struct mktme_dax_record_v1 record;

	return lgetxattr(path, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) ==
	       sizeof(record);
}
