// SPDX-License-Identifier: GPL-2.0-only
/*
 * The argument contract of the calls on a file: each errno
 */
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <time.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define NOBODY	65534

static const uint8_t nobodys_key[MKTME_DAX_IDENTIFIER_SIZE] = "no key has this";

/* All of them begin with version and flags, and end with reserved fields. */
static const struct call {
	const char *name;
	unsigned long number;
	size_t size, reserved;
} calls[] = {
	{ "ADD_KEY", MKTME_DAX_IOC_ADD_KEY, sizeof(struct mktme_dax_add_key_arg),
	  offsetof(struct mktme_dax_add_key_arg, reserved) },
	{ "REMOVE_KEY", MKTME_DAX_IOC_REMOVE_KEY, sizeof(struct mktme_dax_remove_key_arg),
	  offsetof(struct mktme_dax_remove_key_arg, reserved) },
	{ "KEY_STATUS", MKTME_DAX_IOC_KEY_STATUS, sizeof(struct mktme_dax_key_status_arg),
	  offsetof(struct mktme_dax_key_status_arg, reserved) },
	{ "BIND", MKTME_DAX_IOC_BIND, sizeof(struct mktme_dax_bind_arg),
	  offsetof(struct mktme_dax_bind_arg, reserved) },
	{ "STATUS", MKTME_DAX_IOC_STATUS, sizeof(struct mktme_dax_status_arg),
	  offsetof(struct mktme_dax_status_arg, reserved) },
};
#define NR_CALLS	(sizeof(calls) / sizeof(calls[0]))

static uint32_t *fresh_argument(void)
{
	static uint64_t words[32];

	memset(words, 0, sizeof(words));
	((uint32_t *)words)[0] = MKTME_DAX_IOC_V1;
	return (uint32_t *)words;
}

TEST(version_flags_reserved_EINVAL)
{
	int fd = new_file(LEN, NULL);

	need_key(1);
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		uint32_t *arg = fresh_argument();

		diag("%s", calls[i].name);
		arg[0] = 0;
		CHECK_ERRNO(ioctl(fd, calls[i].number, arg), EINVAL);
		arg[0] = MKTME_DAX_IOC_V1 + 1;
		CHECK_ERRNO(ioctl(fd, calls[i].number, arg), EINVAL);
		for (int bit = 0; bit < 32; bit++) {
			arg = fresh_argument();
			arg[1] = 1U << bit;
			CHECK_ERRNO(ioctl(fd, calls[i].number, arg), EINVAL);
		}
		for (size_t byte = calls[i].reserved; byte < calls[i].size; byte++) {
			arg = fresh_argument();
			((uint8_t *)arg)[byte] = 1;
			CHECK_ERRNO(ioctl(fd, calls[i].number, arg), EINVAL);
		}
	}
	CHECK(!has_record(fd));
}

TEST(reserved_word_of_bind_EINVAL)
{
	struct mktme_dax_bind_arg arg = { .version = MKTME_DAX_IOC_V1, .reserved0 = 1 };
	int fd = new_file(LEN, NULL);

	arg.serial = need_key(1);
	CHECK_ERRNO(ioctl(fd, MKTME_DAX_IOC_BIND, &arg), EINVAL);
	CHECK(!has_record(fd));
}

TEST(bad_address_EFAULT)
{
	int fd = new_file(LEN, NULL);
	char *gone = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need_key(1);
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		CHECK_ERRNO(ioctl(fd, calls[i].number, NULL), EFAULT);
		CHECK_ERRNO(ioctl(fd, calls[i].number, gone), EFAULT);
	}
}

/* The size is a part of the number. */
TEST(other_sizes_and_numbers_ENOTTY)
{
	int fd = new_file(LEN, NULL), dir = open(fixture_dir(), O_RDONLY);

	need_key(1);
	for (unsigned int i = 0; i < NR_CALLS; i++) {
		unsigned long other = calls[i].number + (8UL << _IOC_SIZESHIFT);

		CHECK_ERRNO(ioctl(fd, other, fresh_argument()), ENOTTY);
		CHECK_ERRNO(ioctl(dir, other, fresh_argument()), ENOTTY);
	}
	CHECK_ERRNO(ioctl(fd, _IOWR('f', 0xd5, uint64_t), fresh_argument()), ENOTTY);
	CHECK_ERRNO(ioctl(fd, _IOWR('f', 0xcf, uint64_t), fresh_argument()), ENOTTY);
}

