// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Facts of a file or directory: DAX, MAP_SYNC, layout, binding
 */
#include "doctor.h"
#include <libgen.h>
#include <linux/stat.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE_BYTES	4096

/* The kernel refuses MAP_SYNC where it cannot keep the promise. Nothing is touched. */
static void try_map_sync(int fd, struct file_facts *file)
{
	void *p = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);

	file->map_sync_tried = true;
	file->map_sync = p == MAP_FAILED ? -errno : 0;
	if (p != MAP_FAILED)
		munmap(p, PAGE_BYTES);
}

/* A file without a name: it is gone when it is closed, whatever happens. */
static void try_in_directory(const char *directory, struct file_facts *file)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (!ftruncate(fd, PAGE_BYTES))
		try_map_sync(fd, file);
	close(fd);
}

static void look_at(int fd, struct path_facts *facts)
{
	struct file_facts *file = &facts->file;
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st))
		return;
	file->is_directory = S_ISDIR(st.stx_mode);
	if (st.stx_attributes_mask & STATX_ATTR_DAX)
		file->is_dax = !!(st.stx_attributes & STATX_ATTR_DAX);
	file->info.version = MKTME_DAX_API_V1;
	facts->fs.answer = mktme_dax_query(fd, &file->info);
	if (file->is_directory)
		return;
	try_map_sync(fd, file);
	file->layout.version = MKTME_DAX_API_V1;
	file->has_layout = !mktme_dax_query_layout(fd, &file->layout);
}

void probe_file(const char *path, struct path_facts *facts)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	look_at(fd, facts);
	close(fd);
	if (facts->file.is_directory)
		try_in_directory(path, &facts->file);
}
