// SPDX-License-Identifier: GPL-2.0-only
/*
 * What owners and administrators do to a bound file other than reading and
 * writing it: flags, policies, handles, freeze, remount, probes
 */
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	460
#define NAME	SCRATCH "/bound"

static int file;
static key_serial_t key;

static char *secret_in(void)
{
	char *p;

	file = scratch_file("bound", O_RDWR | O_CREAT | O_EXCL);
	NEED(file >= 0 && !ftruncate(file, LEN));
	p = bound_mapping(file, LEN, key);
	pattern_fill(p, LEN, SEED, 0);
	return p;
}

/* On the scratch file system, for what changes more than the file. */
static char *secret(void)
{
	key = need_key(1);
	scratch_new("dax=always");
	return secret_in();
}

static void check_content(void)
{
	int fd = scratch_file("bound", O_RDWR);
	char *p;

	NEED(fd >= 0, "%s", errno_name(errno));
	p = bound_mapping(fd, LEN, key);
	CHECK(is_pattern(p, LEN, SEED, 0) && pte_of(p).keyid > 0);
	NEED(!munmap(p, LEN) && !close(fd));
}

/* ---- flags ---- */

/* Each flag that can be set is set, and taken away again. */
TEST(every_flag_of_chattr)
{
	char *p = secret();
	unsigned int before, flags, changed = 0;

	NEED(!ioctl(file, FS_IOC_GETFLAGS, &before), "%s", errno_name(errno));
	for (unsigned int bit = 0; bit < 32; bit++) {
		flags = before ^ 1U << bit;
		if (ioctl(file, FS_IOC_SETFLAGS, &flags)) {
			CHECK(errno == EOPNOTSUPP || errno == EPERM || errno == EINVAL ||
			      errno == EBUSY || errno == ENOTDIR, "bit %u: %s", bit,
			      errno_name(errno));
		} else {
			changed++;
			CHECK(!ioctl(file, FS_IOC_SETFLAGS, &before), "bit %u: %s", bit,
			      errno_name(errno));
		}
		CHECK(is_pattern(p, LEN, SEED, 0), "bit %u", bit);
		CHECK(has_record(file), "bit %u", bit);
	}
	CHECK(changed > 3, "%u flags could be changed", changed);
	NEED(!munmap(p, LEN) && !close(file));
	scratch_cycle("dax=always");
	check_content();
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

TEST(verity_is_refused)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = PAGE,
	};
	char *p = secret();
	int fd;

	NEED(!munmap(p, LEN) && !close(file));
	fd = scratch_file("bound", O_RDONLY);
	CHECK(ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) == -1 &&
	      (on_xfs() ? errno == ENOTTY : errno == EOPNOTSUPP || errno == EINVAL), "%s",
	      errno_name(errno));
	close(fd);
	check_content();
}

/* ---- fscrypt ---- */

static struct fscrypt_policy_v2 fscrypt_policy(int fd)
{
	struct {
		struct fscrypt_add_key_arg arg;
		char raw[64];
	} add = {
		.arg.key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER,
		.arg.raw_size = 64,
	};
	struct fscrypt_policy_v2 policy = {
		.version = FSCRYPT_POLICY_V2,
		.contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};

	memset(add.raw, 'k', sizeof(add.raw));
	NEED(!ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, &add), "%s", errno_name(errno));
	memcpy(policy.master_key_identifier, add.arg.key_spec.u.identifier,
	       sizeof(policy.master_key_identifier));
	return policy;
}

/* A directory has one of the two; what is created in it would have to be both. */
TEST(fscrypt_policy_on_a_bound_directory_EOPNOTSUPP)
{
	struct fscrypt_policy_v2 policy;
	char *p;
	int fd;

	only_on("ext4");
	p = secret();
	bound_directory(SCRATCH "/dir", 1);
	fd = open(SCRATCH "/dir", O_RDONLY | O_DIRECTORY);
	policy = fscrypt_policy(fd);
	CHECK_ERRNO(ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy), EOPNOTSUPP);
	NEED(!munmap(p, LEN) && !close(fd) && !close(file));
	scratch_cycle("dax=always");
	fd = open(SCRATCH "/dir", O_RDONLY | O_DIRECTORY);
	CHECK(fd >= 0 && path_has_record(SCRATCH "/dir"), "%s", errno_name(errno));
	close(fd);
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

