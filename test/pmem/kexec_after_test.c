// SPDX-License-Identifier: GPL-2.0-only
/*
 * The next kernel: it has no keys, and what the last one had in its caches is in
 * memory.
 */
#include <signal.h>
#include "common.h"
#include "kexec.h"

#define RW	(PROT_READ | PROT_WRITE)

TEST(no_keyid_holds_a_key)
{
	CHECK_EQ(sysfs_number("keyids_used"), 0);
}

/* Before any is programmed: each shows what KeyID 0 shows, ciphertext. */
TEST(keyids_are_dead)
{
	char line[PATTERN_LINE], raw[PATTERN_LINE];
	uint64_t phys = phys_of(open_left(KEXEC_FILE), 0);

	peek(0, phys, raw);
	CHECK(memcmp(raw, SECRET_MARK, strlen(SECRET_MARK)), "not encrypted");
	for (unsigned int keyid = 1; keyid <= sysfs_number("keyids_total"); keyid++) {
		peek(keyid, phys, line);
		CHECK(!memcmp(raw, line, PATTERN_LINE), "KeyID %u holds a key", keyid);
	}
}

TEST(files_are_locked)
{
	int fd = open_left(KEXEC_FILE);
	char buf[PAGE];
	char *p = map_file(fd, PAGE, RW, MAP_SHARED);

	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
}

TEST(dirty_lines_are_in_memory)
{
	int fd = open_left(KEXEC_FILE);
	char *p = bound_mapping(fd, KEXEC_SIZE, need_key(KEXEC_KEY));

	CHECK(is_pattern(p, KEXEC_SIZE, KEXEC_DIRTY, 0));
	host_cipher(fd, 0, KEXEC_SIZE, KEXEC_KEY, KEXEC_DIRTY);
}

/* The one line that was being written when the CPU stopped may be torn. */
TEST(last_stores_were_under_the_key)
{
	int fd = open_left(KEXEC_BUSY_FILE), torn = 0;
	char *p = bound_mapping(fd, PAGE, need_key(KEXEC_KEY));

	for (int i = 0; i < (int)(PAGE / PATTERN_LINE); i++) {
		char *line = p + i * PATTERN_LINE, number[9] = "";

		memcpy(number, line + 24, 8);
		torn += !is_pattern(line, PATTERN_LINE, strtoul(number, NULL, 16),
				    i * PATTERN_LINE);
	}
	CHECK(torn <= 1, "%d lines", torn);
}

int main(int argc, char **argv)
{
	return tap_main("kexec-after", argc, argv);
}
