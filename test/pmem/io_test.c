// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own ways to the data: read, write, truncate, fallocate, and the
 * zeroing of blocks that a write touches only in part or not at all
 */
#include <linux/falloc.h>
#include <sys/sendfile.h>
#include "common.h"

#define RW	(PROT_READ | PROT_WRITE)

static int file;
static char buf[PMD], want[PMD];

static char *bound(size_t len, key_serial_t key)
{
	file = new_file(len, NULL);
	return bound_mapping(file, len, key);
}

static bool same(const char *got, size_t len, const char *how)
{
	for (size_t i = 0; i < len; i++)
		if (got[i] != want[i]) {
			diag("%s: byte %#zx is %02x, not %02x", how, i,
			     (unsigned char)got[i], (unsigned char)want[i]);
			return false;
		}
	return true;
}

/* What read(2) and the mapping show is the same, and it is @want. */
static void check_content(const char *p, size_t len)
{
	memset(buf, 0xee, len);
	read_all(file, buf, len, 0);
	CHECK(same(buf, len, "read"));
	CHECK(same(p, len, "mapping"));
}

TEST(write_is_seen_through_the_mapping)
{
	char *p = bound(16 * PAGE, need_key(1));

	pattern_fill(want, 16 * PAGE, 20, 0);
	write_all(file, want, 16 * PAGE, 0);
	check_content(p, 16 * PAGE);
}

TEST(stores_are_seen_by_read)
{
	char *p = bound(16 * PAGE, need_key(1));

	pattern_fill(want, 16 * PAGE, 21, 0);
	memcpy(p, want, 16 * PAGE);
	check_content(p, 16 * PAGE);
}

TEST(unaligned_reads_and_writes)
{
	static const struct { size_t off, len; } part[] = {
		{ 1, 1 }, { 63, 2 }, { 4095, 2 }, { 5000, 63 }, { 8190, 4100 },
		{ 20000, 1 }, { 20001, 7 }, { 12288, 4096 }, { 30000, 10001 },
	};
	char *p = bound(16 * PAGE, need_key(1));

	memset(want, 0, 16 * PAGE);
	for (unsigned int i = 0; i < sizeof(part) / sizeof(*part); i++) {
		pattern_fill(want + part[i].off, part[i].len, 22 + i, part[i].off);
		if (i % 2)
			memcpy(p + part[i].off, want + part[i].off, part[i].len);
		else
			write_all(file, want + part[i].off, part[i].len, part[i].off);
		check_content(p, 16 * PAGE);
	}
	for (unsigned int i = 0; i < sizeof(part) / sizeof(*part); i++) {
		read_all(file, buf, part[i].len, part[i].off);
		CHECK(!memcmp(buf, want + part[i].off, part[i].len));
	}
}

/*
 * One byte into an unwritten extent: the block around it has to be zeroed by
 * the kernel, and so do neighbours when the file system rather writes zeros
 * than splits the extent.
 */
static void write_one_byte(size_t len, size_t off, bool by_store)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(0, NULL);
	NEED(!fallocate(file, 0, 0, len));
	p = bound_mapping(file, len, key);
	memset(want, 0, len);
	want[off] = 'S';
	if (by_store)
		p[off] = 'S';
	else
		write_all(file, "S", 1, off);
	check_content(p, len);
}

TEST(unwritten_neighbours_are_zero_after_write)
{
	write_one_byte(64 * KIB, 20 * KIB, false);
}

TEST(unwritten_neighbours_are_zero_after_store)
{
	write_one_byte(64 * KIB, 20 * KIB, true);
}

TEST(unwritten_neighbours_are_zero_at_the_edges)
{
	write_one_byte(64 * KIB, 0, false);
	write_one_byte(64 * KIB, 64 * KIB - 1, false);
	write_one_byte(32 * KIB, 12345, true);
	write_one_byte(8 * KIB, 4096, false);
}

TEST(unwritten_neighbours_are_zero_in_a_large_extent)
{
	write_one_byte(PMD, PMD / 2 + 17, false);
	write_one_byte(PMD, 300 * KIB, false);
	write_one_byte(PMD, PMD - 1, true);
}

/*
 * Every third block: each split of the extent takes another way. Looked at by
 * read(2) and by a new mapping: where ext4 zeroed a neighbour out, a mapping
 * that had read it before goes on to show the zero page, with or without a key.
 */
TEST(unwritten_extent_written_in_pieces)
{
	key_serial_t key = need_key(1);
	size_t len = 256 * KIB;

	file = new_file(0, NULL);
	NEED(!fallocate(file, 0, 0, len));
	NEED(!munmap(bound_mapping(file, len, key), len));
	memset(want, 0, len);
	for (size_t off = 0; off < len; off += 2 * PAGE + 1) {
		char *p;

		want[off] = 'S';
		write_all(file, "S", 1, off);
		p = map_file(file, len, PROT_READ, MAP_SHARED);
		check_content(p, len);
		NEED(!munmap(p, len));
	}
}

/* The blocks held something else before: zeros must come from the kernel. */
TEST(reused_blocks_are_zero)
{
	key_serial_t key = need_key(1), other = need_key(2);
	size_t len = PMD;

	for (int round = 0; round < 4; round++) {
		char *p = bound(len, round & 1 ? other : key);

		CHECK(is_zero(p, len));
		store_byte(p + 100 * PAGE + 5);
		CHECK(is_zero(p, 100 * PAGE) && is_zero(p + 101 * PAGE, len - 101 * PAGE));
		pattern_fill(p, len, 40 + round, 0);
		NEED(!munmap(p, len));
		NEED(!close(file));
	}
}

