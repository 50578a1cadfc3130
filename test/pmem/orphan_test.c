// SPDX-License-Identifier: GPL-2.0-only
/*
 * Orphan clean-up at mount: it comes before any key
 *
 * A crash inside truncate leaves the new size on disk, the inode on the orphan
 * list, and the rest of the last block as it was. debugfs writes exactly that.
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define CUT	(PAGE + 1000)
#define RW	(PROT_READ | PROT_WRITE)

static key_serial_t key;

static ino_t make_file(const char *name)
{
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	struct stat st;
	char *p;

	NEED(fd >= 0 && !ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, key);
	pattern_fill(p, LEN, 80, 0);
	NEED(!fsync(fd) && !fstat(fd, &st));
	NEED(!munmap(p, LEN) && !close(fd));
	return st.st_ino;
}

/* As if the machine had stopped inside truncate(file, CUT). */
static void interrupted_truncate(void)
{
	unsigned long ino;

	key = need_key(1);
	scratch_new("dax=always");
	ino = make_file("cut");
	scratch_umount();
	NEED(!run("printf 'set_inode_field <%lu> size %lu\nset_inode_field <%lu> dtime 0\n"
		  "set_super_value last_orphan %lu\n' | debugfs -w -f - " SCRATCH_DEV
		  " >/dev/null 2>&1", ino, CUT, ino, ino));
	NEED(!run("mount -t ext4 -o dax=always " SCRATCH_DEV " " SCRATCH));
	use_dir(SCRATCH);
}

TEST(tail_cut_without_the_key_is_zero_with_it)
{
	static char want[LEN], got[LEN];
	struct stat st;
	char *p;
	int fd;

	interrupted_truncate();
	fd = scratch_file("cut", O_RDWR);
	NEED(fd >= 0 && !fstat(fd, &st));
	CHECK_EQ(st.st_size, CUT);
	CHECK_EQ(data_blocks(fd), 2);
	CHECK_ERRNO(pread(fd, got, 1, 0), ENOKEY);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	pattern_fill(want, CUT, 80, 0);
	CHECK(!memcmp(p, want, CUT));
	CHECK(is_zero(p + CUT, 2 * PAGE - CUT));
	NEED(!ftruncate(fd, LEN));
	read_all(fd, got, LEN, 0);
	CHECK(!memcmp(got, want, LEN));
	CHECK(!memcmp(p, want, LEN));
	NEED(!munmap(p, LEN) && !close(fd));
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/*
 * Nobody has asked for the data: without the hook in ext4_block_truncate_page() nothing
 * else would happen, but the log would tell of an access that there was not.
 */
TEST(clean_up_is_no_refused_access)
{
	unsigned long before = counter("refusals/locked");

	interrupted_truncate();
	CHECK_EQ(counter("refusals/locked"), before);
	scratch_umount();
}

/* The tail is still to be zeroed when the file is cut again without the key. */
TEST(locked_tail_survives_another_mount)
{
	static char want[LEN];
	char *p;
	int fd;

	interrupted_truncate();
	CHECK_ERRNO(truncate(SCRATCH "/cut", LEN), ENOKEY);
	scratch_cycle("dax=always");
	fd = scratch_file("cut", O_RDWR);
	NEED(fd >= 0);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	NEED(!ftruncate(fd, LEN));
	pattern_fill(want, CUT, 80, 0);
	CHECK(!memcmp(p, want, LEN));
}

static void remount(const char *options)
{
	NEED(!run("mount -o remount,%s " SCRATCH, options), "%s", options);
}

/* As interrupted_truncate(), unlocked on a read-only mount. @p: mapped for reading. */
static char *read_only_tail(void)
{
	char *p;
	int fd;

	interrupted_truncate();
	scratch_umount();
	NEED(!run("mount -t ext4 -o ro,dax=always " SCRATCH_DEV " " SCRATCH));
	fd = scratch_file("cut", O_RDONLY);
	NEED(fd >= 0 && !ioctl_bind(fd, key), "%s", errno_name(errno));
	p = map_file(fd, LEN, PROT_READ, MAP_SHARED);
	CHECK(memchr(p + CUT, 'S', 2 * PAGE - CUT), "nothing was left behind");
	remount("rw");
	CHECK(memchr(p + CUT, 'S', 2 * PAGE - CUT), "gone too early to show anything");
	return p;
}

/* Nothing is stored on a read-only mount; but nothing gets into the file either. */
TEST(tail_of_a_read_only_mount_goes_with_the_first_writer)
{
	static char buf[LEN];
	char *p = read_only_tail();
	int fd = scratch_file("cut", O_RDWR);

	NEED(fd >= 0, "%s", errno_name(errno));
	CHECK(is_zero(p + CUT, 2 * PAGE - CUT));
	write_all(fd, "x", 1, LEN - 1);
	read_all(fd, buf, LEN, 0);
	CHECK(is_zero(buf + CUT, LEN - 1 - CUT));
}

TEST(tail_of_a_read_only_mount_goes_with_truncate)
{
	static char buf[LEN];
	char *p = read_only_tail();
	int fd;

	NEED(!truncate(SCRATCH "/cut", LEN), "%s", errno_name(errno));
	CHECK(is_zero(p + CUT, LEN - CUT));
	fd = scratch_file("cut", O_RDONLY);
	read_all(fd, buf, LEN, 0);
	CHECK(is_zero(buf + CUT, LEN - CUT));
}

/* Somebody takes an image of a frozen file system: no store there. */
TEST(tail_on_a_frozen_file_system_EBUSY)
{
	char buf[PAGE];
	int fd;

	interrupted_truncate();
	fd = scratch_file("cut", O_RDWR);
	NEED(fd >= 0 && !ioctl(fd, FIFREEZE, 0), "%s", errno_name(errno));
	CHECK_ERRNO(ioctl_bind(fd, key), EBUSY);
	NEED(!ioctl(fd, FITHAW, 0));
	CHECK_ERRNO(pread(fd, buf, 1, 0), ENOKEY);
	CHECK(!ioctl_bind(fd, key), "%s", errno_name(errno));
	CHECK_EQ(pread(fd, buf, 1, 0), 1);
}

/* An unlinked file goes without its key; its blocks come back. */
TEST(unlinked_file_of_a_shut_down_file_system)
{
	int fd;

	key = need_key(1);
	scratch_new("dax=always");
	make_file("gone");
	fd = scratch_file("gone", O_RDWR);
	NEED(fd >= 0 && !unlink(SCRATCH "/gone"));
	scratch_shut_down(true);
	close(fd);
	scratch_cycle("dax=always");
	CHECK_ERRNO(scratch_file("gone", O_RDONLY), ENOENT);
	make_file("next");
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* What fsync has promised holds over a shutdown that writes nothing any more. */
TEST(synced_data_of_a_shut_down_file_system)
{
	char *p;
	int fd;

	key = need_key(1);
	scratch_new("dax=always");
	make_file("kept");
	fd = scratch_file("kept", O_RDWR);
	NEED(fd >= 0);
	scratch_shut_down(false);
	close(fd);
	scratch_cycle("dax=always");
	fd = scratch_file("kept", O_RDWR);
	NEED(fd >= 0, "%s", errno_name(errno));
	p = bound_mapping(fd, LEN, key);
	CHECK(is_pattern(p, LEN, 80, 0));
}

int main(int argc, char **argv)
{
	return tap_main("orphan", argc, argv);
}
