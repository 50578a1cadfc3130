// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way to move bytes into a bound file and out of it: what goes in by one
 * comes out by all others
 */
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	440

static int file;
static char path[4096];
static char buf[LEN] __attribute__((aligned(4096)));

/* Bound; all of it is in one extent, with data. */
static char *secret(void)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(LEN, path);
	p = bound_mapping(file, LEN, key);
	pattern_fill(p, LEN, SEED, 0);
	return p;
}

/* ---- asynchronous and direct ---- */

TEST(direct_io_on_the_file)
{
	char *p = secret();
	int fd = open(path, O_RDWR | O_DIRECT);

	NEED(fd >= 0, "%s", errno_name(errno));
	read_all(fd, buf, LEN, 0);
	CHECK(is_pattern(buf, LEN, SEED, 0));
	pattern_fill(buf, LEN, SEED + 1, 0);
	write_all(fd, buf, LEN, 0);
	CHECK(is_pattern(p, LEN, SEED + 1, 0));
	unlink(path);
}

static void submit(aio_context_t ctx, int opcode)
{
	struct iocb cb = {
		.aio_lio_opcode = opcode,
		.aio_fildes = file,
		.aio_buf = (unsigned long)buf,
		.aio_nbytes = LEN,
	}, *list = &cb;
	struct io_event event;

	NEED(syscall(__NR_io_submit, ctx, 1, &list) == 1, "%s", errno_name(errno));
	NEED(syscall(__NR_io_getevents, ctx, 1, 1, &event, NULL) == 1);
	CHECK_EQ(event.res, LEN);
}

TEST(aio)
{
	char *p = secret();
	aio_context_t ctx = 0;

	NEED(!syscall(__NR_io_setup, 1, &ctx), "%s", errno_name(errno));
	submit(ctx, IOCB_CMD_PREAD);
	CHECK(is_pattern(buf, LEN, SEED, 0));
	pattern_fill(buf, LEN, SEED + 1, 0);
	submit(ctx, IOCB_CMD_PWRITE);
	CHECK(is_pattern(p, LEN, SEED + 1, 0));
	unlink(path);
}