TEST(sparse_file)
{
	char *p = bound(MIB, need_key(1));

	memset(want, 0, MIB);
	check_content(p, MIB);
	for (size_t off = 3 * PAGE; off < MIB; off += 60 * PAGE) {
		pattern_fill(want + off, 100, 30, off);
		write_all(file, want + off, 100, off);
	}
	check_content(p, MIB);
	CHECK_EQ(data_blocks(file), 5);
}

TEST(truncate_inside_a_page_and_extend)
{
	char *p = bound(4 * PAGE, need_key(1));

	pattern_fill(want, 4 * PAGE, 31, 0);
	memcpy(p, want, 4 * PAGE);
	NEED(!ftruncate(file, PAGE + 1000));
	NEED(!ftruncate(file, 4 * PAGE));
	memset(want + PAGE + 1000, 0, 3 * PAGE - 1000);
	check_content(p, 4 * PAGE);
	NEED(!ftruncate(file, 1));
	write_all(file, "S", 1, 3 * PAGE);
	memset(want + 1, 0, 4 * PAGE - 1);
	want[3 * PAGE] = 'S';
	check_content(p, 3 * PAGE + 1);
}

/* A store behind the end of the file, in its last page, is not file data. */
TEST(tail_of_the_last_page_is_zero_after_extension)
{
	char *p = bound(PAGE + 10, need_key(1));

	memset(want, 0, 2 * PAGE);
	pattern_fill(p, PAGE + 500, 32, 0);
	pattern_fill(want, PAGE + 10, 32, 0);
	NEED(!ftruncate(file, 2 * PAGE));
	check_content(p, 2 * PAGE);
}

static void change_range(int mode, off_t off, off_t len)
{
	char *p = bound(16 * PAGE, need_key(1));

	pattern_fill(want, 16 * PAGE, 33, 0);
	memcpy(p, want, 16 * PAGE);
	NEED(!fallocate(file, mode, off, len), "%s", errno_name(errno));
	memset(want + off, 0, len);
	check_content(p, 16 * PAGE);
}

TEST(punch_hole_edges)
{
	change_range(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1000, 30000);
	change_range(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000, 100);
	change_range(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192);
}

TEST(zero_range_edges)
{
	change_range(FALLOC_FL_ZERO_RANGE, 1000, 30000);
	change_range(FALLOC_FL_ZERO_RANGE, 5000, 100);
	change_range(FALLOC_FL_ZERO_RANGE, 4096, 8192);
}

/* Blocks keep their place when extents move, and the tweak depends on it only. */
TEST(collapse_and_insert_range)
{
	char *p = bound(16 * PAGE, need_key(1));

	pattern_fill(want, 16 * PAGE, 34, 0);
	memcpy(p, want, 16 * PAGE);
	NEED(!fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 2 * PAGE, 3 * PAGE),
	     "%s", errno_name(errno));
	memmove(want + 2 * PAGE, want + 5 * PAGE, 11 * PAGE);
	check_content(p, 13 * PAGE);
	NEED(!fallocate(file, FALLOC_FL_INSERT_RANGE, PAGE, 2 * PAGE),
	     "%s", errno_name(errno));
	memmove(want + 3 * PAGE, want + PAGE, 12 * PAGE);
	memset(want + PAGE, 0, 2 * PAGE);
	check_content(p, 15 * PAGE);
}

TEST(append_grows_the_file)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(0, NULL);
	p = map_file(file, 16 * PAGE, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, 16 * PAGE, RW, key));
	pattern_fill(want, 16 * PAGE, 35, 0);
	for (size_t off = 0; off < 60000; off += 3333) {
		write_all(file, want + off, 3333, off);
		check_content(p, off + 3333);
	}
}

TEST(sendfile_and_copy_give_plaintext)
{
	char *p = bound(16 * PAGE, need_key(1));
	int out = memfd_create("copy", 0);

	pattern_fill(want, 16 * PAGE, 36, 0);
	memcpy(p, want, 16 * PAGE);
	NEED(out >= 0 && sendfile(out, file, NULL, 16 * PAGE) == 16 * PAGE, "%s",
	     errno_name(errno));
	read_all(out, buf, 16 * PAGE, 0);
	CHECK(!memcmp(buf, want, 16 * PAGE));
}

/* Ground truth of this file: what read() shows is not what the DIMM holds. */
TEST(raw_bytes_are_the_cipher_of_the_key)
{
	key_serial_t key = need_key(1), other = need_key(2);
	char *p;

	file = kept_file("io-written", 64 * KIB, NULL);
	bound_mapping(file, 64 * KIB, key);
	pattern_fill(want, 64 * KIB, 37, 0);
	write_all(file, want, 64 * KIB, 0);
	host_cipher(file, 0, 64 * KIB, 1, 37);

	file = kept_file("io-mapped", PMD, NULL);
	p = bound_mapping(file, PMD, other);
	pattern_fill(p, PMD, 38, 0);
	NEED(!fsync(file));
	host_cipher(file, 0, PMD, 2, 38);

	file = kept_file("io-zeroed", 0, NULL);
	NEED(!fallocate(file, 0, 0, 8 * PAGE));
	p = bound_mapping(file, 8 * PAGE, key);
	write_all(file, "\0", 1, 8 * PAGE - 1);
	host_zero(file, 7 * PAGE, PAGE, 1);
}

int main(int argc, char **argv)
{
	return tap_main("io", argc, argv);
}
