// SPDX-License-Identifier: GPL-2.0-only
/*
 * First boot, our kernel: files and a directory under a key
 */
#include "common.h"
#include "unaware.h"

static void write_file(const char *name, size_t size, unsigned int seed)
{
	int fd = kept_file(name, size, NULL);
	char *p = bound_mapping(fd, size, need_key(UNAWARE_KEY));

	pattern_fill(p, size, seed, 0);
	NEED(!fsync(fd) && !close(fd));
}

static void write_all_files(const char *dir)
{
	char path[128];

	need_key(UNAWARE_KEY);
	use_dir(dir);
	snprintf(path, sizeof(path), "%s/keyed", dir);
	bound_directory(path, UNAWARE_KEY);
	for (unsigned int i = 0; i < UNAWARE_FILES; i++)
		write_file(unaware_files[i].name, unaware_files[i].size,
			   unaware_files[i].seed);
	write_file(VICTIM, PAGE, 500);
}

TEST(files_on_ext4)
{
	write_all_files(ON_EXT4);
}

TEST(files_on_xfs)
{
	write_all_files(ON_XFS);
}

int main(int argc, char **argv)
{
	return tap_main("unaware-write", argc, argv);
}
