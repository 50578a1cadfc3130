// SPDX-License-Identifier: GPL-2.0-only
/*
 * Online repair of XFS makes metadata anew while files are in use. Here it has
 * nothing to mend: it is told to rebuild all the same, and must lose nothing of what
 * makes a bound file one.
 */
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define SEED	495
#define GROUPS	4

/* From xfs_fs.h, which is in no package that the other tests need. */
struct scrub {
	uint32_t type, flags;
	uint64_t ino;
	uint32_t gen, group;
	uint64_t reserved[5];
};

#define SCRUB		_IOWR('X', 60, struct scrub)
#define REPAIR			(1 << 0)
#define NOTHING_REPAIRED	(1 << 7)
#define FORCE_REBUILD		(1 << 8)

enum {
	OF_GROUP_FIRST = 2,	/* headers and trees of an allocation group */
	OF_GROUP_LAST = 10,
	INODE = 11,
	DATA_EXTENTS = 12,
	ATTR_EXTENTS = 13,
	DIRECTORY = 15,
	ATTRIBUTES = 16,
	COUNTERS = 24,
	LINK_COUNTS = 26,
};

/* The record of one is in the inode, that of the other in a block. */
static const char *const names[] = { "inline", "block" };

static key_serial_t key;

static void fresh(void)
{
	only_on("xfs");
	key = need_key(1);
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("mkfs.xfs -q -f --unsupported -m rmapbt=1 -d su=2m,sw=1,agcount=%u " SCRATCH_DEV,
		  GROUPS));
	scratch_toggle_exchange();
	scratch_mount("dax=always");
}

static void check_rebuild(int fd, unsigned int type, unsigned int group)
{
	struct scrub scrub = {
		.type = type,
		.flags = REPAIR | FORCE_REBUILD,
		.group = group,
	};

	CHECK(!ioctl(fd, SCRUB, &scrub), "type %u, group %u: %s", type, group, errno_name(errno));
	CHECK(!(scrub.flags & NOTHING_REPAIRED), "type %u, group %u", type, group);
}

/* Of the attributes; 0 if they are in the inode. */
static uint64_t attribute_block(int fd)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} ask = {
		.map.fm_length = ~0ULL,
		.map.fm_flags = FIEMAP_FLAG_XATTR,
		.map.fm_extent_count = 1,
	};

	NEED(!ioctl(fd, FS_IOC_FIEMAP, &ask), "%s", errno_name(errno));
	return ask.extent.fe_flags & FIEMAP_EXTENT_DATA_INLINE ? 0 : ask.extent.fe_physical;
}

static void make_files(void)
{
	static char large[3000];

	for (int i = 0; i < 2; i++) {
		int fd = scratch_file(names[i], O_RDWR | O_CREAT | O_EXCL);
		char *p;

		NEED(fd >= 0 && !ftruncate(fd, LEN));
		p = bound_mapping(fd, LEN, key);
		pattern_fill(p, LEN, SEED + i, 0);
		NEED(!munmap(p, LEN));
		NEED(!i || !fsetxattr(fd, "user.large", large, sizeof(large), 0));
		NEED(!fsync(fd) && !close(fd));
	}
}

static void check_files(unsigned int state)
{
	for (int i = 0; i < 2; i++) {
		int fd = scratch_file(names[i], O_RDWR);
		char *p;

		CHECK_EQ(status_of(fd).state, state);
		CHECK_EQ(status_of(fd).record, MKTME_DAX_RECORD_GOOD);
		if (state == MKTME_DAX_FILE_UNLOCKED) {
			p = map_file(fd, LEN, PROT_READ, MAP_SHARED);
			CHECK(is_pattern(p, LEN, SEED + i, 0) && pte_of(p).keyid > 0, "%s", names[i]);
			NEED(!munmap(p, LEN));
		}
		close(fd);
	}
}

static void check_locked_files(void)
{
	check_files(MKTME_DAX_FILE_LOCKED);
	for (int i = 0; i < 2; i++) {
		int fd = scratch_file(names[i], O_RDWR);

		CHECK(!ioctl_bind(fd, key), "%s: %s", names[i], errno_name(errno));
		close(fd);
	}
	check_files(MKTME_DAX_FILE_UNLOCKED);
}

static void rebuild_files(void)
{
	static const unsigned int types[] = { INODE, DATA_EXTENTS, ATTR_EXTENTS, ATTRIBUTES };

	for (int i = 0; i < 2; i++) {
		int fd = scratch_file(names[i], O_RDWR);
		uint64_t before = attribute_block(fd);

		CHECK_EQ(before > 0, i);
		for (unsigned int t = 0; t < sizeof(types) / sizeof(types[0]); t++)
			check_rebuild(fd, types[t], 0);
		CHECK(!before || attribute_block(fd) != before, "the old block of attributes");
		close(fd);
	}
}

/* xfs_repair 6.1 leaves a file system with a feature that it does not know. */
static void end(void)
{
	scratch_umount();
	scratch_toggle_exchange();
	check_sound(SCRATCH_DEV);
}

TEST(file_in_use)
{
	fresh();
	make_files();
	rebuild_files();
	check_files(MKTME_DAX_FILE_UNLOCKED);
	scratch_cycle("dax=always");
	check_locked_files();
	end();
}

TEST(locked_file)
{
	fresh();
	make_files();
	scratch_cycle("dax=always");
	rebuild_files();
	check_locked_files();
	scratch_cycle("dax=always");
	check_files(MKTME_DAX_FILE_LOCKED);
	end();
}

TEST(directory_still_gives_its_key)
{
	int dir, fd;

	fresh();
	bound_directory(SCRATCH "/dir", 1);
	close(scratch_file("dir/before", O_RDWR | O_CREAT));
	dir = open(SCRATCH "/dir", O_RDONLY | O_DIRECTORY);
	check_rebuild(dir, INODE, 0);
	check_rebuild(dir, DIRECTORY, 0);
	check_rebuild(dir, ATTRIBUTES, 0);
	close(dir);
	CHECK(path_has_record(SCRATCH "/dir"));
	fd = scratch_file("dir/after", O_RDWR | O_CREAT);
	CHECK(has_record(fd));
	close(fd);
	scratch_cycle("dax=always");
	CHECK(path_has_record(SCRATCH "/dir") && path_has_record(SCRATCH "/dir/before"));
	end();
}

/* What is free and whose a block is: rebuilt, no block may get a second owner. */
TEST(groups_and_counts)
{
	int root, fd;

	fresh();
	make_files();
	root = open(SCRATCH, O_RDONLY | O_DIRECTORY);
	for (unsigned int type = OF_GROUP_FIRST; type <= OF_GROUP_LAST; type++)
		for (unsigned int group = 0; group < GROUPS; group++)
			check_rebuild(root, type, group);
	check_rebuild(root, COUNTERS, 0);
	check_rebuild(root, LINK_COUNTS, 0);
	/* The root has the record that says: there are bound files here. */
	check_rebuild(root, ATTRIBUTES, 0);
	close(root);
	fd = scratch_file("new", O_RDWR | O_CREAT);
	NEED(!fallocate(fd, 0, 0, 16 * MIB) && !ioctl_bind(fd, key));
	close(fd);
	check_files(MKTME_DAX_FILE_UNLOCKED);
	scratch_cycle("dax=always");
	check_locked_files();
	end();
}

int main(int argc, char **argv)
{
	return tap_main("door-repair", argc, argv);
}
