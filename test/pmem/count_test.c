// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, smaps and log: does each number move by what happened, and is each
 * cause told once
 */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define BURST	10	/* messages of one cause in five seconds */

static int file;

static char *bound(size_t len)
{
	key_serial_t key = need_key(1);

	file = new_file(len, NULL);
	return bound_mapping(file, len, key);
}

static int scratch_bound(const char *name, key_serial_t key)
{
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	char *p;

	NEED(fd >= 0 && !ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, key);
	store_byte(p);
	NEED(!munmap(p, LEN));
	return fd;
}

/* A locked file on a scratch file system of its own. */
static int locked(const char *name)
{
	key_serial_t key = need_key(1);

	scratch_new("dax=always");
	close(scratch_bound(name, key));
	scratch_cycle("dax=always");
	return scratch_file(name, O_RDWR);
}

/* ---- lines flushed: each step tells how many it took ---- */

static unsigned long last;

static void start_lines(void)
{
	/* What was left dirty by others would be written back meanwhile. */
	sync();
	last = counter("counters/flushed_lines");
}

static unsigned long lines(void)
{
	unsigned long now = counter("counters/flushed_lines"), moved = now - last;

	last = now;
	return moved;
}

static void punch(off_t off, size_t len)
{
	NEED(!fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len));
}

TEST(allocation_flushes_64_lines)
{
	char *p = bound(LEN);

	start_lines();
	store_byte(p + PAGE);
	CHECK_EQ(lines(), 64);
	write_all(file, "x", 1, 3 * PAGE);
	CHECK_EQ(lines(), 64);
}

TEST(allocation_flushes_32768_lines_2m)
{
	char *p = bound(PMD);

	start_lines();
	store_byte(p);
	NEED(!strcmp(pte_of(p).level, "pmd"));
	CHECK_EQ(lines(), 32768);
}

TEST(fault_of_an_allocated_page_flushes_nothing)
{
	char *p = bound(LEN), *q;

	store_byte(p);
	start_lines();
	q = map_file(file, LEN, RW, MAP_SHARED);
	load_byte(q);
	store_byte(q);
	NEED(!munmap(p, LEN));
	CHECK(!mprotect(q, LEN, PROT_READ) && !mprotect(q, LEN, RW));
	store_byte(q);
	CHECK_EQ(lines(), 0);
}

TEST(fault_of_an_allocated_page_flushes_nothing_2m)
{
	char *p = bound(PMD), *q;

	store_byte(p);
	start_lines();
	q = map_file(file, PMD, RW, MAP_SHARED);
	store_byte(q + PMD / 2);
	NEED(!strcmp(pte_of(q).level, "pmd"));
	NEED(!munmap(p, PMD) && !munmap(q, PMD));
	CHECK_EQ(lines(), 0);
}

TEST(drop_of_a_written_entry_flushes_its_size)
{
	char *p = bound(LEN);

	start_lines();
	store_byte(p);
	store_byte(p + PAGE);
	lines();
	punch(0, PAGE);
	CHECK_EQ(lines(), 64);
	NEED(!ftruncate(file, 0));
	CHECK_EQ(lines(), 64);
}

TEST(drop_of_a_written_entry_flushes_its_size_2m)
{
	char *p = bound(2 * PMD);

	start_lines();
	store_byte(p);
	store_byte(p + PMD);
	lines();
	punch(0, PMD);
	CHECK_EQ(lines(), 32768);
	munmap(p, 2 * PMD);
	close(file);
	CHECK_EQ(lines(), 32768);
}

TEST(drop_of_an_entry_never_writable_flushes_nothing)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	scratch_new("dax=always");
	fd = scratch_bound("read", key);
	close(fd);
	scratch_cycle("dax=always");
	file = scratch_file("read", O_RDWR);
	NEED(file >= 0);
	p = map_file(file, LEN, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, LEN, PROT_READ, key), "%s", errno_name(errno));
	start_lines();
	load_byte(p);
	load_byte(p + PAGE);	/* a hole */
	NEED(pte_of(p).keyid);
	punch(0, LEN);
	CHECK_EQ(lines(), 0);
}

TEST(drop_after_fsync_flushes_nothing_more)
{
	char *p = bound(LEN);

	start_lines();
	store_byte(p);
	lines();
	NEED(!fsync(file));
	CHECK_EQ(lines(), 64);
	punch(0, PAGE);
	CHECK_EQ(lines(), 0);
}

/* ---- counters ---- */

TEST(binds_unlocks_and_locks_are_counted)
{
	key_serial_t key = need_key(1);
	unsigned long binds, unlocks, locks;
	char name[8];
	int fd;

	scratch_new("dax=always");
	binds = counter("counters/binds");
	unlocks = counter("counters/unlocks");
	locks = counter("counters/locks");
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "n-%d", i);
		close(scratch_bound(name, key));
	}
	CHECK_EQ(counter("counters/binds"), binds + 3);
	CHECK_EQ(counter("counters/locks"), locks);
	scratch_cycle("dax=always");
	CHECK_EQ(counter("counters/locks"), locks + 3);
	fd = scratch_file("n-1", O_RDWR);
	bound_mapping(fd, LEN, key);
	bound_mapping(fd, LEN, key);	/* is under it already: no event */
	CHECK_EQ(counter("counters/unlocks"), unlocks + 1);
	CHECK_EQ(counter("counters/binds"), binds + 3);
}