TEST(fscrypt_file_cannot_be_bound_EOPNOTSUPP)
{
	struct fscrypt_policy_v2 policy;
	int dir, fd;

	only_on("ext4");
	secret();
	NEED(!mkdir(SCRATCH "/dir", 0755));
	dir = open(SCRATCH "/dir", O_RDONLY | O_DIRECTORY);
	policy = fscrypt_policy(dir);
	NEED(!ioctl(dir, FS_IOC_SET_ENCRYPTION_POLICY, &policy), "%s", errno_name(errno));
	fd = scratch_file("dir/file", O_RDWR | O_CREAT);
	NEED(fd >= 0, "%s", errno_name(errno));
	CHECK_ERRNO(ioctl_bind(fd, key), EOPNOTSUPP);
	CHECK(!has_record(fd));
}

/* ---- handles, as an NFS server uses them ---- */

TEST(open_by_handle)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	char *p = secret(), byte;
	int root, fd, id;

	handle->handle_bytes = MAX_HANDLE_SZ;
	NEED(!name_to_handle_at(AT_FDCWD, NAME, handle, &id, 0), "%s", errno_name(errno));
	NEED(!munmap(p, LEN) && !close(file));
	scratch_cycle("dax=always");
	root = open(SCRATCH, O_RDONLY);
	fd = open_by_handle_at(root, handle, O_RDWR);
	NEED(fd >= 0, "%s", errno_name(errno));
	CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), ENOKEY);
	close(fd);
	need_ring_key(SCRATCH, 1);
	fd = open_by_handle_at(root, handle, O_RDWR);
	NEED(fd >= 0 && pread(fd, &byte, 1, 0) == 1, "%s", errno_name(errno));
	p = map_file(fd, LEN, RW, MAP_SHARED);
	CHECK(is_pattern(p, LEN, SEED, 0) && pte_of(p).keyid > 0);
}

/* ---- freeze and remount ---- */

TEST(freeze_flushes_and_stops_stores)
{
	char *p = secret();
	unsigned long before = flushed_lines();
	int root = open(SCRATCH, O_RDONLY);
	struct job job = { .addr = p };

	NEED(root >= 0 && !ioctl(root, FIFREEZE, 0), "%s", errno_name(errno));
	CHECK(flushed_lines() >= before + LEN / PATTERN_LINE, "%lu lines",
	      flushed_lines() - before);
	CHECK(is_pattern(p, LEN, SEED, 0));
	job_start(&job, job_store);
	await_blocked(job.tid);
	CHECK(is_pattern(p, LEN, SEED, 0));
	NEED(!ioctl(root, FITHAW, 0), "%s", errno_name(errno));
	CHECK_EQ(job_end(&job), 0);
	CHECK(*p == 'x' && pte_of(p).keyid > 0);
}

/* Whether a file is DAX does not change while it is in core. */
TEST(remount_changes_no_way_to_the_data)
{
	static const char *const options[] = { "dax=never", "dax=inode", "dax=always" };
	char *p = secret(), buf[PAGE];

	run("echo \"EXT4-fs .*dax\" >>/run/kmsg.allow");
	for (unsigned int i = 0; i < 3; i++) {
		int fd;

		mount(NULL, SCRATCH, NULL, MS_REMOUNT, options[i]);
		CHECK(is_pattern(p, LEN, SEED, 0), "%s", options[i]);
		fd = scratch_file("bound", O_RDWR);
		NEED(fd >= 0, "%s: %s", options[i], errno_name(errno));
		read_all(fd, buf, PAGE, PAGE);
		CHECK(is_pattern(buf, PAGE, SEED, PAGE), "%s", options[i]);
		write_all(fd, buf, PAGE, PAGE);
		CHECK(is_pattern(p, LEN, SEED, 0) && pte_of(p).keyid > 0, "%s", options[i]);
		close(fd);
	}
	NEED(!munmap(p, LEN) && !close(file));
	NEED(!mount(NULL, SCRATCH, NULL, MS_REMOUNT | MS_RDONLY, NULL), "%s", errno_name(errno));
	NEED(!mount(NULL, SCRATCH, NULL, MS_REMOUNT, NULL), "%s", errno_name(errno));
	check_content();
}

