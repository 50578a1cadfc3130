// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of a file system: keys that unlock, and what their removal locks
 */
#include <linux/capability.h>
#include <linux/falloc.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define NOBODY	65534
#define NAME	SCRATCH "/file"
#define ROUNDS	40

static uint8_t id[MKTME_DAX_IDENTIFIER_SIZE];
static int root;

/* As after a boot: a file full of pattern @seed, and the key not given. */
static void locked_file(unsigned int seed)
{
	int fd;

	need_key(1);
	scratch_new("dax=always");
	fd = scratch_file("file", O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, LEN) && !ioctl_bind(fd, need_key(1)));
	memcpy(id, status_of(fd).identifier, sizeof(id));
	char *p = map_file(fd, LEN, RW, MAP_SHARED);

	pattern_fill(p, LEN, seed, 0);
	NEED(!munmap(p, LEN) && !close(fd));
	scratch_cycle("dax=always");
	root = open(SCRATCH, O_RDONLY);
	NEED(root >= 0);
}

static int must_open(int flags)
{
	int fd = open(NAME, flags);

	NEED(fd >= 0, "%s", errno_name(errno));
	return fd;
}

static void check_readable(int fd, unsigned int seed)
{
	char buf[LEN];

	read_all(fd, buf, LEN, 0);
	CHECK(is_pattern(buf, LEN, seed, 0));
}

static void check_locked(int fd)
{
	char buf[PAGE];

	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	CHECK_EQ(status_of(fd).keyid, 0);
}

TEST(key_unlocks_at_open)
{
	struct mktme_dax_add_key_arg added;
	int fd;

	locked_file(310);
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_ABSENT);
	NEED(!ioctl_add_key(root, need_key(1), &added));
	CHECK(!memcmp(added.identifier, id, sizeof(id)));
	CHECK_EQ(added.refused, 0);
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_PRESENT);
	CHECK_EQ(key_status(root, id).status_flags, MKTME_DAX_KEY_ADDED_BY_SELF);
	CHECK_EQ(key_status(root, id).unlocked, 0);
	fd = must_open(O_RDONLY);
	CHECK_EQ(key_status(root, id).unlocked, 1);
	check_readable(fd, 310);
}

TEST(key_that_is_not_expected_EKEYREJECTED)
{
	struct mktme_dax_add_key_arg arg = { .version = MKTME_DAX_IOC_V1,
					     .flags = MKTME_DAX_ADD_EXPECTED };
	uint8_t other[MKTME_DAX_IDENTIFIER_SIZE];
	int fd;

	locked_file(313);
	fd = must_open(O_RDONLY);
	memcpy(other, need_ring_key(SCRATCH, 2), sizeof(other));
	remove_ring_key(SCRATCH, other);
	arg.serial = need_key(1);
	memcpy(arg.identifier, other, sizeof(other));
	CHECK_ERRNO(ioctl(root, MKTME_DAX_IOC_ADD_KEY, &arg), EKEYREJECTED);
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_ABSENT);
	CHECK_EQ(key_status(root, other).status, MKTME_DAX_KEY_ABSENT);
	check_locked(fd);
	memcpy(arg.identifier, id, sizeof(id));
	CHECK(!ioctl(root, MKTME_DAX_IOC_ADD_KEY, &arg), "%s", errno_name(errno));
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_PRESENT);
	check_readable(fd, 313);
}

TEST(key_unlocks_what_is_open_and_mapped)
{
	char *p, *q;
	int fd;

	locked_file(311);
	fd = must_open(O_RDWR);
	p = map_file(fd, LEN, RW, MAP_SHARED);
	q = map_file(fd, LEN, PROT_READ, MAP_PRIVATE);
	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	check_locked(fd);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	CHECK(is_pattern(p, LEN, 311, 0));
	CHECK(is_pattern(q, LEN, 311, 0));
	check_readable(fd, 311);
	CHECK(pte_of(p).keyid > 0);
	CHECK_EQ(pte_of(p).keyid, status_of(fd).keyid);
}