#define CHECK_REFUSED(cause, call, err)					\
	do {								\
		unsigned long before_ = counter("refusals/" cause);	\
		CHECK_ERRNO(call, err);					\
		CHECK_EQ(counter("refusals/" cause), before_ + 1);	\
	} while (0)

TEST(refusals_are_counted_by_cause)
{
	key_serial_t key = need_key(1), other = need_key(2);
	int fd = locked("refused"), plain = scratch_file("data", O_RDWR | O_CREAT);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED), *q, byte = 'x';
	struct fsxattr attr;

	CHECK_REFUSED("locked", pread(fd, &byte, 1, 0), ENOKEY);
	CHECK_REFUSED("locked", pwrite(fd, &byte, 1, 0), ENOKEY);
	CHECK_REFUSED("locked", ftruncate(fd, 100), ENOKEY);
	CHECK_REFUSED("other_key", encrypt_mprotect(p, LEN, RW, other), EKEYREJECTED);
	NEED(!encrypt_mprotect(p, LEN, RW, key));
	CHECK_REFUSED("other_key", encrypt_mprotect(p, LEN, RW, other), EKEYREJECTED);
	CHECK_REFUSED("record", fsetxattr(plain, MKTME_DAX_RECORD_NAME, "x", 1, 0), EOPNOTSUPP);
	NEED(!ftruncate(plain, LEN) && pwrite(plain, "x", 1, 0) == 1);
	q = map_file(plain, LEN, RW, MAP_SHARED);
	CHECK_REFUSED("has_data", encrypt_mprotect(q, LEN, RW, key), ENOTEMPTY);
	NEED(!ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags ^= 0x8000;	/* FS_XFLAG_DAX */
	CHECK_REFUSED("dax_flag", ioctl(fd, FS_IOC_FSSETXATTR, &attr), EOPNOTSUPP);
	store_byte(p);
	CHECK_REFUSED("pinned", pread(open(SCRATCH_DEV, O_RDONLY | O_DIRECT), p, PAGE, 0), EFAULT);
}

TEST(refused_fault_is_counted_once)
{
	int fd = locked("fault");
	char *p = map_file(fd, LEN, RW, MAP_SHARED);
	unsigned long before = counter("refusals/locked");

	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	CHECK_EQ(counter("refusals/locked"), before + 1);
	CHECK_EQ(signal_of(store_byte, p), SIGBUS);
	CHECK_EQ(counter("refusals/locked"), before + 2);
}

/* ---- the log ---- */

static void log_text(char *text, size_t size, int fd, const char *what)
{
	struct stat st;

	NEED(!fstat(fd, &st));
	snprintf(text, size, "mktme-dax (pmem0.1, inode %lu): %s",
		 (unsigned long)st.st_ino, what);
}

/*
 * Whatever the tests before have said: exhaust the budget, then wait for the
 * first message of a new one.
 */
TEST(messages_name_the_file_and_are_rate_limited)
{
	int fd = locked("told"), log = log_open();
	unsigned int count = 0, tries = 0;
	unsigned long before;
	char text[128], byte;

	log_text(text, sizeof(text), fd, "data is locked until the key is given");
	for (int i = 0; i < 2 * BURST; i++)
		CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	CHECK(log_lines(log, text) <= BURST);
	while (!(count = log_lines(log, text))) {
		NEED(++tries < 200, "no message in 20 s");
		usleep(100000);
		CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	}
	CHECK_EQ(count, 1);
	before = counter("refusals/locked");
	for (int i = 0; i < 5 * BURST; i++)
		CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	CHECK_EQ(log_lines(log, text), BURST - 1);
	CHECK_EQ(counter("refusals/locked"), before + 5 * BURST);
}

TEST(one_cause_does_not_hide_another)
{
	key_serial_t key = need_key(1);
	int fd = locked("both"), log = log_open();
	char text[128], byte;
	struct fsxattr attr;

	for (int i = 0; i < 3 * BURST; i++)
		CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	bound_mapping(fd, LEN, key);
	NEED(!ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	attr.fsx_xflags ^= 0x8000;	/* FS_XFLAG_DAX */
	CHECK_ERRNO(ioctl(fd, FS_IOC_FSSETXATTR, &attr), EOPNOTSUPP);
	log_text(text, sizeof(text), fd, "bound file stays a DAX file");
	CHECK_EQ(log_lines(log, text), 1);
}

int main(int argc, char **argv)
{
	return tap_main("count", argc, argv);
}
