// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors of encrypt_mprotect() that need a special state of the process, the
 * filesystem or the key; the plain arguments are in abi_test
 */
#include <linux/capability.h>
#include <linux/falloc.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define RX	(PROT_READ | PROT_EXEC)
#ifndef PR_SET_MDWE
#define PR_SET_MDWE		65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* The call fails, the file stays unbound and the memory closed. */
static void refused(char *p, int prot, key_serial_t key, int err, int fd)
{
	CHECK_ERRNO(encrypt_mprotect(p, LEN, prot, key), err);
	CHECK(!has_record(fd), "bound all the same");
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
}

/* A message that a test provokes is not one that the boot fails for. */
static void allow_message(const char *pattern)
{
	NEED(!run("echo '%s' >>/run/kmsg.allow", pattern));
}

/* ---- the process ---- */

/* Looked at before the bind: nobody is told "no" with his file bound. */
TEST(deny_write_exec_EACCES_and_not_bound)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(!prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0), "%s", errno_name(errno));
	refused(p, RX, key, EACCES, fd);
	refused(p, RW | PROT_EXEC, key, EACCES, fd);
	CHECK(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
}

/* Where reading implies executing, mprotect() adds PROT_EXEC by itself. */
TEST(deny_write_exec_and_read_implies_exec_EACCES_and_not_bound)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(!prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0), "%s", errno_name(errno));
	NEED(personality(READ_IMPLIES_EXEC) != -1);
	refused(p, PROT_READ, key, EACCES, fd);
	NEED(personality(0) != -1);
	CHECK(!encrypt_mprotect(p, LEN, PROT_READ, key), "%s", errno_name(errno));
}

#define MAX_MAP_COUNT	"/proc/sys/vm/max_map_count"

static char usual_limit[20];

static void restore_limit(void)
{
	write_text(MAX_MAP_COUNT, usual_limit);
}

/*
 * As many mappings as are allowed; each page differs from its neighbours. The limit is low, since with
 * the usual one it takes minutes on a kernel that checks itself.
 */
static char *use_up_mappings(void)
{
	unsigned long room = 4000 * PAGE, done;
	char *p = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	NEED(p != MAP_FAILED && read_text(MAX_MAP_COUNT, usual_limit, sizeof(usual_limit)) > 0);
	atexit(restore_limit);
	NEED(!write_text(MAX_MAP_COUNT, "1000"));
	for (done = 0; done < room; done += 2 * PAGE)
		if (mprotect(p + done, PAGE, PROT_READ))
			break;
	NEED(done < room && errno == ENOMEM, "%s", errno_name(errno));
	return p;
}

/* Too late to undo: the file is bound, the protection as it was. */
TEST(limit_of_mappings_ENOMEM_bound_and_repeatable)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED), *others;

	others = use_up_mappings();
	CHECK_ERRNO(encrypt_mprotect(p + PAGE, PAGE, RW, key), ENOMEM);
	CHECK(has_record(fd), "not bound");
	CHECK_EQ(signal_of(load_byte, p + PAGE), SIGSEGV);
	CHECK_ERRNO(encrypt_mprotect(p + PAGE, PAGE, RW, key), ENOMEM);
	NEED(!munmap(others, 100 * PAGE));
	CHECK(!encrypt_mprotect(p + PAGE, PAGE, RW, key), "%s", errno_name(errno));
	CHECK_EQ(signal_of(store_byte, p + PAGE), 0);
	CHECK(pte_of(p + PAGE).keyid > 0);
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
}

static long job_punch(struct job *job)
{
	return fallocate(job->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, LEN);
}

/*
 * Why EBUSY is not seen: a page that is pinned has a block, and a block that is
 * pinned cannot be punched away, so that the file has data as long as it lasts.
 */
TEST(pinned_page_is_data_ENOTEMPTY)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL), ends[2];
	char *plain = map_file(fd, LEN, RW, MAP_SHARED), buf[PAGE];
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	struct iovec iov = { plain, PAGE };
	struct job punch = { .fd = fd };

	*plain = 'x';
	NEED(!pipe(ends));
	NEED(vmsplice(ends[1], &iov, 1, 0) == PAGE, "%s", errno_name(errno));
	job_start(&punch, job_punch);
	await_blocked(punch.tid);
	refused(p, RW, key, ENOTEMPTY, fd);
	NEED(read(ends[0], buf, PAGE) == PAGE);
	CHECK(!job_end(&punch), "%s", errno_name(punch.err));
	CHECK(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	*plain = 'y';
	CHECK(pte_of(plain).keyid > 0);
}

