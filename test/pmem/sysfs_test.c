// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/mm/mktme, on a machine whose KeyIDs the script knows:
 * MKTME_KEYIDS is their number, MKTME_STATUS what the status has to be.
 */
#include "common.h"

static const char *show(const char *name)
{
	static char text[256];
	char path[64];
	int len;

	snprintf(path, sizeof(path), "/sys/kernel/mm/mktme/%s", name);
	len = read_text(path, text, sizeof(text));
	NEED(len > 0 && text[len - 1] == '\n', "%s: %d", path, len);
	text[len - 1] = 0;
	return text;
}

static const char *wanted(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value ? value : otherwise;
}

static bool usable(void)
{
	return strcmp(wanted("MKTME_KEYIDS", control_run() ? "0" : "63"), "0");
}

TEST(keyids_total)
{
	CHECK_EQ(atoi(show("keyids_total")),
		 atoi(wanted("MKTME_KEYIDS", control_run() ? "0" : "63")));
}

TEST(keyids_used)
{
	unsigned int before = sysfs_number("keyids_used");
	int fd;

	if (!usable()) {
		CHECK_EQ(before, 0);
		return;
	}
	fd = new_file(PAGE, NULL);
	bound_mapping(fd, PAGE, need_key(900));
	CHECK_EQ(sysfs_number("keyids_used"), before < sysfs_number("keyids_total") ?
		 before + 1 : before);
}

TEST(algorithms)
{
	const char *text = show("algorithms");

	CHECK(!strcmp(text, usable() ? "aes-xts-128 aes-xts-256" : ""), "\"%s\"", text);
}

TEST(status)
{
	const char *text = show("status");

	CHECK(!strcmp(text, wanted("MKTME_STATUS", control_run() ?
				   "no TME-MK, or not enabled by the firmware" : "ok")),
	      "\"%s\"", text);
}

int main(int argc, char **argv)
{
	return tap_main("sysfs", argc, argv);
}