/* One entry at a time through the shared rings; the result of its completion */
static int ring_io(int opcode)
{
	struct io_uring_params params = {};
	int ring = syscall(__NR_io_uring_setup, 1, &params), result;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	char *sq, *cq;

	NEED(ring >= 0, "%s", errno_name(errno));
	sq = mmap(NULL, PAGE, RW, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(NULL, PAGE, RW, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	sqe = mmap(NULL, PAGE, RW, MAP_SHARED, ring, IORING_OFF_SQES);
	NEED(sq != MAP_FAILED && cq != MAP_FAILED && sqe != MAP_FAILED);
	*sqe = (struct io_uring_sqe) {
		.opcode = opcode,
		.fd = file,
		.addr = (unsigned long)buf,
		.len = LEN,
	};
	*(uint32_t *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	NEED(syscall(__NR_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1,
	     "%s", errno_name(errno));
	cqe = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	result = cqe->res;
	close(ring);
	return result;
}

TEST(io_uring)
{
	char *p = secret();

	CHECK_EQ(ring_io(IORING_OP_READ), LEN);
	CHECK(is_pattern(buf, LEN, SEED, 0));
	pattern_fill(buf, LEN, SEED + 1, 0);
	CHECK_EQ(ring_io(IORING_OP_WRITE), LEN);
	CHECK(is_pattern(p, LEN, SEED + 1, 0));
	unlink(path);
}

/* What can be asked for with a single call: waits less, syncs, appends. */
TEST(flags_of_preadv2_and_pwritev2)
{
	static const int reading[] = { 0, RWF_HIPRI, RWF_NOWAIT };
	static const int writing[] = { 0, RWF_HIPRI, RWF_DSYNC, RWF_SYNC };
	struct iovec iov[2] = { { buf, PAGE + 1 }, { buf + PAGE + 1, PAGE - 1 } };
	char *p = secret();

	for (unsigned int i = 0; i < sizeof(reading) / sizeof(*reading); i++) {
		memset(buf, 0, LEN);
		CHECK(preadv2(file, iov, 2, PAGE, reading[i]) == 2 * PAGE, "%#x: %s",
		      reading[i], errno_name(errno));
		CHECK(is_pattern(buf, 2 * PAGE, SEED, PAGE));
	}
	for (unsigned int i = 0; i < sizeof(writing) / sizeof(*writing); i++) {
		pattern_fill(buf, 2 * PAGE, SEED + 1 + i, 0);
		CHECK(pwritev2(file, iov, 2, 0, writing[i]) == 2 * PAGE, "%#x: %s",
		      writing[i], errno_name(errno));
		CHECK(is_pattern(p, 2 * PAGE, SEED + 1 + i, 0));
	}
	/* ext4 has that for reading only; XFS does not wait for a new time stamp either. */
	pattern_fill(buf, 2 * PAGE, SEED, 0);
	CHECK(pwritev2(file, iov, 2, 0, RWF_NOWAIT) == 2 * PAGE || errno == EINVAL ||
	      errno == EAGAIN, "%s", errno_name(errno));
	pattern_fill(buf, 2 * PAGE, SEED, LEN);
	CHECK_EQ(pwritev2(file, iov, 2, 0, RWF_APPEND), 2 * PAGE);
	read_all(file, buf, 2 * PAGE, LEN);
	CHECK(is_pattern(buf, 2 * PAGE, SEED, LEN));
	unlink(path);
}

/* ---- pipes ---- */

TEST(splice_and_sendfile_into_the_file)
{
	int ends[2], from = memfd_create("from", 0);
	char *p = secret();
	off_t off = 0;

	NEED(!pipe(ends));
	pattern_fill(buf, 2 * PAGE, SEED + 1, 0);
	NEED(write(ends[1], buf, 2 * PAGE) == 2 * PAGE);
	CHECK_EQ(splice(ends[0], NULL, file, &off, 2 * PAGE, 0), 2 * PAGE);
	CHECK(is_pattern(p, 2 * PAGE, SEED + 1, 0));
	pattern_fill(buf, LEN, SEED + 2, 0);
	write_all(from, buf, LEN, 0);
	NEED(!lseek(file, 0, SEEK_SET));
	off = 0;
	CHECK_EQ(sendfile(file, from, &off, LEN), LEN);
	CHECK(is_pattern(p, LEN, SEED + 2, 0));
	unlink(path);
}

/* ---- advice about the page cache, of which there is none ---- */

TEST(advice_changes_nothing)
{
	static const int advice[] = {
		POSIX_FADV_NORMAL, POSIX_FADV_RANDOM, POSIX_FADV_SEQUENTIAL,
		POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE,
	};
	char *p = secret();

	for (unsigned int i = 0; i < sizeof(advice) / sizeof(*advice); i++)
		CHECK(!posix_fadvise(file, 0, LEN, advice[i]), "%d", advice[i]);
	readahead(file, 0, LEN);
	CHECK(!sync_file_range(file, 0, LEN, SYNC_FILE_RANGE_WRITE_AND_WAIT), "%s",
	      errno_name(errno));
	CHECK(is_pattern(p, LEN, SEED, 0));
	read_all(file, buf, LEN, 0);
	CHECK(is_pattern(buf, LEN, SEED, 0));
	unlink(path);
}

/* ---- fallocate() ---- */

#define UNSHARE	0x40	/* FALLOC_FL_UNSHARE_RANGE */

/* What the file has to be, in whole pages; page N of the pattern, or -1 for zeros */
static int model[16];
static unsigned int pages;

static void check_model(char *p, const char *after)
{
	struct stat st;

	NEED(!fstat(file, &st) && st.st_size == (off_t)(pages * PAGE), "%s: %lld bytes",
	     after, (long long)st.st_size);
	for (unsigned int i = 0; i < pages; i++) {
		read_all(file, buf, PAGE, i * PAGE);
		CHECK(model[i] < 0 ? is_zero(buf, PAGE) :
		      is_pattern(buf, PAGE, SEED, model[i] * PAGE), "page %u after %s", i, after);
		CHECK(!memcmp(buf, p + i * PAGE, PAGE), "page %u, mapped, after %s", i, after);
	}
}

static bool allocate(int mode, unsigned int from, unsigned int count)
{
	return !fallocate(file, mode, from * PAGE, count * PAGE);
}

static void start_model(void)
{
	pages = LEN / PAGE;
	for (unsigned int i = 0; i < 16; i++)
		model[i] = i < pages ? (int)i : -1;
}

static void check_moves(char *p)
{
	CHECK(allocate(FALLOC_FL_COLLAPSE_RANGE, 1, 2), "%s", errno_name(errno));
	pages -= 2;
	memmove(model + 1, model + 3, sizeof(model) - 3 * sizeof(*model));
	check_model(p, "collapse");
	CHECK(allocate(FALLOC_FL_INSERT_RANGE, 2, 3), "%s", errno_name(errno));
	pages += 3;
	memmove(model + 5, model + 2, sizeof(model) - 5 * sizeof(*model));
	model[2] = model[3] = model[4] = -1;
	check_model(p, "insert");
}

TEST(every_fallocate_mode)
{
	char *p = secret();

	munmap(p, LEN);
	p = map_file(file, 16 * PAGE, RW, MAP_SHARED);
	start_model();
	CHECK(allocate(0, 0, pages), "%s", errno_name(errno));
	check_model(p, "allocation of what is there");
	CHECK(allocate(FALLOC_FL_KEEP_SIZE, 6, 4), "%s", errno_name(errno));
	check_model(p, "KEEP_SIZE");
	CHECK(allocate(0, 8, 2), "%s", errno_name(errno));
	pages = 10;
	check_model(p, "allocation past the end");
	CHECK(allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 1), "%s",
	      errno_name(errno));
	model[2] = -1;
	check_model(p, "PUNCH_HOLE");
	CHECK(allocate(FALLOC_FL_ZERO_RANGE, 4, 1), "%s", errno_name(errno));
	model[4] = -1;
	check_model(p, "ZERO_RANGE");
	CHECK(allocate(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 9, 4), "%s",
	      errno_name(errno));
	check_model(p, "ZERO_RANGE with KEEP_SIZE");
	check_moves(p);
	if (on_xfs())
		CHECK(allocate(UNSHARE, 0, pages), "%s", errno_name(errno));
	else
		CHECK_ERRNO(fallocate(file, UNSHARE, 0, PAGE), EOPNOTSUPP);
	check_model(p, "UNSHARE_RANGE");
	CHECK_ERRNO(fallocate(file, FALLOC_FL_NO_HIDE_STALE | FALLOC_FL_KEEP_SIZE, 0, PAGE),
		    EOPNOTSUPP);
	check_model(p, "NO_HIDE_STALE");
	unlink(path);
}

/* ---- block numbers: for those who write to the device behind the file's back ---- */

TEST(bmap_tells_no_block)
{
	int block = 0, fd;

	secret();
	if (on_xfs()) {
		CHECK_ERRNO(ioctl(file, FIBMAP, &block), EINVAL);
	} else {
		CHECK(!ioctl(file, FIBMAP, &block) && !block, "block %d, %s", block,
		      errno_name(errno));
		/* A file without a key has one. */
		fd = new_file(PAGE, NULL);
		write_all(fd, "x", 1, 0);
		NEED(!fsync(fd));
		block = 0;
		CHECK(!ioctl(fd, FIBMAP, &block) && block == (int)(block_of(fd, 0) / PAGE));
	}
	CHECK(block_of(file, 0));
	unlink(path);
}

int main(int argc, char **argv)
{
	return tap_main("door-io", argc, argv);
}
