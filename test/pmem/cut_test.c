// SPDX-License-Identifier: GPL-2.0-only
/*
 * First boot, at its very end: three binds are held, each further on than the
 * one before, and stay so until the script cuts the power
 */
#include "common.h"
#include "persist.h"

/* Leaves the test's process group, so that it is still there when the test ends. */
static void bind_and_stay(const char *name, const char *place, key_serial_t key)
{
	int fd = kept_file(name, PERSIST_LEN, NULL);
	void *p = map_file(fd, PERSIST_LEN, PROT_NONE, MAP_SHARED);
	pid_t pid;

	NEED(!run("sync -f %s", fixture_dir()));
	hold_next(place);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		setsid();
		encrypt_mprotect(p, PERSIST_LEN, PROT_READ | PROT_WRITE, key);
		_exit(0);
	}
	CHECK_EQ(await_held(place), pid);
}

TEST(three_binds_are_held)
{
	key_serial_t key = need_key(PERSIST_KEY);

	bind_and_stay(CUT_COMMITTED, "recorded", key);
	bind_and_stay(CUT_DROPPED, "dropped", key);
	/* The first one is committed by what the second one syncs. */
	bind_and_stay(CUT_OPEN, "transaction", key);
}

int main(int argc, char **argv)
{
	return tap_main("cut", argc, argv);
}
