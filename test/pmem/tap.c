// SPDX-License-Identifier: GPL-2.0-only
/*
 * TAP on the report port, one process per test
 */
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "common.h"

#define MAX_TESTS	64
#define TEST_SECONDS	180
/* Only a kernel of VARIANT=debug has it; there all takes several times as long. */
#define SELF_CHECKING	"/sys/kernel/debug/kmemleak"
#define DIAG_LINES	12

enum outcome { PASSED, FAILED, SKIPPED, PASSED_CONTROL };

static struct {
	const char *name;
	void (*fn)(void);
} tests[MAX_TESTS];
static unsigned int nr_tests;

/* Shared with the test's processes; the note is the reason of a skip. */
static struct verdict {
	int failures;
	enum outcome outcome;
	char note[160];
} *verdict;

static const char *program_name = "?";
static const char *test_name = "?";

void tap_add(const char *name, void (*fn)(void))
{
	if (nr_tests == MAX_TESTS)
		abort();
	tests[nr_tests].name = name;
	tests[nr_tests++].fn = fn;
}

bool control_run(void)
{
	const char *value = getenv("MKTME_CONTROL");

	return value && !strcmp(value, "1");
}

static int report_fd(void)
{
	const char *value = getenv("MKTME_REPORT_FD");

	return value ? atoi(value) : STDOUT_FILENO;
}

/* One write per line, so that lines of two processes do not mix. */
static void vreport(const char *prefix, const char *fmt, va_list args)
{
	char line[512];
	size_t len = snprintf(line, sizeof(line), "%s", prefix);
	ssize_t done;

	len += vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	for (size_t i = 0; i < len; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	line[len++] = '\n';
	/* The port takes nothing if another process has just filled it. */
	do
		done = write(report_fd(), line, len);
	while (!done);
	if (done != (ssize_t)len)
		_exit(99);
}

void report(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vreport("", fmt, args);
	va_end(args);
}

void diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vreport("#   ", fmt, args);
	va_end(args);
}

const char *tap_test_name(void)
{
	static char full[128];

	snprintf(full, sizeof(full), "%s: %s", program_name, test_name);
	return full;
}

const char *errno_name(int err)
{
	const char *name = err ? strerrorname_np(err) : "no errno";

	return name ? name : "unknown errno";
}

void tap_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (__sync_fetch_and_add(&verdict->failures, 1) < DIAG_LINES)
		diag("%s:%d: %s %s%s", file, line, what, *text ? ": " : "", text);
}

void tap_end(void)
{
	exit(0);
}

void tap_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(verdict->note, sizeof(verdict->note), fmt, args);
	va_end(args);
	verdict->outcome = SKIPPED;
	exit(0);
}

void tap_pass_control(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(verdict->note, sizeof(verdict->note), fmt, args);
	va_end(args);
	verdict->outcome = PASSED_CONTROL;
	exit(0);
}

static void run_child(unsigned int i)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	alarm(access(SELF_CHECKING, F_OK) ? TEST_SECONDS : 5 * TEST_SECONDS);
	tests[i].fn();
	exit(0);
}

static void judge(int status)
{
	if (WIFSIGNALED(status)) {
		verdict->failures++;
		diag("ended by signal %d (%s)", WTERMSIG(status),
		     strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status)) {
		verdict->failures++;
		diag("ended with status %d", WEXITSTATUS(status));
	}
	if (verdict->failures)
		verdict->outcome = FAILED;
}

static enum outcome run_one(unsigned int i, unsigned int number)
{
	const char *full;
	int status;
	pid_t pid;

	memset(verdict, 0, sizeof(*verdict));
	test_name = tests[i].name;
	full = tap_test_name();
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_child(i);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	kill(-pid, SIGKILL);
	judge(status);
	switch (verdict->outcome) {
	case FAILED:
		report("not ok %u - %s", number, full);
		break;
	case SKIPPED:
		report("ok %u - %s # SKIP %s", number, full, verdict->note);
		break;
	case PASSED_CONTROL:
		report("ok %u - %s (no TME-MK: %s)", number, full, verdict->note);
		break;
	case PASSED:
		report("ok %u - %s", number, full);
	}
	return verdict->outcome;
}

static bool wanted(unsigned int i, int argc, char **argv)
{
	const char *only = getenv("MKTME_ONLY");

	test_name = tests[i].name;
	if (only && *only && fnmatch(only, tap_test_name(), FNM_EXTMATCH))
		return false;
	for (int a = 1; a < argc; a++)
		if (!fnmatch(argv[a], tests[i].name, 0))
			return true;
	return argc < 2;
}

/*
 * Returns 0 when nothing failed, 1 when something did, 4 when all was skipped.
 */
int tap_main(const char *program, int argc, char **argv)
{
	unsigned int run = 0, failed = 0, skipped = 0;

	program_name = program;
	signal(SIGPIPE, SIG_IGN);
	verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (verdict == MAP_FAILED)
		abort();
	for (unsigned int i = 0; i < nr_tests; i++) {
		enum outcome outcome;

		if (!wanted(i, argc, argv))
			continue;
		outcome = run_one(i, ++run);
		failed += outcome == FAILED;
		skipped += outcome == SKIPPED;
	}
	report("1..%u", run);
	if (failed)
		return 1;
	return run && skipped == run ? 4 : 0;
}
