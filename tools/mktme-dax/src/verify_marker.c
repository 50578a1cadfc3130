// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Search a whole device for a text
 */
#include "verify.h"

#define CHUNK	(4UL << 20)

static void count_hits(const uint8_t *bytes, size_t len, uint64_t offset, const char *marker,
		       struct marker_hits *hits)
{
	size_t size = strlen(marker);
	const uint8_t *at = bytes, *end = bytes + len;

	while ((at = memmem(at, end - at, marker, size))) {
		if (!hits->count++)
			hits->first = offset + (at - bytes);
		at++;
	}
}

/*
 * Pieces overlap by one byte less than the marker is long: what lies across a border is
 * found once. Reads are aligned for O_DIRECT, so the overlap is kept in front of them.
 */
int search_marker(int device, uint64_t size, const char *marker, struct marker_hits *hits,
		  struct bar *bar)
{
	const size_t room = 4096;
	size_t keep = 0, most = strlen(marker) - 1;
	uint8_t *buffer = aligned_alloc(4096, room + CHUNK);
	uint64_t offset = 0;
	int err = 0;

	if (!buffer)
		return -ENOMEM;
	*hits = (struct marker_hits){};
	while (offset < size && !err) {
		ssize_t len = pread(device, buffer + room, CHUNK, offset);

		if (len <= 0) {
			err = len < 0 ? -errno : -EIO;
			break;
		}
		count_hits(buffer + room - keep, keep + len, offset - keep, marker, hits);
		keep = most < keep + len ? most : keep + len;
		memmove(buffer + room - keep, buffer + room + len - keep, keep);
		offset += len;
		bar_advance(bar, len);
	}
	free(buffer);
	return err;
}
