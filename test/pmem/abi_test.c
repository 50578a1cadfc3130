// SPDX-License-Identifier: GPL-2.0-only
/*
 * The argument contract of encrypt_mprotect(): each errno, and that a refused
 * call has changed nothing
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <time.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#ifndef __NR_mseal
#define __NR_mseal	462
#endif

/* Lines of /proc/self/maps that touch the range, as one string. */
static void maps_of(const char *addr, size_t len, char *out, size_t size)
{
	unsigned long from = (unsigned long)addr, to = from + len, a, b;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	size_t used = 0;

	NEED(maps);
	*out = 0;
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &a, &b) == 2 && a < to && b > from &&
		    used < size)
			used += snprintf(out + used, size - used, "%s", line);
	fclose(maps);
}

/* The call fails with @err; the mappings and the file (if any) stay as they were. */
static void refused(void *addr, size_t len, int prot, key_serial_t key, int err,
		    int fd)
{
	static char before[4096], after[4096];
	bool bound = fd >= 0 && has_record(fd);

	maps_of(addr, len + PAGE, before, sizeof(before));
	CHECK_ERRNO(encrypt_mprotect(addr, len, prot, key), err);
	maps_of(addr, len + PAGE, after, sizeof(after));
	CHECK(!strcmp(before, after), "mappings changed");
	if (fd >= 0)
		CHECK_EQ(has_record(fd), bound);
}

static int file;

static char *shared_file(int prot)
{
	file = new_file(LEN, NULL);
	return map_file(file, LEN, prot, MAP_SHARED);
}

TEST(unaligned_address_EINVAL)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	refused(p + 1, PAGE, RW, key, EINVAL, file);
	refused(p + 64, LEN - PAGE, RW, key, EINVAL, file);
}

TEST(zero_length_EINVAL)
{
	key_serial_t key = need_key(1);

	refused(shared_file(PROT_NONE), 0, RW, key, EINVAL, file);
}

TEST(unaligned_length_EINVAL)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	refused(p, 1, RW, key, EINVAL, file);
	refused(p, PAGE + 1, RW, key, EINVAL, file);
}

TEST(range_overflow_ENOMEM)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	refused(p, -PAGE, RW, key, ENOMEM, file);
	refused(p, (size_t)-1 & ~(PAGE - 1), RW, key, ENOMEM, file);
}

TEST(unknown_protection_bits_EINVAL)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	refused(p, LEN, RW | 0x100, key, EINVAL, file);
	refused(p, LEN, 0x40000000, key, EINVAL, file);
	refused(p, LEN, -1, key, EINVAL, file);
}

TEST(grow_flags_EINVAL)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	refused(p, LEN, RW | PROT_GROWSDOWN, key, EINVAL, file);
	refused(p, LEN, RW | PROT_GROWSUP, key, EINVAL, file);
	refused(p, LEN, RW | PROT_GROWSUP | PROT_GROWSDOWN, key, EINVAL, file);
}

TEST(hole_in_range_ENOMEM)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_READ);

	NEED(!munmap(p + PAGE, PAGE));
	refused(p, LEN, RW, key, ENOMEM, file);
	refused(p + PAGE, 2 * PAGE, RW, key, ENOMEM, file);
	refused(p, 2 * PAGE, RW, key, ENOMEM, file);
	refused(p + PAGE, PAGE, RW, key, ENOMEM, file);
}

TEST(several_files_EINVAL)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);
	int other = new_file(LEN, NULL);

	NEED(mmap(p + PAGE, PAGE, PROT_NONE, MAP_SHARED | MAP_FIXED, other, 0) != MAP_FAILED);
	refused(p, LEN, RW, key, EINVAL, file);
	CHECK(!has_record(other));
}

TEST(private_mapping_EINVAL)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_PRIVATE);

	refused(p, LEN, RW, key, EINVAL, fd);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	NEED(mmap(p + PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_FIXED, fd, PAGE) != MAP_FAILED);
	refused(p, LEN, RW, key, EINVAL, fd);
}

TEST(anonymous_memory_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	void *p = mmap(NULL, LEN, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED);
	refused(p, LEN, RW, key, EOPNOTSUPP, -1);
	p = mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(p != MAP_FAILED);
	refused(p, LEN, RW, key, EOPNOTSUPP, -1);
}

