// SPDX-License-Identifier: GPL-2.0-only
/*
 * MKTME_DAX_IOC_BIND on a directory: each errno, and nothing changed then
 */
#include <linux/capability.h>
#include <linux/fscrypt.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include "common.h"

#define NOBODY	65534

static char dir_path[4096];

static int new_directory(void)
{
	static int count;
	int fd;

	snprintf(dir_path, sizeof(dir_path), "%s/d-%d-%d", fixture_dir(), getpid(), count++);
	NEED(!mkdir(dir_path, 0755));
	fd = open(dir_path, O_RDONLY | O_DIRECTORY);
	NEED(fd >= 0);
	return fd;
}

static void check_directory_errno(int fd, key_serial_t key, int wanted)
{
	CHECK_ERRNO(ioctl_bind(fd, key), wanted);
	CHECK(!has_record(fd));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNBOUND);
}

TEST(directory_key_not_in_the_ring_ENOKEY)
{
	key_serial_t key = need_key(43);
	int fd = new_directory();

	check_directory_errno(fd, key, ENOKEY);
	NEED(!rmdir(dir_path));
}

/* Files in it would be lost with the next boot. */
TEST(directory_key_of_type_cpu_EINVAL)
{
	static const char payload[] = "type=cpu algorithm=aes-xts-128";
	key_serial_t key;
	int fd;

	need_key(1);
	key = add_key_raw("mktme", "cpu-of-a-directory", payload, strlen(payload));
	fd = new_directory();
	check_directory_errno(fd, key, EINVAL);
	NEED(!rmdir(dir_path));
}

TEST(directory_with_files_ENOTEMPTY)
{
	const uint8_t *id = need_ring_key(fixture_dir(), 44);
	int fd = new_directory();

	NEED(!symlinkat("x", fd, "link"));
	check_directory_errno(fd, need_key(44), ENOTEMPTY);
	NEED(!unlinkat(fd, "link", 0) && !rmdir(dir_path));
	remove_ring_key(fixture_dir(), id);
}

TEST(removed_directory_ENOENT)
{
	const uint8_t *id = need_ring_key(fixture_dir(), 44);
	int fd = new_directory();

	NEED(!rmdir(dir_path));
	CHECK_ERRNO(ioctl_bind(fd, need_key(44)), ENOENT);
	remove_ring_key(fixture_dir(), id);
}

TEST(root_directory_EPERM)
{
	const uint8_t *id = need_ring_key(fixture_dir(), 44);

	check_directory_errno(open(fixture_dir(), O_RDONLY), need_key(44), EPERM);
	remove_ring_key(fixture_dir(), id);
}

TEST(directory_of_another_user_EPERM)
{
	const uint8_t *id = need_ring_key(fixture_dir(), 44);
	int fd = new_directory();

	NEED(!fchown(fd, NOBODY, NOBODY));
	drop_capability(CAP_FOWNER);
	check_directory_errno(fd, need_key(44), EPERM);
	NEED(!rmdir(dir_path));
	remove_ring_key(fixture_dir(), id);
}

TEST(directory_without_write_permission_EACCES)
{
	const uint8_t *id = need_ring_key(fixture_dir(), 44);
	int fd = new_directory();

	NEED(!fchmod(fd, 0555));
	drop_capability(CAP_DAC_OVERRIDE);
	check_directory_errno(fd, need_key(44), EACCES);
	NEED(!rmdir(dir_path));
	remove_ring_key(fixture_dir(), id);
}

TEST(directory_under_another_key_EKEYREJECTED)
{
	const uint8_t *id = need_ring_key(fixture_dir(), 44);
	int fd = new_directory();

	NEED(!ioctl_bind(fd, need_key(44)), "%s", errno_name(errno));
	CHECK(!ioctl_bind(fd, need_key(44)), "%s", errno_name(errno));
	CHECK_ERRNO(ioctl_bind(fd, need_key(1)), EKEYREJECTED);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
	CHECK_EQ(status_of(fd).record, MKTME_DAX_RECORD_GOOD);
	remove_ring_key(fixture_dir(), id);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	NEED(!rmdir(dir_path));
}

TEST(directory_on_a_read_only_mount_EROFS)
{
	int fd;

	need_key(1);
	scratch_new("dax=always");
	NEED(!mkdir(SCRATCH "/dir", 0755));
	NEED(!run("mount -o remount,ro " SCRATCH));
	need_ring_key(SCRATCH, 1);
	fd = open(SCRATCH "/dir", O_RDONLY);
	check_directory_errno(fd, need_key(1), EROFS);
	if (on_xfs())
		return;
	fd = open(SCRATCH "/lost+found", O_RDONLY);
	check_directory_errno(fd, need_key(1), EROFS);
}

/* ---- the record cannot be written ---- */

/* Beside this the record does not fit into ext4's inode, and wants a block. */
static int directory_without_room(void)
{
	static const char pad[64];
	int fd = open(SCRATCH "/dir", O_RDONLY | O_DIRECTORY);

	NEED(fd >= 0 && !fsetxattr(fd, "user.pad", pad, sizeof(pad), 0), "%s", errno_name(errno));
	return fd;
}

TEST(no_room_for_the_record_of_a_directory_ENOSPC)
{
	int fd;

	need_key(1);
	only_on("ext4");
	scratch_new("dax=always");
	NEED(!mkdir(SCRATCH "/dir", 0755));
	need_ring_key(SCRATCH, 1);
	fd = directory_without_room();
	scratch_fill("filler");
	check_directory_errno(fd, need_key(1), ENOSPC);
	NEED(!unlink(SCRATCH "/filler") && !run("sync -f " SCRATCH));
	CHECK(!ioctl_bind(fd, need_key(1)), "%s", errno_name(errno));
	close(fd);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

TEST(quota_of_a_directory_EDQUOT)
{
	int fd;

	need_key(1);
	scratch_new_with_quota();
	NEED(!mkdir(SCRATCH "/dir", 0755) && !chown(SCRATCH "/dir", 1000, 1000));
	need_ring_key(SCRATCH, 1);
	fd = directory_without_room();
	scratch_limit(1000, 4);
	drop_capability(CAP_SYS_RESOURCE);
	check_directory_errno(fd, need_key(1), EDQUOT);
	close(fd);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* ---- names under fscrypt, data under us: not both ---- */

static void encrypt_directory(int fd)
{
	struct {
		struct fscrypt_add_key_arg arg;
		uint8_t raw[64];
	} add = {
		.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
		.arg.raw_size = sizeof(add.raw),
	};
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};

	memset(add.raw, 7, sizeof(add.raw));
	NEED(!ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &add), "%s", errno_name(errno));
	memcpy(policy.master_key_identifier, add.arg.key_spec.u.identifier,
	       sizeof(policy.master_key_identifier));
	NEED(!ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy), "%s", errno_name(errno));
}

TEST(fscrypt_directory_EOPNOTSUPP)
{
	int fd;

	need_key(1);
	only_on("ext4");
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("tune2fs -O encrypt " SCRATCH_DEV " >/dev/null"));
	scratch_mount("dax=always");
	NEED(!mkdir(SCRATCH "/dir", 0755));
	need_ring_key(SCRATCH, 1);
	fd = open(SCRATCH "/dir", O_RDONLY);
	encrypt_directory(fd);
	check_directory_errno(fd, need_key(1), EOPNOTSUPP);
	close(fd);
	scratch_umount();
}

int main(int argc, char **argv)
{
	return tap_main("ioctl-dir", argc, argv);
}
