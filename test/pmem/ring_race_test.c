// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removing a key while somebody binds, opens, creates, loads and stores
 *
 * The one rule: when MKTME_DAX_IOC_REMOVE_KEY has returned, no file is unlocked
 * with the key, whatever had begun before.
 */
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define ROUNDS	60

static uint8_t id[MKTME_DAX_IDENTIFIER_SIZE];
static key_serial_t key;
static int root;
static volatile int *shared;

static void prepare(void)
{
	key = need_key(1);
	scratch_new("dax=always");
	root = open(SCRATCH, O_RDONLY);
	memcpy(id, need_ring_key(SCRATCH, 1), sizeof(id));
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(root >= 0 && shared != MAP_FAILED);
}

static void remove_and_check(void)
{
	NEED(!ioctl_remove_key(root, id, NULL), "%s", errno_name(errno));
	CHECK_EQ(key_status(root, id).status, MKTME_DAX_KEY_ABSENT);
	CHECK_EQ(key_status(root, id).unlocked, 0);
}

/* Asleep in the kernel where no signal reaches it. */
static void wait_until_blocked(pid_t pid)
{
	char path[32], stat[256], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	/* A minute at least: the other CPU may be anywhere on a busy host. */
	for (int tries = 0; tries < 60000; tries++) {
		NEED(read_text(path, stat, sizeof(stat)) > 0);
		state = strrchr(stat, ')');
		if (state && state[2] == 'D')
			return;
		usleep(1000);
	}
	NEED(false, "%s never blocks", stat);
}

/*
 * A frozen file system holds the bind up in the middle: after it has looked at
 * the key and before it changes anything. The key goes, and only then it goes on.
 */
TEST(bind_overtaken_by_removal)
{
	char buf[PAGE];
	struct peer peer;
	int fd;

	prepare();
	fd = scratch_file("late", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, LEN));
	NEED(!ioctl(root, FIFREEZE, 0), "%s", errno_name(errno));
	if (spawn(&peer)) {
		tell(&peer, 'r');
		CHECK(!ioctl_bind(fd, key), "%s", errno_name(errno));
		exit(0);
	}
	await(&peer, 'r');
	wait_until_blocked(peer.pid);
	NEED(!ioctl_remove_key(root, id, NULL), "%s", errno_name(errno));
	NEED(!ioctl(root, FITHAW, 0));
	join(&peer);
	CHECK(has_record(fd));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	CHECK_EQ(key_status(root, id).unlocked, 0);
	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	NEED(!ioctl_bind(fd, key));
	CHECK_EQ(pread(fd, buf, PAGE, 0), PAGE);
}

/* The same, and nobody takes the key away: the bind unlocks. */
TEST(bind_held_up_is_not_overtaken_by_another_key)
{
	const uint8_t *other;
	struct peer peer;
	int fd;

	prepare();
	other = need_ring_key(SCRATCH, 2);
	fd = scratch_file("late", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, LEN));
	NEED(!ioctl(root, FIFREEZE, 0));
	if (spawn(&peer)) {
		tell(&peer, 'r');
		CHECK(!ioctl_bind(fd, key), "%s", errno_name(errno));
		exit(0);
	}
	await(&peer, 'r');
	wait_until_blocked(peer.pid);
	NEED(!ioctl_remove_key(root, other, NULL));
	NEED(!ioctl(root, FITHAW, 0));
	join(&peer);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
}

/* Until it is gone it may have a file open, and the next test formats the device. */
static void end(struct peer *peer)
{
	NEED(!kill(peer->pid, SIGKILL) && waitpid(peer->pid, NULL, 0) == peer->pid);
}

static void open_for_ever(void)
{
	char buf[64];
	int fd;

	for (;;) {
		fd = scratch_file("opened", O_RDONLY);
		if (fd < 0)
			exit(1);
		if (pread(fd, buf, sizeof(buf), 0) == sizeof(buf))
			shared[0]++;
		else
			shared[1]++;
		close(fd);
	}
}

/* Wait until the other process has done something once more. */
static void await_count(volatile int *count)
{
	int before = *count;

	while (*count == before)
		;
}

