// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bound file as clients of an NFS server see it: through the server they read and
 * write what is in the file, or nothing
 */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	480

/* Aligned, or a client of pNFS does not ask for blocks. */
static char buf[LEN] __attribute__((aligned(PAGE)));
static const uint8_t *identifier;

/* A bound file without data on the scratch file system, which clients see. */
static int served_file(const char *name)
{
	int fd;

	scratch_new("dax=always");
	identifier = need_ring_key(SCRATCH, 1);
	fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, LEN) && !ioctl_bind(fd, need_key(1)), "%s",
	     errno_name(errno));
	nfs_serve(SCRATCH, false);
	return fd;
}

static void write_by_client(const char *name, unsigned int seed)
{
	int fd = nfs_file(name, O_RDWR);

	pattern_fill(buf, LEN, seed, 0);
	write_all(fd, buf, LEN, 0);
	NEED(!fsync(fd) && !close(fd), "%s", errno_name(errno));
}

/* O_DIRECT: what the server says, not what the client remembers. */
static bool client_reads(const char *name, unsigned int seed)
{
	int fd = nfs_file(name, O_RDONLY | O_DIRECT);
	ssize_t got;

	memset(buf, 0, LEN);
	got = pread(fd, buf, LEN, 0);
	close(fd);
	return got == (ssize_t)LEN && is_pattern(buf, LEN, seed, 0);
}

static bool mapping_has(int fd, unsigned int seed)
{
	char *p = map_file(fd, LEN, RW, MAP_SHARED);
	bool same = is_pattern(p, LEN, seed, 0) && pte_of(p).keyid > 0;

	NEED(!munmap(p, LEN));
	return same;
}

/* ---- with the key ---- */

TEST(client_writes_and_reads)
{
	int fd = served_file("bound");
	char *p;

	write_by_client("bound", SEED);
	CHECK(mapping_has(fd, SEED));
	p = map_file(fd, LEN, RW, MAP_SHARED);
	pattern_fill(p, LEN, SEED + 1, 0);
	CHECK(client_reads("bound", SEED + 1));
}

/* The file stays on the main file system, for the host. */
TEST(client_creates_in_a_bound_directory)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/nfs", fixture_dir());
	bound_directory(path, 1);
	nfs_serve(fixture_dir(), false);
	NEED(!close(nfs_file("nfs/new", O_RDWR | O_CREAT | O_EXCL)));
	write_by_client("nfs/new", SEED);
	snprintf(path, sizeof(path), "%s/nfs/new", fixture_dir());
	fd = open(path, O_RDWR);
	NEED(fd >= 0 && has_record(fd));
	CHECK(status_of(fd).state == MKTME_DAX_FILE_UNLOCKED);
	CHECK(mapping_has(fd, SEED) && client_reads("nfs/new", SEED));
	NEED(!fsync(fd));
	host_cipher(fd, 0, LEN, 1, SEED);
}

TEST(client_punches_allocates_and_seeks)
{
	int fd = served_file("bound"), client;
	char *p;

	write_by_client("bound", SEED);
	client = nfs_file("bound", O_RDWR);
	NEED(!fallocate(client, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, 2 * PAGE),
	     "%s", errno_name(errno));
	CHECK_EQ(lseek(client, 0, SEEK_HOLE), PAGE);
	CHECK_EQ(lseek(client, PAGE, SEEK_DATA), 3 * PAGE);
	NEED(!fallocate(client, 0, PAGE, PAGE), "%s", errno_name(errno));
	p = map_file(fd, LEN, RW, MAP_SHARED);
	CHECK(is_pattern(p, PAGE, SEED, 0) && is_zero(p + PAGE, 2 * PAGE));
	CHECK(is_pattern(p + 3 * PAGE, LEN - 3 * PAGE, SEED, 3 * PAGE));
	NEED(!ftruncate(client, LEN - 100) && !ftruncate(client, LEN), "%s", errno_name(errno));
	CHECK(is_pattern(p + 3 * PAGE, LEN - 4 * PAGE, SEED, 3 * PAGE));
	CHECK(is_zero(p + LEN - 100, 100));
}

