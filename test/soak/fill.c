// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files under three keys and none until the file system is full; then some go, and others
 * take their blocks
 *
 *	fill SEED ROUNDS
 *
 * A block that comes to its next owner with a line of the last one is noise there, or soon will be:
 * half of the files that go have been written to just before. So is one that was not zeroed under the
 * key: some files get stores to the first quarter of each page only.
 */
#include <stdarg.h>
#include "caches.h"
#include "fuzz.h"

#define KEYS		3
#define MAX_FILES	4000
#define MAX_LEN		MIB
#define STEPS		10	/* of a round */
#define FEW		30	/* files that go in a step */
#define FULL		20	/* files that did not fit */

static struct {
	unsigned int key, seed;
	size_t len;		/* 0: there is no such file */
	bool quarters;		/* the rest of each page is zeros */
} files[MAX_FILES];
static key_serial_t keys[KEYS + 1];
static char buf[MAX_LEN], want[MAX_LEN];

void broken(const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report("#   %s", text);
	report("not ok - fill: blocks keep nothing of their last owner");
	exit(1);
}

/*
 * Every second file has its key from its directory. The others are beside plain ones: XFS puts
 * the files of a directory into one allocation group, and has blocks change hands within it.
 */
static unsigned int directory_of(unsigned int i)
{
	return i % 2 ? files[i].key : 0;
}

static int open_number(unsigned int i, int flags, bool gone)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/d%u/%u", fixture_dir(), directory_of(i), i);
	if (gone)
		return unlink(path);
	fd = open(path, flags, 0600);
	if (fd < 0 && errno != ENOSPC)
		broken("%s: %s", path, errno_name(errno));
	return fd;
}

static void fill_pattern(char *out, unsigned int i)
{
	size_t step = files[i].quarters ? PAGE : files[i].len, len = files[i].quarters ? PAGE / 4 : step;

	for (size_t off = 0; off < files[i].len; off += step)
		pattern_fill_mark(out + off, len < files[i].len - off ? len : files[i].len - off,
				  files[i].key ? SECRET_MARK : CLEAR_MARK, files[i].seed, off);
}

static void make_directories(void)
{
	int root = open(fixture_dir(), O_RDONLY), fd;
	char path[128];

	for (unsigned int key = 0; key <= KEYS; key++) {
		snprintf(path, sizeof(path), "%s/d%u", fixture_dir(), key);
		if (mkdir(path, 0700))
			broken("%s: %s", path, errno_name(errno));
		fd = open(path, O_RDONLY);
		keys[key] = key ? add_test_key(key) : 0;
		if (key && (ioctl_add_key(root, keys[key], NULL) || ioctl_bind(fd, keys[key])))
			broken("a directory with a key: %s", errno_name(errno));
		close(fd);
	}
	close(root);
}

/* Through a mapping there has to be room before: a store has no errno. */
static bool write_file(int fd, unsigned int i, bool mapped)
{
	ssize_t done;
	char *p;

	if (!mapped) {
		fill_pattern(buf, i);
		done = pwrite(fd, buf, files[i].len, 0);
		if (done == (ssize_t)files[i].len)
			return true;
	} else if (!posix_fallocate(fd, 0, files[i].len)) {
		p = mmap(NULL, files[i].len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			broken("mmap: %s", errno_name(errno));
		fill_pattern(p, i);
		munmap(p, files[i].len);
		return true;
	}
	return false;
}

/* False when it is full. */
static bool add_file(struct random *r, unsigned int i)
{
	bool good, mapped;
	int fd;

	files[i].key = one_of(r, KEYS + 1);
	files[i].seed = any(r) >> 8;
	files[i].len = 1 + one_of(r, one_of(r, 4) ? 128 * KIB : MAX_LEN);
	fd = open_number(i, O_RDWR | O_CREAT | O_EXCL, false);
	if (fd < 0) {
		files[i].len = 0;
		return false;
	}
	if (files[i].key && !directory_of(i) && ioctl_bind(fd, keys[files[i].key]))
		broken("bind of file %u: %s", i, errno_name(errno));
	mapped = one_of(r, 2);
	files[i].quarters = mapped && one_of(r, 2);
	good = write_file(fd, i, mapped);
	close(fd);
	if (!good) {
		open_number(i, 0, true);
		files[i].len = 0;
	}
	return good;
}

static void check_file(unsigned int i)
{
	int fd = open_number(i, O_RDONLY, false);

	memset(want, 0, files[i].len);
	fill_pattern(want, i);
	if (pread(fd, buf, files[i].len, 0) != (ssize_t)files[i].len)
		broken("file %u: %s", i, errno_name(errno));
	if (memcmp(buf, want, files[i].len))
		broken("file %u under key %u, %zu bytes, is not what was written", i, files[i].key,
		       files[i].len);
	close(fd);
}

/*
 * Left in the caches: who frees the blocks has to flush them, or who gets them. Other bytes than
 * before, since a store that changes nothing makes no line dirty here.
 */
static void make_dirty(unsigned int i)
{
	int fd = open_number(i, O_RDWR, false);
	char *p = mmap(NULL, files[i].len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		broken("mmap: %s", errno_name(errno));
	files[i].seed++;
	fill_pattern(p, i);
	munmap(p, files[i].len);
	close(fd);
}

/* A few at a time: their late lines are still there when others get the blocks. */
static void make_room(struct random *r)
{
	unsigned int gone = 0;

	for (unsigned int tries = 0; tries < 10 * MAX_FILES && gone < FEW; tries++) {
		unsigned int i = one_of(r, MAX_FILES);

		if (!files[i].len)
			continue;
		if (one_of(r, 2))
			make_dirty(i);
		open_number(i, 0, true);
		files[i].len = 0;
		gone++;
	}
	sync();
}

/* Small files still fit when a large one does not. */
static unsigned int fill_up(struct random *r)
{
	unsigned int full = 0, made = 0;

	for (unsigned int i = 0; i < MAX_FILES && full < FULL; i++) {
		if (files[i].len)
			continue;
		if (add_file(r, i))
			made++;
		else
			full++;
	}
	if (full < FULL)
		broken("it does not get full");
	return made;
}

/* What is clean by now, a late line would spoil; what is dirty would hide that. */
static void check_all(void)
{
	sync();
	if (!empty_caches())
		broken("emptying the caches: %s", errno_name(errno));
	for (unsigned int i = 0; i < MAX_FILES; i++)
		if (files[i].len)
			check_file(i);
}

int main(int argc, char **argv)
{
	struct random r = { .state = argc == 3 ? strtoull(argv[1], NULL, 0) : 0 };
	unsigned int rounds = argc == 3 ? atoi(argv[2]) : 0, made;

	make_directories();
	made = fill_up(&r);
	for (unsigned int n = 0; n < rounds; n++) {
		for (unsigned int step = 0; step < STEPS; step++) {
			make_room(&r);
			made += fill_up(&r);
		}
		check_all();
	}
	report("# fill: %u rounds, %u files", rounds, made);
	report("ok - fill: blocks keep nothing of their last owner");
	return 0;
}
