// SPDX-License-Identifier: GPL-2.0-only
/*
 * More keys than KeyIDs. Runs last in its boot: the KeyIDs are gone for good.
 */
#include "common.h"

#define RW	(PROT_READ | PROT_WRITE)
#define FIRST	1000
#define ENOUGH	200	/* more than 7 bits of KeyID hold */

TEST(keyids_run_out_with_ENOSPC)
{
	key_serial_t old = need_key(1);
	unsigned int count = 0;
	char *p;
	int fd;

	bound_mapping(new_file(PAGE, NULL), PAGE, old);
	for (;;) {
		fd = new_file(PAGE, NULL);
		p = map_file(fd, PAGE, PROT_NONE, MAP_SHARED);
		if (encrypt_mprotect(p, PAGE, RW, need_key(FIRST + count)))
			break;
		pattern_fill(p, PAGE, FIRST + count, 0);
		CHECK(is_pattern(p, PAGE, FIRST + count, 0));
		NEED(++count < ENOUGH, "%u keys and no end", count);
		munmap(p, PAGE);
		close(fd);
	}
	CHECK(errno == ENOSPC, "after %u keys: %s", count, errno_name(errno));
	CHECK(count > 40, "after %u keys", count);
	CHECK(!has_record(fd), "refused, but has a record");
	CHECK(signal_of(load_byte, p), "refused, but protection changed");
	/* A key that has its KeyID goes on to work. */
	CHECK(!encrypt_mprotect(p, PAGE, RW, old), "%s", errno_name(errno));
	pattern_fill(p, PAGE, 1, 0);
	CHECK(is_pattern(p, PAGE, 1, 0));
	CHECK(pte_of(p).keyid > 0);
}

int main(int argc, char **argv)
{
	return tap_main("exhaust", argc, argv);
}