static void check_all(int fd, int wanted)
{
	NEED(fd >= 0);
	for (unsigned int i = 0; i < NR_CALLS; i++)
		CHECK_ERRNO(ioctl(fd, calls[i].number, fresh_argument()), wanted);
	close(fd);
}

TEST(other_file_system_ENOTTY)
{
	need_key(1);
	check_all(open("/tmp", O_RDONLY), ENOTTY);
	check_all(open("/proc/self/status", O_RDONLY), ENOTTY);
	check_all(memfd_create("no", 0), ENOTTY);
}

/* What is not a file or directory may have calls of its own by these numbers. */
TEST(fifo_and_device_ENOTTY)
{
	char fifo[64], null[64];

	need_key(1);
	snprintf(fifo, sizeof(fifo), "%s/fifo-%d", fixture_dir(), getpid());
	snprintf(null, sizeof(null), "%s/null-%d", fixture_dir(), getpid());
	NEED(!mkfifo(fifo, 0600) && !mknod(null, S_IFCHR | 0600, 0x103));
	check_all(open(fifo, O_RDWR), ENOTTY);
	check_all(open(null, O_RDWR), ENOTTY);
	NEED(!unlink(fifo) && !unlink(null));
}

TEST(path_descriptor_EBADF)
{
	need_key(1);
	check_all(open(fixture_dir(), O_PATH), EBADF);
}

/* What needs no key goes on to work on a CPU that can have none. */
TEST(without_keyids_EOPNOTSUPP)
{
	int fd = new_file(LEN, NULL), dir = open(fixture_dir(), O_RDONLY);

	CHECK_EQ(key_status(fd, nobodys_key).status, MKTME_DAX_KEY_ABSENT);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNBOUND);
	CHECK_ERRNO(ioctl_remove_key(fd, nobodys_key, NULL), ENOKEY);
	if (control_run()) {
		CHECK_ERRNO(ioctl_add_key(fd, 1, NULL), EOPNOTSUPP);
		CHECK_ERRNO(ioctl_bind(fd, 1), EOPNOTSUPP);
		CHECK_ERRNO(ioctl_bind(dir, 1), EOPNOTSUPP);
		tap_pass_control("EOPNOTSUPP");
	}
	CHECK(!ioctl_bind(fd, need_key(1)), "%s", errno_name(errno));
}

static void all_EOPNOTSUPP(const char *path, int flags, key_serial_t key)
{
	int fd = open(path, flags, 0600);

	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	CHECK_ERRNO(ioctl_add_key(fd, key, NULL), EOPNOTSUPP);
	CHECK_ERRNO(ioctl_remove_key(fd, nobodys_key, NULL), EOPNOTSUPP);
	CHECK_ERRNO(ioctl_bind(fd, key), EOPNOTSUPP);
	close(fd);
}

/* The same type of file system, on a device that has no DAX. */
TEST(device_without_dax_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);

	NEED(!run("truncate -s 64M /run/no-dax && mkdir -p /run/no-dax.d"));
	format("/run/no-dax");
	NEED(!run("losetup /dev/loop5 /run/no-dax && mount -t %s /dev/loop5 /run/no-dax.d", fs_type()));
	NEED(!mkdir("/run/no-dax.d/dir", 0700));
	all_EOPNOTSUPP("/run/no-dax.d/file", O_RDWR | O_CREAT, key);
	all_EOPNOTSUPP("/run/no-dax.d/dir", O_RDONLY, key);
	NEED(!umount("/run/no-dax.d") && !run("losetup -d /dev/loop5 && rm /run/no-dax"));
}

/* Both calls that take a key say the same about it. */
static void check_key(key_serial_t key, int wanted)
{
	int fd = new_file(LEN, NULL);

	CHECK_ERRNO(ioctl_add_key(fd, key, NULL), wanted);
	CHECK_ERRNO(ioctl_bind(fd, key), wanted);
	CHECK(!has_record(fd));
	close(fd);
}

TEST(no_such_key_ENOKEY)
{
	need_key(1);
	check_key(0x7ffffff0, ENOKEY);
}

TEST(serial_zero_EINVAL)
{
	need_key(1);
	check_key(0, EINVAL);
}

TEST(key_of_another_type_EINVAL)
{
	need_key(1);
	check_key(add_key_raw("user", "not-mktme", "x", 1), EINVAL);
}

TEST(key_of_type_cpu_EINVAL)
{
	const char *payload = "type=cpu algorithm=aes-xts-128";

	need_key(1);
	check_key(add_key_raw("mktme", "cpu", payload, strlen(payload)), EINVAL);
}

TEST(revoked_key_EKEYREVOKED)
{
	key_serial_t key = need_key(40);

	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	check_key(key, EKEYREVOKED);
}

