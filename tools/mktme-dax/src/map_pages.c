// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file cut into segments of pages that are alike
 */
#include "map.h"
#include <sys/stat.h>

#define PAGE_BYTES	4096ULL

/*
 * Pages of 2 MiB need whole units in one piece, at the right place. A run of extents that
 * follow each other in the file and on the device is one piece, whatever their states.
 */
struct cutter {
	struct file_map *map;
	uint64_t run_logical, run_end, run_physical;
	size_t run_segment;		/* first one of the run */
	int err;
};

static int append(struct file_map *map, const struct segment *segment)
{
	struct segment *bigger;

	/* Grown by powers of two: there can be many. */
	if (!(map->count & (map->count - 1))) {
		bigger = realloc(map->segments, (map->count ? 2 * map->count : 1) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		map->segments = bigger;
	}
	map->segments[map->count++] = *segment;
	return 0;
}

/* Cut where units begin: each segment lies in one unit. */
static int append_cut(struct file_map *map, struct segment segment)
{
	uint64_t end = segment.logical + segment.length;
	int err = 0;

	while (!err && segment.logical < end) {
		uint64_t next = (segment.logical / UNIT_SIZE + 1) * UNIT_SIZE;

		segment.length = (next < end ? next : end) - segment.logical;
		err = append(map, &segment);
		segment.logical += segment.length;
		segment.physical += segment.state == PAGES_HOLE ? 0 : segment.length;
	}
	return err;
}

static void end_run(struct cutter *cutter)
{
	struct file_map *map = cutter->map;
	bool aligned = !((cutter->run_physical - cutter->run_logical) % UNIT_SIZE);

	for (size_t i = cutter->run_segment; i < map->count; i++) {
		struct segment *segment = &map->segments[i];
		uint64_t unit = segment->logical / UNIT_SIZE * UNIT_SIZE;

		if (segment->state == PAGES_HOLE)
			continue;
		segment->possible = aligned && unit >= cutter->run_logical &&
				    unit + UNIT_SIZE <= cutter->run_end ? ORDER_HUGE : ORDER_SMALL;
	}
	cutter->run_segment = map->count;
}

static void add_hole(struct cutter *cutter, uint64_t from, uint64_t to)
{
	struct segment hole = { .logical = from, .length = to - from };

	if (!cutter->err && to > from)
		cutter->err = append_cut(cutter->map, hole);
}

static int take_extent(const struct mktme_dax_extent *extent, void *data)
{
	struct cutter *cutter = data;
	uint64_t size = cutter->map->size;
	struct segment segment = {
		.logical = extent->logical,
		.length = extent->length,
		.physical = cutter->map->base + extent->physical,
		.state = extent->unwritten ? PAGES_UNWRITTEN : PAGES_WRITTEN,
	};

	if (segment.logical >= size)	/* preallocated past the end */
		return 0;
	if (segment.logical + segment.length > size)
		segment.length = size - segment.logical;
	if (segment.logical != cutter->run_end ||
	    segment.physical != cutter->run_physical + cutter->run_end - cutter->run_logical) {
		end_run(cutter);
		add_hole(cutter, cutter->run_end, segment.logical);
		cutter->run_segment = cutter->map->count;
		cutter->run_logical = segment.logical;
		cutter->run_physical = segment.physical;
	}
	cutter->run_end = segment.logical + segment.length;
	if (!cutter->err)
		cutter->err = append_cut(cutter->map, segment);
	return cutter->err;
}

/* Joins neighbours that are alike, so that there is one line for each difference. */
static void join(struct file_map *map)
{
	size_t kept = 0;

	for (size_t i = 1; i < map->count; i++) {
		struct segment *last = &map->segments[kept], *next = &map->segments[i];
		bool follows = last->state == PAGES_HOLE ||
			       last->physical + last->length == next->physical;

		if (follows && last->state == next->state && last->possible == next->possible &&
		    last->seen == next->seen)
			last->length += next->length;
		else
			map->segments[++kept] = *next;
	}
	if (map->count)
		map->count = kept + 1;
}

static int cut(int fd, struct file_map *map)
{
	struct cutter cutter = { .map = map };
	int err = mktme_dax_for_each_extent(fd, take_extent, &cutter);

	if (err || cutter.err)
		return err ? err : cutter.err;
	end_run(&cutter);
	add_hole(&cutter, cutter.run_end, map->size);
	return cutter.err;
}

int read_map(int fd, struct file_map *map)
{
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	map->size = (st.st_size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	map->info.version = MKTME_DAX_API_V1;
	map->has_info = !mktme_dax_query(fd, &map->info);
	if (mktme_dax_device_address(fd, &map->base) == -EOPNOTSUPP)
		map->base = 0;
	err = cut(fd, map);
	if (err)
		return err;
	see_pages(fd, map);
	join(map);
	return 0;
}

void free_map(struct file_map *map)
{
	free(map->segments);
	map->segments = NULL;
	map->count = 0;
}

uint64_t sum_of(const struct file_map *map, enum page_state state, enum page_order order)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct segment *segment = &map->segments[i];
		enum page_order best = segment->seen ? segment->seen : segment->possible;

		if (segment->state == state && best == order)
			sum += segment->length;
	}
	return sum;
}
