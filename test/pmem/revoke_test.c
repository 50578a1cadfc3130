// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the end of a key does: to files that are unlocked, to those who come with
 * it later, and to the KeyID that holds it. "Leaves the hardware" is seen by the
 * number of KeyIDs that hold keys.
 */
#include <linux/keyctl.h>
#include <time.h>
#include "common.h"

#define RW	(PROT_READ | PROT_WRITE)
#define SECRET_KEY	700	/* used by nobody else */

static unsigned int used_before;

static key_serial_t add_own_key(void)
{
	char payload[160];
	key_serial_t key;

	need_key(1);
	key_payload(SECRET_KEY, payload, sizeof(payload));
	key = add_key_raw("mktme", "revoke-test", payload, strlen(payload));
	NEED(key > 0, "%s", errno_name(errno));
	return key;
}

/* A file under the key, with a pattern. The KeyID is one that was free. */
static char *use_key(key_serial_t key, int *fd)
{
	char *p;

	settle_keys();
	used_before = sysfs_number("keyids_used");
	NEED(used_before < sysfs_number("keyids_total"), "no free KeyID to begin with");
	*fd = new_file(PAGE, NULL);
	p = bound_mapping(*fd, PAGE, key);
	pattern_fill(p, PAGE, 1, 0);
	CHECK_EQ(sysfs_number("keyids_used"), used_before + 1);
	return p;
}

static void let_go(char *p, int fd)
{
	NEED(!munmap(p, PAGE) && !close(fd));
}

