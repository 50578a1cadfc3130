// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is there anything on a block device
 */
#include "setup.h"
#include <blkid.h>

/* What is mounted, or part of another device, cannot be opened exclusively. */
static int probe_use(const char *device, struct content *content)
{
	int fd = open(device, O_RDONLY | O_EXCL | O_CLOEXEC);

	content->in_use = fd < 0 && errno == EBUSY;
	if (fd < 0)
		return content->in_use ? 0 : -errno;
	close(fd);
	return 0;
}

static void take_value(blkid_probe probe, const char *name, struct content *content)
{
	const char *value;

	if (!*content->type && !blkid_probe_lookup_value(probe, name, &value, NULL))
		snprintf(content->type, sizeof(content->type), "%s", value);
}

int probe_content(const char *device, struct content *content)
{
	blkid_probe probe;
	int err, found;

	*content = (struct content){};
	err = probe_use(device, content);
	if (err)
		return err;
	probe = blkid_new_probe_from_filename(device);
	if (!probe)
		return -EIO;
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC);
	found = blkid_do_safeprobe(probe);
	take_value(probe, "TYPE", content);
	take_value(probe, "PTTYPE", content);
	/* -2: several signatures that contradict each other; also data */
	if (found == -2)
		snprintf(content->type, sizeof(content->type), "ambivalent data");
	blkid_free_probe(probe);
	return found == -1 ? -EIO : 0;
}
