// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways around the KeyID that are refused, each with its errno, and their
 * neighbours that have to go on working
 */
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define FS_DAX_FLAG	0x02000000
#define EXT4_IOC_SWAP_BOOT	_IO('f', 17)
#define RECORD	MKTME_DAX_RECORD_NAME

static int file;

static char *secret_at(char *path)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(LEN, path);
	p = bound_mapping(file, LEN, key);
	pattern_fill(p, LEN, 50, 0);
	return p;
}

static char *secret(void)
{
	return secret_at(NULL);
}

/* The raw device: O_DIRECT pins the user's pages. Nothing is mounted there. */
static int raw_device(void)
{
	int fd;

	while (!umount(SCRATCH))
		;
	fd = open(SCRATCH_DEV, O_RDWR | O_DIRECT);

	NEED(fd >= 0, SCRATCH_DEV ": %s", errno_name(errno));
	return fd;
}

TEST(direct_read_into_a_bound_mapping_EFAULT)
{
	char *p = secret();
	int raw = raw_device(), plain = new_file(LEN, NULL);

	CHECK_ERRNO(pread(raw, p, PAGE, 0), EFAULT);
	CHECK(is_pattern(p, LEN, 50, 0));
	CHECK_EQ(pread(raw, map_file(plain, LEN, RW, MAP_SHARED), PAGE, 0), PAGE);
}

TEST(direct_write_from_a_bound_mapping_EFAULT)
{
	char *p = secret();
	int raw = raw_device();
	char *before = aligned_alloc(PAGE, PAGE), *after = aligned_alloc(PAGE, PAGE);

	NEED(pread(raw, before, PAGE, 64 * MIB) == PAGE);
	CHECK_ERRNO(pwrite(raw, p, PAGE, 64 * MIB), EFAULT);
	NEED(pread(raw, after, PAGE, 64 * MIB) == PAGE);
	CHECK(!memcmp(before, after, PAGE));
}

/* No entry there yet: the slow path has to refuse what it has just faulted in. */
TEST(direct_read_into_a_fresh_bound_mapping_EFAULT)
{
	key_serial_t key = need_key(1);
	int fd = new_file(PMD, NULL);
	char *p = bound_mapping(fd, PMD, key);

	CHECK_ERRNO(pread(raw_device(), p, PAGE, 0), EFAULT);
	CHECK(is_zero(p, PAGE));
	pattern_fill(p, PMD, 51, 0);
	CHECK_ERRNO(pread(raw_device(), p, 16 * PAGE, 0), EFAULT);
	CHECK(is_pattern(p, PMD, 51, 0));
}

TEST(vmsplice_EFAULT)
{
	char *p = secret();
	struct iovec iov = { .iov_base = p, .iov_len = PAGE };
	int ends[2];

	NEED(!pipe(ends));
	CHECK_ERRNO(vmsplice(ends[1], &iov, 1, 0), EFAULT);
	CHECK_ERRNO(vmsplice(ends[1], &iov, 1, SPLICE_F_GIFT), EFAULT);
}

/* Pinned for long, which DAX refuses by itself, key or no key. */
TEST(io_uring_fixed_buffer_EOPNOTSUPP)
{
	char *p = secret();
	struct io_uring_params params = {};
	struct iovec iov = { .iov_base = p, .iov_len = PAGE };
	int ring = syscall(__NR_io_uring_setup, 1, &params);

	NEED(ring >= 0, "%s", errno_name(errno));
	CHECK_ERRNO(syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1),
		    EOPNOTSUPP);
	CHECK(is_pattern(p, LEN, 50, 0));
}

TEST(process_vm_EFAULT)
{
	char *p = secret();
	static char copy[PAGE];
	struct iovec local = { copy, PAGE }, remote = { p, PAGE };
	struct peer peer;

	if (spawn(&peer)) {
		tell(&peer, 'r');
		await(&peer, 'd');
		CHECK(is_pattern(p, LEN, 50, 0));
		exit(0);
	}
	await(&peer, 'r');
	CHECK_ERRNO(process_vm_readv(peer.pid, &local, 1, &remote, 1, 0), EFAULT);
	CHECK_ERRNO(process_vm_writev(peer.pid, &local, 1, &remote, 1, 0), EFAULT);
	/* The local side is an ordinary copy through the caller's page table. */
	local.iov_base = p;
	remote.iov_base = copy;
	memset(copy, 0, PAGE);
	CHECK_EQ(process_vm_writev(peer.pid, &local, 1, &remote, 1, 0), PAGE);
	tell(&peer, 'd');
	join(&peer);
}

TEST(proc_mem_never_shows_ciphertext)
{
	char *p = secret();
	char copy[PAGE];
	int fd = open("/proc/self/mem", O_RDONLY);
	ssize_t len;

	NEED(fd >= 0);
	len = pread(fd, copy, PAGE, (off_t)p);
	CHECK(len < 0 ? errno == EIO : is_pattern(copy, len, 50, 0), "%zd, %s", len,
	      errno_name(errno));
}

TEST(mlock_and_populate_work)
{
	key_serial_t key = need_key(1);
	char *p = secret(), *q;

	CHECK(!mlock(p, LEN), "%s", errno_name(errno));
	q = mmap(NULL, LEN, RW, MAP_SHARED | MAP_POPULATE, file, 0);
	NEED(q != MAP_FAILED);
	CHECK(pte_of(q).keyid > 0, "MAP_POPULATE left no entry");
	CHECK(is_pattern(q, LEN, 50, 0));
	file = new_file(LEN, NULL);
	q = bound_mapping(file, LEN, key);
	CHECK(!madvise(q, LEN, MADV_POPULATE_WRITE), "%s", errno_name(errno));
	CHECK(pte_of(q + LEN - PAGE).keyid > 0);
	CHECK(is_zero(q, LEN));
	CHECK(!madvise(q, LEN, MADV_POPULATE_READ), "%s", errno_name(errno));
}

