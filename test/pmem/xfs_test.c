// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bound inodes of XFS: the marker on disk, what becomes of it, and what comes
 * into being with it
 *
 * xfs_db plays the part of a kernel that knows nothing of records.
 */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define NAME	SCRATCH "/bound"

static key_serial_t key;

static void fresh(void)
{
	only_on("xfs");
	key = need_key(1);
	scratch_new("dax=always");
}

/* Bound, with pattern 340 in the first half. */
static int bound_file(void)
{
	int fd = scratch_file("bound", O_RDWR | O_CREAT | O_EXCL);
	char *p;

	NEED(fd >= 0 && !ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, key);
	pattern_fill(p, LEN / 2, 340, 0);
	NEED(!munmap(p, LEN) && !fsync(fd));
	return fd;
}

static void check_content(void)
{
	int fd = scratch_file("bound", O_RDWR);
	char *p;

	NEED(fd >= 0, "%s", errno_name(errno));
	p = bound_mapping(fd, LEN, key);
	CHECK(is_pattern(p, LEN / 2, 340, 0) && is_zero(p + LEN / 2, LEN / 2));
	munmap(p, LEN);
	close(fd);
}

static unsigned long inode_of(const char *path)
{
	struct stat st;

	NEED(!stat(path, &st), "%s: %s", path, errno_name(errno));
	return st.st_ino;
}

/* A field of an inode as it is on disk; not mounted. */
static unsigned long disk_field(unsigned long ino, const char *field)
{
	char text[64];

	NEED(!run("xfs_db -r -c 'inode %lu' -c 'print %s' " SCRATCH_DEV " >/run/field",
		  ino, field));
	NEED(read_text("/run/field", text, sizeof(text)) > 0 && strchr(text, '='), "%s", text);
	return strtoul(strchr(text, '=') + 1, NULL, 0);
}

static void set_disk_flag(unsigned long ino, unsigned int value)
{
	NEED(!run("xfs_db -x -c 'inode %lu' -c 'write core.immutable %u' " SCRATCH_DEV
		  " >/dev/null", ino, value));
}