/* Not opened, and not in memory before: the VFS asks before it changes the size. */
TEST(key_unlocks_for_truncate_by_name)
{
	static char buf[LEN];
	int fd;

	locked_file(312);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	CHECK_EQ(key_status(root, id).unlocked, 0);
	CHECK(!truncate(NAME, PAGE + 100), "%s", errno_name(errno));
	CHECK_EQ(key_status(root, id).unlocked, 1);
	NEED(!truncate(NAME, LEN));
	fd = must_open(O_RDONLY);
	read_all(fd, buf, LEN, 0);
	CHECK(is_pattern(buf, PAGE + 100, 312, 0));
	CHECK(is_zero(buf + PAGE + 100, LEN - PAGE - 100));
}

TEST(key_stays_while_no_file_is_open)
{
	locked_file(313);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	close(must_open(O_RDONLY));
	for (int i = 0; i < 3; i++) {
		NEED(!run("sync; echo 3 >/proc/sys/vm/drop_caches"));
		int fd = must_open(O_RDONLY);

		check_readable(fd, 313);
		close(fd);
	}
}

TEST(another_key_unlocks_nothing)
{
	int fd;

	locked_file(314);
	NEED(!ioctl_add_key(root, need_key(2), NULL));
	fd = must_open(O_RDONLY);
	check_locked(fd);
	CHECK_ERRNO(ioctl_bind(fd, need_key(2)), EKEYREJECTED);
}

/* A key given to a file is given to that file. */
TEST(key_of_a_file_is_not_in_the_ring)
{
	int fd;

	locked_file(315);
	fd = must_open(O_RDWR);
	NEED(!ioctl_bind(fd, need_key(1)), "%s", errno_name(errno));
	check_readable(fd, 315);
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_ABSENT);
	CHECK_EQ(key_status(root, id).unlocked, 1);
	close(fd);
	NEED(!run("sync; echo 3 >/proc/sys/vm/drop_caches"));
	check_locked(must_open(O_RDONLY));
	CHECK_EQ(key_status(root, id).unlocked, 0);
}

/* On a file that is open, mapped, and dirty; the host looks for the ciphertext. */
TEST(removal_locks_open_mapped_dirty_file)
{
	struct mktme_dax_remove_key_arg removed;
	const uint8_t *key = need_ring_key(fixture_dir(), 31);
	int fd = kept_file("ring-locked", LEN, NULL);
	char *p, *q, *r, buf[PAGE];

	NEED(!ioctl_bind(fd, need_key(31)));
	p = map_file(fd, LEN, RW, MAP_SHARED);
	r = map_file(fd, LEN, RW, MAP_SHARED_VALIDATE | MAP_SYNC);
	pattern_fill(p, LEN / 2, 316, 0);
	pattern_fill(r + LEN / 2, LEN / 2, 316, LEN / 2);
	q = map_file(fd, LEN, RW, MAP_PRIVATE);
	q[0] = 'q';
	NEED(!ioctl_remove_key(fd, key, &removed), "%s", errno_name(errno));
	CHECK_EQ(removed.locked, 1);
	CHECK_EQ(removed.status, 0);
	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	CHECK_EQ(signal_of(store_byte, p + PAGE), SIGBUS);
	CHECK_EQ(signal_of(load_byte, r + LEN - 1), SIGBUS);
	CHECK_EQ(signal_of(load_byte, q + PAGE), SIGBUS);
	CHECK_EQ(q[0], 'q');
	check_locked(fd);
	CHECK_ERRNO(pwrite(fd, buf, PAGE, 0), ENOKEY);
	CHECK_ERRNO(ftruncate(fd, 100), ENOKEY);
	CHECK(!fsync(fd), "%s", errno_name(errno));
	CHECK(!msync(p, LEN, MS_SYNC), "%s", errno_name(errno));
	host_cipher(fd, 0, LEN, 31, 316);
	need_ring_key(fixture_dir(), 31);
	CHECK(is_pattern(p, LEN, 316, 0));
	check_readable(fd, 316);
	remove_ring_key(fixture_dir(), key);
}

