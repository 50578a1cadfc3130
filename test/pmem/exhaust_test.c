// SPDX-License-Identifier: GPL-2.0-only
/*
 * More keys than KeyIDs: who gets one, whose is taken, and what is left of the
 * former key. Runs last in its boot: every KeyID has had other keys after it.
 */
#include "common.h"

#define RW	(PROT_READ | PROT_WRITE)
#define MOST	128	/* more than seven bits of KeyID */

/* An unnamed file under a key, in use until it is let go. */
struct user {
	unsigned int key, keyid;
	int fd;
	char *p;
};

/* A key that nobody has had before: each test is a process of its own. */
static unsigned int new_key(void)
{
	static unsigned int count;

	return getpid() * 8 * MOST + count++;
}

static bool take(struct user *u, unsigned int key)
{
	u->key = key;
	u->fd = new_file(PAGE, NULL);
	u->p = map_file(u->fd, PAGE, PROT_NONE, MAP_SHARED);
	if (encrypt_mprotect(u->p, PAGE, RW, need_key(key)))
		return false;
	pattern_fill(u->p, PAGE, key, 0);
	u->keyid = pte_of(u->p).keyid;
	return true;
}

static void let_go(struct user *u)
{
	int err = errno;

	NEED(!munmap(u->p, PAGE) && !close(u->fd));
	errno = err;
}

/* With keys that nobody has had before; the errno of the one too many. */
static unsigned int take_all(struct user users[MOST])
{
	unsigned int count = 0;

	while (take(&users[count], new_key()))
		NEED(++count < MOST, "%u keys and no end", count);
	let_go(&users[count]);
	return count;
}

static struct user *user_of(struct user *users, unsigned int count,
			    unsigned int keyid)
{
	for (unsigned int i = 0; i < count; i++)
		if (users[i].keyid == keyid)
			return &users[i];
	return NULL;
}

TEST(all_keyids_in_use_EUSERS)
{
	key_serial_t old = need_key(1);
	struct user users[MOST], late;
	unsigned int count, seen[MOST] = {};

	bound_mapping(new_file(PAGE, NULL), PAGE, old);
	count = take_all(users);
	CHECK(errno == EUSERS, "after %u keys: %s", count, errno_name(errno));
	CHECK(count + 1 <= sysfs_number("keyids_total") && count > 0, "%u keys", count);
	CHECK_EQ(sysfs_number("keyids_used"), sysfs_number("keyids_total"));
	for (unsigned int i = 0; i < count; i++) {
		CHECK(is_pattern(users[i].p, PAGE, users[i].key, 0));
		CHECK(!seen[users[i].keyid]++, "KeyID %u twice", users[i].keyid);
	}

	CHECK(!take(&late, new_key()) && errno == EUSERS, "%s", errno_name(errno));
	CHECK(!has_record(late.fd), "refused, but has a record");
	CHECK(signal_of(load_byte, late.p), "refused, but protection changed");
	CHECK_ERRNO(ioctl_bind(late.fd, need_key(new_key())), EUSERS);
	CHECK_ERRNO(ioctl_add_key(late.fd, need_key(new_key()), NULL), EUSERS);
	/* A key that has its KeyID goes on to work. */
	CHECK(!encrypt_mprotect(late.p, PAGE, RW, old), "%s", errno_name(errno));
	pattern_fill(late.p, PAGE, 1, 0);
	CHECK(is_pattern(late.p, PAGE, 1, 0));
}

/* A key of a file system is in use while no file is. */
TEST(key_of_a_ring_keeps_its_keyid)
{
	struct user users[MOST];
	unsigned int key = new_key();
	const uint8_t *id = need_ring_key(fixture_dir(), key);
	char path[4096], buf[PAGE];
	int fd = new_file(PAGE, path);

	NEED(!ioctl_bind(fd, need_key(key)));
	pattern_fill(buf, PAGE, key, 0);
	write_all(fd, buf, PAGE, 0);
	NEED(!close(fd) && !run("sync; echo 3 >/proc/sys/vm/drop_caches"));
	take_all(users);
	fd = open(path, O_RDONLY);
	NEED(fd >= 0 && !unlink(path));
	read_all(fd, buf, PAGE, 0);
	CHECK(is_pattern(buf, PAGE, key, 0));
	remove_ring_key(fixture_dir(), id);
}

/* Closing the last file of a key is enough, and it is its KeyID that is had. */
TEST(idle_keyid_goes_to_the_next_key)
{
	struct user users[MOST], late;
	unsigned int count;

	need_key(1);
	count = take_all(users);
	NEED(count > 1);
	let_go(&users[count / 2]);
	NEED(take(&late, new_key()), "%s", errno_name(errno));
	CHECK_EQ(late.keyid, users[count / 2].keyid);
	CHECK(is_pattern(late.p, PAGE, late.key, 0));
	CHECK(is_pattern(users[0].p, PAGE, users[0].key, 0));
}

