// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Facts of a path: block device, filesystem, mount
 */
#include "doctor.h"
#include <libgen.h>
#include <libmount.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Reads a line of /sys/dev/block/M:m/NAME, of the disk below if that is a partition. */
static bool read_attribute(dev_t dev, const char *name, char *out, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), name);
	file = fopen(path, "re");
	if (!file) {
		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../%s", major(dev),
			 minor(dev), name);
		file = fopen(path, "re");
	}
	if (!file)
		return false;
	*out = 0;
	if (!fgets(out, size, file))
		*out = 0;
	fclose(file);
	out[strcspn(out, "\n")] = 0;
	return true;
}

static bool has_attribute(dev_t dev, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(dev), minor(dev), name);
	return !access(path, F_OK);
}

static void name_device(dev_t dev, struct device_facts *device)
{
	char path[64], target[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	if (!realpath(path, target))
		return;
	snprintf(device->name, sizeof(device->name), "%s", basename(target));
	for (char *c = device->name; *c; c++)
		if (*c == '!')
			*c = '/';
}

static void probe_mapper(dev_t dev, struct device_facts *device)
{
	char text[128];

	device->kind = DEVICE_MAPPER;
	if (read_attribute(dev, "dm/name", text, sizeof(text)))
		snprintf(device->name, sizeof(device->name), "mapper/%.56s", text);
	/* CRYPT-LUKS2-..., LVM-...; empty for what dmsetup has made */
	if (read_attribute(dev, "dm/uuid", text, sizeof(text)))
		snprintf(device->target, sizeof(device->target), "%.*s",
			 (int)strcspn(text, "-"), text);
}

static void probe_device(dev_t dev, struct device_facts *device)
{
	char text[32];

	*device = (struct device_facts){ .has_dax = -1 };
	name_device(dev, device);
	if (!*device->name)
		return;		/* DEVICE_NONE: no block device */
	device->kind = strncmp(device->name, "pmem", 4) ? DEVICE_OTHER : DEVICE_PMEM;
	if (has_attribute(dev, "dm"))
		probe_mapper(dev, device);
	device->is_partition = has_attribute(dev, "partition");
	if (device->is_partition && read_attribute(dev, "start", text, sizeof(text)))
		device->start = 512 * strtoull(text, NULL, 10);
	if (read_attribute(dev, "queue/dax", text, sizeof(text)))
		device->has_dax = *text == '1';
}

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static void take_mount(struct filesystem_facts *fs, struct libmnt_fs *mount)
{
	const char *options = mnt_fs_get_fs_options(mount);

	fs->mounted = true;
	copy(fs->type, sizeof(fs->type), mnt_fs_get_fstype(mount));
	copy(fs->directory, sizeof(fs->directory), mnt_fs_get_target(mount));
	copy(fs->options, sizeof(fs->options), options);
	fs->read_only = !mnt_fs_match_options(mount, "rw");
}

/* By the number of the mount if there is one (it is exact), else by device. */
static void find_mount(uint64_t id, dev_t dev, struct filesystem_facts *fs)
{
	struct libmnt_table *table = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *mount;

	while (table && iter && !mnt_table_next_fs(table, iter, &mount)) {
		if (id ? mnt_fs_get_id(mount) != id : mnt_fs_get_devno(mount) != dev)
			continue;
		take_mount(fs, mount);
		break;
	}
	mnt_free_iter(iter);
	mnt_unref_table(table);
}

int probe_path(const char *path, struct path_facts *facts)
{
	struct statx st;
	dev_t dev;

	*facts = (struct path_facts){ .device.has_dax = -1, .file.is_dax = -1,
				      .fs.answer = -ENOTTY };
	copy(facts->path, sizeof(facts->path), path);
	if (statx(AT_FDCWD, path, 0, STATX_TYPE | STATX_MNT_ID, &st))
		return -errno;
	facts->is_device = S_ISBLK(st.stx_mode);
	if (!facts->is_device && !S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode))
		return -EINVAL;
	dev = facts->is_device ? makedev(st.stx_rdev_major, st.stx_rdev_minor) :
				 makedev(st.stx_dev_major, st.stx_dev_minor);
	probe_device(dev, &facts->device);
	find_mount(facts->is_device || !(st.stx_mask & STATX_MNT_ID) ? 0 : st.stx_mnt_id, dev,
		   &facts->fs);
	if (facts->device.kind != DEVICE_NONE) {
		char device[80];

		snprintf(device, sizeof(device), "/dev/%s", facts->device.name);
		probe_superblock(facts->is_device ? path : device, &facts->fs);
	}
	if (!facts->is_device)
		probe_file(path, facts);
	else if (facts->fs.mounted)
		probe_file(facts->fs.directory, facts);
	return 0;
}
