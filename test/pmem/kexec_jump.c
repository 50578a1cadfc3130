// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_jump SCRIPT [ARGUMENT]: boot the kernel in /kexec, and let its init run
 * SCRIPT. Does not come back.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	char line[2048] = "", *end;
	int kernel = open("/kexec/bzImage", O_RDONLY | O_CLOEXEC);
	int initrd = open("/kexec/initrd", O_RDONLY | O_CLOEXEC);
	FILE *file = fopen("/proc/cmdline", "re");

	if (kernel < 0 || initrd < 0)
		return fail("/kexec");
	if (argc < 2 || !file || !fgets(line, sizeof(line) - 512, file))
		return fail("kexec_jump");
	/* What follows are the arguments of init. */
	end = strstr(line, " -- ");
	if (!end)
		end = line + strcspn(line, "\n");
	end += sprintf(end, " -- %.200s", argv[1]);
	if (argc > 2)
		sprintf(end, " %.200s", argv[2]);
	if (syscall(__NR_kexec_file_load, kernel, initrd, strlen(line) + 1, line, 0UL))
		return fail("kexec_file_load");
	syscall(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	return fail("reboot");
}
