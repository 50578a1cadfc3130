// SPDX-License-Identifier: GPL-2.0-only
/*
 * First boot: data is made durable in every way there is; then the script cuts
 * the power. The host looks at the DIMM file before anybody else does.
 */
#include <cpuid.h>
#include <immintrin.h>
#include "common.h"
#include "persist.h"

#define RW	(PROT_READ | PROT_WRITE)

static key_serial_t key;

/* What libpmem does after stores to a MAP_SYNC mapping. */
__attribute__((target("clwb,clflushopt"))) static void flush_lines(char *p, size_t len)
{
	unsigned int a, b = 0, c, d;
	bool clwb;

	__get_cpuid_count(7, 0, &a, &b, &c, &d);
	clwb = b & 1 << 24;
	for (size_t i = 0; i < len; i += 64)
		if (clwb)
			_mm_clwb(p + i);
		else
			_mm_clflushopt(p + i);
	_mm_sfence();
}

static int bound_file(const struct persist_file *f, char **p)
{
	int fd = kept_file(f->name, f->len, NULL);
	int flags = f->how == BY_CLWB ? MAP_SHARED_VALIDATE | MAP_SYNC : MAP_SHARED;

	*p = map_file(fd, f->len, PROT_NONE, flags);
	NEED(!encrypt_mprotect(*p, f->len, RW, key), "%s", errno_name(errno));
	return fd;
}

