// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bound file whose key has not been given: what works, what is ENOKEY or
 * SIGBUS, and that nothing of it changes the file
 *
 * Unmounting drops the inode from memory, and with it the binding.
 */
#include <linux/falloc.h>
#include <signal.h>
#include <sys/sendfile.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define HOLE	(4 * PAGE)	/* data below, a hole from here to LEN */
#define RW	(PROT_READ | PROT_WRITE)
#define NAME	SCRATCH "/locked"

static key_serial_t right;
static unsigned long blocks;
static struct stat stat_before;

/* Pattern 70 in the first half, a hole behind it, and the key not given. */
static int locked_file(int flags)
{
	int fd;
	char *p;

	right = need_key(1);
	scratch_new("dax=always");
	fd = scratch_file("locked", O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, right);
	pattern_fill(p, HOLE, 70, 0);
	NEED(!munmap(p, LEN) && !close(fd));
	scratch_cycle("dax=always");
	fd = scratch_file("locked", flags);
	NEED(fd >= 0, "open: %s", errno_name(errno));
	blocks = data_blocks(fd);
	NEED(!fstat(fd, &stat_before));
	return fd;
}

/* Size, blocks and times of a file that a refused call has left alone. */
static void check_untouched(int fd)
{
	struct stat st;

	NEED(!fstat(fd, &st));
	CHECK_EQ(st.st_size, stat_before.st_size);
	CHECK_EQ(st.st_blocks, stat_before.st_blocks);
	CHECK_EQ(data_blocks(fd), blocks);
}

/* With the key all of it is there. */
static void check_content_with_key(size_t data, size_t len)
{
	int fd = scratch_file("locked", O_RDWR);
	char *p;

	NEED(fd >= 0);
	p = bound_mapping(fd, LEN, right);
	CHECK(is_pattern(p, data, 70, 0));
	CHECK(is_zero(p + data, len - data));
	munmap(p, LEN);
	close(fd);
}

TEST(open_stat_mmap_rename_unlink_work)
{
	int fd = locked_file(O_RDWR);
	struct stat st;
	void *p = mmap(NULL, LEN, RW, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED, "%s", errno_name(errno));
	CHECK(!stat(NAME, &st) && st.st_size == LEN);
	CHECK(!chmod(NAME, 0640));
	CHECK(!link(NAME, SCRATCH "/second"));
	CHECK(!rename(NAME, SCRATCH "/renamed"));
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), HOLE);
	CHECK(has_record(fd));
	CHECK(!unlink(SCRATCH "/renamed") && !unlink(SCRATCH "/second"));
	munmap(p, LEN);
	close(fd);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

TEST(read_ENOKEY)
{
	int fd = locked_file(O_RDONLY), out = memfd_create("copy", 0), ends[2];
	char buf[PAGE];

	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	CHECK_ERRNO(pread(fd, buf, 1, 100), ENOKEY);
	CHECK_ERRNO(pread(fd, buf, PAGE, HOLE), ENOKEY);
	CHECK_ERRNO(sendfile(out, fd, NULL, PAGE), ENOKEY);
	NEED(!pipe(ends));
	CHECK_ERRNO(splice(fd, NULL, ends[1], NULL, PAGE, 0), ENOKEY);
}

TEST(write_ENOKEY_and_allocates_nothing)
{
	int fd = locked_file(O_RDWR);
	char buf[PAGE] = "x";

	CHECK_ERRNO(pwrite(fd, buf, 1, 0), ENOKEY);
	CHECK_ERRNO(pwrite(fd, buf, PAGE, PAGE), ENOKEY);
	CHECK_ERRNO(pwrite(fd, buf, PAGE, HOLE), ENOKEY);
	CHECK_ERRNO(pwrite(fd, buf, 1, LEN - 1), ENOKEY);
	CHECK_ERRNO(pwrite(fd, buf, PAGE, LEN), ENOKEY);
	CHECK_ERRNO(pwrite(fd, buf, PAGE, LEN + 100 * PAGE), ENOKEY);
	check_untouched(fd);
	close(fd);
	fd = scratch_file("locked", O_WRONLY | O_APPEND);
	CHECK_ERRNO(write(fd, buf, 10), ENOKEY);
	check_untouched(fd);
	close(fd);
	check_content_with_key(HOLE, LEN);
}

