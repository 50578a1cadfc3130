// SPDX-License-Identifier: GPL-2.0-only
/*
 * Second boot, a kernel that knows nothing of records: which ways to the bytes of
 * a bound file does it have, and what do the others say
 */
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "common.h"
#include "unaware.h"

static char path[128], other[160];

static const char *at(const char *dir, const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* Otherwise there would be nothing to see here. */
TEST(kernel_is_unaware)
{
	struct mktme_dax_status_arg arg = { .version = MKTME_DAX_IOC_V1 };
	int fd = open(ON_EXT4, O_RDONLY);

	CHECK_ERRNO(encrypt_mprotect(NULL, PAGE, PROT_NONE, 1), ENOSYS);
	CHECK_ERRNO(ioctl(fd, MKTME_DAX_IOC_STATUS, &arg), ENOTTY);
}

static void cannot_be_opened(const char *dir, int flags, int err)
{
	for (unsigned int i = 0; i < UNAWARE_FILES; i++)
		CHECK_ERRNO(open(at(dir, unaware_files[i].name), flags), err);
}

static int by_handle(const char *dir, const char *name, int flags)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	int root = open(dir, O_RDONLY), id;

	handle->handle_bytes = MAX_HANDLE_SZ;
	NEED(!name_to_handle_at(AT_FDCWD, at(dir, name), handle, &id, 0), "%s",
	     errno_name(errno));
	return open_by_handle_at(root, handle, flags);
}

