// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Can 2 MiB pages map a file, and if not, why
 */
#include "lib_private.h"
#include <fcntl.h>
#include <sys/stat.h>

/*
 * Extents that follow each other both in the file and on the device are one for the
 * fault handler, so they are put together before they are judged.
 */
struct judge {
	struct mktme_dax_layout *layout;
	uint64_t base;			/* of the device, modulo 2 MiB */
	struct mktme_dax_extent run;
	uint64_t missing;		/* bytes that 2 MiB pages cannot map */
	bool long_enough, aligned;
};

/*
 * Only root can read the address of a namespace; without it, what every tool makes is
 * assumed: a multiple of 2 MiB. What a partition adds to it is known to all.
 */
static uint64_t device_base(int fd)
{
	uint64_t base = 0;

	mktme_dax_device_address(fd, &base);
	return base;
}

/* What lies in the last, incomplete unit of the file does not count. */
static void judge_run(struct judge *judge)
{
	uint64_t whole = judge->layout->size & ~(PMD_SIZE - 1);
	uint64_t first = judge->run.logical, last = first + judge->run.length;
	uint64_t begin = (first + PMD_SIZE - 1) & ~(PMD_SIZE - 1), end;
	uint64_t place = judge->base + judge->run.physical - first;

	if (last > whole)
		last = whole;
	if (last <= first)
		return;
	judge->missing += last - first;
	if (last - first >= PMD_SIZE)
		judge->long_enough = true;
	if (place & (PMD_SIZE - 1))
		return;
	judge->aligned = true;
	end = last & ~(PMD_SIZE - 1);
	if (end > begin) {
		judge->layout->eligible += end - begin;
		judge->missing -= end - begin;
	}
}

static int take_extent(const struct mktme_dax_extent *extent, void *data)
{
	struct judge *judge = data;
	struct mktme_dax_extent *run = &judge->run;

	judge->layout->extents++;
	judge->layout->allocated += extent->length;
	if (run->length && run->logical + run->length == extent->logical &&
	    run->physical + run->length == extent->physical) {
		run->length += extent->length;
		return 0;
	}
	judge_run(judge);
	*run = *extent;
	return 0;
}

static uint32_t name_obstacle(const struct judge *judge, bool dax)
{
	const struct mktme_dax_layout *layout = judge->layout;

	if (!dax)
		return MKTME_DAX_HUGE_NOT_DAX;
	if (layout->size < PMD_SIZE)
		return MKTME_DAX_HUGE_SHORT;
	if (!layout->allocated)
		return MKTME_DAX_HUGE_NO_BLOCKS;
	if (!judge->missing)
		return MKTME_DAX_HUGE_ALL;
	if (!judge->aligned && judge->base & (PMD_SIZE - 1))
		return MKTME_DAX_HUGE_NAMESPACE;
	if (!judge->long_enough)
		return MKTME_DAX_HUGE_FRAGMENTED;
	return judge->aligned ? MKTME_DAX_HUGE_FRAGMENTED : MKTME_DAX_HUGE_ALIGNMENT;
}

int mktme_dax_query_layout(int fd, struct mktme_dax_layout *layout)
{
	struct judge judge = { .layout = layout };
	struct statx stat;
	int err;

	if (layout->version != MKTME_DAX_API_V1)
		return fail(-EINVAL, "struct mktme_dax_layout of another version");
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stat))
		return fail_call(errno, "cannot ask for the file's size", NULL);
	judge.base = device_base(fd);
	layout->size = stat.stx_size;
	layout->allocated = layout->eligible = layout->extents = 0;
	err = mktme_dax_for_each_extent(fd, take_extent, &judge);
	if (err)
		return err;
	judge_run(&judge);
	layout->obstacle = name_obstacle(&judge, stat.stx_attributes & STATX_ATTR_DAX);
	return 0;
}
