// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is promised to be durable is durable: the guest's half of the power cuts
 *
 *	promise make	files under two keys and one without, in MKTME_DIR
 *	promise write	writes, makes durable, and tells the report port what is, for ever
 *	promise check	tells what is there: one line for each slot
 *
 * The host remembers the promises and compares (test/soak/cuts.sh). Lines of the report:
 *
 *	writer W NAME SLOTS HOW
 *	p W SLOT VERSION		promised
 *	found W SLOT OLD NEW TORN	the oldest and the newest line of the slot, and how many
 *					are of two versions at once
 *	garbage W SLOT WHAT
 */
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "ballast.h"
#include "promise.h"

/* What writers and churn() have at a time is a third of it. */
#define ROOM	(24 * MIB)

const struct writer writers[] = {
	{ "msync",	1, 8, 2 * PAGE,		BY_MSYNC,	false },
	{ "fsync",	2, 8, PAGE,		BY_FSYNC,	false },
	{ "fdatasync",	1, 8, PAGE,		BY_FDATASYNC,	false },
	{ "clwb",	2, 8, PAGE,		BY_CLWB,	false },
	{ "libpmem",	1, 8, PAGE,		BY_LIBPMEM,	false },
	{ "dsync",	2, 8, 2 * PAGE,		BY_DSYNC,	false },
	{ "write",	1, 8, PAGE,		BY_WRITE,	true },
	{ "huge",	2, 8, PMD / 8,		BY_MSYNC,	false },
	{ "holes",	1, 8, 2 * PAGE,		BY_MSYNC,	true },
	{ "holes-clwb",	2, 8, PAGE,		BY_CLWB,	true },
	{ "rename",	1, 8, 3 * PAGE,		BY_RENAME,	false },
	{ "bind",	2, 8, PAGE,		BY_RENAME_OF_BOUND, false },
	{ "succession",	2, 8, 32 * PAGE,	BY_SUCCESSION,	false },
	{ "append",	1, 256, KIB,		BY_APPEND,	false },
	{ "plain",	0, 8, PAGE,		BY_MSYNC,	false },
};
const unsigned int nr_writers = sizeof(writers) / sizeof(writers[0]);
unsigned int *promising;

void fail(const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report("not ok - promise: %s", text);
	exit(1);
}

void need(bool ok, const char *what)
{
	if (!ok)
		fail("%s: %s", what, errno_name(errno));
}

/* A file for each slot */
static bool in_files(const struct writer *w)
{
	return w->how == BY_RENAME || w->how == BY_RENAME_OF_BOUND || w->how == BY_SUCCESSION;
}

void slot_path(const struct writer *w, unsigned int slot, char path[128])
{
	const char *dir = w->how == BY_RENAME ? "keyed/" : "";

	if (in_files(w))
		snprintf(path, 128, "%s/%s%s-%u", fixture_dir(), dir, w->name, slot);
	else
		snprintf(path, 128, "%s/%s", fixture_dir(), w->name);
}

size_t slot_offset(const struct writer *w, unsigned int slot)
{
	return in_files(w) ? 0 : slot * w->len;
}

uint32_t pattern_of(const struct writer *w, unsigned int version)
{
	return (uint32_t)(w - writers) << 24 | version;
}

const char *promise_mark(const struct writer *w)
{
	return w->key ? SECRET_MARK : CLEAR_MARK;
}

/* Mounting has forgotten the keys: what is bound is locked until they come. */
static void give_keys(void)
{
	int root = open(fixture_dir(), O_RDONLY);

	need(root >= 0, fixture_dir());
	for (unsigned int key = 1; key <= PROMISE_KEYS; key++)
		need(!ioctl_add_key(root, add_test_key(key), NULL), "ADD_KEY");
	close(root);
}

static void check_locked(void)
{
	char path[128], byte;
	int fd;

	slot_path(&writers[0], 0, path);
	fd = open(path, O_RDONLY);
	need(fd >= 0, path);
	if (pread(fd, &byte, 1, 0) != -1 || errno != ENOKEY)
		fail("a bound file can be read without its key");
	close(fd);
}

static void make_file(const struct writer *w)
{
	char path[128];
	int fd;

	slot_path(w, 0, path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	need(fd >= 0, path);
	if (w->key)
		need(!ioctl_bind(fd, add_test_key(w->key)), "BIND");
	if (w->how != BY_APPEND)
		need(!ftruncate(fd, w->slots * w->len), "ftruncate");
	need(!fsync(fd), "fsync");
	close(fd);
}

static void make(void)
{
	int root = open(fixture_dir(), O_RDONLY), fd;
	char path[128];

	give_keys();
	snprintf(path, sizeof(path), "%s/keyed", fixture_dir());
	need(!mkdir(path, 0700), path);
	fd = open(path, O_RDONLY);
	need(!ioctl_bind(fd, add_test_key(1)), "BIND of a directory");
	for (unsigned int i = 0; i < nr_writers; i++)
		if (!in_files(&writers[i]))
			make_file(&writers[i]);
	need(!fsync(fd) && !fsync(root) && !syncfs(root), "fsync");
	need(!leave_room(root, ROOM), "the ballast");
}

static void write_all_the_time(void)
{
	int status = 0;

	promising = mmap(NULL, sizeof(*promising), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	need(promising != MAP_FAILED, "mmap");
	for (unsigned int i = 0; i <= nr_writers; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i == nr_writers)
			churn();
		keep_promising(&writers[i]);
	}
	wait(&status);
	fail("a writer ended with status %#x", status);
}

int main(int argc, char **argv)
{
	const char *verb = argc == 2 ? argv[1] : "";

	if (!strcmp(verb, "make")) {
		make();
	} else if (!strcmp(verb, "write")) {
		give_keys();
		write_all_the_time();
	} else if (!strcmp(verb, "check")) {
		check_locked();
		give_keys();
		check_promises();
	} else {
		fputs("usage: promise make | write | check\n", stderr);
		return 2;
	}
	return 0;
}
