// SPDX-License-Identifier: GPL-2.0-only
/*
 * One allocation fails, or one copy from or to user space: the first of a call, then the second, ...
 *
 * What is refused leaves nothing behind, and works when it is done again. The kernel has to be one
 * that can be asked for failures: "make test-coverage" and "make test-debug" have such.
 */
#include <linux/keyctl.h>
#include <signal.h>
#include "common.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MOST		2000
#define RW		(PROT_READ | PROT_WRITE)
#define KEY		40
#define DIR		SCRATCH "/dir"

struct attempt {
	void (*prepare)(void);
	long (*call)(void);		/* -1 and errno, or it has worked */
	void (*refused)(void);		/* nothing has changed */
	void (*undo)(void);		/* after it has worked */
};

static int fail_nth, fd;
static char *mapping;
static uint8_t identifier[MKTME_DAX_IDENTIFIER_SIZE];
static key_serial_t key;

static void nothing(void)
{
}

static void set_up(const char *kind, const char *option, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, option);
	NEED(!write_text(path, value), "%s", path);
}

/* Allocations that may sleep are left alone by default; nearly all are of that kind. */
static void need_failures(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

	if (access(FAIL_NTH, W_OK))
		tap_skip("the kernel has no CONFIG_FAULT_INJECTION");
	for (unsigned int i = 0; i < 3; i++)
		set_up(kinds[i], "verbose", "0");
	set_up("failslab", "ignore-gfp-wait", "N");
	set_up("fail_page_alloc", "ignore-gfp-wait", "N");
	set_up("fail_page_alloc", "min-order", "0");
	fail_nth = open(FAIL_NTH, O_RDWR);
	NEED(fail_nth >= 0, "%s", errno_name(errno));
}

static void let_fail(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	NEED(pwrite(fail_nth, text, len, 0) == len, "%s", errno_name(errno));
}

/* To ask is to copy as well: if that is what fails, nothing before has. */
static bool has_failed(void)
{
	char text[16] = "";
	ssize_t got = pread(fail_nth, text, sizeof(text) - 1, 0);

	while (pwrite(fail_nth, "0", 1, 0) != 1)
		;
	return got > 0 && !atoi(text);
}

static void check_refusal(const struct attempt *a, unsigned int n, int err)
{
	NEED(err == ENOMEM || err == EFAULT, "failure %u gave %s", n, errno_name(err));
	a->refused();
	NEED(a->call() >= 0, "after failure %u: %s", n, errno_name(errno));
}

static void each_failure(const struct attempt *a)
{
	unsigned int n, refusals = 0;
	bool failed = true;

	for (n = 1; failed && n < MOST; n++) {
		long ret;
		int err;

		a->prepare();
		let_fail(n);
		ret = a->call();
		err = errno;
		failed = has_failed();
		NEED(ret >= 0 || failed, "without a failure: %s", errno_name(err));
		if (ret < 0) {
			refusals++;
			check_refusal(a, n, err);
		}
		a->undo();
	}
	diag("%u places, %u refusals", n - 2, refusals);
	CHECK(n > 2 && !failed);
}

static void use_scratch(void)
{
	need_failures();
	key = need_key(KEY);
	scratch_new("dax=always");
}

static void ends_soundly(void)
{
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* ---- keys ---- */

static long make_key(void)
{
	char payload[160];

	key_payload(KEY + 1, payload, sizeof(payload));
	return add_key_raw("mktme", "failure", payload, strlen(payload));
}

static void key_is_not_there(void)
{
	CHECK_ERRNO(keyctl_call(KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, (unsigned long)"mktme",
				(unsigned long)"failure", 0), ENOKEY);
}

static void unlink_key(void)
{
	long serial = keyctl_call(KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, (unsigned long)"mktme",
				  (unsigned long)"failure", 0);

	NEED(!keyctl_call(KEYCTL_UNLINK, serial, KEY_SPEC_USER_KEYRING, 0, 0));
}

TEST(add_key_fails_as_a_whole)
{
	static const struct attempt a = { nothing, make_key, key_is_not_there, unlink_key };

	need_failures();
	need_key(KEY);
	each_failure(&a);
}

/* The ring is a new one each time, and so are keyed device and alias. */
static void mount_anew(void)
{
	scratch_cycle("dax=always");
	fd = open(SCRATCH, O_RDONLY);
	NEED(fd >= 0);
}

/* What fails may be the copy to user space of an answer: then the ring has the key. */
static long give_key(void)
{
	struct mktme_dax_add_key_arg added;
	int ret = ioctl_add_key(fd, key, &added);

	if (!ret)
		memcpy(identifier, added.identifier, sizeof(identifier));
	return ret;
}

/* A use that a failure had left behind would keep the key in its KeyID. */
static void take_key(void)
{
	struct mktme_dax_remove_key_arg removed;

	NEED(!ioctl_remove_key(fd, identifier, &removed), "%s", errno_name(errno));
	CHECK(!(removed.status & MKTME_DAX_KEY_STILL_USED), "a use is left");
	close(fd);
}

TEST(key_is_given_or_not)
{
	static const struct attempt a = { mount_anew, give_key, nothing, take_key };
	unsigned int used = sysfs_number("keyids_used");

	use_scratch();
	each_failure(&a);
	CHECK(sysfs_number("keyids_used") <= used);
	ends_soundly();
}

static void mount_with_key(void)
{
	mount_anew();
	NEED(!give_key());
}

/* Gone, too, if only the answer has failed. */
static long remove_key(void)
{
	return ioctl_remove_key(fd, identifier, NULL) && errno != ENOKEY ? -1 : 0;
}

static void close_root(void)
{
	close(fd);
}

TEST(key_is_taken_or_not)
{
	static const struct attempt a = { mount_with_key, remove_key, nothing, close_root };
	unsigned int used = sysfs_number("keyids_used");

	use_scratch();
	each_failure(&a);
	CHECK(sysfs_number("keyids_used") <= used);
	ends_soundly();
}

/* ---- bind ---- */

static void map_new_file(void)
{
	fd = open(SCRATCH "/file", O_RDWR | O_CREAT | O_EXCL, 0600);
	NEED(fd >= 0 && !ftruncate(fd, PMD), "%s", errno_name(errno));
	mapping = map_file(fd, PMD, PROT_NONE, MAP_SHARED);
}

static long encrypt_mapping(void)
{
	return encrypt_mprotect(mapping, PMD, RW, key);
}

static long bind_file(void)
{
	return ioctl_bind(fd, key);
}

static void is_plain(void)
{
	CHECK(!has_record(fd));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNBOUND);
	CHECK_EQ(signal_of(load_byte, mapping), SIGSEGV);
}

