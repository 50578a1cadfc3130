// SPDX-License-Identifier: GPL-2.0-only
/*
 * Third boot, our kernel again: all is as it was, but for what the other kernel
 * was free to do
 */
#include "common.h"
#include "unaware.h"

static int open_kept(const char *dir, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR);
	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	return fd;
}

static void all_is_there(const char *dir)
{
	key_serial_t key = need_key(UNAWARE_KEY);

	for (unsigned int i = 0; i < UNAWARE_FILES; i++) {
		const struct unaware_file *f = &unaware_files[i];
		int fd = open_kept(dir, f->name);
		char byte, *p;
		struct stat st;

		CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
		CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
		CHECK(!fstat(fd, &st) && st.st_size == (off_t)f->size);
		p = bound_mapping(fd, f->size, key);
		CHECK(is_pattern(p, f->size, f->seed, 0), "%s/%s", dir, f->name);
		host_cipher(fd, 0, f->size & ~(PAGE - 1), UNAWARE_KEY, f->seed);
	}
}

TEST(ext4_files_are_as_they_were)
{
	all_is_there(ON_EXT4);
}

TEST(xfs_files_are_as_they_were)
{
	all_is_there(ON_XFS);
}

TEST(what_was_deleted_is_gone)
{
	CHECK_ERRNO(open(ON_EXT4 "/" VICTIM, O_RDONLY), ENOENT);
	CHECK(has_record(open_kept(ON_XFS, VICTIM)));
}

TEST(what_was_created_is_plain)
{
	int fd = open_kept(ON_EXT4, STRANGER);
	char text[8];

	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNBOUND);
	read_all(fd, text, 8, 0);
	CHECK(!memcmp(text, "stranger", 8));
	CHECK_ERRNO(open(ON_XFS "/" STRANGER, O_RDONLY), ENOENT);
}

/* The directory gives its key to new files as before. */
static void directory_inherits(const char *dir)
{
	int fd;

	use_dir(dir);
	need_ring_key(dir, UNAWARE_KEY);
	fd = kept_file("keyed/new", PAGE, NULL);
	CHECK(has_record(fd));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
}

TEST(directories_give_their_key)
{
	directory_inherits(ON_EXT4);
	directory_inherits(ON_XFS);
}

int main(int argc, char **argv)
{
	return tap_main("unaware-read", argc, argv);
}
