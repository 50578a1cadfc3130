// SPDX-License-Identifier: GPL-2.0
/*
 * The check of the kernel log that stands before every verdict.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALLOW_MAX 64

/* What the kernel prints when something is wrong inside it. */
static const char *const trouble[] = {
	"BUG: ", "kernel BUG at", "WARNING: ", "Oops", "Kernel panic",
	"general protection fault", "Call Trace:", "stack segment",
	"double fault", "unable to handle", "Bad page", "Bad rss-counter",
	"refcount_t: ", "list_(add|del) corruption", "bad: scheduling",
	"scheduling while atomic", "sleeping function called", "ODEBUG:",
	"possible (circular|recursive) locking", "inconsistent lock state",
	"suspicious RCU usage", "detected (expedited )?stalls? ", "soft lockup",
	"hard LOCKUP", "INFO: task .* blocked", "workqueue lockup",
	"KASAN|KCSAN: |KMSAN|KFENCE", "UBSAN", "kmemleak: .*new suspected",
	"page_table_check", "EXT4-fs error", "Corruption of in-memory data",
	"XFS .*(Internal error|shutdown|orruption)", "Busy inodes after unmount",
	"Machine [Cc]heck", "mce: .*Hardware Error", "invalid opcode",
};

static regex_t trouble_re[sizeof(trouble) / sizeof(trouble[0])];
static regex_t allow_re[ALLOW_MAX];
static size_t allowed;

static int compile_trouble(void)
{
	size_t i;

	for (i = 0; i < sizeof(trouble) / sizeof(trouble[0]); i++)
		if (regcomp(&trouble_re[i], trouble[i], REG_EXTENDED | REG_NOSUB))
			return -EINVAL;
	return 0;
}

/* A regex that does not compile is an error: it would silently allow nothing. */
static int compile_allow(char *reason, size_t len)
{
	char line[512];
	FILE *file = fopen(KMSG_ALLOW_FILE, "re");

	if (!file)
		return 0;
	while (allowed < ALLOW_MAX && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!line[0] || line[0] == '#')
			continue;
		if (regcomp(&allow_re[allowed], line, REG_EXTENDED | REG_NOSUB)) {
			snprintf(reason, len, "bad regex in " KMSG_ALLOW_FILE ": %s", line);
			fclose(file);
			return -EINVAL;
		}
		allowed++;
	}
	fclose(file);
	return 0;
}

static int matches(const regex_t *re, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!regexec(&re[i], text, 0, NULL, 0))
			return 1;
	return 0;
}

/*
 * A record is "prefix;text\n KEY=value\n...".  Prefix is "level,seq,time,flags";
 * a level of 8 and above is a line that a program wrote to /dev/kmsg.
 */
static const char *kernel_text(char *record)
{
	char *text = strchr(record, ';');

	if (!text || strtoul(record, NULL, 10) >= 8)
		return NULL;
	text++;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

int kmsg_check(char *reason, size_t len)
{
	char record[8192];
	const char *text;
	int found = 0;
	ssize_t n;
	int fd;

	if (compile_trouble() || compile_allow(reason, len)) {
		if (!reason[0])
			snprintf(reason, len, "kernel log check: own regexes are broken");
		return 1;
	}
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		snprintf(reason, len, "cannot open /dev/kmsg: %s", strerror(errno));
		return 1;
	}
	while ((n = read(fd, record, sizeof(record) - 1)) > 0) {
		record[n] = '\0';
		text = kernel_text(record);
		if (text && matches(trouble_re, sizeof(trouble) / sizeof(trouble[0]), text) &&
		    !matches(allow_re, allowed, text)) {
			snprintf(reason, len, "kernel log: %s", text);
			found = 1;
			break;
		}
	}
	/* EAGAIN is the end; EPIPE says that old records were overwritten unread. */
	if (!found && n < 0 && errno != EAGAIN) {
		snprintf(reason, len, "kernel log not read to its end: %s", strerror(errno));
		found = 1;
	}
	close(fd);
	return found;
}
