// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writers: a new version of a slot, made durable in one of the ways there are
 */
#include <cpuid.h>
#include <immintrin.h>
#include <libpmem.h>
#include <linux/falloc.h>
#include "caches.h"
#include "promise.h"

/* What libpmem does after stores to a MAP_SYNC mapping, by hand. */
__attribute__((target("clwb,clflushopt"))) static void flush_lines(char *p, size_t len)
{
	unsigned int a, b = 0, c, d;

	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	for (size_t i = 0; i < len; i += 64)
		if (b & 1 << 24)
			_mm_clwb(p + i);
		else
			_mm_clflushopt(p + i);
	_mm_sfence();
}

/*
 * The version is in memory now; a promise is made when it is durable. The host may cut when each
 * writer has made one: before that there would be little to break.
 */
static void promise(const struct writer *w, unsigned int version)
{
	static bool again;

	report("p %u %u %u", (unsigned int)(w - writers), version % w->slots, version);
	if (!again && __atomic_add_fetch(promising, 1, __ATOMIC_SEQ_CST) == nr_writers)
		report("cut me");
	again = true;
}

static void punch(const struct writer *w, int fd, unsigned int slot)
{
	if (w->punch)
		need(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, slot * w->len,
				w->len), "punch");
}

static char *map_slots(const struct writer *w, int fd, const char *path)
{
	size_t len = w->slots * w->len, mapped;
	int flags = w->how == BY_CLWB ? MAP_SHARED_VALIDATE | MAP_SYNC : MAP_SHARED;
	int is_pmem = 0;
	char *p;

	if (w->how != BY_LIBPMEM)
		return map_file(fd, len, PROT_READ | PROT_WRITE, flags);
	p = pmem_map_file(path, 0, 0, 0600, &mapped, &is_pmem);
	if (!p || mapped != len || !is_pmem)
		fail("pmem_map_file(): %s, is_pmem %d", pmem_errormsg(), is_pmem);
	return p;
}

static void by_mapping(const struct writer *w, unsigned int version)
{
	char path[128], *p, *at;
	int fd;

	slot_path(w, 0, path);
	fd = open(path, O_RDWR);
	need(fd >= 0, path);
	p = map_slots(w, fd, path);
	for (;; version++) {
		unsigned int slot = version % w->slots;

		punch(w, fd, slot);
		at = p + slot * w->len;
		pattern_fill_mark(at, w->len, promise_mark(w), pattern_of(w, version), 0);
		if (w->how == BY_CLWB)
			flush_lines(at, w->len);
		else if (w->how == BY_LIBPMEM)
			pmem_persist(at, w->len);
		else if (w->how == BY_MSYNC)
			need(!msync(at, w->len, MS_SYNC), "msync");
		else
			need(!(w->how == BY_FSYNC ? fsync(fd) : fdatasync(fd)), "fsync");
		promise(w, version);
	}
}

static void fill(const struct writer *w, char *buf, unsigned int version)
{
	pattern_fill_mark(buf, w->len, promise_mark(w), pattern_of(w, version), 0);
}

static void by_write(const struct writer *w, unsigned int version)
{
	static char buf[PMD];
	char path[128];
	int fd;

	slot_path(w, 0, path);
	fd = open(path, O_RDWR | (w->how == BY_DSYNC ? O_DSYNC : 0));
	need(fd >= 0, path);
	for (;; version++) {
		unsigned int slot = version % w->slots;

		punch(w, fd, slot);
		fill(w, buf, version);
		need(pwrite(fd, buf, w->len, slot * w->len) == (ssize_t)w->len, "pwrite");
		if (w->how == BY_WRITE)
			need(!fdatasync(fd), "fdatasync");
		promise(w, version);
	}
}

/* A new file takes the name of the old one, all or nothing. */
static void put_in_place(const char *from, const char *to)
{
	char dir[128];
	int fd;

	need(!rename(from, to), "rename");
	snprintf(dir, sizeof(dir), "%s", to);
	*strrchr(dir, '/') = 0;
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	need(fd >= 0 && !fsync(fd), "fsync of a directory");
	close(fd);
}

/* Written through write(2) where it inherits, else bound and written through a mapping. */
static int new_version(const struct writer *w, const char *path, unsigned int version)
{
	static char buf[PMD];
	char *p = buf;
	int fd;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	need(fd >= 0, path);
	if (w->how == BY_RENAME_OF_BOUND || w->how == BY_SUCCESSION) {
		need(!ftruncate(fd, w->len), "ftruncate");
		p = map_file(fd, w->len, PROT_NONE, MAP_SHARED);
		need(!encrypt_mprotect(p, w->len, PROT_READ | PROT_WRITE, add_test_key(w->key)),
		     "encrypt_mprotect");
		fill(w, p, version);
		munmap(p, w->len);
	} else {
		if (w->how == BY_APPEND)
			need(!ioctl_bind(fd, add_test_key(w->key)), "BIND");
		fill(w, buf, version);
		need(pwrite(fd, buf, w->len, 0) == (ssize_t)w->len, "pwrite");
	}
	need(!fsync(fd), "fsync");
	return fd;
}