TEST(load_SIGBUS)
{
	int fd = locked_file(O_RDWR);
	char *p = map_file(fd, LEN, RW, MAP_SHARED);
	char *q = map_file(fd, LEN, PROT_READ, MAP_PRIVATE);

	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	CHECK_EQ(signal_of(load_byte, q), SIGBUS);
	CHECK_EQ(signal_of(load_byte, p + HOLE), SIGBUS);
	check_untouched(fd);
}

TEST(store_SIGBUS_and_allocates_nothing)
{
	int fd = locked_file(O_RDWR);
	char *p = map_file(fd, LEN, RW, MAP_SHARED);

	CHECK_EQ(signal_of(store_byte, p), SIGBUS);
	CHECK_EQ(signal_of(store_byte, p + HOLE), SIGBUS);
	CHECK_EQ(signal_of(store_byte, p + LEN - 1), SIGBUS);
	CHECK(madvise(p, LEN, MADV_POPULATE_WRITE) == -1);
	check_untouched(fd);
	munmap(p, LEN);
	p = map_file(fd, LEN, RW, MAP_SHARED_VALIDATE | MAP_SYNC);
	CHECK_EQ(signal_of(store_byte, p + HOLE), SIGBUS);
	check_untouched(fd);
	munmap(p, LEN);
	close(fd);
	check_content_with_key(HOLE, LEN);
}

TEST(huge_store_SIGBUS_and_allocates_nothing)
{
	int fd = locked_file(O_RDWR);
	char *p;

	NEED(!ftruncate(fd, PMD));
	NEED(!fstat(fd, &stat_before));
	p = map_file(fd, PMD, RW, MAP_SHARED);
	CHECK_EQ(signal_of(store_byte, p + PMD / 2), SIGBUS);
	CHECK_EQ(signal_of(load_byte, p + PMD / 2), SIGBUS);
	check_untouched(fd);
}

TEST(unaligned_truncate_ENOKEY_and_changes_nothing)
{
	int fd = locked_file(O_RDWR);

	CHECK_ERRNO(truncate(NAME, 100), ENOKEY);
	CHECK_ERRNO(truncate(NAME, 3 * PAGE + 1), ENOKEY);
	CHECK_ERRNO(ftruncate(fd, PAGE - 1), ENOKEY);
	check_untouched(fd);
	close(fd);
	check_content_with_key(HOLE, LEN);
}

TEST(aligned_truncate_works)
{
	int fd = locked_file(O_RDWR);

	CHECK(!truncate(NAME, 2 * PAGE), "%s", errno_name(errno));
	CHECK(!ftruncate(fd, LEN), "%s", errno_name(errno));
	CHECK_EQ(data_blocks(fd), 2);
	close(fd);
	check_content_with_key(2 * PAGE, LEN);
	scratch_cycle("dax=always");
	fd = scratch_file("locked", O_RDWR | O_TRUNC);
	CHECK(fd >= 0, "O_TRUNC: %s", errno_name(errno));
	CHECK_EQ(data_blocks(fd), 0);
	CHECK(has_record(fd));
}

TEST(punch_and_preallocation)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int fd = locked_file(O_RDWR);

	CHECK_ERRNO(fallocate(fd, mode, 100, 200), ENOKEY);
	CHECK_ERRNO(fallocate(fd, FALLOC_FL_ZERO_RANGE, PAGE + 1, 10), ENOKEY);
	check_untouched(fd);
	CHECK(!fallocate(fd, mode, 3 * PAGE, PAGE), "%s", errno_name(errno));
	CHECK_EQ(data_blocks(fd), blocks - 1);
	CHECK(!fallocate(fd, 0, HOLE, 2 * PAGE), "%s", errno_name(errno));
	CHECK_EQ(data_blocks(fd), blocks + 1);
	close(fd);
	check_content_with_key(3 * PAGE, LEN);
}

