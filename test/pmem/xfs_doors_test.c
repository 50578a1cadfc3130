// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doors that XFS alone has: shared blocks, exchanges, handles, the real-time
 * device, growth, written blocks past the end
 */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

/* From xfs_fs.h, which is in no package that the other tests need. */
struct exchange_range {
	int32_t file1_fd;
	uint32_t pad;
	uint64_t file1_offset, file2_offset, length, flags;
};

struct bstat {
	uint64_t ino;
	uint16_t mode, nlink;
	uint32_t uid, gid, rdev, blksize;
	uint64_t size, times[6], blocks;
	uint32_t xflags, extsize, extents, gen;
	char rest[24];
};

struct swapext {
	int64_t version, target, donor, offset, length;
	char pad[16];
	struct bstat stat;
};

struct handlereq {
	uint32_t fd;
	void *path;
	uint32_t oflags;
	void *ihandle;
	uint32_t ihandlen;
	void *ohandle;
	uint32_t *ohandlen;
};

struct attr_op {
	uint32_t opcode;
	int32_t error;
	const void *name, *value;
	uint32_t length, flags;
};

struct attrmulti {
	struct handlereq handle;
	uint32_t count;
	struct attr_op *ops;
};

#define EXCHANGE_RANGE	_IOW('X', 129, struct exchange_range)
#define SWAPEXT		_IOWR('X', 109, struct swapext)
#define FD_TO_HANDLE	_IOWR('X', 106, struct handlereq)
#define ATTRMULTI	_IOW('X', 123, struct attrmulti)
#define ATTR_SET	2
#define ATTR_REMOVE	3
#define ATTR_SECURE	8

static key_serial_t key;

static void fresh(void)
{
	only_on("xfs");
	key = need_key(1);
	scratch_new("dax=always");
}

static int secret(const char *name, unsigned int number, unsigned int seed)
{
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	char *p;

	NEED(fd >= 0 && !ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, need_key(number));
	pattern_fill(p, LEN, seed, 0);
	NEED(!munmap(p, LEN) && !fsync(fd));
	return fd;
}

static int plain(const char *name)
{
	static char buf[LEN];
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);

	NEED(fd >= 0);
	pattern_fill_mark(buf, LEN, CLEAR_MARK, 350, 0);
	write_all(fd, buf, LEN, 0);
	NEED(!fsync(fd));
	return fd;
}

static bool holds(int fd, unsigned int seed)
{
	static char buf[LEN];

	read_all(fd, buf, LEN, 0);
	return is_pattern(buf, LEN, seed, 0);
}

TEST(reflink_EINVAL_both_ways)
{
	int bound, clear, other;

	fresh();
	bound = secret("bound", 1, 351);
	other = secret("other", 1, 352);
	clear = plain("plain");
	CHECK(!ioctl(plain("copy"), FICLONE, clear), "plain files: %s", errno_name(errno));
	CHECK_ERRNO(ioctl(clear, FICLONE, bound), EINVAL);
	CHECK_ERRNO(ioctl(bound, FICLONE, clear), EINVAL);
	CHECK_ERRNO(ioctl(other, FICLONE, bound), EINVAL);
	CHECK(holds(bound, 351) && holds(other, 352));
}

TEST(dedupe_shares_nothing)
{
	struct {
		struct file_dedupe_range head;
		struct file_dedupe_range_info info;
	} same = { .head = { .src_length = LEN, .dest_count = 1 } };
	int bound, other;

	fresh();
	bound = secret("bound", 1, 353);
	other = secret("other", 1, 353);
	same.info.dest_fd = other;
	NEED(!ioctl(bound, FIDEDUPERANGE, &same), "%s", errno_name(errno));
	CHECK_EQ(same.info.status, -EINVAL);
	CHECK(block_of(bound, 0) != block_of(other, 0));
	CHECK(holds(bound, 353) && holds(other, 353));
}

/* On the main file system, where the host sees what is in memory. */
TEST(copy_file_range_makes_a_real_copy)
{
	loff_t from = 0, to = 0;
	int bound, copy;

	only_on("xfs");
	need_key(1);
	bound = kept_file("xfs-copied", LEN, NULL);
	copy = kept_file("xfs-copy", LEN, NULL);
	pattern_fill(bound_mapping(bound, LEN, need_key(1)), LEN, 354, 0);
	NEED(!munmap(bound_mapping(copy, LEN, need_key(2)), LEN));
	while (from < (loff_t)LEN)
		NEED(copy_file_range(bound, &from, copy, &to, LEN - from, 0) > 0, "%s",
		     errno_name(errno));
	CHECK(holds(copy, 354));
	for (size_t off = 0; off < LEN; off += PAGE)
		CHECK(block_of(bound, off) != block_of(copy, off));
	NEED(!fsync(bound) && !fsync(copy));
	host_cipher(bound, 0, LEN, 1, 354);
	host_cipher(copy, 0, LEN, 2, 354);
}