TEST(removal_locks_a_huge_page)
{
	const uint8_t *key = need_ring_key(fixture_dir(), 31);
	int fd = kept_file("ring-huge", PMD, NULL);
	char *p;

	NEED(!ioctl_bind(fd, need_key(31)) && !fallocate(fd, 0, 0, PMD));
	p = map_file(fd, PMD, RW, MAP_SHARED);
	pattern_fill(p, PMD, 317, 0);
	CHECK(!strcmp(pte_of(p).level, "pmd"), "%s", pte_of(p).level);
	remove_ring_key(fixture_dir(), key);
	CHECK_EQ(signal_of(load_byte, p + PMD - 1), SIGBUS);
	host_cipher(fd, 0, PMD, 31, 317);
	need_ring_key(fixture_dir(), 31);
	CHECK(is_pattern(p, PMD, 317, 0));
	remove_ring_key(fixture_dir(), key);
}

/* Whoever gave it: one file by the system call, one by its own descriptor. */
TEST(removal_locks_files_unlocked_otherwise)
{
	struct mktme_dax_remove_key_arg removed;
	int a, b;
	char *p;

	locked_file(318);
	a = must_open(O_RDWR);
	p = map_file(a, LEN, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, LEN, RW, need_key(1)));
	b = scratch_file("second", O_RDWR | O_CREAT);
	NEED(b >= 0 && !ftruncate(b, LEN) && !ioctl_bind(b, need_key(1)));
	CHECK_EQ(key_status(root, id).unlocked, 2);
	NEED(!ioctl_remove_key(root, id, &removed), "%s", errno_name(errno));
	CHECK_EQ(removed.locked, 2);
	check_locked(a);
	check_locked(b);
	CHECK_EQ(key_status(root, id).unlocked, 0);
	CHECK_ERRNO(ioctl_remove_key(root, id, NULL), ENOKEY);
}

TEST(locked_files_need_no_key_to_go)
{
	int fd, mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	char *p;

	locked_file(319);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	fd = must_open(O_RDWR);
	p = map_file(fd, LEN, RW, MAP_SHARED);
	pattern_fill(p, LEN, 320, 0);
	NEED(!ioctl_remove_key(root, id, NULL));
	CHECK(!syncfs(fd) && !fdatasync(fd));
	CHECK(!fallocate(fd, mode, PAGE, PAGE), "%s", errno_name(errno));
	CHECK(!ftruncate(fd, 4 * PAGE), "%s", errno_name(errno));
	CHECK(!rename(NAME, SCRATCH "/other") && !unlink(SCRATCH "/other"));
	NEED(!munmap(p, LEN) && !close(fd) && !close(root));
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

TEST(lock_and_unlock_in_cycles)
{
	unsigned int seed = 330;
	char *p;
	int fd;

	locked_file(seed);
	fd = must_open(O_RDWR);
	p = map_file(fd, LEN, RW, MAP_SHARED);
	for (int round = 0; round < ROUNDS; round++) {
		NEED(!ioctl_add_key(root, need_key(1), NULL));
		CHECK(is_pattern(p, LEN, seed, 0));
		check_readable(fd, seed);
		pattern_fill(p, LEN, ++seed, 0);
		if (round % 3 == 0)
			NEED(!fsync(fd));
		NEED(!ioctl_remove_key(root, id, NULL));
		CHECK_EQ(signal_of(load_byte, p), SIGBUS);
		check_locked(fd);
	}
}

TEST(count_of_unlocked_files)
{
	int fds[5];
	char name[16];

	locked_file(321);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		fds[i] = scratch_file(name, O_RDWR | O_CREAT);
		NEED(fds[i] >= 0);
		CHECK_EQ(key_status(root, id).unlocked, i);
		NEED(!ioctl_bind(fds[i], need_key(1)));
	}
	NEED(!close(fds[4]) && !unlink(SCRATCH "/f4"));
	CHECK_EQ(key_status(root, id).unlocked, 4);
	scratch_file("plain", O_RDWR | O_CREAT);
	CHECK_EQ(key_status(root, id).unlocked, 4);
}