TEST(opens_against_removal)
{
	struct peer peer;
	int fd;

	prepare();
	fd = scratch_file("opened", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, LEN) && !ioctl_bind(fd, key) && !close(fd));
	if (spawn(&peer))
		open_for_ever();
	for (int round = 0; round < ROUNDS; round++) {
		await_count(&shared[0]);
		remove_and_check();
		await_count(&shared[1]);
		NEED(!ioctl_add_key(root, key, NULL));
	}
	end(&peer);
	diag("%d reads with the key, %d without", shared[0], shared[1]);
}

/* Each file that comes into being is under the key; none without it. */
static void create_for_ever(void)
{
	for (unsigned int n = 0;; n++) {
		char name[32];
		int fd;

		if (n & 1) {
			fd = open(SCRATCH "/dir", O_RDWR | O_TMPFILE, 0600);
		} else {
			snprintf(name, sizeof(name), "dir/f%u", n % 8);
			fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
		}
		if (fd < 0 && errno != ENOKEY && errno != EEXIST)
			exit(1);
		if (fd < 0) {
			shared[1]++;
			continue;
		}
		if (!has_record(fd))
			exit(2);
		if (write(fd, "SECRET-of-a-bound-file--", 24) == 24)
			shared[0]++;
		close(fd);
		if (!(n & 1))
			unlinkat(root, name, 0);
	}
}

TEST(creation_against_removal)
{
	struct peer peer;

	prepare();
	bound_directory(SCRATCH "/dir", 1);
	if (spawn(&peer))
		create_for_ever();
	for (int round = 0; round < ROUNDS; round++) {
		await_count(&shared[0]);
		remove_and_check();
		await_count(&shared[1]);
		NEED(!ioctl_add_key(root, key, NULL));
	}
	end(&peer);
	diag("%d files with the key, %d refused", shared[0], shared[1]);
}

static void touch_for_ever(char *p)
{
	for (unsigned int n = 0;; n++) {
		char *q = p + n % 8 * PAGE + 8 * (n % 500);
		int sig = signal_of(n & 1 ? load_byte : store_byte, q);

		if (sig && sig != SIGBUS)
			exit(1);
		shared[sig ? 1 : 0]++;
	}
}

/* Loads and stores get SIGBUS or the data, and no store is lost on the way. */
TEST(stores_against_removal)
{
	struct peer peer;
	char *p, *q;
	int fd;

	prepare();
	fd = scratch_file("stored", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, 2 * LEN) && !ioctl_bind(fd, key));
	p = map_file(fd, 2 * LEN, RW, MAP_SHARED);
	q = p + LEN;
	if (spawn(&peer))
		touch_for_ever(p);
	for (int round = 0; round < ROUNDS; round++) {
		pattern_fill(q, LEN, 340 + round, 0);
		await_count(&shared[0]);
		remove_and_check();
		await_count(&shared[1]);
		NEED(!ioctl_add_key(root, key, NULL));
		CHECK(is_pattern(q, LEN, 340 + round, 0));
	}
	end(&peer);
	for (size_t i = 0; i < LEN; i++)
		if (!CHECK(!p[i] || p[i] == 'x', "%#zx: %02x", i, (unsigned char)p[i]))
			break;
}

/* Two who disagree: in the end it is as the last one wants it. */
TEST(adding_against_removing)
{
	struct peer peer;
	int fd;

	prepare();
	fd = scratch_file("file", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, LEN) && !ioctl_bind(fd, key));
	if (spawn(&peer)) {
		tell(&peer, 'r');
		for (int round = 0; round < 5 * ROUNDS; round++)
			if (ioctl_add_key(root, key, NULL))
				exit(1);
		exit(0);
	}
	await(&peer, 'r');
	for (int round = 0; round < 5 * ROUNDS; round++)
		CHECK(!ioctl_remove_key(root, id, NULL) || errno == ENOKEY, "%s",
		      errno_name(errno));
	join(&peer);
	NEED(!ioctl_add_key(root, key, NULL));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
	CHECK_EQ(key_status(root, id).unlocked, 1);
	remove_and_check();
}

int main(int argc, char **argv)
{
	return tap_main("ring-race", argc, argv);
}
