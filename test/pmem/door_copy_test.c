// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who takes a bound file for a file like any other: programs run from it, loop
 * devices and overlays over it, copies with all attributes
 *
 * Copies that are not to be under a key go to tmpfs: on the DIMM the host would
 * find their plaintext.
 */
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(64 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	480
#define NAME	SCRATCH "/bound"
#define OUT	"/run/out"	/* tmpfs */

static int file;
static key_serial_t key;
static char buf[LEN] __attribute__((aligned(4096)));

static void secret(void)
{
	char *p;

	key = need_key(1);
	scratch_new("dax=always");
	file = scratch_file("bound", O_RDWR | O_CREAT | O_EXCL);
	NEED(file >= 0 && !ftruncate(file, LEN));
	p = bound_mapping(file, LEN, key);
	pattern_fill(p, LEN, SEED, 0);
	NEED(!munmap(p, LEN) && !setxattr(NAME, "user.other", "o", 1, 0));
	run("rm -rf " OUT);
	NEED(!mkdir(OUT, 0755));
}

static void lock_it(void)
{
	close(file);
	scratch_cycle("dax=always");
	file = scratch_file("bound", O_RDWR);
	NEED(file >= 0 && status_of(file).state == MKTME_DAX_FILE_LOCKED);
}

/* A copy: the same bytes, the other attributes, but no record unless it is bound. */
static void check_copy(const char *path, bool record)
{
	int fd = open(path, O_RDONLY);
	char byte;

	if (!CHECK(fd >= 0, "%s: %s", path, errno_name(errno)))
		return;
	read_all(fd, buf, LEN, 0);
	CHECK(is_pattern(buf, LEN, SEED, 0), "%s", path);
	CHECK(fgetxattr(fd, "user.other", &byte, 1) == 1, "%s: user.other: %s", path,
	      errno_name(errno));
	CHECK(has_record(fd) == record, "%s", path);
	close(fd);
}

/* ---- programs ---- */

static int run_it(void)
{
	pid_t pid = fork();
	int status;

	NEED(pid >= 0);
	if (!pid) {
		execl(NAME, "true", NULL);
		_exit(errno);
	}
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "%#x", status);
	return WEXITSTATUS(status);
}

/* In place of the pattern; not on the DIMM in the clear, either. */
static void put_program(void)
{
	NEED(!run("cat /usr/bin/busybox >" NAME " && chmod 755 " NAME));
	close(file);
}

TEST(bound_program_runs)
{
	char line[256] = "";
	unsigned long start = 0;
	struct peer peer;
	FILE *maps;

	secret();
	put_program();
	CHECK_EQ(run_it(), 0);
	if (spawn(&peer)) {
		dup2(peer.in, STDIN_FILENO);
		dup2(peer.out, STDOUT_FILENO);
		execl(NAME, "cat", NULL);
		_exit(99);
	}
	tell(&peer, 'c');
	await(&peer, 'c');
	snprintf(line, sizeof(line), "/proc/%d/maps", peer.pid);
	maps = fopen(line, "r");
	while (maps && fgets(line, sizeof(line), maps) && !start)
		if (strstr(line, NAME) && strstr(line, "r-x"))
			start = strtoul(line, NULL, 16);
	NEED(start, "no text of " NAME);
	CHECK(smaps_keyid(peer.pid, (void *)start) > 0);
	close(peer.out);
	join(&peer);
}

TEST(locked_program_ENOKEY)
{
	secret();
	put_program();
	scratch_cycle("dax=always");
	CHECK_EQ(run_it(), ENOKEY);
	need_ring_key(SCRATCH, 1);
	CHECK_EQ(run_it(), 0);
}

/* ---- loop devices ---- */

#define LOOP	"/dev/loop6"

static int open_loop(void)
{
	int fd;

	NEED(!run("losetup " LOOP " " NAME));
	fd = open(LOOP, O_RDWR | O_DIRECT);
	NEED(fd >= 0, "%s", errno_name(errno));
	return fd;
}

static void close_loop(int fd)
{
	close(fd);
	NEED(!run("losetup -d " LOOP));
}

TEST(loop_device)
{
	int fd;
	char *p;

	secret();
	fd = open_loop();
	read_all(fd, buf, LEN, 0);
	CHECK(is_pattern(buf, LEN, SEED, 0));
	pattern_fill(buf, LEN, SEED + 1, 0);
	write_all(fd, buf, LEN, 0);
	NEED(!fsync(fd));
	close_loop(fd);
	p = map_file(file, LEN, RW, MAP_SHARED);
	CHECK(is_pattern(p, LEN, SEED + 1, 0) && pte_of(p).keyid > 0);
}

TEST(loop_device_over_a_locked_file_EIO)
{
	int fd;

	secret();
	lock_it();
	run("echo 'I/O error, dev loop6' >>/run/kmsg.allow");
	fd = open_loop();
	CHECK_ERRNO(pread(fd, buf, PAGE, 0), EIO);
	CHECK_ERRNO(pwrite(fd, buf, PAGE, 0), EIO);
	close_loop(fd);
	NEED(!ioctl_bind(file, key));
	read_all(file, buf, LEN, 0);
	CHECK(is_pattern(buf, LEN, SEED, 0));
}

