// SPDX-License-Identifier: GPL-2.0-only
/*
 * Second boot after the power cut: no key, a wrong key, the right key
 */
#include <limits.h>
#include <signal.h>
#include "common.h"
#include "persist.h"

#define RW	(PROT_READ | PROT_WRITE)

static int open_kept(const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fixture_dir(), name);
	fd = open(path, O_RDWR);
	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	return fd;
}

/* Runs in the control boot as well: without TME-MK a bound file is locked. */
TEST(without_a_key_all_are_locked)
{
	for (unsigned int i = 0; i < PERSIST_FILES; i++) {
		const struct persist_file *f = &persist_files[i];
		int fd = open_kept(f->name);
		char byte, *p = map_file(fd, f->len, RW, MAP_SHARED);
		struct stat st;

		CHECK(!fstat(fd, &st) && (size_t)st.st_size == f->len, "%s", f->name);
		CHECK_EQ(data_blocks(fd), f->len / PAGE);
		CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
		CHECK_ERRNO(pwrite(fd, "x", 1, 0), ENOKEY);
		CHECK_EQ(signal_of(load_byte, p), SIGBUS);
		CHECK_EQ(signal_of(store_byte, p), SIGBUS);
		CHECK(has_record(fd), "%s", f->name);
		CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
		CHECK_EQ(status_of(fd).record, MKTME_DAX_RECORD_GOOD);
	}
}

TEST(wrong_key_is_rejected)
{
	key_serial_t wrong = need_key(PERSIST_WRONG);

	for (unsigned int i = 0; i < PERSIST_FILES; i++) {
		const struct persist_file *f = &persist_files[i];
		int fd = open_kept(f->name);
		char byte, *p = map_file(fd, f->len, PROT_NONE, MAP_SHARED);

		CHECK_ERRNO(encrypt_mprotect(p, f->len, RW, wrong), EKEYREJECTED);
		CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	}
}

/* Other keys come first in this boot, so this one has another KeyID. */
TEST(keyid_is_of_this_boot_only)
{
	key_serial_t key = need_key(PERSIST_KEY);
	unsigned int first;
	char text[16] = "", *p;
	int fd;

	for (unsigned int other = 13; other < 16; other++)
		store_byte(bound_mapping(new_file(PAGE, NULL), PAGE, need_key(other)));
	NEED(pread(open_kept(KEYID_FILE), text, sizeof(text) - 1, 0) > 0);
	first = strtoul(text, NULL, 10);
	fd = open_kept("fsync");
	p = bound_mapping(fd, PERSIST_LEN, key);
	CHECK(is_pattern(p, PERSIST_LEN, 102, 0));
	CHECK(first > 0 && pte_of(p).keyid != first, "KeyID %u again", first);
}

static void survived(const char *name)
{
	key_serial_t key = need_key(PERSIST_KEY);
	static char buf[PMD];

	for (unsigned int i = 0; i < PERSIST_FILES; i++) {
		const struct persist_file *f = &persist_files[i];
		char *p;
		int fd;

		if (strcmp(f->name, name))
			continue;
		fd = open_kept(f->name);
		p = bound_mapping(fd, f->len, key);
		CHECK(is_pattern(p, f->len, f->seed, 0));
		read_all(fd, buf, f->len, 0);
		CHECK(is_pattern(buf, f->len, f->seed, 0));
		/* Nothing was written here: the DIMM has the first boot's bytes. */
		host_cipher(fd, 0, f->len, PERSIST_KEY, f->seed);
	}
}

TEST(msync_survived)
{
	survived("msync");
}

TEST(fsync_survived)
{
	survived("fsync");
}

TEST(fdatasync_survived)
{
	survived("fdatasync");
}

TEST(clwb_on_map_sync_survived)
{
	survived("clwb");
}

TEST(write_and_fsync_survived)
{
	survived("write");
}

TEST(write_with_dsync_survived)
{
	survived("dsync");
}

TEST(fsync_of_2m_survived)
{
	survived("huge");
}

TEST(clwb_on_map_sync_of_2m_survived)
{
	survived("clwb-huge");
}

TEST(write_with_osync_survived)
{
	survived("osync");
}

TEST(append_survived)
{
	survived("append");
}

/* Each line is of one pattern or of the other. */
static void old_or_new(const char *p, size_t from, size_t to, unsigned int old,
		       unsigned int new)
{
	unsigned int newer = 0;

	for (size_t off = from; off < to; off += 64) {
		char line[64];

		pattern_fill(line, 64, new, off);
		if (!memcmp(line, p + off, 64))
			newer++;
		else if (!CHECK(is_pattern(p + off, 64, old, off)))
			break;
	}
	diag("%u of %lu lines are new", newer, (to - from) / 64);
}

TEST(msync_of_a_part_survived)
{
	key_serial_t key = need_key(PERSIST_KEY);
	char *p = bound_mapping(open_kept(PART), PERSIST_LEN, key);

	CHECK(is_pattern(p + PART_FROM, PART_LEN, PART_NEW, PART_FROM));
	old_or_new(p, 0, PART_FROM, PART_OLD, PART_NEW);
	old_or_new(p, PART_FROM + PART_LEN, PERSIST_LEN, PART_OLD, PART_NEW);
}