TEST(expired_key_EKEYEXPIRED)
{
	key_serial_t key = need_key(41);
	struct timespec nap = { .tv_nsec = 100000000 };
	time_t start = time(NULL);

	NEED(!keyctl_call(KEYCTL_SET_TIMEOUT, key, 1, 0, 0));
	while (time(NULL) < start + 3)
		nanosleep(&nap, NULL);
	check_key(key, EKEYEXPIRED);
}

TEST(key_without_search_permission_EACCES)
{
	key_serial_t key = need_key(42);

	NEED(!keyctl_call(KEYCTL_SETPERM, key, 0x01010101, 0, 0));
	check_key(key, EACCES);
}

TEST(bind_of_a_reader_EACCES)
{
	char path[4096];
	int fd = new_file(LEN, path);

	close(fd);
	fd = open(path, O_RDONLY);
	CHECK_ERRNO(ioctl_bind(fd, need_key(1)), EACCES);
	NEED(!unlink(path));
}

TEST(bind_by_another_user_EPERM)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);

	NEED(!fchown(fd, NOBODY, NOBODY));
	drop_capability(CAP_FOWNER);
	CHECK_ERRNO(ioctl_bind(fd, key), EPERM);
}

TEST(bind_with_data_ENOTEMPTY)
{
	int fd = new_file(0, NULL);

	write_all(fd, "x", 1, 0);
	CHECK_ERRNO(ioctl_bind(fd, need_key(1)), ENOTEMPTY);
}

TEST(bind_with_another_key_EKEYREJECTED)
{
	int fd = new_file(LEN, NULL);

	NEED(!ioctl_bind(fd, need_key(1)));
	CHECK_ERRNO(ioctl_bind(fd, need_key(2)), EKEYREJECTED);
	CHECK(!ioctl_bind(fd, need_key(1)), "%s", errno_name(errno));
}

/* The same bind as that of the system call, without a mapping. */
TEST(bind_is_what_encrypt_mprotect_does)
{
	char buf[PAGE];
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_READ | PROT_WRITE, MAP_SHARED);

	NEED(*p == 0);
	NEED(!ioctl_bind(fd, key), "%s", errno_name(errno));
	pattern_fill(p, LEN, 300, 0);
	CHECK(pte_of(p).keyid > 0);
	CHECK_EQ(pte_of(p).keyid, status_of(fd).keyid);
	read_all(fd, buf, PAGE, PAGE);
	CHECK(is_pattern(buf, PAGE, 300, PAGE));
	CHECK(!encrypt_mprotect(p, LEN, PROT_READ, key), "%s", errno_name(errno));
}

TEST(status_of_files)
{
	struct mktme_dax_record_v1 record;
	struct mktme_dax_status_arg status;
	uint8_t zero[MKTME_DAX_IDENTIFIER_SIZE] = {};
	int fd = new_file(LEN, NULL);

	need_key(1);
	status = status_of(fd);
	CHECK_EQ(status.state, MKTME_DAX_FILE_UNBOUND);
	CHECK_EQ(status.record, MKTME_DAX_RECORD_NONE);
	CHECK_EQ(status.algorithm, 0);
	CHECK_EQ(status.keyid, 0);
	CHECK(!memcmp(status.identifier, zero, sizeof(zero)));
	NEED(!ioctl_bind(fd, need_key(1)));
	status = status_of(fd);
	CHECK_EQ(status.state, MKTME_DAX_FILE_UNLOCKED);
	CHECK_EQ(status.record, MKTME_DAX_RECORD_GOOD);
	CHECK_EQ(status.algorithm, MKTME_ALG_AES_XTS_128);
	CHECK(status.keyid > 0);
	NEED(fgetxattr(fd, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) ==
	     sizeof(record));
	CHECK(!memcmp(status.identifier, record.identifier, sizeof(record.identifier)));
	CHECK_EQ(status_of(open(fixture_dir(), O_RDONLY)).state, MKTME_DAX_FILE_UNBOUND);
}

TEST(unknown_identifier_ENOKEY)
{
	int fd = new_file(LEN, NULL);

	need_key(1);
	CHECK_EQ(key_status(fd, nobodys_key).status, MKTME_DAX_KEY_ABSENT);
	CHECK_EQ(key_status(fd, nobodys_key).unlocked, 0);
	CHECK_ERRNO(ioctl_remove_key(fd, nobodys_key, NULL), ENOKEY);
}

int main(int argc, char **argv)
{
	return tap_main("ioctl", argc, argv);
}
