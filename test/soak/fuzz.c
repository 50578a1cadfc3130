// SPDX-License-Identifier: GPL-2.0-only
/*
 * encrypt_mprotect(), the calls on files and key payloads, with random arguments
 *
 *	fuzz calls SEED N	N calls, in MKTME_DIR, by two processes at a time
 *	fuzz records SEED N	N times, every record on MKTME_DEVICE gets random bytes
 *
 * Each call has to fail with an errno that the documentation has, or to succeed; none may
 * kill its process or last for ever. In the end there are no more KeyIDs in use, no more keys and
 * no more objects in the kernel's slabs than in the beginning.
 */
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "leaks.h"

#define BATCH		5000
#define BATCH_SECONDS	300

void broken(const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	report("#   %s", text);
	_exit(1);
}

static pid_t start_batch(uint64_t seed, unsigned int calls)
{
	struct random r = { .state = seed };
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(BATCH_SECONDS);
	set_the_scene();
	while (calls--)
		random_call(&r);
	_exit(0);
}

static bool end_batch(pid_t pid)
{
	int status = 0;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	if (status)
		report("#   a process ended with status %#x", status);
	return !status;
}

/* Two at a time: they share files, keys and KeyIDs. */
static bool run_batches(uint64_t seed, unsigned int calls)
{
	bool good = true;

	for (unsigned int done = 0; done < calls && good; done += 2 * BATCH) {
		pid_t one = start_batch(pattern_mix(seed) + done, BATCH);
		pid_t two = start_batch(pattern_mix(seed) + done + 1, BATCH);

		good = end_batch(one);
		good = end_batch(two) && good;
		if (done / (2 * BATCH) % 10 == 9)
			report("# fuzz: %u of %u calls", done, calls);
	}
	return good;
}

static int fuzz_calls(uint64_t seed, unsigned int calls)
{
	static struct things before;
	unsigned int keyids;
	bool good;

	settle_keys();
	keyids = sysfs_number("keyids_used");
	/* Memory and keys that are taken once and stay are taken in the first batches. */
	good = run_batches(seed + 1, 2 * BATCH);
	leave_the_scene();
	count_things(&before);
	before.keyids = keyids;
	good = good && run_batches(seed, calls);
	report("%s - fuzz: calls end well, with errnos that are documented", good ? "ok" : "not ok");
	leave_the_scene();
	report_leaks(&before);
	return !good;
}

int main(int argc, char **argv)
{
	unsigned long long seed = argc == 4 ? strtoull(argv[2], NULL, 0) : 0;
	struct random r = { .state = seed };

	if (argc == 4 && !strcmp(argv[1], "calls"))
		return fuzz_calls(seed, atoi(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "records"))
		return fuzz_records(&r, atoi(argv[3]));
	fputs("usage: fuzz calls|records SEED N\n", stderr);
	return 2;
}
