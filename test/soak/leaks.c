// SPDX-License-Identifier: GPL-2.0-only
/*
 * What calls may leave behind: KeyIDs in use, keys, memory of the kernel
 */
#include "leaks.h"

/* Objects that come and go by themselves: other work of the kernel, and slabs that CPUs hold on to. */
#define SLAB_NOISE	500

static void write_word(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, word, 1) != 1)
		broken("%s: %s", path, errno_name(errno));
	close(fd);
}

/* Only what a call may forget: other caches have lives of their own. */
static bool counts(const char *name)
{
	return !strncmp(name, "kmalloc-", 8) || !strcmp(name, "key_jar") || strstr(name, "mktme");
}

/* A slab that a CPU has for itself counts as in use, whatever is in it. */
static void shrink_slab(const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", name);
	write_word(path, "1");
}

static unsigned int read_slabs(struct slab *slabs)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	unsigned int n = 0;
	char line[300];

	if (!file)
		broken("/proc/slabinfo: %s", errno_name(errno));
	while (n < MAX_SLABS && fgets(line, sizeof(line), file))
		n += sscanf(line, "%31s %lu", slabs[n].name, &slabs[n].objects) == 2 &&
			counts(slabs[n].name);
	fclose(file);
	return n;
}

/* "UID: usage, keys/instantiated keys, ..." of root, who is the one that calls. */
static unsigned long count_keys(void)
{
	FILE *file = fopen("/proc/key-users", "re");
	unsigned long uid, usage, keys;
	char line[200];

	if (!file)
		broken("/proc/key-users: %s", errno_name(errno));
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lu: %lu %lu/", &uid, &usage, &keys) == 3 && !uid)
			break;
		else
			keys = 0;
	fclose(file);
	return keys;
}

void count_things(struct things *t)
{
	settle_keys();
	write_word("/proc/sys/vm/drop_caches", "3");
	settle_keys();
	t->keyids = sysfs_number("keyids_used");
	t->keys = count_keys();
	t->nr_slabs = read_slabs(t->slabs);
	for (unsigned int i = 0; i < t->nr_slabs; i++)
		shrink_slab(t->slabs[i].name);
	t->nr_slabs = read_slabs(t->slabs);
}

static bool grown(const struct slab *before, const struct slab *after, bool tell)
{
	if (strcmp(before->name, after->name) || after->objects <= before->objects + SLAB_NOISE)
		return false;
	if (tell)
		report("#   slab %s: %lu objects, %lu before", after->name, after->objects,
		       before->objects);
	return true;
}

static bool slabs_grown(const struct things *before, const struct things *after, bool tell)
{
	bool found = false;

	for (unsigned int i = 0; i < before->nr_slabs; i++)
		for (unsigned int j = 0; j < after->nr_slabs; j++)
			found = grown(&before->slabs[i], &after->slabs[j], tell) || found;
	return found;
}

/* What is on its way to be freed takes its time on a slow kernel; what has leaked stays for ever. */
static void count_in_the_end(struct things *after, const struct things *before)
{
	struct timespec tick = { .tv_sec = 1 };

	for (unsigned int tries = 0; tries < 30; tries++) {
		count_things(after);
		if (after->keyids <= before->keyids && after->keys <= before->keys &&
		    !slabs_grown(before, after, false))
			return;
		nanosleep(&tick, NULL);
	}
}

void report_leaks(const struct things *before)
{
	static struct things after;

	count_in_the_end(&after, before);
	if (after.keyids > before->keyids)
		report("#   %u KeyIDs in use, %u before", after.keyids, before->keyids);
	report("%s - fuzz: no KeyID stays in use", after.keyids <= before->keyids ? "ok" : "not ok");
	if (after.keys > before->keys)
		report("#   %lu keys of root, %lu before", after.keys, before->keys);
	report("%s - fuzz: no key stays", after.keys <= before->keys ? "ok" : "not ok");
	report("%s - fuzz: no memory is lost", slabs_grown(before, &after, true) ? "not ok" : "ok");
}