static void is_bound(void)
{
	CHECK(has_record(fd));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
}

static void remove_file(void)
{
	is_bound();
	munmap(mapping, PMD);
	close(fd);
	NEED(!unlink(SCRATCH "/file"));
}

TEST(encrypt_mprotect_fails_as_a_whole)
{
	static const struct attempt a = { map_new_file, encrypt_mapping, is_plain, remove_file };

	use_scratch();
	each_failure(&a);
	ends_soundly();
}

TEST(bind_fails_as_a_whole)
{
	static const struct attempt a = { map_new_file, bind_file, is_plain, remove_file };

	use_scratch();
	each_failure(&a);
	ends_soundly();
}

static void make_directory(void)
{
	NEED(!mkdir(DIR, 0700), "%s", errno_name(errno));
	fd = open(DIR, O_RDONLY | O_DIRECTORY);
	NEED(fd >= 0);
}

static void directory_is_plain(void)
{
	CHECK(!path_has_record(DIR));
}

static void remove_directory(void)
{
	CHECK(path_has_record(DIR));
	close(fd);
	NEED(!rmdir(DIR));
}

TEST(bind_of_a_directory_fails_as_a_whole)
{
	static const struct attempt a = {
		make_directory, bind_file, directory_is_plain, remove_directory
	};

	use_scratch();
	need_ring_key(SCRATCH, KEY);
	each_failure(&a);
	ends_soundly();
}

/* ---- what follows ---- */

static long create(void)
{
	return fd = open(DIR "/file", O_RDWR | O_CREAT | O_EXCL, 0600);
}

/* It may be there if opening it is what failed. */
static void nothing_plain_was_created(void)
{
	if (access(DIR "/file", F_OK))
		return;
	CHECK(path_has_record(DIR "/file"));
	NEED(!unlink(DIR "/file"));
}

static void remove_created(void)
{
	is_bound();
	close(fd);
	NEED(!unlink(DIR "/file"));
}

TEST(creation_fails_as_a_whole)
{
	static const struct attempt a = {
		nothing, create, nothing_plain_was_created, remove_created
	};

	use_scratch();
	need_ring_key(SCRATCH, KEY);
	bound_directory(DIR, KEY);
	/* A handle of the journal that ext4 does not get is an error of the file system to it. */
	NEED(!run("echo 'EXT4-fs error .* Out of memory' >>/run/kmsg.allow"));
	each_failure(&a);
	NEED(!rmdir(DIR));
	ends_soundly();
}

static char page[PAGE];

static void lock_file(void)
{
	scratch_cycle("dax=always");
	need_ring_key(SCRATCH, KEY);
}

/* A file that is open is unlocked or not; if not, nobody reads it. */
static long open_and_read(void)
{
	fd = open(SCRATCH "/kept", O_RDWR);
	if (fd < 0)
		return -1;
	if (pread(fd, page, PAGE, 0) == PAGE)
		return 0;
	if (errno == ENOKEY)
		errno = ENOMEM;
	close(fd);
	return -1;
}

static void check_read(void)
{
	CHECK(is_pattern(page, PAGE, 41, 0));
	close(fd);
}

TEST(locked_file_opens_or_stays_locked)
{
	static const struct attempt a = { lock_file, open_and_read, nothing, check_read };

	use_scratch();
	fd = open(SCRATCH "/kept", O_RDWR | O_CREAT, 0600);
	NEED(fd >= 0 && !ioctl_bind(fd, key), "%s", errno_name(errno));
	pattern_fill(page, PAGE, 41, 0);
	write_all(fd, page, PAGE, 0);
	close(fd);
	each_failure(&a);
	ends_soundly();
}

static long write_page(void)
{
	pattern_fill(page, PAGE, 42, 0);
	return pwrite(fd, page, PAGE, PAGE) == PAGE ? 0 : -1;
}

static void is_hole_or_zeros(void)
{
	read_all(fd, page, PAGE, PAGE);
	CHECK(is_zero(page, PAGE));
}

static void check_written(void)
{
	read_all(fd, page, PAGE, PAGE);
	CHECK(is_pattern(page, PAGE, 42, 0));
	remove_file();
}

static void map_bound_file(void)
{
	map_new_file();
	NEED(!bind_file());
}

TEST(write_that_fails_shows_nothing_stale)
{
	static const struct attempt a = {
		map_bound_file, write_page, is_hole_or_zeros, check_written
	};

	use_scratch();
	each_failure(&a);
	ends_soundly();
}

int main(int argc, char **argv)
{
	/* Where nothing can be made to fail, one test that says so is enough. */
	static char *one[] = { "failure_test", "add_key_fails_as_a_whole" };

	if (access(FAIL_NTH, W_OK))
		return tap_main("failure", 2, one);
	return tap_main("failure", argc, argv);
}
