// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the VM: mounts, runs one script, checks the kernel, tells the verdict.
 *
 *	/init SCRIPT [ARGUMENT]...	run it, report, power off
 *	/init --shell			a person on the console instead
 *	/init --late SCRIPT [ARGUMENT]...	for another PID 1, at its end: only run it, and report
 *
 * The verdict goes to the virtio port "report" and is the last thing written
 * there: whatever stops the machine before leaves no verdict at all, and no
 * verdict is a failure on the host.
 */
#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define REPORT_FD 3
#define KMEMLEAK "/sys/kernel/debug/kmemleak"
#define GCOV "/sys/kernel/debug/gcov"

static const struct {
	const char *type, *dir, *options;
	mode_t mode;
} mounts[] = {
	{ "proc", "/proc", NULL, 0555 },
	{ "sysfs", "/sys", NULL, 0555 },
	{ "devtmpfs", "/dev", NULL, 0755 },
	{ "devpts", "/dev/pts", "ptmxmode=0666", 0755 },
	{ "tmpfs", "/dev/shm", NULL, 01777 },
	{ "debugfs", "/sys/kernel/debug", NULL, 0 },
	{ "tracefs", "/sys/kernel/tracing", NULL, 0 },
	{ "securityfs", "/sys/kernel/security", NULL, 0 },
	{ "tmpfs", "/tmp", NULL, 01777 },
	{ "tmpfs", "/run", NULL, 0755 },
	{ "tmpfs", "/mnt", NULL, 0755 },
};

static char reason[1024];
static int report = -1;

/* The first reason is the cause, later ones are mostly its consequences. */
static void fail(const char *what, const char *detail)
{
	fprintf(stderr, "init: %s: %s\n", what, detail);
	if (!reason[0])
		snprintf(reason, sizeof(reason), "%s: %s", what, detail);
}

static void mount_all(void)
{
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (mounts[i].mode)
			mkdir(mounts[i].dir, mounts[i].mode);
		if (mount(mounts[i].type, mounts[i].dir, mounts[i].type, 0, mounts[i].options))
			fail(mounts[i].dir, strerror(errno));
		else if (mounts[i].mode)
			chmod(mounts[i].dir, mounts[i].mode);
	}
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static int port_is_report(const char *port)
{
	char path[300], name[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", port);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strcmp(name, "report\n");
}

static int open_report(void)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	char path[300];
	int fd = -1;

	while (ports && fd < 0 && (entry = readdir(ports))) {
		if (!port_is_report(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (ports)
		closedir(ports);
	return fd;
}

/* The port appears a moment after the device: the host has to open it first. */
static void wait_for_report(void)
{
	int tries, fd = -1;

	for (tries = 0; tries < 500 && fd < 0; tries++) {
		fd = open_report();
		if (fd < 0)
			usleep(10000);
	}
	/* Out of the way of REPORT_FD: dup2() onto itself would keep close-on-exec. */
	report = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (report < 0)
		fail("report port", "not found");
}

static void set_environment(void)
{
	setenv("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C", 1);
	setenv("MKTME_REPORT_FD", "3", 1);
}

static void become_script(char **argv)
{
	int null = open("/dev/null", O_RDONLY);

	setsid();
	dup2(null, STDIN_FILENO);
	/* Reporting is optional for a person's shell, never for a script. */
	if (report >= 0)
		dup2(report, REPORT_FD);
	execv(argv[0], argv);
	fprintf(stderr, "init: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Job control needs a controlling terminal, which /dev/console cannot be. */
static void become_shell(void)
{
	static char *const bash[] = { "bash", "--login", "-i", NULL };
	const char *rows = getenv("LINES"), *columns = getenv("COLUMNS");
	struct winsize size = { 24, 80, 0, 0 };
	int tty = open("/dev/ttyS0", O_RDWR);

	setsid();
	ioctl(tty, TIOCSCTTY, 0);
	if (rows && columns) {
		size.ws_row = (unsigned short)atoi(rows);
		size.ws_col = (unsigned short)atoi(columns);
	}
	ioctl(tty, TIOCSWINSZ, &size);
	unsetenv("LINES");
	unsetenv("COLUMNS");
	dup2(tty, STDIN_FILENO);
	dup2(tty, STDOUT_FILENO);
	dup2(tty, STDERR_FILENO);
	if (report >= 0)
		dup2(report, REPORT_FD);
	chdir("/root");
	execv("/bin/bash", bash);
	_exit(127);
}

/* Waits for the child, and buries every orphan that dies meanwhile. */
static void run(char **argv)
{
	int shell = !strcmp(argv[0], "--shell");
	pid_t child = fork(), dead;
	char detail[64];
	int status = 0;

	if (child == 0) {
		if (shell)
			become_shell();
		become_script(argv);
	}
	do {
		dead = wait(&status);
	} while (dead != child && (dead > 0 || errno == EINTR));

	if (shell || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	snprintf(detail, sizeof(detail), WIFSIGNALED(status) ? "killed by signal %d" :
		 "ended with status %d",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	fail(argv[0], detail);
}

/*
 * Everything that a file has in memory is torn down before the log is read, so
 * that what goes wrong in eviction and unmount is seen, too.
 */
static void tear_down(void)
{
	char line[1024], dir[512];
	int again = 1, round;
	FILE *file;

	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		;
	sync();
	for (round = 0; again && round < 16; round++) {
		again = 0;
		file = fopen("/proc/mounts", "re");
		while (file && fgets(line, sizeof(line), file))
			if (!strncmp(line, "/dev/", 5) && sscanf(line, "%*s %511s", dir) == 1)
				again |= !umount(dir);
		if (file)
			fclose(file);
	}
}

static void scan_kmemleak(void)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* What was just freed or is only in a register takes a second scan to settle. */
	if (write(fd, "scan", 4) != 4 || sleep(5) || write(fd, "scan", 4) != 4)
		fail(KMEMLEAK, strerror(errno));
	close(fd);
}

/* After all that belongs to a test, so that eviction and unmount are counted, too. */
static void tell_coverage(void)
{
	static char *argv[] = { "/usr/sbin/gcov-report", NULL };

	if (!access(GCOV, F_OK))
		run(argv);
}

static void tell_verdict(void)
{
	char log[900] = "";

	if (kmsg_check(log, sizeof(log)))
		fail("check", log);
	if (report < 0)
		return;
	if (reason[0])
		dprintf(report, "verdict fail %s\n", reason);
	else
		dprintf(report, "verdict ok\n");
}

/* Who mounts, unmounts and powers off is the other one. */
static int judge_late(char **argv)
{
	set_environment();
	wait_for_report();
	run(argv);
	tell_verdict();
	return 0;
}

/* Words that only the kernel's first stage knows: the second takes them for ours. */
static int for_first_stage(const char *word)
{
	return !strcmp(word, "nokaslr") || !strcmp(word, "no5lvl");
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--late"))
		return judge_late(argv + 2);
	while (argc > 1 && for_first_stage(argv[1])) {
		argc--;
		argv++;
	}
	mount_all();
	set_environment();
	wait_for_report();
	if (argc > 1)
		run(argv + 1);
	else
		fail("init", "no script on the kernel command line");
	tear_down();
	scan_kmemleak();
	tell_coverage();
	tell_verdict();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