static bool soon(bool (*condition)(void))
{
	struct timespec tick = { .tv_nsec = 10 * 1000000 };

	for (int i = 0; i < 1000; i++) {
		if (condition())
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}

static bool key_has_left(void)
{
	return sysfs_number("keyids_used") == used_before;
}

static bool new_file_gets(key_serial_t key, int err)
{
	int fd = new_file(PAGE, NULL);
	void *p = map_file(fd, PAGE, PROT_NONE, MAP_SHARED);
	int ret = encrypt_mprotect(p, PAGE, RW, key);
	bool as_wanted = err ? ret == -1 && errno == err : !ret;

	if (!as_wanted)
		diag("encrypt_mprotect gave %d, %s", ret, errno_name(errno));
	let_go(p, fd);
	return as_wanted;
}

/* All that is promised of a file whose key has gone while it was unlocked. */
static void stays_unlocked(char *p, int fd)
{
	char buf[PAGE];

	CHECK_EQ(sysfs_number("keyids_used"), used_before + 1);
	CHECK(is_pattern(p, PAGE, 1, 0));
	NEED(!madvise(p, PAGE, MADV_DONTNEED));
	CHECK(is_pattern(p, PAGE, 1, 0), "faulted in again");
	pattern_fill(buf, PAGE, 2, 0);
	write_all(fd, buf, PAGE, 0);
	read_all(fd, buf, PAGE, 0);
	CHECK(is_pattern(buf, PAGE, 2, 0));
}

static void clean_up(void)
{
	keyctl_call(KEYCTL_REVOKE, add_own_key(), 0, 0, 0);
}

TEST(revoked_key_leaves_with_its_last_file)
{
	key_serial_t key = add_own_key();
	int fd;
	char *p = use_key(key, &fd);

	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	stays_unlocked(p, fd);
	CHECK(new_file_gets(key, EKEYREVOKED));
	let_go(p, fd);
	CHECK(soon(key_has_left));
}

TEST(revoked_idle_key_leaves_at_once)
{
	key_serial_t key = add_own_key();
	int fd;
	char *p = use_key(key, &fd);

	let_go(p, fd);
	CHECK_EQ(sysfs_number("keyids_used"), used_before + 1);
	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	CHECK_EQ(sysfs_number("keyids_used"), used_before);
}

TEST(unlinked_key_leaves_with_its_last_file)
{
	key_serial_t key = add_own_key();
	int fd;
	char *p = use_key(key, &fd);

	NEED(!keyctl_call(KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING, 0, 0));
	stays_unlocked(p, fd);
	/* Nobody possesses it, until it is collected and nobody knows it. */
	CHECK(new_file_gets(key, EACCES) || new_file_gets(key, ENOKEY));
	let_go(p, fd);
	CHECK(soon(key_has_left));
}

TEST(invalidated_key_leaves_with_its_last_file)
{
	key_serial_t key = add_own_key();
	int fd;
	char *p = use_key(key, &fd);

	NEED(!keyctl_call(KEYCTL_INVALIDATE, key, 0, 0, 0));
	stays_unlocked(p, fd);
	CHECK(new_file_gets(key, ENOKEY));
	let_go(p, fd);
	CHECK(soon(key_has_left));
}

/* An expired key is collected minutes later only: it stays in the hardware. */
TEST(expired_key_leaves_unlocked_files_alone)
{
	key_serial_t key = add_own_key();
	struct timespec tick = { .tv_nsec = 50 * 1000000 };
	char text[64];
	int fd;
	char *p = use_key(key, &fd);

	NEED(!keyctl_call(KEYCTL_SET_TIMEOUT, key, 1, 0, 0));
	while (keyctl_call(KEYCTL_DESCRIBE, key, (unsigned long)text, sizeof(text), 0) >= 0)
		nanosleep(&tick, NULL);
	NEED(errno == EKEYEXPIRED, "%s", errno_name(errno));
	stays_unlocked(p, fd);
	CHECK(new_file_gets(key, EKEYEXPIRED));
	let_go(p, fd);
	clean_up();
	CHECK(soon(key_has_left));
}

TEST(key_given_again_stays)
{
	key_serial_t key = add_own_key();
	unsigned int keyid;
	char *p, *q;
	int fd, second;

	p = use_key(key, &fd);
	keyid = pte_of(p).keyid;
	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	second = new_file(PAGE, NULL);
	q = bound_mapping(second, PAGE, add_own_key());
	pattern_fill(q, PAGE, 3, 0);
	CHECK_EQ(pte_of(q).keyid, keyid);
	let_go(p, fd);
	CHECK(is_pattern(q, PAGE, 3, 0));
	let_go(q, second);
	/* Idle, and not retired: a file comes back to the same KeyID. */
	CHECK(new_file_gets(add_own_key(), 0));
	CHECK_EQ(sysfs_number("keyids_used"), used_before + 1);
	clean_up();
	CHECK(soon(key_has_left));
}

/* Not only by the kernel's own account: the memory controller has forgotten it. */
TEST(key_that_has_left_decrypts_nothing)
{
	key_serial_t key = add_own_key();
	char line[PATTERN_LINE], raw[PATTERN_LINE];
	unsigned int keyid;
	uint64_t phys;
	int fd;
	char *p = use_key(key, &fd);

	NEED(!msync(p, PAGE, MS_SYNC));
	phys = phys_of(fd, 0);
	keyid = pte_of(p).keyid;
	peek(keyid, phys, line);
	CHECK(is_pattern(line, PATTERN_LINE, 1, 0));
	peek(0, phys, raw);
	CHECK(memcmp(raw, line, PATTERN_LINE), "not encrypted");
	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	let_go(p, fd);
	NEED(soon(key_has_left));
	peek(keyid, phys, line);
	CHECK(!memcmp(raw, line, PATTERN_LINE), "KeyID %u is not what KeyID 0 is", keyid);
}

TEST(key_that_has_left_opens_again)
{
	key_serial_t key = add_own_key();
	char *p;
	int fd;

	scratch_new("dax=always");
	fd = scratch_file("file", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, PAGE));
	used_before = sysfs_number("keyids_used");
	p = bound_mapping(fd, PAGE, key);
	pattern_fill(p, PAGE, 5, 0);
	let_go(p, fd);
	scratch_cycle("dax=always");
	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	CHECK_EQ(sysfs_number("keyids_used"), used_before);

	fd = scratch_file("file", O_RDWR);
	NEED(fd >= 0);
	p = map_file(fd, PAGE, PROT_READ, MAP_SHARED);
	CHECK(signal_of(load_byte, p), "readable without the key");
	let_go(p, fd);
	fd = scratch_file("file", O_RDWR);
	p = bound_mapping(fd, PAGE, add_own_key());
	CHECK(is_pattern(p, PAGE, 5, 0));
	let_go(p, fd);
	scratch_umount();
	clean_up();
}

int main(int argc, char **argv)
{
	return tap_main("revoke", argc, argv);
}
