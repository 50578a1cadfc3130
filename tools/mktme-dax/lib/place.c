// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where a filesystem's device lies in physical memory
 */
#include "lib_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* 0 or -errno */
static int read_number(const char *path, uint64_t *number)
{
	FILE *file = fopen(path, "re");
	char text[32] = "";

	if (!file)
		return -errno;
	if (!fgets(text, sizeof(text), file))
		*text = 0;
	fclose(file);
	*number = strtoull(text, NULL, 0);
	return *text ? 0 : -ENODATA;
}

/* Of the namespace; of a partition, that of its disk. */
static int namespace_base(unsigned int maj, unsigned int min, uint64_t *base)
{
	char path[96];
	int err;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/device/resource", maj, min);
	err = read_number(path, base);
	if (err == -ENOENT) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../device/resource", maj, min);
		err = read_number(path, base);
	}
	return err;
}

int mktme_dax_device_address(int fd, uint64_t *address)
{
	uint64_t base = 0, start = 0;
	unsigned int maj, min;
	struct stat st;
	char path[96];
	int err;

	if (fstat(fd, &st))
		return fail_call(errno, "cannot ask for the file's device", NULL);
	maj = major(st.st_dev);
	min = minor(st.st_dev);
	err = namespace_base(maj, min, &base);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/start", maj, min);
	if (!read_number(path, &start))
		start *= 512;
	*address = base + start;
	if (err == -EACCES)
		return fail(err, "only root may know the physical address of a namespace");
	if (err)
		return fail(-EOPNOTSUPP, "the filesystem does not lie directly on persistent memory");
	return 0;
}