TEST(shared_futex_EFAULT_private_futex_works)
{
	char *p = secret();

	*(int *)p = 1;
	CHECK_ERRNO(syscall(__NR_futex, p, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(syscall(__NR_futex, p, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EAGAIN);
}

/* As mkswap makes it. */
static void cannot_swap_on(int fd, const char *path)
{
	char header[PAGE] = {};

	for (size_t off = 0; off < MIB; off += PAGE)
		write_all(fd, header, PAGE, off);
	*(uint32_t *)(header + 1024) = 1;
	*(uint32_t *)(header + 1028) = MIB / PAGE - 1;
	memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
	write_all(fd, header, PAGE, 0);
	CHECK_ERRNO(swapon(path, 0), EINVAL);
	unlink(path);
}

/*
 * No DAX file can be used for swap, bound or not: that is why a file in use for
 * swap cannot be bound, and a bound one needs no check of its own.
 */
TEST(swapon_EINVAL)
{
	key_serial_t key = need_key(1);
	char path[4096];
	int fd = new_file(MIB, path);

	cannot_swap_on(fd, path);
	fd = new_file(MIB, path);
	bound_mapping(fd, MIB, key);
	cannot_swap_on(fd, path);
}

TEST(change_of_the_dax_flag_EOPNOTSUPP)
{
	struct fsxattr attr;
	unsigned int flags;

	secret();
	NEED(!ioctl(file, FS_IOC_FSGETXATTR, &attr), "%s", errno_name(errno));
	attr.fsx_xflags ^= FS_XFLAG_DAX;
	CHECK_ERRNO(ioctl(file, FS_IOC_FSSETXATTR, &attr), EOPNOTSUPP);
	NEED(!ioctl(file, FS_IOC_GETFLAGS, &flags));
	flags ^= FS_DAX_FLAG;
	CHECK_ERRNO(ioctl(file, FS_IOC_SETFLAGS, &flags), EOPNOTSUPP);
	flags ^= FS_DAX_FLAG | FS_NODUMP_FL;
	CHECK(!ioctl(file, FS_IOC_SETFLAGS, &flags), "another flag: %s", errno_name(errno));
	NEED(!ioctl(file, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags ^= FS_XFLAG_NOATIME;
	CHECK(!ioctl(file, FS_IOC_FSSETXATTR, &attr), "another flag: %s", errno_name(errno));
}

TEST(swap_with_the_boot_loader_EINVAL)
{
	char path[4096], *p;

	only_on("ext4");
	/* What has no name is refused in any case. */
	p = secret_at(path);
	CHECK_ERRNO(ioctl(file, EXT4_IOC_SWAP_BOOT), EINVAL);
	CHECK(is_pattern(p, LEN, 50, 0));
	NEED(!unlink(path));
}

/* Also for root, and for a file that has none: a record cannot be planted. */
TEST(record_cannot_be_written_EOPNOTSUPP)
{
	struct mktme_dax_record_v1 record;
	char path[4096], *p = secret();
	int plain = new_file(LEN, path);

	NEED(fgetxattr(file, RECORD, &record, sizeof(record)) == sizeof(record));
	CHECK_ERRNO(fsetxattr(file, RECORD, &record, sizeof(record), 0), EOPNOTSUPP);
	CHECK_ERRNO(fsetxattr(file, RECORD, "", 0, XATTR_REPLACE), EOPNOTSUPP);
	CHECK_ERRNO(fremovexattr(file, RECORD), EOPNOTSUPP);
	CHECK_ERRNO(fsetxattr(plain, RECORD, &record, sizeof(record), 0), EOPNOTSUPP);
	CHECK_ERRNO(setxattr(path, RECORD, &record, sizeof(record), XATTR_CREATE), EOPNOTSUPP);
	CHECK_ERRNO(fremovexattr(plain, RECORD), EOPNOTSUPP);
	CHECK(!fsetxattr(file, "security.other", "x", 1, 0), "%s", errno_name(errno));
	CHECK(!has_record(plain));
	CHECK(has_record(file) && is_pattern(p, LEN, 50, 0));
	NEED(!setuid(1000));
	CHECK_ERRNO(setxattr(path, RECORD, &record, sizeof(record), 0), EOPNOTSUPP);
	unlink(path);
}

TEST(copy_has_no_record)
{
	static char copy[LEN];
	loff_t from = 0, to = 0;
	int plain;

	secret();
	/* Not onto the DIMM: the host looks for this plaintext there. */
	plain = memfd_create("copy", 0);
	if (copy_file_range(file, &from, plain, &to, LEN, 0) < 0) {
		NEED(errno == EXDEV, "%s", errno_name(errno));
		read_all(file, copy, LEN, 0);
		write_all(plain, copy, LEN, 0);
	}
	read_all(plain, copy, LEN, 0);
	CHECK(is_pattern(copy, LEN, 50, 0));
	plain = new_file(LEN, NULL);
	CHECK(ioctl(plain, FICLONE, file) == -1 &&
	      (on_xfs() ? errno == EINVAL : errno == EOPNOTSUPP || errno == ENOTTY), "%s",
	      errno_name(errno));
}

int main(int argc, char **argv)
{
	return tap_main("refuse", argc, argv);
}
