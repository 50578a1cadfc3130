// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec_jump [--crash] SCRIPT [ARGUMENT]...: boot the kernel in /kexec, and let its init
 * run SCRIPT. Does not come back. With --crash this kernel dies, and the other one is
 * its crash kernel, which has one CPU.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* The command line of this kernel, up to the arguments of init. Returns its end. */
static char *read_command_line(char *line, size_t size)
{
	FILE *file = fopen("/proc/cmdline", "re");
	char *end, *reserved;

	if (!file || !fgets(line, size, file))
		return NULL;
	fclose(file);
	end = strstr(line, " -- ");
	if (!end)
		end = line + strcspn(line, "\n");
	*end = 0;
	/* A crash kernel has no room to reserve for another one. */
	reserved = strstr(line, "crashkernel=");
	if (reserved)
		memset(reserved, ' ', strcspn(reserved, " "));
	return end;
}

/* On the first CPU, in case that the other kernel wants to start on it. */
static int crash(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (fd < 0 || sched_setaffinity(0, sizeof(first), &first) || write(fd, "c", 1) != 1)
		return fail("sysrq-trigger");
	return fail("still alive");
}

int main(int argc, char **argv)
{
	bool crashing = argc > 1 && !strcmp(argv[1], "--crash");
	int kernel = open("/kexec/bzImage", O_RDONLY | O_CLOEXEC);
	int initrd = open("/kexec/initrd", O_RDONLY | O_CLOEXEC);
	char line[2048] = "", *end;

	argc -= crashing;
	argv += crashing;
	if (kernel < 0 || initrd < 0)
		return fail("/kexec");
	end = read_command_line(line, sizeof(line) - 512);
	if (argc < 2 || !end)
		return fail("kexec_jump");
	end += sprintf(end, "%s -- %.200s", crashing ? " nr_cpus=1" : "", argv[1]);
	for (int i = 2; i < argc && end < line + sizeof(line) - 256; i++)
		end += sprintf(end, " %.200s", argv[i]);
	if (syscall(__NR_kexec_file_load, kernel, initrd, strlen(line) + 1, line,
		    crashing ? KEXEC_FILE_ON_CRASH : 0UL))
		return fail("kexec_file_load");
	if (crashing)
		return crash();
	syscall(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	return fail("reboot");
}