TEST(file_with_shared_blocks_cannot_be_bound)
{
	int clear, copy;

	fresh();
	clear = plain("plain");
	copy = scratch_file("copy", O_RDWR | O_CREAT);
	NEED(!ioctl(copy, FICLONE, clear), "%s", errno_name(errno));
	CHECK_ERRNO(ioctl_bind(copy, key), ENOTEMPTY);
	NEED(!ftruncate(copy, 0));
	CHECK(!ioctl_bind(copy, key), "emptied: %s", errno_name(errno));
}

TEST(exchange_range_EINVAL)
{
	struct exchange_range swap = { .length = LEN };
	int bound, clear, other;

	fresh();
	scratch_umount();
	scratch_toggle_exchange();
	scratch_mount("dax=always");
	bound = secret("bound", 1, 355);
	clear = plain("plain");
	other = plain("other");
	swap.file1_fd = other;
	CHECK(!ioctl(clear, EXCHANGE_RANGE, &swap), "plain files: %s", errno_name(errno));
	swap.file1_fd = bound;
	CHECK_ERRNO(ioctl(clear, EXCHANGE_RANGE, &swap), EINVAL);
	swap.file1_fd = clear;
	CHECK_ERRNO(ioctl(bound, EXCHANGE_RANGE, &swap), EINVAL);
	swap.file1_fd = secret("same-key", 1, 356);
	CHECK_ERRNO(ioctl(bound, EXCHANGE_RANGE, &swap), EINVAL);
	CHECK(holds(bound, 355));
}

/* Of plain files it is the time stamp, which is not theirs, that is refused. */
TEST(swapext_EINVAL)
{
	struct swapext swap = { .length = LEN };
	int bound, clear, other;

	fresh();
	bound = secret("bound", 1, 357);
	clear = plain("plain");
	other = plain("other");
	swap.target = clear;
	swap.donor = other;
	CHECK_ERRNO(ioctl(clear, SWAPEXT, &swap), EBUSY);
	swap.donor = bound;
	CHECK_ERRNO(ioctl(clear, SWAPEXT, &swap), EINVAL);
	swap.target = bound;
	swap.donor = clear;
	CHECK_ERRNO(ioctl(bound, SWAPEXT, &swap), EINVAL);
	CHECK(holds(bound, 357));
}

static int by_handle(int root, int fd, uint32_t opcode, const char *name, const void *value,
		     uint32_t len)
{
	struct attr_op op = { opcode, 0, name, value, len, ATTR_SECURE };
	char handle[64];
	uint32_t size = sizeof(handle);
	struct handlereq req = { .fd = fd, .ohandle = handle, .ohandlen = &size };
	struct attrmulti multi = { .count = 1, .ops = &op };

	NEED(!ioctl(fd, FD_TO_HANDLE, &req), "%s", errno_name(errno));
	multi.handle.ihandle = handle;
	multi.handle.ihandlen = size;
	NEED(!ioctl(root, ATTRMULTI, &multi), "%s", errno_name(errno));
	return op.error;
}

TEST(record_by_handle_EPERM)
{
	struct mktme_dax_record_v1 record;
	int bound, clear, root;

	fresh();
	root = open(SCRATCH, O_RDONLY);
	bound = secret("bound", 1, 358);
	clear = plain("plain");
	NEED(fgetxattr(bound, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) > 0);
	CHECK_EQ(by_handle(root, clear, ATTR_SET, "other", "x", 1), 0);
	CHECK_EQ(by_handle(root, clear, ATTR_SET, "mktme", &record, sizeof(record)), -EPERM);
	CHECK_EQ(by_handle(root, bound, ATTR_SET, "mktme", "x", 1), -EPERM);
	CHECK_EQ(by_handle(root, bound, ATTR_REMOVE, "mktme", NULL, 0), -EPERM);
	CHECK(has_record(bound) && !has_record(clear) && holds(bound, 358));
}

TEST(growfs_moves_no_byte)
{
	int fd;

	only_on("xfs");
	key = need_key(1);
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("mkfs.xfs -q -f --unsupported -d size=128m,su=2m,sw=1 " SCRATCH_DEV));
	scratch_mount("dax=always");
	fd = secret("bound", 1, 359);
	NEED(!run("xfs_growfs " SCRATCH " >/dev/null"));
	CHECK(holds(fd, 359));
	close(fd);
	scratch_cycle("dax=always");
	fd = scratch_file("bound", O_RDWR);
	CHECK(!ioctl_bind(fd, key), "%s", errno_name(errno));
	CHECK(holds(fd, 359));
	close(fd);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* Its blocks lie on a device that the record says nothing of. */
