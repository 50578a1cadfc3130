// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives a directory a key by number, and the key to its file system
 *
 *	bind-directory PATH NUMBER
 */
#include "common.h"

int main(int argc, char **argv)
{
	key_serial_t key = argc == 3 ? add_test_key(atoi(argv[2])) : -1;
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

	if (key < 0 || fd < 0 || ioctl_add_key(fd, key, NULL) || ioctl_bind(fd, key)) {
		perror("bind-directory");
		return 1;
	}
	return 0;
}
