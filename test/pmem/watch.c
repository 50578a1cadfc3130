// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel tells: trace events, counters, smaps, log
 */
#include "common.h"

#define TRACEFS		"/sys/kernel/tracing/"
#define COUNTERS	"/sys/kernel/mm/mktme/"

static void put(const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACEFS "%s", name);
	fd = open(path, O_WRONLY | O_TRUNC);
	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s > %s: %s",
	     text, path, errno_name(errno));
	close(fd);
}

/* Of this process only: what others do meanwhile is not what is looked at. */
void trace_on(void)
{
	char filter[40];

	put("tracing_on", "0");
	put("events/enable", "0");
	snprintf(filter, sizeof(filter), "common_pid == %d", getpid());
	put("events/mktme_dax/filter", filter);
	put("events/mktme_dax/enable", "1");
	put("trace", "\n");
	put("tracing_on", "1");
}

/* Lines of this event since trace_on(), each from the event's name on. */
unsigned int trace_off(const char *event, char lines[][TRACE_LINE], unsigned int max)
{
	char text[512], *found;
	unsigned int count = 0;
	FILE *file;

	put("tracing_on", "0");
	put("events/mktme_dax/enable", "0");
	file = fopen(TRACEFS "trace", "r");
	NEED(file, "%s", errno_name(errno));
	while (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = 0;
		found = *text == '#' ? NULL : strstr(text, event);
		if (!found || found[strlen(event)] != ':')
			continue;
		if (count < max)
			snprintf(lines[count], TRACE_LINE, "%s", found);
		count++;
	}
	fclose(file);
	return count;
}

unsigned int traced_faults(struct fault_event *out, unsigned int max)
{
	char lines[8][TRACE_LINE];
	unsigned int count, i;

	NEED(max <= 8);
	count = trace_off("mktme_fault", lines, max);
	for (i = 0; i < count && i < max; i++)
		NEED(sscanf(lines[i], "mktme_fault: dev %u:%u ino %lu pgoff %lx keyid %u order %u %7s pfn %lx",
			    &out[i].major, &out[i].minor, &out[i].ino, &out[i].pgoff,
			    &out[i].keyid, &out[i].order, out[i].access,
			    &out[i].pfn) == 8, "%s", lines[i]);
	return count;
}

/* counter("refusals/locked"), for example. */
unsigned long counter(const char *name)
{
	char path[128], text[32], *end;
	unsigned long value;

	snprintf(path, sizeof(path), COUNTERS "%s", name);
	NEED(read_text(path, text, sizeof(text)) > 0, "%s", path);
	value = strtoul(text, &end, 10);
	NEED(end != text && *end == '\n', "%s: %s", path, text);
	return value;
}

/*
 * The line "KeyID:" of the mapping at @addr: its number, -1 if there is no such
 * line, -2 if there is no such mapping.
 */
int smaps_keyid(pid_t pid, const void *addr)
{
	unsigned long start, end, keyid, want = (unsigned long)addr;
	int found = -2;
	char path[32], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	file = fopen(path, "r");
	NEED(file, "%s: %s", path, errno_name(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx %*s", &start, &end) == 2) {
			if (found != -2)
				break;
			if (want >= start && want < end)
				found = -1;
		} else if (found == -1 && sscanf(line, "KeyID: %lu\n", &keyid) == 1) {
			/* Where other numbers stand, too. */
			CHECK(strlen(line) == 25, "\"%s\"", line);
			found = keyid;
		}
	}
	fclose(file);
	return found;
}

/* From here on; the descriptor is for log_lines(). */
int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	NEED(fd >= 0 && lseek(fd, 0, SEEK_END) >= 0, "%s", errno_name(errno));
	return fd;
}

/* How many new records of the log are this text, to the letter? */
unsigned int log_lines(int fd, const char *text)
{
	char record[1024], *found;
	unsigned int count = 0;
	ssize_t len;

	while ((len = read(fd, record, sizeof(record) - 1)) > 0) {
		record[len] = 0;
		found = strchr(record, ';');
		if (!found)
			continue;
		found[1 + strcspn(found + 1, "\n")] = 0;
		count += !strcmp(found + 1, text);
	}
	NEED(errno == EAGAIN, "%s", errno_name(errno));
	return count;
}