/* What a truncate left behind the end must not become part of the file. */
TEST(fallocate_past_a_partial_block_ENOKEY)
{
	int fd = locked_file(O_RDWR);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(!encrypt_mprotect(p, LEN, RW, right) && !ftruncate(fd, PAGE + 100));
	NEED(!munmap(p, LEN) && !close(fd));
	scratch_cycle("dax=always");
	fd = scratch_file("locked", O_RDWR);
	NEED(fd >= 0 && !fstat(fd, &stat_before));
	blocks = data_blocks(fd);
	CHECK_ERRNO(fallocate(fd, 0, 0, HOLE), ENOKEY);
	CHECK_ERRNO(fallocate(fd, FALLOC_FL_ZERO_RANGE, 2 * PAGE, PAGE), ENOKEY);
	check_untouched(fd);
	CHECK(!fallocate(fd, FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE), "%s", errno_name(errno));
	close(fd);
}

TEST(wrong_key_EKEYREJECTED_right_key_opens)
{
	int fd = locked_file(O_RDWR);
	key_serial_t wrong = need_key(2);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED), buf[PAGE];

	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, wrong), EKEYREJECTED);
	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	CHECK(signal_of(load_byte, p), "protection changed");
	CHECK(!encrypt_mprotect(p, LEN, RW, right), "%s", errno_name(errno));
	CHECK(is_pattern(p, HOLE, 70, 0));
	CHECK_EQ(pread(fd, buf, PAGE, PAGE), PAGE);
	CHECK(is_pattern(buf, PAGE, 70, PAGE));
}

/* Giving the key changes nothing on disk: it takes no right to write. */
TEST(reader_can_give_the_key)
{
	int fd = locked_file(O_RDONLY);
	char *p = map_file(fd, LEN, PROT_READ, MAP_SHARED);

	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, right), EACCES);
	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	CHECK(!encrypt_mprotect(p, LEN, PROT_READ, right), "%s", errno_name(errno));
	CHECK_EQ(signal_of(load_byte, p), 0);
	CHECK(is_pattern(p, HOLE, 70, 0));
}

TEST(key_given_once_serves_all_openers)
{
	int fd = locked_file(O_RDWR), second = scratch_file("locked", O_RDWR);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED), buf[PAGE];
	struct peer peer;

	if (spawn(&peer)) {
		char *q = map_file(second, LEN, RW, MAP_SHARED);

		CHECK_EQ(signal_of(load_byte, q), SIGBUS);
		tell(&peer, 'r');
		await(&peer, 'k');
		CHECK(is_pattern(q, HOLE, 70, 0));
		exit(0);
	}
	await(&peer, 'r');
	NEED(!encrypt_mprotect(p, LEN, PROT_READ, right));
	tell(&peer, 'k');
	join(&peer);
	read_all(second, buf, PAGE, 0);
	CHECK(is_pattern(buf, PAGE, 70, 0));
}

/* The key goes with the inode, also when it is memory pressure that takes it. */
TEST(inode_out_of_memory_is_locked_again)
{
	int fd = locked_file(O_RDWR);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED), buf[PAGE];

	NEED(!encrypt_mprotect(p, LEN, PROT_READ, right));
	NEED(!munmap(p, LEN));
	read_all(fd, buf, PAGE, 0);
	close(fd);
	NEED(!run("sync; echo 3 >/proc/sys/vm/drop_caches"));
	fd = scratch_file("locked", O_RDONLY);
	NEED(fd >= 0);
	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	close(fd);
	check_content_with_key(HOLE, LEN);
}

TEST(read_only_mount)
{
	int fd = locked_file(O_RDONLY);
	char *p, buf[PAGE];

	close(fd);
	scratch_umount();
	NEED(!run("mount -t %s -o ro,dax=always " SCRATCH_DEV " " SCRATCH, fs_type()));
	fd = scratch_file("locked", O_RDONLY);
	NEED(fd >= 0);
	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	CHECK(!encrypt_mprotect(p, LEN, PROT_READ, right), "%s", errno_name(errno));
	CHECK(is_pattern(p, HOLE, 70, 0));
}

int main(int argc, char **argv)
{
	return tap_main("locked", argc, argv);
}