/* ---- overlays ---- */

#define MERGED	OUT "/merged"

static void overlay(void)
{
	NEED(!mkdir(OUT "/upper", 0755) && !mkdir(OUT "/work", 0755) && !mkdir(MERGED, 0755));
	NEED(!mkdir(SCRATCH "/lower", 0755) && !rename(NAME, SCRATCH "/lower/bound"));
	NEED(!mount("overlay", MERGED, "overlay", 0, "lowerdir=" SCRATCH "/lower,"
		    "upperdir=" OUT "/upper,workdir=" OUT "/work"), "%s", errno_name(errno));
}

static void end_overlay(void)
{
	NEED(!umount(MERGED), "%s", errno_name(errno));
}

TEST(overlay_reads_and_copies_up)
{
	int fd;
	char *p;

	secret();
	overlay();
	fd = open(MERGED "/bound", O_RDONLY);
	NEED(fd >= 0, "%s", errno_name(errno));
	p = mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED, "%s", errno_name(errno));
	CHECK(is_pattern(p, LEN, SEED, 0) && pte_of(p).keyid > 0);
	NEED(!munmap(p, LEN) && !close(fd));
	check_copy(MERGED "/bound", true);
	fd = open(MERGED "/bound", O_RDWR);
	NEED(fd >= 0, "%s", errno_name(errno));
	close(fd);
	check_copy(MERGED "/bound", false);
	check_copy(OUT "/upper/bound", false);
	end_overlay();
}

TEST(overlay_over_a_locked_file_ENOKEY)
{
	int fd;

	secret();
	lock_it();
	overlay();
	fd = open(MERGED "/bound", O_RDONLY);
	NEED(fd >= 0, "%s", errno_name(errno));
	CHECK_ERRNO(pread(fd, buf, 1, 0), ENOKEY);
	close(fd);
	CHECK_ERRNO(open(MERGED "/bound", O_RDWR), ENOKEY);
	CHECK_ERRNO(access(OUT "/upper/bound", F_OK), ENOENT);
	/* Attributes alone take the data along. */
	CHECK_ERRNO(chmod(MERGED "/bound", 0640), ENOKEY);
	end_overlay();
}

/* ---- copies with all attributes ---- */

/* The one that it was created with, not that of the original. */
static void check_record(const char *path)
{
	struct mktme_dax_record_v1 copy = {}, directory;
	ssize_t size = sizeof(copy);

	NEED(getxattr(SCRATCH "/other", MKTME_DAX_RECORD_NAME, &directory, size) == size);
	CHECK(getxattr(path, MKTME_DAX_RECORD_NAME, &copy, size) == size &&
	      !memcmp(copy.identifier, directory.identifier, sizeof(copy.identifier)));
}

/*
 * To tmpfs, and into a directory under another key. With the path of a program:
 * the shell has some of its own, which know no attributes.
 */
static void copy_by(const char *command)
{
	secret();
	bound_directory(SCRATCH "/other", 2);
	run(command, OUT);
	check_copy(OUT "/bound", false);
	run(command, SCRATCH "/other");
	check_copy(SCRATCH "/other/bound", true);
	check_record(SCRATCH "/other/bound");
}

TEST(cp_with_all_attributes)
{
	copy_by("/usr/bin/cp -a --preserve=all " NAME " %s/ 2>/run/copy.err");
}

TEST(tar_with_all_attributes)
{
	copy_by("/usr/bin/tar -C " SCRATCH " --xattrs --xattrs-include='*' -cf - bound | "
		"/usr/bin/tar -C %s --xattrs --xattrs-include='*' -xpf - 2>/run/copy.err");
}

TEST(rsync_with_all_attributes)
{
	copy_by("rsync -aX " NAME " %s/ 2>/run/copy.err");
}

/* Reads files by handle and all their attributes, and sets them, on XFS only. */
TEST(xfsdump_and_xfsrestore)
{
	only_on("xfs");
	secret();
	bound_directory(SCRATCH "/other", 2);
	NEED(!run("xfsdump -J -l 0 -F - " SCRATCH " >" OUT "/dump 2>/run/copy.err"));
	run("xfsrestore -J -F - " SCRATCH "/other <" OUT "/dump 2>>/run/copy.err");
	check_copy(SCRATCH "/other/bound", true);
	check_record(SCRATCH "/other/bound");
	run("rm -rf " OUT);
}

TEST(no_copy_without_the_key)
{
	static const char *const commands[] = {
		"/usr/bin/cp " NAME " " OUT "/copy 2>/dev/null",
		"/usr/bin/cat " NAME " >" OUT "/copy 2>/dev/null",
		"/usr/bin/tar -C " SCRATCH " -cf " OUT "/copy bound 2>/dev/null",
		"rsync " NAME " " OUT "/copy 2>/dev/null",
		"/usr/bin/dd if=" NAME " of=" OUT "/copy 2>/dev/null",
	};

	secret();
	lock_it();
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		CHECK(run("%s", commands[i]), "%s", commands[i]);
}

int main(int argc, char **argv)
{
	return tap_main("door-copy", argc, argv);
}