static void write_file(int fd, const struct persist_file *f, int flags)
{
	static char buf[PMD];
	char link[32];

	pattern_fill(buf, f->len, f->seed, 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	fd = open(link, O_RDWR | flags);
	NEED(fd >= 0);
	write_all(fd, buf, f->len, 0);
	if (!flags)
		NEED(!fsync(fd));
	close(fd);
}

/* The size is as durable as the data, though nothing but fdatasync() was asked for. */
static void append_file(int fd, const struct persist_file *f)
{
	static char buf[PERSIST_LEN];

	pattern_fill(buf, f->len, f->seed, 0);
	NEED(!ftruncate(fd, 0));
	for (size_t off = 0, n; off < f->len; off += n) {
		n = f->len - off < 5000 ? f->len - off : 5000;
		write_all(fd, buf + off, n, off);
		NEED(!fdatasync(fd));
	}
}

static void make_durable(const struct persist_file *f)
{
	char *p;
	int fd = bound_file(f, &p);

	if (f->how < BY_WRITE || f->how == BY_EVICTION)
		pattern_fill(p, f->len, f->seed, 0);
	switch (f->how) {
	case BY_MSYNC:
		NEED(!msync(p, f->len, MS_SYNC));
		break;
	case BY_FSYNC:
		NEED(!fsync(fd));
		break;
	case BY_FDATASYNC:
		NEED(!fdatasync(fd));
		break;
	case BY_CLWB:
		flush_lines(p, f->len);
		break;
	case BY_WRITE:
		write_file(fd, f, 0);
		break;
	case BY_DSYNC:
		write_file(fd, f, O_DSYNC);
		break;
	case BY_SYNC:
		write_file(fd, f, O_SYNC);
		break;
	case BY_APPEND:
		append_file(fd, f);
		break;
	case BY_EVICTION:
		/* Nothing after this but the end of the mapping. */
		NEED(!munmap(p, f->len));
		NEED(!run("sync"));
		break;
	}
	host_cipher(fd, 0, f->len, PERSIST_KEY, f->seed);
}

static void durable(const char *name)
{
	key = need_key(PERSIST_KEY);
	for (unsigned int i = 0; i < PERSIST_FILES; i++)
		if (!strcmp(persist_files[i].name, name))
			make_durable(&persist_files[i]);
}

/* First, so that its KeyID is the boot's first; it is written down. */
TEST(keyid_is_noted)
{
	char *p, text[16];
	int fd;

	key = need_key(PERSIST_KEY);
	p = bound_mapping(new_file(PAGE, NULL), PAGE, key);
	store_byte(p);
	snprintf(text, sizeof(text), "%u\n", pte_of(p).keyid);
	fd = kept_file(KEYID_FILE, 0, NULL);
	write_all(fd, text, strlen(text), 0);
	NEED(!fsync(fd));
}

TEST(msync_makes_durable)
{
	durable("msync");
}

TEST(fsync_makes_durable)
{
	durable("fsync");
}

TEST(fdatasync_makes_durable)
{
	durable("fdatasync");
}

TEST(clwb_on_map_sync_makes_durable)
{
	durable("clwb");
}

TEST(write_and_fsync_make_durable)
{
	durable("write");
}

TEST(write_with_dsync_makes_durable)
{
	durable("dsync");
}

TEST(fsync_of_2m_makes_durable)
{
	durable("huge");
}

TEST(clwb_on_map_sync_of_2m_makes_durable)
{
	durable("clwb-huge");
}

TEST(write_with_osync_makes_durable)
{
	durable("osync");
}

TEST(append_and_fdatasync_make_durable)
{
	durable("append");
}

/* What is outside of the range may be durable or not. */
TEST(msync_of_a_part_makes_it_durable)
{
	static const struct persist_file f = { PART, PERSIST_LEN, PART_OLD, BY_MSYNC };
	char *p;
	int fd;

	key = need_key(PERSIST_KEY);
	fd = bound_file(&f, &p);
	pattern_fill(p, f.len, PART_OLD, 0);
	NEED(!fsync(fd));
	pattern_fill(p, f.len, PART_NEW, 0);
	NEED(!msync(p + PART_FROM, PART_LEN, MS_SYNC));
	host_cipher(fd, PART_FROM, PART_LEN, PERSIST_KEY, PART_NEW);
}

TEST(sync_makes_durable_what_nobody_maps)
{
	durable("evicted");
}

/* Not promised to be old or new, but promised not to be anything else. */
TEST(stores_without_sync)
{
	static const struct persist_file f = { UNSYNCED, PERSIST_LEN, UNSYNCED_OLD, BY_FSYNC };
	char *p;
	int fd;

	key = need_key(PERSIST_KEY);
	fd = bound_file(&f, &p);
	pattern_fill(p, f.len, UNSYNCED_OLD, 0);
	NEED(!fsync(fd));
	pattern_fill(p, f.len / 2, UNSYNCED_NEW, 0);
	host_cipher(fd, f.len / 2, f.len / 2, PERSIST_KEY, UNSYNCED_OLD);
}

/*
 * With MAP_SYNC the page is the file's for good once the store has returned, and
 * so must be the zeros around it, which nobody flushes from user space (I4).
 */
TEST(zeros_around_a_flushed_line)
{
	static const struct persist_file f = { ZEROS, PMD, ZEROS_SEED, BY_CLWB };
	char *p;
	int fd;

	key = need_key(PERSIST_KEY);
	fd = bound_file(&f, &p);
	pattern_fill(p, PATTERN_LINE, f.seed, 0);
	flush_lines(p, PATTERN_LINE);
	host_cipher(fd, 0, PATTERN_LINE, PERSIST_KEY, f.seed);
	host_zero(fd, PATTERN_LINE, PMD - PATTERN_LINE, PERSIST_KEY);
}

/* A file without a key keeps what DAX has always promised. */
TEST(file_without_a_key)
{
	int fd = kept_file("plain", PERSIST_LEN, NULL);
	char *p = map_file(fd, PERSIST_LEN, RW, MAP_SHARED);

	pattern_fill_mark(p, PERSIST_LEN, CLEAR_MARK, 120, 0);
	NEED(!fsync(fd));
	host_clear(fd, 0, PERSIST_LEN, 120);
}

/*
 * The last thing before the power cut: files that are created and written in a
 * directory with a key, and only one of them synced. Whatever of the others is
 * there after the cut, it is not plaintext.
 */
TEST(files_created_in_a_directory)
{
	char path[128], buf[PERSIST_LEN];
	int fd;

	snprintf(path, sizeof(path), "%s/" PERSIST_DIR, fixture_dir());
	bound_directory(path, PERSIST_DIR_KEY);
	snprintf(path, sizeof(path), "%s/" PERSIST_DIR "/" IN_DIR, fixture_dir());
	pattern_fill(buf, sizeof(buf), IN_DIR_SEED, 0);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	NEED(fd >= 0, "%s", errno_name(errno));
	write_all(fd, buf, sizeof(buf), 0);
	NEED(!fsync(fd));
	host_cipher(fd, 0, sizeof(buf), PERSIST_DIR_KEY, IN_DIR_SEED);
	for (int i = 0; i < IN_DIR_FILES; i++) {
		snprintf(path, sizeof(path), "%s/" PERSIST_DIR "/f%d", fixture_dir(), i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
		NEED(fd >= 0, "%s", errno_name(errno));
		pattern_fill(buf, PAGE, 400 + i, 0);
		write_all(fd, buf, PAGE, 0);
		/* Some make the journal go: the last ones are in flight. */
		if (i % 64 == 63)
			NEED(!fsync(fd));
		close(fd);
	}
}

int main(int argc, char **argv)
{
	return tap_main("persist-write", argc, argv);
}
