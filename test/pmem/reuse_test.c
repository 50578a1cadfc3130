// SPDX-License-Identifier: GPL-2.0-only
/*
 * A block that changes hands: no line of its former owner may be written back
 * over the new contents
 *
 * Each test leaves lines dirty, gives the blocks to somebody else, has every
 * cache written back (a CPU that goes offline executes WBINVD) and leaves the
 * judgement to the host: what this kernel sees through its own cached lines
 * proves nothing.
 */
#include <linux/falloc.h>
#include "common.h"

#define LEN	(4 * MIB)
#define RW	(PROT_READ | PROT_WRITE)

static struct extent freed[64];
static unsigned int nr_freed;

static void write_back_caches(void)
{
	NEED(!run("echo 0 >/sys/devices/system/cpu/cpu1/online && "
		  "echo 1 >/sys/devices/system/cpu/cpu1/online"),
	     "no second CPU to take offline");
}

/* The next file gets the blocks of @fd, which go back when it is closed. */
static void give_up_blocks(int fd, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), SCRATCH "/%s", name);
	nr_freed = fiemap(fd, freed, 64);
	NEED(nr_freed > 0);
	scratch_fill("filler");
	NEED(!unlink(path) && !close(fd));
	/* Blocks are free for others from the commit on. */
	NEED(!run("sync -f " SCRATCH));
}

static bool was_freed(uint64_t block)
{
	for (unsigned int i = 0; i < nr_freed; i++)
		if (block >= freed[i].physical &&
		    block < freed[i].physical + freed[i].len)
			return true;
	return false;
}

/* XFS keeps room for its B-trees in each group, and files are put there, too. */
static void check_reused(int fd, size_t len)
{
	unsigned int reused = 0, wanted = len / PAGE / (on_xfs() ? 4 : 2);

	for (size_t off = 0; off < len; off += PAGE)
		reused += was_freed(block_of(fd, off));
	CHECK(reused > wanted, "only %u blocks changed hands", reused);
}

/* A file that is written through a mapping and never synced. */
static int dirty_file(const char *name, key_serial_t key, unsigned int seed)
{
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	char *p;

	NEED(fd >= 0 && !ftruncate(fd, LEN));
	if (key) {
		p = bound_mapping(fd, LEN, key);
		pattern_fill(p, LEN, seed, 0);
	} else {
		p = map_file(fd, LEN, RW, MAP_SHARED);
		pattern_fill_mark(p, LEN, CLEAR_MARK, seed, 0);
	}
	NEED(!munmap(p, LEN));
	return fd;
}

static int plain_file(const char *name, unsigned int seed)
{
	static char buf[MIB];
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);

	NEED(fd >= 0);
	for (off_t off = 0; off + (off_t)MIB <= (off_t)(LEN / 2); off += MIB) {
		pattern_fill_mark(buf, MIB, CLEAR_MARK, seed, off);
		write_all(fd, buf, MIB, off);
	}
	NEED(!fsync(fd));
	return fd;
}

/* Directory blocks among the reused ones, each with a checksum of its own. */
static void many_directories(void)
{
	char path[64];

	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), SCRATCH "/dir-%d", i);
		NEED(!mkdir(path, 0755), "%s: %s", path, errno_name(errno));
	}
	NEED(!run("sync -f " SCRATCH));
}

static void host_fsck(void)
{
	int fd = open(SCRATCH, O_RDONLY);

	report("host fsck %#llx %s -- %s", (unsigned long long)device_base(fd), fs_type(),
	       tap_test_name());
	close(fd);
}

/* What the kernel counts: unlink alone flushes every line the file had. */
TEST(unlink_flushes_the_file)
{
	key_serial_t key = need_key(1);
	unsigned long before;
	int fd;

	scratch_new("dax=always");
	fd = dirty_file("counted", key, 90);
	before = flushed_lines();
	NEED(!unlink(SCRATCH "/counted") && !close(fd));
	CHECK(flushed_lines() - before >= LEN / 64, "%lu lines of %lu",
	      flushed_lines() - before, LEN / 64);
}

TEST(punch_flushes_the_range)
{
	key_serial_t key = need_key(1);
	unsigned long before;
	int fd;

	scratch_new("dax=always");
	fd = dirty_file("punched", key, 91);
	before = flushed_lines();
	NEED(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PMD, PMD));
	CHECK(flushed_lines() - before >= PMD / 64, "%lu lines of %lu",
	      flushed_lines() - before, PMD / 64);
	CHECK(block_of(fd, PMD - PAGE) && !block_of(fd, PMD));
}

/*
 * The first three make the state that the host looks at after power-off; what
 * runs later must not format the scratch device again.
 */
TEST(bound_blocks_reused_by_plain_files_and_directories)
{
	key_serial_t key = need_key(1);
	int fd, plain;

	scratch_new("dax=always");
	fd = dirty_file("first", key, 92);
	give_up_blocks(fd, "first");
	plain = plain_file("plain", 93);
	check_reused(plain, LEN / 2);
	many_directories();
	write_back_caches();
	host_clear(plain, 0, LEN / 2, 93);
	host_fsck();
}

TEST(plain_blocks_reused_by_a_bound_file)
{
	key_serial_t key = need_key(1);
	int fd;
	char *p;

	NEED(!unlink(SCRATCH "/filler"));
	use_dir(SCRATCH);
	fd = dirty_file("second", 0, 94);
	give_up_blocks(fd, "second");
	fd = kept_file("bound", LEN / 2, NULL);
	p = bound_mapping(fd, LEN / 2, key);
	pattern_fill(p, LEN / 2, 95, 0);
	NEED(!fsync(fd));
	check_reused(fd, LEN / 2);
	write_back_caches();
	host_cipher(fd, 0, LEN / 2, 1, 95);
}

TEST(blocks_of_one_key_reused_by_another)
{
	key_serial_t key = need_key(1), other = need_key(2);
	int fd;
	char *p;

	NEED(!unlink(SCRATCH "/filler"));
	use_dir(SCRATCH);
	fd = dirty_file("third", key, 96);
	give_up_blocks(fd, "third");
	fd = kept_file("other-key", LEN / 2, NULL);
	p = bound_mapping(fd, LEN / 2, other);
	pattern_fill(p, LEN / 4, 97, 0);
	write_all(fd, "\0", 1, LEN / 2 - 1);
	NEED(!fsync(fd));
	check_reused(fd, LEN / 4);
	write_back_caches();
	host_cipher(fd, 0, LEN / 4, 2, 97);
	host_zero(fd, LEN / 2 - PAGE, PAGE, 2);
}

/*
 * Zeros that nobody has written: what is under them are dirty lines of the file
 * that had the blocks before. They have to be gone before the zeros come (I3),
 * and the zeros have to be in memory (I4).
 */
TEST(plain_blocks_become_zeros)
{
	key_serial_t key = need_key(1);
	int fd;
	char *p;

	NEED(!unlink(SCRATCH "/filler"));
	use_dir(SCRATCH);
	fd = dirty_file("fourth", 0, 98);
	give_up_blocks(fd, "fourth");
	fd = kept_file("zeros", PMD, NULL);
	p = bound_mapping(fd, PMD, key);
	pattern_fill(p, PATTERN_LINE, 99, 0);
	NEED(!msync(p, PAGE, MS_SYNC));
	check_reused(fd, PMD);
	host_zero(fd, PAGE, PMD - PAGE, 1);
	CHECK(is_zero(p + PAGE, PMD - PAGE));
}

int main(int argc, char **argv)
{
	return tap_main("reuse", argc, argv);
}