/* COPY is done by the server, and is a real copy: no block has two keys. */
TEST(server_copies_between_keys)
{
	int fd = served_file("bound"), from, to;

	need_ring_key(SCRATCH, 2);
	write_by_client("bound", SEED);
	to = scratch_file("other", O_RDWR | O_CREAT | O_EXCL);
	NEED(to >= 0 && !ioctl_bind(to, need_key(2)), "%s", errno_name(errno));
	from = nfs_file("bound", O_RDONLY);
	CHECK_EQ(copy_file_range(from, NULL, nfs_file("other", O_RDWR), NULL, LEN, 0), LEN);
	CHECK(nfs_count("COPY").sent > 0);
	CHECK(mapping_has(to, SEED) && block_of(fd, 0) != block_of(to, 0));
}

TEST(clone_is_refused)
{
	int fd = served_file("bound"), to;

	write_by_client("bound", SEED);
	to = nfs_file("plain", O_RDWR | O_CREAT | O_EXCL);
	CHECK(ioctl(to, FICLONE, nfs_file("bound", O_RDONLY)) == -1 &&
	      (errno == EOPNOTSUPP || errno == EINVAL), "%s", errno_name(errno));
	CHECK(nfs_count("CLONE").sent > 0);
	to = scratch_file("plain", O_RDWR);
	CHECK(to >= 0 && !data_blocks(to) && mapping_has(fd, SEED));
}

/* Clients get attributes of users; the record is one of the system's. */
TEST(record_is_not_served)
{
	struct mktme_dax_record_v1 record = {};
	char names[1000];
	int fd = served_file("bound");
	ssize_t len = listxattr(NFS "/bound", names, sizeof(names));

	CHECK(len >= 0 && !memmem(names, len, MKTME_DAX_RECORD_NAME,
				  strlen(MKTME_DAX_RECORD_NAME)), "%s", errno_name(errno));
	CHECK(getxattr(NFS "/bound", MKTME_DAX_RECORD_NAME, &record, sizeof(record)) == -1);
	CHECK(setxattr(NFS "/bound", MKTME_DAX_RECORD_NAME, &record, sizeof(record), 0) == -1);
	CHECK(removexattr(NFS "/bound", MKTME_DAX_RECORD_NAME) == -1);
	CHECK(has_record(fd));
}

/* ---- without it ---- */

/* ENOKEY is EPERM to clients (fs/nfsd/vfs.c, nfserrno()); opens succeed, as on the server. */
TEST(locked_file_EPERM)
{
	int fd = served_file("bound"), client, kept;

	write_by_client("bound", SEED);
	kept = nfs_file("bound", O_RDWR | O_DIRECT);
	NEED(pread(kept, buf, LEN, 0) == (ssize_t)LEN);
	remove_ring_key(SCRATCH, identifier);
	client = nfs_file("bound", O_RDWR | O_DIRECT);
	pattern_fill(buf, LEN, SEED + 1, 0);
	CHECK_ERRNO(pread(kept, buf, LEN, 0), EPERM);
	CHECK_ERRNO(pwrite(kept, buf, LEN, 0), EPERM);
	CHECK_ERRNO(pread(client, buf, LEN, 0), EPERM);
	CHECK_ERRNO(pwrite(client, buf, LEN, 0), EPERM);
	CHECK_ERRNO(fallocate(client, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 100),
		    EPERM);
	CHECK_ERRNO(ftruncate(client, LEN - 100), EPERM);
	CHECK_ERRNO(copy_file_range(client, &(off_t){ 0 },
				    nfs_file("plain", O_RDWR | O_CREAT), NULL, LEN, 0), EPERM);
	need_ring_key(SCRATCH, 1);
	CHECK(client_reads("bound", SEED) && mapping_has(fd, SEED));
}

/* What is on its way from the client when the key goes is refused, and the client is told. */
TEST(delayed_write_to_a_locked_file_EPERM)
{
	int fd = served_file("bound"), client;

	write_by_client("bound", SEED);
	client = nfs_file("bound", O_RDWR);
	pattern_fill(buf, LEN, SEED + 1, 0);
	write_all(client, buf, LEN, 0);
	remove_ring_key(SCRATCH, identifier);
	CHECK_ERRNO(fsync(client), EPERM);
	close(client);
	need_ring_key(SCRATCH, 1);
	CHECK(mapping_has(fd, SEED));
}

