// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories that give their key to what is created in them
 */
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define DIR1	SCRATCH "/one"		/* under key 1 */
#define DIR2	SCRATCH "/two"		/* under key 2 */
#define PLAIN	SCRATCH "/plain"	/* under none */

static void three_directories(void)
{
	need_key(1);
	scratch_new("dax=always");
	bound_directory(DIR1, 1);
	bound_directory(DIR2, 2);
	NEED(!mkdir(PLAIN, 0755));
}

static int create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	return fd;
}

static bool same_record(const char *a, const char *b)
{
	struct mktme_dax_record_v1 r[2];

	return lgetxattr(a, MKTME_DAX_RECORD_NAME, &r[0], sizeof(r[0])) == sizeof(r[0]) &&
	       lgetxattr(b, MKTME_DAX_RECORD_NAME, &r[1], sizeof(r[1])) == sizeof(r[1]) &&
	       !memcmp(&r[0], &r[1], sizeof(r[0]));
}

static void check_fsck(void)
{
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* Nothing is called but what a program that knows nothing of keys calls. */
TEST(files_inherit)
{
	char dir[64], name[128], buf[LEN];
	const uint8_t *id;
	char *p;
	int fd;

	snprintf(dir, sizeof(dir), "%s/inherit", fixture_dir());
	bound_directory(dir, 32);
	id = need_ring_key(fixture_dir(), 32);
	snprintf(name, sizeof(name), "%s/file", dir);
	fd = create(name);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
	CHECK(same_record(dir, name));
	pattern_fill(buf, LEN, 350, 0);
	write_all(fd, buf, LEN, 0);
	p = map_file(fd, 2 * LEN, RW, MAP_SHARED);
	CHECK(is_pattern(p, LEN, 350, 0));
	CHECK_EQ(pte_of(p).keyid, status_of(fd).keyid);
	NEED(!ftruncate(fd, 2 * LEN));
	pattern_fill(p + LEN, LEN, 350, LEN);
	NEED(!fsync(fd));
	host_cipher(fd, 0, 2 * LEN, 32, 350);
	remove_ring_key(dir, id);
	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
}

TEST(directories_inherit)
{
	int fd;

	three_directories();
	NEED(!mkdir(DIR1 "/sub", 0700) && !mkdir(DIR1 "/sub/sub", 0700));
	CHECK(same_record(DIR1, DIR1 "/sub"));
	CHECK(same_record(DIR1, DIR1 "/sub/sub"));
	fd = create(DIR1 "/sub/sub/file");
	CHECK(same_record(DIR1, DIR1 "/sub/sub/file"));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
	CHECK(!path_has_record(PLAIN));
	CHECK(!path_has_record(SCRATCH));
	close(fd);
	check_fsck();
}

TEST(tmpfile_and_mknod_inherit)
{
	char link[64];
	int fd;

	three_directories();
	fd = open(DIR1, O_RDWR | O_TMPFILE, 0600);
	NEED(fd >= 0, "%s", errno_name(errno));
	CHECK(has_record(fd));
	write_all(fd, "x", 1, 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK_ERRNO(linkat(AT_FDCWD, link, AT_FDCWD, DIR2 "/t", AT_SYMLINK_FOLLOW), EXDEV);
	CHECK(!linkat(AT_FDCWD, link, AT_FDCWD, DIR1 "/t", AT_SYMLINK_FOLLOW), "%s",
	      errno_name(errno));
	CHECK(same_record(DIR1, DIR1 "/t"));
	NEED(!mknod(DIR1 "/n", S_IFREG | 0600, 0));
	CHECK(same_record(DIR1, DIR1 "/n"));
	close(fd);
	check_fsck();
}

TEST(what_has_no_data_has_no_record)
{
	/* Too long for the inode, and XFS has no longer ones than 1023 bytes. */
	size_t len = on_xfs() ? 1000 : 3000;
	char target[3000] = "";

	three_directories();
	memset(target, 't', len - 1);
	CHECK(!symlink("short", DIR1 "/short") && !symlink(target, DIR1 "/long"));
	CHECK(!mkfifo(DIR1 "/fifo", 0600));
	CHECK(!mknod(DIR1 "/null", S_IFCHR | 0600, 0x103));
	CHECK(!path_has_record(DIR1 "/short") && !path_has_record(DIR1 "/long"));
	CHECK(!path_has_record(DIR1 "/fifo") && !path_has_record(DIR1 "/null"));
	check_fsck();
}

/* And nothing has changed; what has no data can be made all the same. */
TEST(creation_without_the_key_ENOKEY)
{
	struct stat before, after;
	const uint8_t *id;

	three_directories();
	id = need_ring_key(SCRATCH, 1);
	NEED(!mkdir(DIR1 "/sub", 0755));
	remove_ring_key(SCRATCH, id);
	for (int boot = 0; boot < 2; boot++) {
		NEED(!stat(DIR1, &before));
		CHECK_ERRNO(open(DIR1 "/f", O_RDWR | O_CREAT, 0600), ENOKEY);
		CHECK_ERRNO(open(DIR1, O_RDWR | O_TMPFILE, 0600), ENOKEY);
		CHECK_ERRNO(mkdir(DIR1 "/d", 0700), ENOKEY);
		CHECK_ERRNO(mknod(DIR1 "/n", S_IFREG | 0600, 0), ENOKEY);
		CHECK_ERRNO(open(DIR1 "/sub/f", O_RDWR | O_CREAT, 0600), ENOKEY);
		NEED(!stat(DIR1, &after));
		CHECK_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
		CHECK_EQ(before.st_nlink, after.st_nlink);
		CHECK_ERRNO(access(DIR1 "/f", F_OK), ENOENT);
		CHECK(!symlink("x", DIR1 "/link") && !unlink(DIR1 "/link"));
		scratch_cycle("dax=always");
	}
	need_ring_key(SCRATCH, 1);
	close(create(DIR1 "/f"));
	close(create(DIR1 "/sub/f"));
	CHECK(path_has_record(DIR1 "/f") && path_has_record(DIR1 "/sub/f"));
	check_fsck();
}

TEST(locked_directory_can_be_tidied)
{
	three_directories();
	close(create(DIR1 "/a"));
	close(create(DIR1 "/b"));
	NEED(!mkdir(DIR1 "/sub", 0755));
	scratch_cycle("dax=always");
	CHECK(!rename(DIR1 "/a", DIR1 "/c"), "%s", errno_name(errno));
	CHECK(!rename(DIR1 "/c", DIR1 "/sub/c"), "%s", errno_name(errno));
	CHECK(!link(DIR1 "/b", DIR1 "/sub/b"), "%s", errno_name(errno));
	CHECK_ERRNO(rename(DIR1 "/b", DIR2 "/b"), EXDEV);
	CHECK(!unlink(DIR1 "/sub/c") && !unlink(DIR1 "/b") && !unlink(DIR1 "/sub/b"));
	CHECK(!rmdir(DIR1 "/sub") && !rmdir(DIR1));
	check_fsck();
}

static void check_move(const char *from, const char *to, int err)
{
	if (err) {
		CHECK_ERRNO(rename(from, to), err);
		CHECK(!access(from, F_OK));
		return;
	}
	CHECK(!rename(from, to), "%s to %s: %s", from, to, errno_name(errno));
	NEED(!rename(to, from) || errno == EXDEV);
}

TEST(rename_matrix)
{
	three_directories();
	close(create(DIR1 "/f1"));
	close(create(DIR2 "/f2"));
	close(create(PLAIN "/p"));
	NEED(!mkdir(DIR1 "/d1", 0755) && !mkdir(PLAIN "/d", 0755));
	NEED(!mkdir(DIR1 "/sub", 0755) && !symlink("x", PLAIN "/link"));

	check_move(DIR1 "/f1", DIR1 "/g1", 0);
	check_move(DIR1 "/f1", DIR1 "/sub/f1", 0);
	check_move(DIR1 "/f1", DIR2 "/f1", EXDEV);
	check_move(PLAIN "/p", DIR1 "/p", EXDEV);
	check_move(PLAIN "/d", DIR1 "/d", EXDEV);
	check_move(DIR1 "/d1", DIR2 "/d1", EXDEV);
	check_move(DIR1 "/d1", DIR1 "/sub/d1", 0);
	check_move(PLAIN "/link", DIR1 "/link", 0);
	/* Whoever leaves keeps the key, and may come back. */
	check_move(DIR1 "/f1", PLAIN "/f1", 0);
	CHECK(path_has_record(DIR1 "/f1"));
	check_move(DIR1 "/d1", PLAIN "/d1", 0);
	CHECK(path_has_record(DIR1 "/d1"));
}

static int exchange(const char *a, const char *b)
{
	return syscall(__NR_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

TEST(exchange_asks_both_ways)
{
	three_directories();
	close(create(DIR1 "/f"));
	close(create(DIR2 "/f"));
	close(create(PLAIN "/f"));
	NEED(!mkdir(DIR1 "/sub", 0755));
	close(create(DIR1 "/sub/f"));
	CHECK_ERRNO(exchange(DIR1 "/f", PLAIN "/f"), EXDEV);
	CHECK_ERRNO(exchange(PLAIN "/f", DIR1 "/f"), EXDEV);
	CHECK_ERRNO(exchange(DIR1 "/f", DIR2 "/f"), EXDEV);
	CHECK(!exchange(DIR1 "/f", DIR1 "/sub/f"), "%s", errno_name(errno));
	CHECK(path_has_record(DIR1 "/f") && !path_has_record(PLAIN "/f"));
}

/* What overlayfs leaves behind: a character device, which has no data. */
TEST(whiteout_in_a_locked_directory)
{
	struct stat st;

	three_directories();
	close(create(DIR1 "/f"));
	scratch_cycle("dax=always");
	CHECK(!syscall(__NR_renameat2, AT_FDCWD, DIR1 "/f", AT_FDCWD, PLAIN "/f",
		       RENAME_WHITEOUT), "%s", errno_name(errno));
	CHECK(!lstat(DIR1 "/f", &st) && S_ISCHR(st.st_mode));
	CHECK(path_has_record(PLAIN "/f"));
	check_fsck();
}

/* overlayfs renames from its work directory to the upper one: both inherit. */
TEST(overlay_inherits_from_above_upper_and_work)
{
	const char *options = "lowerdir=" PLAIN ",upperdir=" DIR1 "/upper,workdir=" DIR1 "/work";

	three_directories();
	NEED(!mkdir(DIR1 "/upper", 0755) && !mkdir(DIR1 "/work", 0755));
	NEED(!run("echo old >" PLAIN "/f") && (!mkdir("/tmp/merged", 0755) || errno == EEXIST));
	NEED(!mount("overlay", "/tmp/merged", "overlay", 0, options), "%s", errno_name(errno));
	CHECK(!run("cd /tmp/merged && echo more >>f && echo new >n && mkdir d && rm -r d"));
	CHECK(!run("grep -q old /tmp/merged/f && grep -q more /tmp/merged/f"));
	CHECK(same_record(DIR1, DIR1 "/upper/f") && same_record(DIR1, DIR1 "/upper/n"));
	CHECK(!path_has_record(PLAIN "/f"));
	NEED(!umount("/tmp/merged"));
	check_fsck();
}

TEST(link_matrix)
{
	three_directories();
	close(create(DIR1 "/f"));
	close(create(PLAIN "/p"));
	CHECK(!link(DIR1 "/f", DIR1 "/g"), "%s", errno_name(errno));
	CHECK(!link(DIR1 "/f", PLAIN "/f"), "%s", errno_name(errno));
	CHECK_ERRNO(link(DIR1 "/f", DIR2 "/f"), EXDEV);
	CHECK_ERRNO(link(PLAIN "/p", DIR1 "/p"), EXDEV);
	CHECK(!link(PLAIN "/f", DIR1 "/h"), "%s", errno_name(errno));
}

/* mv takes EXDEV for another file system: it copies, and the copy inherits. */
TEST(mv_copies)
{
	three_directories();
	NEED(!run("echo SECRET-of-a-bound-file-- >" DIR2 "/f"));
	CHECK(!run("mv " DIR2 "/f " DIR1 "/f"));
	CHECK(same_record(DIR1, DIR1 "/f"));
	CHECK(!run("grep -q SECRET " DIR1 "/f"));
	CHECK_ERRNO(access(DIR2 "/f", F_OK), ENOENT);
}

TEST(unmodified_programs)
{
	three_directories();
	NEED(!run("for i in 1 2 3 4 5 6 7 8; do echo SECRET-of-a-bound-file-- $i; done >" DIR1 "/f"));
	CHECK(!run("cp -a " DIR1 "/f " DIR1 "/g && cmp " DIR1 "/f " DIR1 "/g"));
	CHECK(!run("cd " DIR1 " && mkdir x && tar cf t.tar f g && tar xf t.tar -C x && cmp f x/g"));
	CHECK(!run("sed -i s/8/9/ " DIR1 "/f && grep -q 9 " DIR1 "/f"));
	CHECK(same_record(DIR1, DIR1 "/g") && same_record(DIR1, DIR1 "/t.tar") &&
	      same_record(DIR1, DIR1 "/x/g") && same_record(DIR1, DIR1 "/f"));
	check_fsck();
}

/* Rollback journal and write-ahead log are files of the directory like others. */
static void use_sqlite(const char *journal)
{
	FILE *sql = fopen("/tmp/sql", "w");

	NEED(sql);
	fprintf(sql, "PRAGMA journal_mode=%s; PRAGMA mmap_size=16777216; CREATE TABLE t(x);"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
		" INSERT INTO t SELECT '" SECRET_MARK "' || i FROM n;"
		"UPDATE t SET x = x || '.'; SELECT count(*) FROM t; PRAGMA integrity_check;\n",
		journal);
	NEED(!fclose(sql));
	CHECK(!run("sqlite3 " DIR1 "/%s.db </tmp/sql >/tmp/said 2>&1 && tail -n 2 /tmp/said |"
		   " tr '\\n' ' ' | grep -q '^300 ok $' || { cat /tmp/said; false; }", journal),
	      "%s", journal);
}

TEST(sqlite_with_its_journal)
{
	struct stat st;

	three_directories();
	use_sqlite("DELETE");
	use_sqlite("PERSIST");
	use_sqlite("WAL");
	CHECK(path_has_record(DIR1 "/DELETE.db") && path_has_record(DIR1 "/WAL.db"));
	CHECK(!stat(DIR1 "/PERSIST.db-journal", &st) && st.st_size > 0);
	CHECK(path_has_record(DIR1 "/PERSIST.db-journal"));
	check_fsck();
}

/* A transaction that has to have room for all of it, and small inodes. */
TEST(many_files_with_all_attributes)
{
	static const unsigned char acl[] = {
		2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 7, 0, 1, 0, 0, 0,
		4, 0, 5, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255,
		32, 0, 5, 0, 255, 255, 255, 255,
	};
	char name[64];
	bool acls;

	for (int small = 0; small < 2 - on_xfs(); small++) {
		three_directories();
		if (small) {
			scratch_umount();
			NEED(!run("mkfs.ext4 -q -F -b 4096 -I 128 " SCRATCH_DEV " 2>/dev/null"));
			NEED(!run("mount -t ext4 -o dax=always " SCRATCH_DEV " " SCRATCH));
			bound_directory(DIR1, 1);
		}
		acls = !setxattr(DIR1, "system.posix_acl_default", acl, sizeof(acl), 0);
		CHECK(acls || errno == EOPNOTSUPP, "%s", errno_name(errno));
		for (int i = 0; i < 200; i++) {
			snprintf(name, sizeof(name), DIR1 "/f%d", i);
			close(create(name));
			NEED(same_record(DIR1, name), "%s", name);
			snprintf(name, sizeof(name), DIR1 "/d%d", i);
			NEED(!mkdir(name, 0755) && same_record(DIR1, name));
		}
		check_fsck();
	}
}

TEST(dax_inode_mount_needs_the_attribute)
{
	need_key(1);
	scratch_new("dax=inode");
	bound_directory(DIR1, 1);
	CHECK_ERRNO(open(DIR1 "/f", O_RDWR | O_CREAT, 0600), EOPNOTSUPP);
	CHECK_ERRNO(access(DIR1 "/f", F_OK), ENOENT);
	NEED(!run("chattr +x " DIR1));
	close(create(DIR1 "/f"));
	CHECK(path_has_record(DIR1 "/f"));
	check_fsck();
}

/* mkfs's root is not empty; nothing may be left that is not under the key. */
TEST(bind_takes_an_empty_directory)
{
	int fd;

	need_key(1);
	scratch_new("dax=always");
	need_ring_key(SCRATCH, 1);
	NEED(!mkdir(DIR1, 0755));
	close(create(DIR1 "/old"));
	fd = open(DIR1, O_RDONLY);
	CHECK_ERRNO(ioctl_bind(fd, need_key(1)), ENOTEMPTY);
	NEED(!unlink(DIR1 "/old"));
	CHECK(!ioctl_bind(fd, need_key(1)), "%s", errno_name(errno));
	close(fd);
	check_fsck();
}

int main(int argc, char **argv)
{
	return tap_main("dir", argc, argv);
}