static unsigned int xflags(int fd)
{
	struct fsxattr attr;

	NEED(!ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	return attr.fsx_xflags;
}

TEST(marker_is_on_disk_and_not_in_core)
{
	unsigned long ino;
	int fd;

	fresh();
	fd = bound_file();
	ino = inode_of(NAME);
	CHECK(!(xflags(fd) & FS_XFLAG_IMMUTABLE));
	close(fd);
	scratch_umount();
	CHECK_EQ(disk_field(ino, "core.immutable"), 1);
	check_sound(SCRATCH_DEV);
	scratch_mount("dax=always");
	fd = scratch_file("bound", O_RDWR);
	CHECK(fd >= 0 && !(xflags(fd) & FS_XFLAG_IMMUTABLE));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	close(fd);
	check_content();
	CHECK(!unlink(NAME), "%s", errno_name(errno));
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* Flags that are changed go to disk with the marker beside them. */
TEST(marker_survives_a_change_of_flags)
{
	struct fsxattr attr;
	int fd;

	fresh();
	fd = bound_file();
	NEED(!ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags |= FS_XFLAG_NODUMP;
	CHECK(!ioctl(fd, FS_IOC_FSSETXATTR, &attr), "%s", errno_name(errno));
	NEED(!fchmod(fd, 0640) && !close(fd));
	scratch_cycle("dax=always");
	fd = scratch_file("bound", O_RDONLY);
	CHECK(xflags(fd) & FS_XFLAG_NODUMP);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	close(fd);
	check_content();
}

TEST(immutable_and_realtime_flag_EOPNOTSUPP)
{
	struct fsxattr attr;
	unsigned int flags;
	int fd, dir;

	fresh();
	fd = bound_file();
	NEED(!ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags ^= FS_XFLAG_IMMUTABLE;
	CHECK_ERRNO(ioctl(fd, FS_IOC_FSSETXATTR, &attr), EOPNOTSUPP);
	attr.fsx_xflags ^= FS_XFLAG_IMMUTABLE | FS_XFLAG_REALTIME;
	CHECK_ERRNO(ioctl(fd, FS_IOC_FSSETXATTR, &attr), EOPNOTSUPP);
	NEED(!ioctl(fd, FS_IOC_GETFLAGS, &flags));
	flags |= FS_IMMUTABLE_FL;
	CHECK_ERRNO(ioctl(fd, FS_IOC_SETFLAGS, &flags), EOPNOTSUPP);
	bound_directory(SCRATCH "/dir", 1);
	dir = open(SCRATCH "/dir", O_RDONLY);
	NEED(!ioctl(dir, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags ^= FS_XFLAG_IMMUTABLE;
	CHECK_ERRNO(ioctl(dir, FS_IOC_FSSETXATTR, &attr), EOPNOTSUPP);
}

TEST(immutable_file_without_a_record_is_left_alone)
{
	int fd;

	fresh();
	fd = scratch_file("plain", O_RDWR | O_CREAT);
	NEED(!fsetxattr(fd, "security.other", "x", 1, 0) && !close(fd));
	NEED(!run("chattr +i " SCRATCH "/plain"));
	scratch_cycle("dax=always");
	CHECK_ERRNO(scratch_file("plain", O_RDWR), EPERM);
	fd = scratch_file("plain", O_RDONLY);
	CHECK(xflags(fd) & FS_XFLAG_IMMUTABLE);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNBOUND);
	NEED(!run("chattr -i " SCRATCH "/plain") && !unlink(SCRATCH "/plain"));
}

/* By it the next mount knows that there can be bound inodes. */
TEST(root_announces_and_cannot_be_bound)
{
	char value[8];
	int root;

	fresh();
	CHECK_ERRNO(getxattr(SCRATCH, MKTME_DAX_RECORD_NAME, value, 8), ENODATA);
	close(bound_file());
	CHECK_EQ(getxattr(SCRATCH, MKTME_DAX_RECORD_NAME, value, 8), 1);
	CHECK_ERRNO(removexattr(SCRATCH, MKTME_DAX_RECORD_NAME), EOPNOTSUPP);
	need_ring_key(SCRATCH, 1);
	root = open(SCRATCH, O_RDONLY);
	CHECK_ERRNO(ioctl_bind(root, key), EPERM);
}

/* The record is looked for wherever the attributes are. */
TEST(record_among_many_attributes)
{
	char name[32], value[200];
	char *p;
	int fd;

	fresh();
	fd = scratch_file("bound", O_RDWR | O_CREAT | O_EXCL);
	memset(value, 'v', sizeof(value));
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "security.t%d", i);
		NEED(!fsetxattr(fd, name, value, sizeof(value), 0), "%s", errno_name(errno));
	}
	NEED(!ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, key);
	pattern_fill(p, LEN / 2, 340, 0);
	NEED(!munmap(p, LEN) && !close(fd));
	scratch_cycle("dax=always");
	fd = scratch_file("bound", O_RDONLY);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	close(fd);
	check_content();
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

static unsigned long recycled(void)
{
	char text[32];

	NEED(!run("grep -c xfs_iget_recycle: /sys/kernel/tracing/trace >/run/recycled; true"));
	NEED(read_text("/run/recycled", text, sizeof(text)) > 0);
	return strtoul(text, NULL, 10);
}

/*
 * XFS keeps its half of an inode for a while, and makes the VFS's half anew. Not
 * each time is the inode evicted; when it is, it comes back locked.
 */
TEST(inode_back_from_reclaim_is_locked)
{
	const char *enable = "/sys/kernel/tracing/events/xfs/xfs_iget_recycle/enable";
	unsigned int locked = 0;
	char byte;
	int fd;

	fresh();
	close(bound_file());
	/* An inode with DAX entries is not evicted. */
	scratch_cycle("dax=always");
	NEED(!run("echo 1 >%s && echo >/sys/kernel/tracing/trace && "
		  "echo 1 >/sys/kernel/tracing/tracing_on", enable));
	for (int i = 0; i < 100 && (locked < 10 || !recycled()); i++) {
		/* Name and inode each lose their mark of use first. */
		NEED(!run("for i in 1 2 3 4 5; do echo 2 >/proc/sys/vm/drop_caches; done"));
		fd = scratch_file("bound", O_RDWR);
		if (status_of(fd).state == MKTME_DAX_FILE_LOCKED) {
			CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
			locked++;
		}
		CHECK(status_of(fd).state != MKTME_DAX_FILE_UNBOUND);
		NEED(!munmap(bound_mapping(fd, LEN, key), LEN));
		CHECK_EQ(pread(fd, &byte, 1, 0), 1);
		NEED(!fchmod(fd, 0600 | i % 8) && !close(fd));
	}
	CHECK(locked >= 10, "evicted %u times", locked);
	CHECK(recycled(), "never taken back from reclaim");
	NEED(!run("echo 0 >%s", enable));
}

/* The same inode number, one life later. */
TEST(freed_inode_is_born_plain)
{
	unsigned long ino;
	bool again = false;
	char path[64];
	int fd;

	fresh();
	close(bound_file());
	ino = inode_of(NAME);
	NEED(!unlink(NAME));
	NEED(!run("sync -f " SCRATCH "; xfs_io -r -c 'stat -v' " SCRATCH " >/dev/null"));
	for (int i = 0; i < 200 && !again; i++) {
		snprintf(path, sizeof(path), SCRATCH "/plain-%d", i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
		NEED(fd >= 0);
		again = inode_of(path) == ino;
		CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNBOUND);
		write_all(fd, "x", 1, 0);
		close(fd);
	}
	CHECK(again, "inode %lu was not used again", ino);
	scratch_umount();
	CHECK_EQ(disk_field(ino, "core.immutable"), 0);
	check_sound(SCRATCH_DEV);
}

static void shut_down_and_mount(void)
{
	scratch_shut_down(false);
	scratch_cycle("dax=always");
}

TEST(bind_survives_a_shutdown)
{
	fresh();
	close(bound_file());
	shut_down_and_mount();
	check_content();
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* With the log or without: a file that is there has its key. */
TEST(created_file_is_there_with_its_key_or_not_at_all)
{
	char path[64];
	int found = 0, fd;

	fresh();
	bound_directory(SCRATCH "/dir", 1);
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), SCRATCH "/dir/f%d", i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
		NEED(fd >= 0, "%s", errno_name(errno));
		if (i == 20)
			NEED(!fsync(fd));
		close(fd);
	}
	shut_down_and_mount();
	for (int i = 0; i < 60; i++) {
		snprintf(path, sizeof(path), SCRATCH "/dir/f%d", i);
		fd = open(path, O_RDWR);
		if (fd < 0)
			continue;
		found++;
		CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
		CHECK(path_has_record(path));
		close(fd);
	}
	CHECK(found > 20, "%d files found", found);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* Inodes without a name are inactivated at mount, and need no key for that. */
TEST(unlinked_file_of_a_shut_down_file_system)
{
	unsigned long ino;
	int fd;

	fresh();
	fd = bound_file();
	ino = inode_of(NAME);
	NEED(!unlink(NAME) && !run("sync -f " SCRATCH));
	scratch_shut_down(true);
	NEED(!close(fd));
	scratch_umount();
	scratch_mount("dax=always");
	scratch_umount();
	check_sound(SCRATCH_DEV);
	CHECK_EQ(disk_field(ino, "core.mode"), 0);
}

TEST(ring_unlocks_nothing_without_dax)
{
	fresh();
	close(bound_file());
	scratch_cycle("dax=never");
	need_ring_key(SCRATCH, 1);
	CHECK_ERRNO(truncate(NAME, LEN - 100), ENOKEY);
	CHECK_ERRNO(scratch_file("bound", O_RDWR), EOPNOTSUPP);
	scratch_cycle("dax=always");
	check_content();
}

/* What an administrator of an unaware kernel does to it is not made worse. */
TEST(blocks_shared_by_an_unaware_kernel_EUCLEAN)
{
	unsigned long ino;
	char byte;
	char *p;
	int fd;

	fresh();
	close(bound_file());
	ino = inode_of(NAME);
	scratch_umount();
	set_disk_flag(ino, 0);
	scratch_mount("dax=always");
	NEED(!run("xfs_io -f -c 'reflink " NAME "' " SCRATCH "/copy >/dev/null"));
	scratch_umount();
	set_disk_flag(ino, 1);
	scratch_mount("dax=always");
	fd = scratch_file("bound", O_RDWR);
	p = bound_mapping(fd, LEN, key);
	CHECK_ERRNO(pread(fd, &byte, 1, 0), EUCLEAN);
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), EUCLEAN);
	CHECK(signal_of(load_byte, p) && signal_of(store_byte, p));
	NEED(!munmap(p, LEN) && !close(fd) && !unlink(SCRATCH "/copy"));
	scratch_umount();
	NEED(!run("xfs_repair " SCRATCH_DEV " >/dev/null 2>&1"));
	scratch_mount("dax=always");
	check_content();
}

int main(int argc, char **argv)
{
	return tap_main("xfs", argc, argv);
}