TEST(tmpfs_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	int fd = memfd_create("plain", 0);

	NEED(fd >= 0 && !ftruncate(fd, LEN));
	refused(map_file(fd, LEN, PROT_NONE, MAP_SHARED), LEN, RW, key, EOPNOTSUPP, -1);
}

TEST(device_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	int fd = open("/dev/zero", O_RDWR);

	NEED(fd >= 0);
	refused(map_file(fd, LEN, PROT_NONE, MAP_SHARED), LEN, RW, key, EOPNOTSUPP, -1);
}

TEST(block_device_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	int fd;

	/* XFS lets nobody else write to its device. */
	while (!umount(SCRATCH))
		;
	fd = open(SCRATCH_DEV, O_RDWR);
	NEED(fd >= 0);
	refused(map_file(fd, LEN, PROT_NONE, MAP_SHARED), LEN, RW, key, EOPNOTSUPP, -1);
}

TEST(protection_beyond_the_mapping_EACCES)
{
	key_serial_t key = need_key(1);
	char path[4096], bound[4096];
	void *p;
	int fd;

	close(new_file(LEN, path));
	NEED(!mkdir("/run/noexec", 0700) || errno == EEXIST);
	NEED(!mount(fixture_dir(), "/run/noexec", NULL, MS_BIND, NULL));
	NEED(!mount(NULL, "/run/noexec", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL));
	snprintf(bound, sizeof(bound), "/run/noexec/%s", strrchr(path, '/') + 1);
	fd = open(bound, O_RDWR);
	NEED(fd >= 0);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	refused(p, LEN, RW | PROT_EXEC, key, EACCES, fd);
	munmap(p, LEN);
	close(fd);
	CHECK(!umount2("/run/noexec", MNT_DETACH));
	unlink(path);
}

TEST(read_only_descriptor_EACCES)
{
	key_serial_t key = need_key(1);
	char path[4096];
	int fd;
	void *p;

	close(new_file(LEN, path));
	fd = open(path, O_RDONLY);
	unlink(path);
	p = map_file(fd, LEN, PROT_READ, MAP_SHARED);
	refused(p, LEN, RW, key, EACCES, fd);
	refused(p, LEN, PROT_READ, key, EACCES, fd);
	refused(p, LEN, PROT_NONE, key, EACCES, fd);
}

TEST(not_the_owner_EPERM)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	NEED(!fchown(file, 1000, 1000) && !fchmod(file, 0666));
	drop_capability(CAP_FOWNER);
	refused(p, LEN, RW, key, EPERM, file);
	NEED(!fchown(file, 0, 0));
	CHECK(!encrypt_mprotect(p, LEN, RW, key), "owner: %s", errno_name(errno));
}

TEST(no_such_key_ENOKEY)
{
	need_key(1);
	refused(shared_file(PROT_NONE), LEN, RW, 0x7ffffff0, ENOKEY, file);
}

TEST(serial_zero_EINVAL)
{
	need_key(1);
	refused(shared_file(PROT_NONE), LEN, RW, 0, EINVAL, file);
}

/* A key of one's own that no other test sees. */
static key_serial_t throwaway_key(const char *name)
{
	char payload[160];
	key_serial_t key;

	need_key(1);
	key_payload(2, payload, sizeof(payload));
	key = add_key_raw("mktme", name, payload, strlen(payload));
	NEED(key > 0);
	return key;
}

TEST(revoked_key_EKEYREVOKED)
{
	key_serial_t key = throwaway_key("abi-revoked");

	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	refused(shared_file(PROT_NONE), LEN, RW, key, EKEYREVOKED, file);
}

TEST(expired_key_EKEYEXPIRED)
{
	key_serial_t key = throwaway_key("abi-expired");
	struct timespec tick = { .tv_nsec = 50 * 1000000 };
	char text[64];

	NEED(!keyctl_call(KEYCTL_SET_TIMEOUT, key, 1, 0, 0));
	/* Until the key itself says so: time is what is tested here. */
	while (keyctl_call(KEYCTL_DESCRIBE, key, (unsigned long)text, sizeof(text), 0) >= 0)
		nanosleep(&tick, NULL);
	NEED(errno == EKEYEXPIRED, "%s", errno_name(errno));
	refused(shared_file(PROT_NONE), LEN, RW, key, EKEYEXPIRED, file);
}