TEST(locked_directory_EPERM)
{
	int fd;

	scratch_new("dax=always");
	bound_directory(SCRATCH "/dir", 1);
	identifier = need_ring_key(SCRATCH, 1);
	nfs_serve(SCRATCH, false);
	remove_ring_key(SCRATCH, identifier);
	fd = open(NFS "/dir/new", O_RDWR | O_CREAT, 0600);
	CHECK(fd == -1 && errno == EPERM, "%d, %s", fd, errno_name(errno));
	CHECK(access(SCRATCH "/dir/new", F_OK) == -1);
}

/* ---- blocks for clients that write to the device themselves (pNFS) ---- */

/* A client gets no blocks of a bound file and does not ask again. */
TEST(layout_of_a_bound_file_is_refused)
{
	struct nfs_count before, after;
	struct stat disk;
	int fd;

	only_on("xfs");
	scratch_new("dax=always");
	need_ring_key(SCRATCH, 1);
	fd = scratch_file("bound", O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, LEN) && !ioctl_bind(fd, need_key(1)), "%s",
	     errno_name(errno));
	nfs_serve(SCRATCH, true);
	before = nfs_count("LAYOUTGET");
	write_by_client("bound", SEED);
	after = nfs_count("LAYOUTGET");
	CHECK(after.sent > before.sent, "no layout was asked for");
	CHECK_EQ(after.failed - before.failed, after.sent - before.sent);
	CHECK(mapping_has(fd, SEED) && client_reads("bound", SEED));
	before = nfs_count("LAYOUTGET");
	write_by_client("bound", SEED + 1);
	after = nfs_count("LAYOUTGET");
	CHECK_EQ(after.sent, before.sent);
	NEED(!stat(NFS_DISK, &disk));
	CHECK_EQ(disk.st_blocks, 0);
}

static int plain_file_with_layouts(void)
{
	int fd;

	only_on("xfs");
	scratch_new("dax=always");
	fd = scratch_file("plain", O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, LEN), "%s", errno_name(errno));
	nfs_serve(SCRATCH, true);
	return fd;
}

/* What the refusal is about: the client of a plain file writes to the disk, past the server. */
TEST(layout_of_a_plain_file_is_used)
{
	int fd = plain_file_with_layouts(), client = nfs_file("plain", O_RDWR | O_DIRECT);
	struct nfs_count before = nfs_count("WRITE");

	pattern_fill_mark(buf, LEN, CLEAR_MARK, SEED, 0);
	write_all(client, buf, LEN, 0);
	NEED(!fsync(client), "%s", errno_name(errno));
	CHECK_EQ(nfs_count("WRITE").sent, before.sent);
	CHECK(nfs_count("LAYOUTGET").sent > 0 && nfs_count("LAYOUTCOMMIT").sent > 0);
	memset(buf, 0, LEN);
	read_all(open(NFS_DISK, O_RDONLY), buf, LEN, block_of(fd, 0));
	CHECK(!memcmp(buf, CLEAR_MARK, strlen(CLEAR_MARK)));
}

/* The client gives back what it has, then the file can be bound. */
TEST(bind_of_a_file_with_a_layout_EBUSY)
{
	int fd = plain_file_with_layouts(), client = nfs_file("plain", O_RDONLY | O_DIRECT), ret;
	struct nfs_count count;

	need_ring_key(SCRATCH, 1);
	NEED(pread(client, buf, LEN, 0) == (ssize_t)LEN);
	count = nfs_count("LAYOUTGET");
	CHECK(count.sent > 0 && !count.failed, "%lu sent, %lu failed", count.sent, count.failed);
	CHECK_ERRNO(ioctl_bind(fd, need_key(1)), EBUSY);
	do
		ret = ioctl_bind(fd, need_key(1));
	while (ret && errno == EBUSY);
	CHECK(!ret, "%s", errno_name(errno));
}

int main(int argc, char **argv)
{
	return tap_main("door-nfs", argc, argv);
}