/* ---- the file system: log, growth, quotas ---- */

/*
 * Metadata goes to the log as differences here, and data is synced all the same.
 * With room for the attributes in the inode: of a block for them replay in 6.12
 * makes nothing in i_blocks, with and without a key, and e2fsck mends it.
 */
TEST(fast_commit_is_replayed)
{
	char *p;

	key = need_key(1);
	only_on("ext4");
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("mkfs.ext4 -q -F -b 4096 -I 512 -O fast_commit " SCRATCH_DEV));
	scratch_mount("dax=always");
	p = secret_in();
	NEED(!fsync(file) && !fallocate(file, 0, LEN, LEN) && !fsync(file));
	NEED(!rename(NAME, SCRATCH "/renamed") && !fsync(file) && !munmap(p, LEN));
	scratch_shut_down(false);
	close(file);
	scratch_cycle("dax=always");
	NEED(!rename(SCRATCH "/renamed", NAME), "%s", errno_name(errno));
	check_content();
	scratch_umount();
	check_sound(SCRATCH_DEV);
}

/* It moves blocks, and knows nothing of keys: a feature keeps it from that. */
TEST(resize2fs_does_not_shrink)
{
	char *p;

	only_on("ext4");
	p = secret();
	NEED(!munmap(p, LEN) && !close(file));
	scratch_umount();
	check_sound(SCRATCH_DEV);
	NEED(!run("e2fsck -fy " SCRATCH_DEV " >/dev/null 2>&1"));
	CHECK(run("resize2fs " SCRATCH_DEV " 128M >/dev/null 2>&1"), "it did");
	CHECK(run("resize2fs -M " SCRATCH_DEV " >/dev/null 2>&1"), "it did");
	check_sound(SCRATCH_DEV);
	scratch_mount("dax=always");
	check_content();
}

TEST(quota_stops_writes_and_stores)
{
	char *p;

	key = need_key(1);
	scratch_new_with_quota();
	file = scratch_file("bound", O_RDWR | O_CREAT | O_EXCL);
	NEED(file >= 0 && !ftruncate(file, LEN));
	p = bound_mapping(file, LEN, key);
	NEED(!fchown(file, 1000, 1000));
	/* One more has the attributes. */
	scratch_limit(1000, 5 * PAGE / KIB);
	NEED(!seteuid(1000));
	pattern_fill(p, 4 * PAGE, SEED, 0);
	CHECK_EQ(signal_of(store_byte, p + 5 * PAGE), SIGBUS);
	CHECK_ERRNO(pwrite(file, "x", 1, 6 * PAGE), EDQUOT);
	NEED(!seteuid(0));
	CHECK(is_pattern(p, 4 * PAGE, SEED, 0) && is_zero(p + 4 * PAGE, 4 * PAGE));
	CHECK_EQ(data_blocks(file), 4);
}

/* ---- probes, which would write to the page of the instruction ---- */

static int write_trace(const char *name, const char *text)
{
	char path[96];
	int fd, err;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/%s", name);
	fd = open(path, O_WRONLY | O_APPEND);
	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

TEST(uprobe_EIO)
{
	secret();
	NEED(!fchmod(file, 0700));
	NEED(!write_trace("uprobe_events", "p:mktme_test/probe " NAME ":0x40\n"));
	CHECK_EQ(write_trace("events/mktme_test/probe/enable", "1"), EIO);
	NEED(!write_trace("uprobe_events", "-:mktme_test/probe\n"));
}

int main(int argc, char **argv)
{
	return tap_main("door-admin", argc, argv);
}
