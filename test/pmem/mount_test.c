// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts under which a bound file cannot be used: without DAX, with device
 * mapper below, and a donor of blocks for a file without DAX
 */
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define EXT4_IOC_MOVE_EXT	_IOWR('f', 15, struct move_extent)

struct move_extent {
	uint32_t reserved, donor_fd;
	uint64_t orig_start, donor_start, len, moved_len;
};

/* A bound file on the scratch file system, full of pattern 60. */
static void make_secret(const char *name, key_serial_t key)
{
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	char *p;

	NEED(fd >= 0 && !ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, key);
	pattern_fill(p, LEN, 60, 0);
	NEED(!munmap(p, LEN) && !close(fd));
}

static void check_secret(const char *name, key_serial_t key)
{
	int fd = scratch_file(name, O_RDWR);
	char *p;

	NEED(fd >= 0, "%s", errno_name(errno));
	p = bound_mapping(fd, LEN, key);
	CHECK(is_pattern(p, LEN, 60, 0));
	NEED(!munmap(p, LEN) && !close(fd));
}

/* The page cache would show ciphertext and take plaintext. */
static void cannot_be_opened(const char *options)
{
	key_serial_t key = need_key(1);
	struct stat st;

	scratch_new("dax=always");
	make_secret("bound", key);
	close(scratch_file("plain", O_RDWR | O_CREAT));
	scratch_cycle(options);
	CHECK_ERRNO(scratch_file("bound", O_RDONLY), EOPNOTSUPP);
	CHECK_ERRNO(scratch_file("bound", O_RDWR), EOPNOTSUPP);
	CHECK_ERRNO(scratch_file("bound", O_WRONLY), EOPNOTSUPP);
	CHECK_ERRNO(scratch_file("bound", O_RDWR | O_TRUNC), EOPNOTSUPP);
	CHECK(!stat(SCRATCH "/bound", &st) && st.st_size == LEN);
	CHECK(truncate(SCRATCH "/bound", LEN - 100) == -1, "truncate worked");
	CHECK(!rename(SCRATCH "/bound", SCRATCH "/renamed"));
	CHECK(close(scratch_file("plain", O_RDWR)) == 0);
	scratch_cycle("dax=always");
	check_secret("renamed", key);
	scratch_umount();
}

TEST(open_with_dax_never_EOPNOTSUPP)
{
	cannot_be_opened("dax=never");
}

TEST(open_with_dax_inode_without_the_flag_EOPNOTSUPP)
{
	cannot_be_opened("dax=inode");
}

TEST(file_without_dax_cannot_be_bound_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	int fd;
	void *p;

	scratch_new("dax=never");
	fd = new_file(LEN, NULL);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, key), EOPNOTSUPP);
	CHECK(!has_record(fd));
	NEED(!munmap(p, LEN) && !close(fd));
	scratch_umount();
}

/*
 * With dax=inode the one who asks for the blocks can be without DAX, which is
 * all that the call checks by itself.
 */
TEST(bound_donor_for_move_ext_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	struct move_extent move = { .len = LEN / PAGE };
	struct fsxattr attr;
	char page[PAGE];
	int dir, plain, donor;

	only_on("ext4");
	scratch_new("dax=inode");
	NEED(!mkdir(SCRATCH "/dax", 0700));
	dir = open(SCRATCH "/dax", O_RDONLY);
	NEED(dir >= 0 && !ioctl(dir, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags |= FS_XFLAG_DAX;
	NEED(!ioctl(dir, FS_IOC_FSSETXATTR, &attr), "%s", errno_name(errno));
	close(dir);
	make_secret("dax/donor", key);
	donor = scratch_file("dax/donor", O_RDWR);
	plain = scratch_file("plain", O_RDWR | O_CREAT);
	NEED(donor >= 0 && plain >= 0);
	memset(page, 'p', PAGE);
	for (size_t off = 0; off < LEN; off += PAGE)
		write_all(plain, page, PAGE, off);
	NEED(!fsync(plain));
	move.donor_fd = donor;
	CHECK_ERRNO(ioctl(plain, EXT4_IOC_MOVE_EXT, &move), EOPNOTSUPP);
	CHECK_EQ(move.moved_len, 0);
	close(plain);
	close(donor);
	check_secret("dax/donor", key);
	scratch_umount();
}

/* One target over the whole scratch device, made without dmsetup's help. */
static void dm_call(unsigned int command, const char *type, uint64_t sectors)
{
	struct {
		struct dm_ioctl head;
		struct dm_target_spec target;
		char parameters[64];
	} io = {
		.head = {
			.version = { DM_VERSION_MAJOR, 0, 0 },
			.data_size = sizeof(io),
			.data_start = sizeof(io.head),
			.target_count = sectors ? 1 : 0,
			.name = "mktme-test",
		},
		.target = { .length = sectors },
	};
	int control = open("/dev/mapper/control", O_RDWR);

	strcpy(io.target.target_type, type);
	if (!strcmp(type, "striped"))
		snprintf(io.parameters, sizeof(io.parameters), "2 64 " SCRATCH_DEV " 0 "
			 SCRATCH_DEV " %llu", (unsigned long long)sectors / 2);
	else
		strcpy(io.parameters, SCRATCH_DEV " 0");
	NEED(control >= 0, "%s", errno_name(errno));
	NEED(!ioctl(control, command, &io), "dm: %s", errno_name(errno));
	close(control);
	if (command == DM_DEV_SUSPEND)
		mknod("/run/dm-test", S_IFBLK | 0600, makedev(major(io.head.dev),
							      minor(io.head.dev)));
}

static void cannot_be_bound_on(const char *type)
{
	key_serial_t key = need_key(1);
	uint64_t bytes;
	int fd = open(SCRATCH_DEV, O_RDONLY);
	void *p;

	NEED(fd >= 0 && !ioctl(fd, BLKGETSIZE64, &bytes));
	close(fd);
	while (!umount(SCRATCH))
		;
	dm_call(DM_DEV_CREATE, "", 0);
	dm_call(DM_TABLE_LOAD, type, bytes / 512 & ~255UL);
	dm_call(DM_DEV_SUSPEND, "", 0);
	format("/run/dm-test");
	NEED(!mkdir(SCRATCH, 0755) || errno == EEXIST);
	NEED(!mount("/run/dm-test", SCRATCH, fs_type(), 0, "dax=always"), "%s",
	     errno_name(errno));
	use_dir(SCRATCH);
	fd = new_file(LEN, NULL);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, key), EOPNOTSUPP);
	CHECK_ERRNO(ioctl_bind(fd, key), EOPNOTSUPP);
	CHECK_ERRNO(ioctl_add_key(fd, key, NULL), EOPNOTSUPP);
	CHECK_ERRNO(ioctl_remove_key(fd, (const uint8_t[16]){}, NULL), ENOKEY);
	CHECK(!has_record(fd));
	NEED(!munmap(p, LEN) && !close(fd));
	scratch_umount();
	unlink("/run/dm-test");
	dm_call(DM_DEV_REMOVE, "", 0);
}

TEST(device_mapper_below_EOPNOTSUPP)
{
	cannot_be_bound_on("linear");
}

/* Such a device has several places, and a record names one. */
TEST(stripes_below_EOPNOTSUPP)
{
	cannot_be_bound_on("striped");
}

int main(int argc, char **argv)
{
	return tap_main("mount", argc, argv);
}