/* Stores that stay in the caches: whoever takes the blocks from the file has to see to them. */
static void make_dirty(int fd, const char *bytes, size_t len)
{
	char *p = map_file(fd, len, PROT_READ | PROT_WRITE, MAP_SHARED);

	memcpy(p, bytes, len);
	munmap(p, len);
}

/*
 * A file of the same size, without a key or with another one, that has just gone: the file
 * system was the same when it was made, so the next one gets its blocks.
 */
static void leave_blocks(const struct writer *w, unsigned int version)
{
	static char buf[PMD];
	const char *mark = version & 1 ? SECRET_MARK : CLEAR_MARK;
	int root = open(fixture_dir(), O_RDONLY | O_DIRECTORY), fd;

	unlinkat(root, "predecessor", 0);	/* of a boot that had its power cut */
	fd = openat(root, "predecessor", O_RDWR | O_CREAT | O_EXCL, 0600);
	need(fd >= 0, "predecessor");
	if (version & 1)
		need(!ioctl_bind(fd, add_test_key(1)), "BIND");
	need(!ftruncate(fd, w->len), "ftruncate");
	pattern_fill_mark(buf, w->len, mark, 0xfe000000, 0);
	make_dirty(fd, buf, w->len);
	close(fd);
	need(!unlinkat(root, "predecessor", 0) && !fsync(root), "unlink");
	close(root);
}

static void by_rename(const struct writer *w, unsigned int version)
{
	char path[128], fresh[140];

	for (;; version++) {
		slot_path(w, version % w->slots, path);
		snprintf(fresh, sizeof(fresh), "%s.new", path);
		if (w->how == BY_SUCCESSION)
			leave_blocks(w, version);
		close(new_version(w, fresh, version));
		put_in_place(fresh, path);
		promise(w, version);
		/* What was left in the caches goes to memory, over what has been promised since. */
		if (w->how == BY_SUCCESSION && !(version % 4))
			need(empty_caches(), "emptying the caches");
	}
}

static void by_append(const struct writer *w, unsigned int version)
{
	char path[128], fresh[140], buf[KIB];
	int fd;

	slot_path(w, 0, path);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	/* A file begins with slot 0. */
	version += w->slots - version % w->slots;
	for (fd = -1;; version++) {
		unsigned int slot = version % w->slots;

		if (!slot) {
			close(fd);
			fd = new_version(w, fresh, version);
			put_in_place(fresh, path);
		} else {
			fill(w, buf, version);
			need(pwrite(fd, buf, w->len, slot * w->len) == (ssize_t)w->len, "pwrite");
			need(!fdatasync(fd), "fdatasync");
		}
		promise(w, version);
	}
}

void keep_promising(const struct writer *w)
{
	unsigned int version = next_version(w);

	if (version > VERSIONS / 2)
		fail("out of versions");
	if (w->how <= BY_LIBPMEM)
		by_mapping(w, version);
	else if (w->how <= BY_WRITE)
		by_write(w, version);
	else if (w->how == BY_APPEND)
		by_append(w, version);
	else
		by_rename(w, version);
	exit(1);
}

/* Promises nothing: takes blocks, dirties them and gives them back, so that others get them used. */
void churn(void)
{
	static char plain[256 * KIB], keyed[256 * KIB];
	char path[128];

	pattern_fill_mark(plain, sizeof(plain), CLEAR_MARK, 0xff000000, 0);
	pattern_fill_mark(keyed, sizeof(keyed), SECRET_MARK, 0xff000000, 0);
	for (unsigned int i = 0;; i++) {
		const char *buf = i & 1 ? keyed : plain;
		size_t len = PAGE * (1 + i % 64);
		int fd;

		snprintf(path, sizeof(path), "%s/%schurn-%u", fixture_dir(), i & 1 ? "keyed/" : "",
			 i % 16);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		need(fd >= 0, path);
		if (i & 1)
			need(write(fd, buf, len) == (ssize_t)len, "write");
		else
			need(!fallocate(fd, 0, 0, len), "fallocate");
		make_dirty(fd, buf, len);
		close(fd);
		if (i % 3 == 2)
			need(!unlink(path), "unlink");
	}
}
