// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel says of the machine: /sys/kernel/mm/mktme
 */
#include "tool.h"

/* Tests look at a directory of their own. */
static const char *sysfs(void)
{
	const char *value = getenv("MKTME_DAX_SYSFS");

	return value ? value : "/sys/kernel/mm/mktme";
}

static bool read_line(const char *name, char *out, size_t size)
{
	char path[512];
	FILE *file;

	*out = 0;
	snprintf(path, sizeof(path), "%s/%s", sysfs(), name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(out, size, file))
		*out = 0;
	fclose(file);
	out[strcspn(out, "\n")] = 0;
	return true;
}

void read_machine(struct machine *machine)
{
	char text[32];

	*machine = (struct machine){};
	machine->has_feature = read_line("status", machine->status, sizeof(machine->status));
	read_line("algorithms", machine->algorithms, sizeof(machine->algorithms));
	read_line("keyids_total", text, sizeof(text));
	machine->keyids_total = strtoul(text, NULL, 10);
	read_line("keyids_used", text, sizeof(text));
	machine->keyids_used = strtoul(text, NULL, 10);
	if (!machine->has_feature)
		snprintf(machine->status, sizeof(machine->status),
			 "this kernel has no encrypted DAX files");
}
