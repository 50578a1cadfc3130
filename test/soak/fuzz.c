// SPDX-License-Identifier: GPL-2.0-only
/*
 * encrypt_mprotect(), the calls on files and key payloads, with random arguments
 *
 *	fuzz calls SEED N	N calls, in MKTME_DIR, by two processes at a time
 *	fuzz records SEED N	N times, every record on MKTME_DEVICE gets random bytes
 *
 * Each call has to fail with an errno that the documentation has, or to succeed; none may
 * kill its process or last for ever. In the end there are no more KeyIDs in use and no more
 * objects in the kernel's slabs than in the beginning.
 */
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "fuzz.h"

#define BATCH		5000
#define BATCH_SECONDS	300
#define MAX_SLABS	300

struct slab {
	char name[32];
	unsigned long objects;
};

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

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0 || write(fd, "3", 1) != 1)
		broken("drop_caches: %s", errno_name(errno));
	close(fd);
}

static unsigned int read_slabs(struct slab *slabs)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	unsigned int n = 0;
	char line[300];

	if (!file)
		broken("/proc/slabinfo: %s", errno_name(errno));
	while (n < MAX_SLABS && fgets(line, sizeof(line), file))
		n += sscanf(line, "%31s %lu", slabs[n].name, &slabs[n].objects) == 2;
	fclose(file);
	return n;
}

/* What a call may leak is a kmalloc() or a key; other caches have lives of their own. */
static bool counts(const char *name)
{
	return !strncmp(name, "kmalloc-", 8) || !strcmp(name, "key_jar") ||
	       strstr(name, "mktme");
}

static bool grown(const struct slab *before, unsigned int n, unsigned int calls)
{
	static struct slab after[MAX_SLABS];
	unsigned int m = read_slabs(after);
	bool found = false;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < m; j++) {
			if (strcmp(before[i].name, after[j].name) || !counts(after[j].name))
				continue;
			if (after[j].objects <= before[i].objects + 1000 + calls / 1000)
				continue;
			report("#   slab %s: %lu objects, %lu before", after[j].name,
			       after[j].objects, before[i].objects);
			found = true;
		}
	return found;
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

static void clear_up(void)
{
	leave_the_scene();
	settle_keys();
	drop_caches();
	settle_keys();
}

static int fuzz_calls(uint64_t seed, unsigned int calls)
{
	static struct slab before[MAX_SLABS];
	unsigned int n, keyids, left;
	bool good;

	settle_keys();
	keyids = sysfs_number("keyids_used");
	/* What is made once and stays is made in the first batches. */
	good = run_batches(seed + 1, 2 * BATCH);
	clear_up();
	n = read_slabs(before);
	good = good && run_batches(seed, calls);
	report("%s - fuzz: calls end well, with errnos that are documented", good ? "ok" : "not ok");
	clear_up();
	left = sysfs_number("keyids_used");
	if (left > keyids)
		report("#   %u KeyIDs in use, %u before", left, keyids);
	report("%s - fuzz: no KeyID stays in use", left <= keyids ? "ok" : "not ok");
	report("%s - fuzz: no memory is lost", grown(before, n, calls) ? "not ok" : "ok");
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
