/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of a file: what mktme-dax map shows
 */
#ifndef MAP_H
#define MAP_H

#include "tool.h"

#define UNIT_SIZE	(2ULL << 20)	/* what a 2 MiB page maps */

enum page_state { PAGES_HOLE, PAGES_UNWRITTEN, PAGES_WRITTEN };

enum page_order {
	ORDER_NONE,			/* no block, nothing to map */
	ORDER_SMALL,			/* 4 KiB */
	ORDER_HUGE,			/* 2 MiB */
};

/**
 * struct segment - neighbouring pages that are alike
 * @logical: where it begins in the file, in bytes
 * @length: bytes
 * @physical: physical address, or offset on the device if that is not known
 * @state: hole, blocks that were never written, blocks with data
 * @possible: the largest pages that could map it
 * @seen: the pages that do map it, in a mapping made to see that; ORDER_NONE if that
 *	was not looked at: it would take a write, or a key
 */
struct segment {
	uint64_t logical, length, physical;
	enum page_state state;
	enum page_order possible, seen;
};

struct file_map {
	const char *path;
	struct mktme_dax_file_info info;
	bool has_info;			/* the filesystem can have bound files */
	uint64_t size;			/* rounded up to whole pages */
	uint64_t base;			/* physical address of the device, 0 if not known */
	struct segment *segments;
	size_t count;
};

/* ---- map_pages.c ---- */

/* 0, or -errno with mktme_dax_message(). @map is to be freed either way. */
int read_map(int fd, struct file_map *map);
void free_map(struct file_map *map);
/* Bytes in @state that are mapped by, or else could be mapped by pages of @order. */
uint64_t sum_of(const struct file_map *map, enum page_state state, enum page_order order);

/* ---- map_seen.c ---- */

/* Maps the file, touches what has data, and asks which pages map it. */
void see_pages(int fd, struct file_map *map);

/* ---- map_svg.c ---- */

void draw_map(FILE *out, const struct file_map *map);

#endif /* MAP_H */
