// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second file system, on a namespace of its own
 */
#include <stdarg.h>
#include <sys/mount.h>
#include "common.h"

int run(const char *fmt, ...)
{
	char command[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	fflush(NULL);
	return system(command);
}

void scratch_umount(void)
{
	NEED(!umount(SCRATCH), "umount: %s", errno_name(errno));
}

void scratch_mount(const char *options)
{
	NEED(!mount(SCRATCH_DEV, SCRATCH, "ext4", 0, options), "mount -o %s: %s",
	     options, errno_name(errno));
	use_dir(SCRATCH);
}

/* A test that failed may have left it mounted; its processes are dead by now. */
void scratch_new(const char *options)
{
	NEED(!mkdir(SCRATCH, 0755) || errno == EEXIST);
	while (!umount(SCRATCH))
		;
	NEED(!run("mkfs.ext4 -q -F -b 4096 -E stride=512,stripe_width=512 " SCRATCH_DEV),
	     "mkfs.ext4");
	scratch_mount(options);
}

void scratch_cycle(const char *options)
{
	scratch_umount();
	scratch_mount(options);
}

int scratch_file(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), SCRATCH "/%s", name);
	return open(path, flags, 0600);
}
