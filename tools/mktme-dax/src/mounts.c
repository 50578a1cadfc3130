// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounted filesystems that can have bound files
 */
#include "tool.h"
#include <mntent.h>
#include <sys/ioctl.h>

static bool answers(const char *directory)
{
	struct mktme_dax_file_info info = { .version = MKTME_DAX_API_V1 };
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return false;
	err = mktme_dax_query(fd, &info);
	close(fd);
	return !err;
}

static bool same_device(const struct mount_list *list, const char *device)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->mounts[i].device, device))
			return true;
	return false;
}

static int append(struct mount_list *list, const struct mntent *entry)
{
	struct mount *bigger = realloc(list->mounts, (list->count + 1) * sizeof(*bigger));
	struct mount *mount;

	if (!bigger)
		return -ENOMEM;
	list->mounts = bigger;
	mount = &list->mounts[list->count++];
	mount->device = strdup(entry->mnt_fsname);
	mount->directory = strdup(entry->mnt_dir);
	mount->type = strdup(entry->mnt_type);
	mount->options = strdup(entry->mnt_opts);
	return mount->device && mount->directory && mount->type && mount->options ? 0 : -ENOMEM;
}

int list_mounts(struct mount_list *list)
{
	FILE *file = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	int err = 0;

	*list = (struct mount_list){};
	if (!file)
		return -errno;
	while (!err && (entry = getmntent(file))) {
		if (strncmp(entry->mnt_fsname, "/dev/", 5) || same_device(list, entry->mnt_fsname))
			continue;
		if (answers(entry->mnt_dir))
			err = append(list, entry);
	}
	endmntent(file);
	if (err)
		free_mounts(list);
	return err;
}

void free_mounts(struct mount_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->mounts[i].device);
		free(list->mounts[i].directory);
		free(list->mounts[i].type);
		free(list->mounts[i].options);
	}
	free(list->mounts);
	*list = (struct mount_list){};
}
