// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes the room that the files do not need, so that a block has its next owner soon
 *
 * Both types of file systems give out blocks in turn. With all of the device free, a block comes back
 * long after its late lines have left the caches, and nobody would notice them.
 */
#include <sys/statfs.h>
#include "ballast.h"
#include "common.h"

/* At its end it grows and shrinks: the blocks that are left free are the same ones. */
static int resize(int fd, long long by)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	if (by > 0)
		return fallocate(fd, 0, st.st_size, by);
	return st.st_size ? ftruncate(fd, st.st_size + by > 0 ? st.st_size + by : 0) : 0;
}

int leave_room(int root, unsigned long long room)
{
	struct statfs fs;
	int fd, ret, err;

	fd = openat(root, "ballast", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	ret = syncfs(fd) || fstatfs(fd, &fs) ? -1 :
		resize(fd, (long long)fs.f_bavail * fs.f_bsize - (long long)room);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}
