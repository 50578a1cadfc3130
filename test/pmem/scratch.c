// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second file system, on a namespace of its own. Its type is that of the main
 * one: MKTME_FS, ext4 if that is not set.
 */
#include <stdarg.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include "common.h"

int run(const char *fmt, ...)
{
	char command[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	fflush(NULL);
	return system(command);
}

const char *fs_type(void)
{
	const char *type = getenv("MKTME_FS");

	return type ? type : "ext4";
}

bool on_xfs(void)
{
	return !strcmp(fs_type(), "xfs");
}

void only_on(const char *type)
{
	if (strcmp(fs_type(), type))
		tap_skip("a matter of %s", type);
}

/* XFS of less than 300 MB is for tests only, and has to be asked for. */
void format(const char *device)
{
	NEED(!run(on_xfs() ?
		  "mkfs.xfs -q -f --unsupported -b size=4096 -d su=2m,sw=1 %s" :
		  "mkfs.ext4 -q -F -b 4096 -E stride=512,stripe_width=512 %s", device),
	     "mkfs.%s", fs_type());
}

void check_sound(const char *device)
{
	CHECK(!run("%s %s >/run/fsck 2>&1 || { tail -n 5 /run/fsck; false; }",
		   on_xfs() ? "xfs_repair -n" : "e2fsck -fn", device),
	      "%s", on_xfs() ? "xfs_repair" : "e2fsck");
}

void scratch_umount(void)
{
	NEED(!umount(SCRATCH), "umount: %s", errno_name(errno));
}

void scratch_mount(const char *options)
{
	NEED(!mount(SCRATCH_DEV, SCRATCH, fs_type(), 0, options), "mount -o %s: %s",
	     options, errno_name(errno));
	use_dir(SCRATCH);
}

/*
 * A test that failed may have left it mounted; its processes are dead by now. But an NFS server lets go
 * of what it has exported a grace period of RCU after its end.
 */
static void umount_all(void)
{
	for (unsigned int tries = 0; tries < 1000; tries++) {
		if (!umount(SCRATCH))
			continue;
		if (errno != EBUSY)
			return;
		usleep(10000);
	}
}

void scratch_new(const char *options)
{
	NEED(!mkdir(SCRATCH, 0755) || errno == EEXIST);
	umount_all();
	format(SCRATCH_DEV);
	scratch_mount(options);
}

/* mkfs.xfs 6.1 knows nothing of the feature "exchange range"; it is a bit in the superblock. */
void scratch_toggle_exchange(void)
{
	NEED(!run("f=$(xfs_db -r -c 'sb 0' -c 'print features_incompat' " SCRATCH_DEV
		  " | sed 's/.*= //'); xfs_db -x -c 'sb 0' -c "
		  "\"write -d features_incompat $((f ^ 64))\" " SCRATCH_DEV " >/dev/null"));
}

void scratch_cycle(const char *options)
{
	scratch_umount();
	scratch_mount(options);
}

/* The same number and the same flags as XFS_IOC_GOINGDOWN. */
#define SHUT_DOWN	_IOR('X', 125, uint32_t)
#define WITH_LOG	1
#define WITHOUT_LOG	2

void scratch_shut_down(bool log)
{
	uint32_t how = log ? WITH_LOG : WITHOUT_LOG;
	int fd = open(SCRATCH, O_RDONLY);

	NEED(!run("echo 'User initiated shutdown received' >>/run/kmsg.allow; "
		  "echo 'detected at xfs_fs_goingdown' >>/run/kmsg.allow"));
	NEED(fd >= 0 && !ioctl(fd, SHUT_DOWN, &how), "%s", errno_name(errno));
	close(fd);
}

int scratch_file(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), SCRATCH "/%s", name);
	return open(path, flags, 0600);
}

void scratch_fill(const char *name)
{
	off_t step = 16 * MIB, size = 0;
	int fd = scratch_file(name, O_RDWR | O_CREAT);

	/* Blocks that the file system keeps back would be as free as ours. */
	NEED(fd >= 0 && !run(on_xfs() ? "xfs_io -x -c 'resblks 0' " SCRATCH " >/dev/null" :
			     "echo 0 >/sys/fs/ext4/pmem0.1/reserved_clusters"));
	while (step >= (off_t)PAGE) {
		if (fallocate(fd, 0, size, step))
			step /= 2;
		else
			size += step;
	}
	NEED(errno == ENOSPC, "%s", errno_name(errno));
	close(fd);
}

void scratch_new_with_quota(void)
{
	only_on("ext4");
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("tune2fs -O quota -Q usrquota " SCRATCH_DEV " >/dev/null && "
		  "echo 'EXT4-fs .*quota' >>/run/kmsg.allow"));
	scratch_mount("dax=always,usrquota");
}

void scratch_limit(uid_t uid, unsigned int kib)
{
	struct dqblk limits = { .dqb_bhardlimit = kib, .dqb_valid = QIF_BLIMITS };

	NEED(!quotactl(QCMD(Q_SETQUOTA, USRQUOTA), SCRATCH_DEV, uid, (void *)&limits),
	     "%s", errno_name(errno));
}