TEST(key_in_two_file_systems)
{
	struct mktme_dax_remove_key_arg removed;
	int here, there = new_file(LEN, NULL);

	locked_file(322);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	NEED(!ioctl_add_key(there, need_key(1), NULL));
	here = must_open(O_RDWR);
	NEED(!ioctl_bind(there, need_key(1)));
	write_all(there, "x", 1, 0);
	NEED(!ioctl_remove_key(root, id, &removed));
	CHECK_EQ(removed.status, MKTME_DAX_KEY_STILL_USED);
	check_locked(here);
	CHECK_EQ(status_of(there).state, MKTME_DAX_FILE_UNLOCKED);
	write_all(there, "y", 1, 0);
	CHECK_EQ(key_status(there, id).status, MKTME_DAX_KEY_PRESENT);
	NEED(!ioctl_remove_key(there, id, &removed));
	CHECK_EQ(removed.status, 0);
	CHECK_EQ(status_of(there).state, MKTME_DAX_FILE_LOCKED);
}

TEST(unmount_takes_the_keys_away)
{
	int fd;

	locked_file(323);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	fd = must_open(O_RDONLY);
	check_readable(fd, 323);
	NEED(!close(fd) && !close(root));
	scratch_cycle("dax=always");
	root = open(SCRATCH, O_RDONLY);
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_ABSENT);
	check_locked(must_open(O_RDONLY));
}

TEST(adding_twice_is_adding_once)
{
	locked_file(324);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	check_readable(must_open(O_RDONLY), 324);
	NEED(!ioctl_remove_key(root, id, NULL));
	CHECK_ERRNO(ioctl_remove_key(root, id, NULL), ENOKEY);
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_ABSENT);
	check_locked(must_open(O_RDONLY));
}

static void become_nobody(void)
{
	NEED(!setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY));
}

TEST(removal_by_somebody_else_EACCES)
{
	struct peer peer;

	locked_file(325);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	if (spawn(&peer)) {
		become_nobody();
		CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_PRESENT);
		CHECK_EQ(key_status(root, id).status_flags, 0);
		CHECK_ERRNO(ioctl_remove_key(root, id, NULL), EACCES);
		exit(0);
	}
	join(&peer);
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_PRESENT);
}

TEST(removal_with_cap_sys_resource_alone)
{
	locked_file(327);
	NEED(!ioctl_add_key(root, need_key(1), NULL));
	NEED(!setresuid(NOBODY, 0, 0));
	drop_capability(CAP_SYS_ADMIN);
	CHECK(!ioctl_remove_key(root, id, NULL), "%s", errno_name(errno));
}

/* Who gave it needs no capability; a file's key alone gives no such right. */
TEST(removal_by_who_gave_the_key)
{
	key_serial_t key = need_key(1);
	struct peer peer;
	int fd;

	locked_file(326);
	NEED(!keyctl_call(KEYCTL_SETPERM, key, 0x3f3f3f3f, 0, 0));
	fd = must_open(O_RDONLY);
	NEED(!ioctl_bind(fd, key));
	if (spawn(&peer)) {
		become_nobody();
		CHECK_ERRNO(ioctl_remove_key(root, id, NULL), EACCES);
		NEED(!ioctl_add_key(root, key, NULL), "%s", errno_name(errno));
		CHECK(!ioctl_remove_key(root, id, NULL), "%s", errno_name(errno));
		exit(0);
	}
	join(&peer);
	check_locked(fd);
}

int main(int argc, char **argv)
{
	return tap_main("ring", argc, argv);
}
