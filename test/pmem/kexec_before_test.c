// SPDX-License-Identifier: GPL-2.0-only
/*
 * Before kexec: files whose newest data is in the caches only, and a program that
 * goes on to store to the last moment. kexec_after_test looks at them.
 */
#include <sys/prctl.h>
#include "common.h"
#include "kexec.h"

#define RW	(PROT_READ | PROT_WRITE)

/* All that is on the DIMM for good is the old pattern. */
TEST(leave_dirty_lines)
{
	int fd = kept_file(KEXEC_FILE, KEXEC_SIZE, NULL);
	char *p = bound_mapping(fd, KEXEC_SIZE, need_key(KEXEC_KEY));

	pattern_fill(p, KEXEC_SIZE, KEXEC_SYNCED, 0);
	NEED(!fsync(fd));
	pattern_fill(p, KEXEC_SIZE, KEXEC_DIRTY, 0);
	CHECK(is_pattern(p, KEXEC_SIZE, KEXEC_DIRTY, 0));
}

/*
 * Lives until the machine ends. Whatever it stores after the key has left would
 * be plaintext on the DIMM, which the host searches for.
 */
TEST(leave_a_program_that_stores)
{
	int fd = kept_file(KEXEC_BUSY_FILE, PAGE, NULL);
	char *p = bound_mapping(fd, PAGE, need_key(KEXEC_KEY));
	struct peer peer;

	pattern_fill(p, PAGE, 0, 0);
	NEED(!fsync(fd));
	if (!spawn(&peer)) {
		await(&peer, 'r');
		return;
	}
	/* Out of reach of the harness, which ends what a test leaves behind */
	setsid();
	prctl(PR_SET_PDEATHSIG, 0);
	tell(&peer, 'r');
	for (unsigned int seed = 1; ; seed++) {
		pattern_fill(p, PAGE, seed, 0);
		for (char *line = p; line < p + PAGE; line += 64)
			__builtin_ia32_clflush(line);
	}
}

int main(int argc, char **argv)
{
	return tap_main("kexec-before", argc, argv);
}
