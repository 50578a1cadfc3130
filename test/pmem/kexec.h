/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kexec_before_test leaves, and kexec_after_test and crash_test find
 */
#ifndef TEST_KEXEC_H
#define TEST_KEXEC_H

#define KEXEC_KEY	850
#define KEXEC_FILE	"kexec"
#define KEXEC_BUSY_FILE	"kexec-busy"
#define KEXEC_SIZE	(64 * KIB)
#define KEXEC_SYNCED	31
#define KEXEC_DIRTY	32

static inline int open_left(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fixture_dir(), name);
	fd = open(path, O_RDWR);
	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	return fd;
}

#endif
