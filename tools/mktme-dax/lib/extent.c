// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where a file lies on its device
 */
#include "lib_private.h"
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define AT_A_TIME	256

static const struct reason extent_reasons[] = {
	{ EOPNOTSUPP, "this filesystem does not tell where files lie" },
	{ ENOTTY, "this filesystem does not tell where files lie" },
	{ }
};

/* The extents from *@from on; 1 after the last one. */
static int walk_some(int fd, struct fiemap *map, uint64_t *from,
		     int (*fn)(const struct mktme_dax_extent *extent, void *data), void *data)
{
	int err;

	map->fm_start = *from;
	map->fm_length = FIEMAP_MAX_OFFSET - *from;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	map->fm_extent_count = AT_A_TIME;
	if (ioctl(fd, FS_IOC_FIEMAP, map))
		return fail_call(errno, "cannot find the file's blocks", extent_reasons);
	for (uint32_t i = 0; i < map->fm_mapped_extents; i++) {
		const struct fiemap_extent *found = &map->fm_extents[i];
		struct mktme_dax_extent extent = {
			.logical = found->fe_logical,
			.physical = found->fe_physical,
			.length = found->fe_length,
			.unwritten = !!(found->fe_flags & FIEMAP_EXTENT_UNWRITTEN),
		};

		if (found->fe_flags & (FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL))
			return fail(-EFBIG, "the file's data is inside of its inode");
		err = fn(&extent, data);
		if (err)
			return err;
		*from = extent.logical + extent.length;
		if (found->fe_flags & FIEMAP_EXTENT_LAST)
			return 1;
	}
	return !map->fm_mapped_extents;
}

int mktme_dax_for_each_extent(int fd, int (*fn)(const struct mktme_dax_extent *extent,
						void *data), void *data)
{
	struct fiemap *map = calloc(1, sizeof(*map) +
				    AT_A_TIME * sizeof(struct fiemap_extent));
	uint64_t from = 0;
	int err = 0;

	if (!map)
		return fail(-ENOMEM, "no memory");
	while (!err)
		err = walk_some(fd, map, &from, fn, data);
	free(map);
	return err == 1 ? 0 : err;
}