TEST(realtime_file_EOPNOTSUPP)
{
	struct fsxattr attr;
	int fd;

	only_on("xfs");
	key = need_key(1);
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("truncate -s 32M /run/rt && losetup /dev/loop7 /run/rt && "
		  "mkfs.xfs -q -f --unsupported -m reflink=0 -r rtdev=/dev/loop7 " SCRATCH_DEV));
	scratch_mount("dax=always,rtdev=/dev/loop7");
	NEED(!mkdir(SCRATCH "/rt", 0755) && !run("xfs_io -c 'chattr +t' " SCRATCH "/rt"));
	fd = scratch_file("rt/f", O_RDWR | O_CREAT);
	NEED(!ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	CHECK(attr.fsx_xflags & FS_XFLAG_REALTIME);
	CHECK_ERRNO(ioctl_bind(fd, key), EOPNOTSUPP);
	CHECK(!has_record(fd));
	close(fd);
	fd = secret("bound", 1, 360);
	CHECK_ERRNO(ioctl(fd, FS_IOC_FSSETXATTR, &attr), EOPNOTSUPP);
	close(fd);
	bound_directory(SCRATCH "/dir", 1);
	NEED(!run("xfs_io -c 'chattr +t' " SCRATCH "/dir"));
	CHECK_ERRNO(open(SCRATCH "/dir/f", O_RDWR | O_CREAT, 0600), EOPNOTSUPP);
	CHECK(!mkdir(SCRATCH "/dir/sub", 0755), "%s", errno_name(errno));
	scratch_umount();
	run("losetup -d /dev/loop7; rm /run/rt");
}

/* An inode of version 2 may have no room for the record that it would be born with. */
TEST(directory_on_version_4_EOPNOTSUPP)
{
	int fd;

	only_on("xfs");
	key = need_key(1);
	NEED(!run("echo 'Deprecated V4 format' >>/run/kmsg.allow"));
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("mkfs.xfs -q -f --unsupported -m crc=0 -i size=256 -b size=4096 " SCRATCH_DEV
		  " 2>/dev/null"));
	scratch_mount("dax=always");
	need_ring_key(SCRATCH, 1);
	NEED(!mkdir(SCRATCH "/dir", 0755));
	fd = open(SCRATCH "/dir", O_RDONLY | O_DIRECTORY);
	NEED(fd >= 0);
	CHECK_ERRNO(ioctl_bind(fd, key), EOPNOTSUPP);
	CHECK(!path_has_record(SCRATCH "/dir"));
	close(fd);
	fd = secret("bound", 1, 363);
	close(fd);
	scratch_cycle("dax=always");
	fd = scratch_file("bound", O_RDWR);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	CHECK(!ioctl_bind(fd, key) && holds(fd, 363));
	close(fd);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* An extent size hint makes them; with the file they would become data. */
TEST(written_blocks_past_the_end_ENOKEY)
{
	struct fsxattr attr;
	char buf[16 * PAGE];
	int fd;

	fresh();
	fd = scratch_file("hint", O_RDWR | O_CREAT);
	NEED(!ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags |= FS_XFLAG_EXTSIZE;
	attr.fsx_extsize = 64 * KIB;
	NEED(!ioctl(fd, FS_IOC_FSSETXATTR, &attr), "%s", errno_name(errno));
	NEED(!ioctl_bind(fd, key));
	pattern_fill(buf, PAGE, 361, 0);
	write_all(fd, buf, PAGE, 0);
	NEED(!fsync(fd) && data_blocks(fd) == 16, "%lu blocks", data_blocks(fd));
	/* Without that, XFS frees them when the file is closed. */
	NEED(!fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, PAGE));
	close(fd);
	scratch_cycle("dax=always");
	fd = scratch_file("hint", O_RDWR);
	NEED(data_blocks(fd) == 16, "%lu blocks", data_blocks(fd));
	CHECK_ERRNO(ftruncate(fd, 4 * PAGE), ENOKEY);
	NEED(!ioctl_bind(fd, key) && !ftruncate(fd, 16 * PAGE));
	read_all(fd, buf, 16 * PAGE, 0);
	CHECK(is_pattern(buf, PAGE, 361, 0) && is_zero(buf + PAGE, 15 * PAGE));
}

/* XFS cuts the tail when the extents have moved. */
TEST(collapse_and_insert_of_a_locked_file)
{
	int fd;

	fresh();
	fd = secret("bound", 1, 362);
	NEED(!ftruncate(fd, LEN - 100) && !close(fd));
	scratch_cycle("dax=always");
	fd = scratch_file("bound", O_RDWR);
	CHECK_ERRNO(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, PAGE, PAGE), ENOKEY);
	CHECK_ERRNO(fallocate(fd, FALLOC_FL_INSERT_RANGE, PAGE, PAGE), ENOKEY);
	CHECK_EQ(data_blocks(fd), LEN / PAGE);
	NEED(!ioctl_bind(fd, key) && !ftruncate(fd, LEN) && !close(fd));
	scratch_cycle("dax=always");
	fd = scratch_file("bound", O_RDWR);
	CHECK(!fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, PAGE), "%s", errno_name(errno));
	CHECK(!fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE), "%s", errno_name(errno));
	NEED(!ioctl_bind(fd, key));
	CHECK_EQ(lseek(fd, 0, SEEK_END), LEN);
	CHECK_EQ(data_blocks(fd), LEN / PAGE);
}

int main(int argc, char **argv)
{
	return tap_main("xfs-doors", argc, argv);
}
