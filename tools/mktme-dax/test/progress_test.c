// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sign of life on a terminal, and none elsewhere
 */
#include <pty.h>
#include "keyfixture.h"

TEST(dots_on_a_terminal)
{
	int terminal, user, before = dup(STDERR_FILENO);
	char shown[256];
	size_t size = 0;
	ssize_t done;

	NEED(!openpty(&terminal, &user, NULL, NULL, NULL));
	NEED(dup2(user, STDERR_FILENO) >= 0);
	progress_begin("making the test wait");
	do {
		done = read(terminal, shown + size, sizeof(shown) - 1 - size);
		NEED(done > 0);
		size += done;
		shown[size] = 0;
	} while (!strchr(shown, '.'));
	progress_end();
	NEED(dup2(before, STDERR_FILENO) >= 0);
	CHECK(!strncmp(shown, "mktme-dax: making the test wait .", 33), "%s", shown);
	NEED(read(terminal, shown, sizeof(shown)) > 0);
	CHECK(strchr(shown, '\n'), "the line is ended");
}

/* Nothing is printed in the first second, and nothing at all into a file. */
TEST(silence_elsewhere)
{
	int fd = memfd_create("err", 0), before = dup(STDERR_FILENO);

	NEED(dup2(fd, STDERR_FILENO) >= 0);
	progress_begin("never seen");
	progress_end();
	progress_end();
	NEED(dup2(before, STDERR_FILENO) >= 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
}

int main(int argc, char **argv)
{
	return tap_main("progress", argc, argv);
}