static int exec_errno(const char *program)
{
	pid_t pid = fork();
	int status;

	NEED(pid >= 0);
	if (!pid) {
		execl(program, "program", NULL);
		_exit(errno);
	}
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- ext4 ---- */

TEST(ext4_open_ENOKEY)
{
	cannot_be_opened(ON_EXT4, O_RDONLY, ENOKEY);
	cannot_be_opened(ON_EXT4, O_RDWR, ENOKEY);
	cannot_be_opened(ON_EXT4, O_WRONLY | O_APPEND, ENOKEY);
	cannot_be_opened(ON_EXT4, O_RDWR | O_TRUNC, ENOKEY);
	cannot_be_opened(ON_EXT4, O_RDONLY | O_DIRECT, ENOKEY);
	CHECK_ERRNO(by_handle(ON_EXT4, "data", O_RDWR), ENOKEY);
}

TEST(ext4_truncate_ENOKEY)
{
	for (unsigned int i = 0; i < UNAWARE_FILES; i++) {
		at(ON_EXT4, unaware_files[i].name);
		CHECK_ERRNO(truncate(path, 0), ENOKEY);
		CHECK_ERRNO(truncate(path, PAGE), ENOKEY);
		CHECK_ERRNO(truncate(path, 2 * PMD), ENOKEY);
	}
}

TEST(ext4_exec_swapon_loop_copy_ENOKEY)
{
	CHECK(!chmod(at(ON_EXT4, "data"), 0700));
	CHECK_EQ(exec_errno(path), ENOKEY);
	CHECK_ERRNO(swapon(path, 0), ENOKEY);
	CHECK(run("losetup /dev/loop5 %s 2>/dev/null", path));
	CHECK(run("/usr/bin/cp %s /run/copy 2>/dev/null", path));
	CHECK(!chmod(path, 0600));
}

TEST(ext4_overlay_ENOKEY)
{
	NEED(!run("mkdir -p /run/o/upper /run/o/work /run/o/merged"));
	NEED(!mount("overlay", "/run/o/merged", "overlay", 0, "lowerdir=" ON_EXT4
		    ",upperdir=/run/o/upper,workdir=/run/o/work"), "%s", errno_name(errno));
	CHECK_ERRNO(open("/run/o/merged/data", O_RDONLY), ENOKEY);
	CHECK_ERRNO(open("/run/o/merged/data", O_RDWR), ENOKEY);
	CHECK_ERRNO(access("/run/o/upper/data", F_OK), ENOENT);
	NEED(!umount("/run/o/merged"));
}

/* What needs no data works, and leaves the file where it was. */
TEST(ext4_names_work)
{
	struct stat st;

	for (unsigned int i = 0; i < UNAWARE_FILES; i++) {
		at(ON_EXT4, unaware_files[i].name);
		snprintf(other, sizeof(other), "%s.other", path);
		CHECK(!stat(path, &st) && st.st_size == (off_t)unaware_files[i].size);
		CHECK(!rename(path, other), "%s", errno_name(errno));
		CHECK(!link(other, path), "%s", errno_name(errno));
		CHECK(!unlink(other), "%s", errno_name(errno));
		CHECK(path_has_record(path));
	}
	CHECK(!unlink(at(ON_EXT4, VICTIM)), "%s", errno_name(errno));
}

TEST(ext4_files_created_in_a_directory_are_plain)
{
	int fd = open(at(ON_EXT4, STRANGER), O_RDWR | O_CREAT | O_EXCL, 0600);

	NEED(fd >= 0, "%s", errno_name(errno));
	write_all(fd, "stranger", 8, 0);
	CHECK(!has_record(fd));
}

/* ---- XFS ---- */

/* The marker forbids changes. What is read is ciphertext. */
TEST(xfs_reading_gives_ciphertext)
{
	char want[PAGE], got[PAGE], *p;
	int fd;

	for (unsigned int i = 0; i < UNAWARE_FILES; i++) {
		fd = open(at(ON_XFS, unaware_files[i].name), O_RDONLY);
		NEED(fd >= 0, "%s: %s", path, errno_name(errno));
		pattern_fill(want, PAGE, unaware_files[i].seed, 0);
		read_all(fd, got, PAGE, 0);
		p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
		NEED(p != MAP_FAILED);
		for (size_t off = 0; off < PAGE; off += 16)
			CHECK(memcmp(got + off, want + off, 16) && memcmp(p + off, want + off, 16),
			      "%s at %#zx", path, off);
		close(fd);
	}
}

TEST(xfs_write_and_truncate_EPERM)
{
	cannot_be_opened(ON_XFS, O_RDWR, EPERM);
	cannot_be_opened(ON_XFS, O_WRONLY | O_APPEND, EPERM);
	cannot_be_opened(ON_XFS, O_RDWR | O_TRUNC, EPERM);
	CHECK_ERRNO(by_handle(ON_XFS, "data", O_RDWR), EPERM);
	CHECK_ERRNO(truncate(at(ON_XFS, "data"), 0), EPERM);
	CHECK_ERRNO(truncate(path, 2 * PMD), EPERM);
	CHECK_ERRNO(swapon(path, 0), EPERM);
}

TEST(xfs_names_and_attributes_EPERM)
{
	at(ON_XFS, "data");
	snprintf(other, sizeof(other), "%s.other", path);
	CHECK_ERRNO(rename(path, other), EPERM);
	CHECK_ERRNO(link(path, other), EPERM);
	CHECK_ERRNO(unlink(path), EPERM);
	CHECK_ERRNO(chmod(path, 0600), EPERM);
	CHECK_ERRNO(setxattr(path, MKTME_DAX_RECORD_NAME, "x", 1, 0), EPERM);
	CHECK_ERRNO(removexattr(path, MKTME_DAX_RECORD_NAME), EPERM);
	CHECK_ERRNO(unlink(at(ON_XFS, VICTIM)), EPERM);
}

TEST(xfs_directory_EPERM)
{
	CHECK_ERRNO(open(at(ON_XFS, STRANGER), O_RDWR | O_CREAT, 0600), EPERM);
	CHECK_ERRNO(mkdir(path, 0755), EPERM);
	CHECK_ERRNO(unlink(at(ON_XFS, "keyed/kept")), EPERM);
	CHECK_ERRNO(rename(at(ON_XFS, "keyed"), ON_XFS "/elsewhere"), EPERM);
}

int main(int argc, char **argv)
{
	return tap_main("unaware", argc, argv);
}