TEST(key_without_search_permission_EACCES)
{
	key_serial_t key = throwaway_key("abi-hidden");

	NEED(!keyctl_call(KEYCTL_SETPERM, key, 0x01000000, 0, 0));
	refused(shared_file(PROT_NONE), LEN, RW, key, EACCES, file);
}

TEST(key_of_another_type_EINVAL)
{
	key_serial_t key, ring;

	need_key(1);
	key = add_key_raw("user", "abi-user", "secret", 6);
	ring = add_key_raw("keyring", "abi-ring", NULL, 0);
	NEED(key > 0 && ring > 0);
	refused(shared_file(PROT_NONE), LEN, RW, key, EINVAL, file);
	refused(shared_file(PROT_NONE), LEN, RW, ring, EINVAL, file);
}

TEST(key_of_type_cpu_EINVAL)
{
	static const char payload[] = "type=cpu algorithm=aes-xts-128";
	key_serial_t key;

	need_key(1);
	key = add_key_raw("mktme", "abi-cpu", payload, strlen(payload));
	NEED(key > 0, "%s", errno_name(errno));
	refused(shared_file(PROT_NONE), LEN, RW, key, EINVAL, file);
}

TEST(sealed_mapping_EPERM)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	NEED(!syscall(__NR_mseal, p + PAGE, PAGE, 0), "%s", errno_name(errno));
	refused(p, LEN, RW, key, EPERM, file);
	refused(p + PAGE, PAGE, RW, key, EPERM, file);
}

TEST(other_key_EKEYREJECTED)
{
	key_serial_t key = need_key(1), other = need_key(2);
	char *p = shared_file(PROT_NONE);

	NEED(!encrypt_mprotect(p, LEN, PROT_READ, key));
	refused(p, LEN, RW, other, EKEYREJECTED, file);
	CHECK(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
}

TEST(file_with_data_ENOTEMPTY)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_READ);
	char line[PATTERN_LINE];

	pattern_fill_mark(line, sizeof(line), CLEAR_MARK, 1, 0);
	write_all(file, line, sizeof(line), PAGE);
	refused(p, LEN, RW, key, ENOTEMPTY, file);
	CHECK(!memcmp(p + PAGE, line, sizeof(line)));
}

/* As with mprotect(): what can be read can be executed. */
TEST(personality_with_read_implies_exec)
{
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE), maps[4096];

	NEED(personality(READ_IMPLIES_EXEC) >= 0);
	CHECK(!encrypt_mprotect(p, LEN, PROT_READ, key), "%s", errno_name(errno));
	maps_of(p, LEN, maps, sizeof(maps));
	CHECK(strstr(maps, " r-xs "), "%s", maps);
}

static void set_flag(int flag, bool on)
{
	int flags;

	NEED(!ioctl(file, FS_IOC_GETFLAGS, &flags), "%s", errno_name(errno));
	flags = on ? flags | flag : flags & ~flag;
	NEED(!ioctl(file, FS_IOC_SETFLAGS, &flags), "%s", errno_name(errno));
}

TEST(immutable_and_append_only_file_EPERM)
{
	static const int flags[] = { FS_IMMUTABLE_FL, FS_APPEND_FL };
	key_serial_t key = need_key(1);
	char *p = shared_file(PROT_NONE);

	for (int i = 0; i < 2; i++) {
		set_flag(flags[i], true);
		refused(p, LEN, RW, key, EPERM, file);
		set_flag(flags[i], false);
	}
	CHECK(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
}

/* chattr +S: the transaction of the record is waited for, and the log needs nobody else. */
TEST(synchronous_file_stays_bound)
{
	key_serial_t key = need_key(1);

	scratch_new("dax=always");
	file = scratch_file("file", O_RDWR | O_CREAT);
	NEED(file >= 0);
	set_flag(FS_SYNC_FL, true);
	NEED(!run("sync -f " SCRATCH));
	CHECK(!ioctl_bind(file, key), "%s", errno_name(errno));
	scratch_shut_down(false);
	close(file);
	scratch_cycle("dax=always");
	file = scratch_file("file", O_RDONLY);
	CHECK_EQ(status_of(file).state, MKTME_DAX_FILE_LOCKED);
	close(file);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

int main(int argc, char **argv)
{
	return tap_main("abi", argc, argv);
}