TEST(sync_survived)
{
	survived("evicted");
}

TEST(unsynced_lines_are_old_or_new)
{
	key_serial_t key = need_key(PERSIST_KEY);
	char *p = bound_mapping(open_kept(UNSYNCED), PERSIST_LEN, key);

	old_or_new(p, 0, PERSIST_LEN / 2, UNSYNCED_OLD, UNSYNCED_NEW);
	CHECK(is_pattern(p + PERSIST_LEN / 2, PERSIST_LEN / 2, UNSYNCED_OLD, PERSIST_LEN / 2));
}

TEST(zeros_around_a_flushed_line_survived)
{
	char *p = bound_mapping(open_kept(ZEROS), PMD, need_key(PERSIST_KEY));

	CHECK(is_pattern(p, PATTERN_LINE, ZEROS_SEED, 0));
	CHECK(is_zero(p + PATTERN_LINE, PMD - PATTERN_LINE));
}

/* ---- the power was cut in the middle of a bind ---- */

/* As if it had never begun: unbound, without data, and any key will do. */
static void is_unbound(const char *name)
{
	key_serial_t key = need_key(13);
	int fd = open_kept(name);
	char *p;

	CHECK(!has_record(fd), "has a record");
	CHECK_EQ(data_blocks(fd), 0);
	p = map_file(fd, PERSIST_LEN, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, PERSIST_LEN, RW, key), "%s", errno_name(errno));
	CHECK(is_zero(p, PERSIST_LEN));
}

TEST(bind_cut_before_the_record_never_was)
{
	is_unbound(CUT_DROPPED);
}

TEST(bind_cut_before_the_commit_never_was)
{
	is_unbound(CUT_OPEN);
}

/* As if it had ended. */
TEST(bind_cut_after_the_commit_is_done)
{
	key_serial_t key = need_key(PERSIST_KEY), wrong = need_key(PERSIST_WRONG);
	int fd = open_kept(CUT_COMMITTED);
	char byte, *p = map_file(fd, PERSIST_LEN, PROT_NONE, MAP_SHARED);

	CHECK(has_record(fd));
	CHECK_EQ(data_blocks(fd), 0);
	CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	CHECK_ERRNO(encrypt_mprotect(p, PERSIST_LEN, RW, wrong), EKEYREJECTED);
	NEED(!encrypt_mprotect(p, PERSIST_LEN, RW, key), "%s", errno_name(errno));
	CHECK(is_zero(p, PERSIST_LEN));
	pattern_fill(p, PERSIST_LEN, 117, 0);
	NEED(!fsync(fd));
	host_cipher(fd, 0, PERSIST_LEN, PERSIST_KEY, 117);
}

TEST(file_without_a_key_survived)
{
	static char want[PERSIST_LEN], got[PERSIST_LEN];

	pattern_fill_mark(want, PERSIST_LEN, CLEAR_MARK, 120, 0);
	read_all(open_kept("plain"), got, PERSIST_LEN, 0);
	CHECK(!memcmp(want, got, PERSIST_LEN));
}

/* Created before the cut: under the key from the first moment, or not there. */
TEST(files_of_the_directory_are_bound)
{
	char path[PATH_MAX];
	unsigned int found = 0;
	struct stat st;

	for (int i = 0; i < IN_DIR_FILES; i++) {
		snprintf(path, sizeof(path), "%s/" PERSIST_DIR "/f%d", fixture_dir(), i);
		if (stat(path, &st))
			continue;
		found++;
		CHECK(path_has_record(path), "%s", path);
	}
	diag("%u of %u files are there", found, IN_DIR_FILES);
	CHECK(found >= IN_DIR_FILES / 64 * 64, "what was synced is there");
}

/* One call for the file system, and nothing for any file. */
TEST(directory_opens_by_adding_its_key)
{
	static char buf[PERSIST_LEN];
	char path[PATH_MAX];
	struct stat st;
	int dir = open(fixture_dir(), O_PATH), fd = open_kept(PERSIST_DIR "/" IN_DIR);

	CHECK_ERRNO(pread(fd, buf, 1, 0), ENOKEY);
	need_ring_key(fixture_dir(), PERSIST_DIR_KEY);
	read_all(fd, buf, PERSIST_LEN, 0);
	CHECK(is_pattern(buf, PERSIST_LEN, IN_DIR_SEED, 0));
	for (int i = 0; i < IN_DIR_FILES; i++) {
		snprintf(path, sizeof(path), PERSIST_DIR "/f%d", i);
		if (faccessat(dir, path, F_OK, 0))
			continue;
		fd = open_kept(path);
		NEED(!fstat(fd, &st));
		/* Not synced: the size may be there and the lines not, never noise. */
		for (off_t off = 0; off < st.st_size; off += 64) {
			char line[64], want[64];

			pattern_fill(want, 64, 400 + i, off);
			read_all(fd, line, 64, off);
			if (memcmp(line, want, 64) && !CHECK(is_zero(line, 64), "%s", path))
				return;
		}
		close(fd);
	}
	snprintf(path, sizeof(path), "%s/" PERSIST_DIR "/new", fixture_dir());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && has_record(fd), "%s", errno_name(errno));
}

int main(int argc, char **argv)
{
	return tap_main("persist-read", argc, argv);
}
