// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which pages map a file, seen in a mapping of our own
 *
 * Only what has data is touched, by reading: the file and its blocks stay as they are.
 * Reading a hole or an unwritten block maps a page of zeros, which tells nothing.
 */
#include "map.h"
#include "pagemap_scan.h"
#include <sys/mman.h>

#define PAGE_BYTES	4096UL

/* At a multiple of 2 MiB: elsewhere small pages would be our own fault. */
static char *map_aligned(int fd, uint64_t size, char **reserved, size_t *reserved_size)
{
	char *start, *p;

	*reserved_size = size + UNIT_SIZE;
	*reserved = mmap(NULL, *reserved_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);
	if (*reserved == MAP_FAILED)
		return NULL;
	start = *reserved + UNIT_SIZE - (uintptr_t)*reserved % UNIT_SIZE;
	p = mmap(start, size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	if (p == MAP_FAILED) {
		munmap(*reserved, *reserved_size);
		return NULL;
	}
	return p;
}

/* An error is an answer (none), where a load would have been a SIGBUS. */
static enum page_order see_page(int pagemap, char *page)
{
	struct page_region region;
	struct pm_scan_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)page,
		.end = (uintptr_t)page + PAGE_BYTES,
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_mask = PAGE_IS_PRESENT,
		.return_mask = PAGE_IS_PRESENT | PAGE_IS_HUGE,
	};

	if (madvise(page, PAGE_BYTES, MADV_POPULATE_READ))
		return ORDER_NONE;
	if (ioctl(pagemap, PAGEMAP_SCAN, &arg) != 1)
		return ORDER_NONE;
	return region.categories & PAGE_IS_HUGE ? ORDER_HUGE : ORDER_SMALL;
}

static bool can_be_seen(const struct file_map *map)
{
	return map->has_info && map->info.is_dax && map->info.state != MKTME_DAX_LOCKED && map->size;
}

void see_pages(int fd, struct file_map *map)
{
	size_t reserved_size;
	char *reserved, *p;
	int pagemap;

	if (!can_be_seen(map))
		return;
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		return;
	p = map_aligned(fd, map->size, &reserved, &reserved_size);
	for (size_t i = 0; p && i < map->count; i++)
		if (map->segments[i].state == PAGES_WRITTEN)
			map->segments[i].seen = see_page(pagemap, p + map->segments[i].logical);
	if (p)
		munmap(reserved, reserved_size);
	close(pagemap);
}