TEST(hugetlb_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	NEED(!run("echo 2 >/proc/sys/vm/nr_hugepages"));
	fd = memfd_create("huge", MFD_HUGETLB);
	NEED(fd >= 0 && !ftruncate(fd, PMD), "%s", errno_name(errno));
	p = map_file(fd, PMD, PROT_NONE, MAP_SHARED);
	CHECK_ERRNO(encrypt_mprotect(p, PMD, RW, key), EOPNOTSUPP);
	p = mmap(NULL, PMD, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	NEED(p != MAP_FAILED, "%s", errno_name(errno));
	CHECK_ERRNO(encrypt_mprotect(p, PMD, RW, key), EOPNOTSUPP);
	NEED(!run("echo 0 >/proc/sys/vm/nr_hugepages"));
}

/* ---- the key ---- */

#define REQUEST_KEY	"/sbin/request-key"

/*
 * The kernel asks user space for a key (request_key), and user space, which is
 * this program again, says no: the key exists from then on, and is negative.
 */
static key_serial_t negative_key(const char *name, int err)
{
	char text[32];

	NEED(!run("mkdir -p /sbin && rm -f /run/negative && "
		  "printf '#!/bin/sh\\nexec /test/errno_test --reject $2 %d\\n' >" REQUEST_KEY
		  " && chmod 755 " REQUEST_KEY, err));
	CHECK_ERRNO(syscall(__NR_request_key, "mktme", name, "say no",
			    KEY_SPEC_SESSION_KEYRING), err);
	NEED(!unlink(REQUEST_KEY));
	NEED(read_text("/run/negative", text, sizeof(text)) > 0, "nobody was asked");
	return atoi(text);
}

static int reject(const char *key, const char *err)
{
	int fd = open("/run/negative", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, key, strlen(key)) < 0)
		return 1;
	if (keyctl_call(KEYCTL_ASSUME_AUTHORITY, atoi(key), 0, 0, 0) < 0)
		return 2;
	return keyctl_call(KEYCTL_REJECT, atoi(key), 60, atoi(err), 0) < 0 ? 3 : 0;
}

TEST(rejected_key_EKEYREJECTED)
{
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	need_key(1);
	NEED(keyctl_call(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) > 0);
	refused(p, RW, negative_key("errno-rejected", EKEYREJECTED), EKEYREJECTED, fd);
	refused(p, RW, negative_key("errno-expired", EKEYEXPIRED), EKEYEXPIRED, fd);
}

/* ---- the filesystem ---- */

static int scratch_mapping(const char *name, char **p)
{
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);

	NEED(fd >= 0 && !ftruncate(fd, LEN), "%s", errno_name(errno));
	*p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	return fd;
}

static void check_filesystem(void)
{
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* With errors=remount-ro, ext4 of this kernel stops all changes and calls it EIO. */
TEST(shut_down_after_an_error_EIO)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	scratch_new("dax=always,errors=remount-ro");
	fd = scratch_mapping("bound", &p);
	allow_message("EXT4-fs (error |.*Remounting filesystem read-only)");
	NEED(!run("echo a test >/sys/fs/ext4/pmem0.1/trigger_fs_error"));
	refused(p, RW, key, EIO, fd);
	munmap(p, LEN);
	close(fd);
	scratch_umount();
}

static bool is_read_only(const char *dir)
{
	struct statvfs st;

	return !statvfs(dir, &st) && st.f_flag & ST_RDONLY;
}

/*
 * Who is open for writing keeps a mount from becoming read-only, but for SysRq u:
 * that one takes all filesystems, which get their rights back here.
 */
TEST(emergency_remount_EROFS)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	if (access("/proc/sysrq-trigger", W_OK))
		tap_skip("the kernel has no CONFIG_MAGIC_SYSRQ");
	scratch_new("dax=always");
	fd = scratch_mapping("bound", &p);
	NEED(!run("echo u >/proc/sysrq-trigger"));
	while (!is_read_only(SCRATCH) || !is_read_only(getenv("MKTME_DIR")))
		sched_yield();
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, key), EROFS);
	CHECK(!has_record(fd), "bound all the same");
	NEED(!run("grep -E ' (ext4|tmpfs|rootfs|ramfs) ro' /proc/mounts | "
		  "while read -r _ dir _; do mount -o remount,rw \"$dir\"; done"));
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	munmap(p, LEN);
	close(fd);
	check_filesystem();
}

/* Two attributes do not fit into the inode, and there is no block for them. */
TEST(no_room_for_the_record_ENOSPC)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	scratch_new("dax=always");
	fd = scratch_mapping("bound", &p);
	scratch_fill("filler");
	refused(p, RW, key, ENOSPC, fd);
	NEED(!unlink(SCRATCH "/filler") && !run("sync -f " SCRATCH));
	CHECK(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	munmap(p, LEN);
	close(fd);
	check_filesystem();
}

/* The block for the record counts as the owner's. */
TEST(quota_EDQUOT)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	scratch_new_with_quota();
	fd = scratch_mapping("bound", &p);
	NEED(!fchown(fd, 1000, 1000));
	scratch_limit(1000, 1);
	drop_capability(CAP_SYS_RESOURCE);
	refused(p, RW, key, EDQUOT, fd);
	munmap(p, LEN);
	close(fd);
	check_filesystem();
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--reject"))
		return reject(argv[2], argv[3]);
	return tap_main("errno", argc, argv);
}