TEST(key_in_use_by_two_files_stays)
{
	struct user users[MOST], second, late;
	unsigned int count;

	need_key(1);
	count = take_all(users);
	NEED(take(&second, users[0].key), "%s", errno_name(errno));
	CHECK_EQ(second.keyid, users[0].keyid);
	let_go(&users[0]);
	CHECK(!take(&late, new_key()) && errno == EUSERS, "%s", errno_name(errno));
	let_go(&second);
	CHECK(take(&late, new_key()), "%s", errno_name(errno));
	CHECK(count);
}

TEST(least_recently_used_keyid_goes_first)
{
	struct user users[MOST], late[3];
	unsigned int count;

	need_key(1);
	count = take_all(users);
	NEED(count >= 3);
	let_go(&users[2]);
	let_go(&users[0]);
	let_go(&users[1]);
	/* A key that comes back finds its KeyID, and is the last to lose it then. */
	NEED(take(&users[2], users[2].key));
	let_go(&users[2]);
	for (int i = 0; i < 3; i++)
		NEED(take(&late[i], new_key()), "%s", errno_name(errno));
	CHECK_EQ(late[0].keyid, users[0].keyid);
	CHECK_EQ(late[1].keyid, users[1].keyid);
	CHECK_EQ(late[2].keyid, users[2].keyid);
}

/* Twice as many keys as KeyIDs, and each file still has its data in the end. */
TEST(more_keys_than_keyids_in_turn)
{
	unsigned int total, half, first = new_key() + MOST;
	char name[16], *p;
	int fd;

	need_key(1);
	total = sysfs_number("keyids_total");
	half = total > 2 ? total / 2 : 1;
	scratch_new("dax=always");
	for (unsigned int i = 0; i < 4 * half; i++) {
		if (i % half == 0)
			scratch_cycle("dax=always");
		snprintf(name, sizeof(name), "%u", i);
		fd = scratch_file(name, O_RDWR | O_CREAT);
		NEED(fd >= 0 && !ftruncate(fd, PAGE));
		p = bound_mapping(fd, PAGE, need_key(first + i));
		pattern_fill(p, PAGE, first + i, 0);
		munmap(p, PAGE);
		close(fd);
	}
	for (unsigned int i = 0; i < 4 * half; i++) {
		if (i % half == 0)
			scratch_cycle("dax=always");
		snprintf(name, sizeof(name), "%u", i);
		fd = scratch_file(name, O_RDWR);
		NEED(fd >= 0);
		p = bound_mapping(fd, PAGE, need_key(first + i));
		CHECK(is_pattern(p, PAGE, first + i, 0), "file %u", i);
		munmap(p, PAGE);
		close(fd);
	}
	scratch_umount();
}

/* With pattern @write, if that is not 0. */
static char *open_scratch(unsigned int key, unsigned int write,
			  unsigned int *keyid, int *fd)
{
	char *p;

	*fd = scratch_file("file", O_RDWR | O_CREAT);
	NEED(*fd >= 0 && !ftruncate(*fd, PAGE));
	p = bound_mapping(*fd, PAGE, need_key(key));
	if (write)
		pattern_fill(p, PAGE, write, 0);
	load_byte(p);
	*keyid = pte_of(p).keyid;
	return p;
}

static void back_to_main(void)
{
	use_dir(getenv("MKTME_DIR"));
}

/* Written, synced and read, so that what caches hold of it is clean. */
static unsigned int use_scratch(unsigned int key, unsigned int seed)
{
	unsigned int keyid;
	int fd;
	char *p = open_scratch(key, seed, &keyid, &fd);

	NEED(!msync(p, PAGE, MS_SYNC));
	CHECK(is_pattern(p, PAGE, seed, 0));
	munmap(p, PAGE);
	close(fd);
	scratch_cycle("dax=always");
	back_to_main();
	return keyid;
}

/*
 * Rule I5. The file is used through KeyID a, then through b, then through a
 * again, which other keys have had meanwhile: no line of the first time may be
 * left in a cache.
 */
TEST(no_line_outlives_the_key_of_its_keyid)
{
	unsigned int count, key = new_key(), a, b, again;
	struct user users[MOST], *of_a, late;
	char *p;
	int fd;

	need_key(1);
	scratch_new("dax=always");
	a = use_scratch(key, 7);
	count = take_all(users);
	of_a = user_of(users, count, a);
	NEED(of_a && count > 1, "KeyID %u went to nobody of %u", a, count);

	let_go(&users[of_a == users]);
	b = use_scratch(key, 8);
	CHECK(a != b, "KeyID %u again", a);
	let_go(of_a);
	NEED(take(&late, new_key()) && late.keyid == b, "KeyID %u, not %u", late.keyid, b);

	p = open_scratch(key, 0, &again, &fd);
	CHECK_EQ(again, a);
	CHECK(is_pattern(p, PAGE, 8, 0));
	munmap(p, PAGE);
	close(fd);
	scratch_umount();
}

int main(int argc, char **argv)
{
	return tap_main("exhaust", argc, argv);
}
