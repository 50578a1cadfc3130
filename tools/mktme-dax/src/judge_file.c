// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the facts of a file or directory mean
 */
#include "doctor.h"

/* What "directory" new files will be; the path itself, or where the device is mounted. */
static const char *subject(const struct path_facts *facts)
{
	return facts->is_device ? facts->fs.directory : facts->path;
}

static void judge_answer(const struct path_facts *facts, struct findings *findings)
{
	if (!facts->fs.answer)
		find(findings, LEVEL_OK, "fs-feature", subject(facts), "files can be encrypted here");
	else
		remedy(find(findings, LEVEL_FAIL, "fs-feature", subject(facts),
			    "the filesystem does not know encrypted files (%s)",
			    strerror(-facts->fs.answer)),
		       "mktme-dax status, to see which ones do");
}

static void judge_dax(const struct path_facts *facts, struct findings *findings)
{
	const struct file_facts *file = &facts->file;

	/* A directory has it only as an attribute that files inherit. */
	if (file->is_directory || file->is_dax < 0)
		return;
	if (file->is_dax)
		find(findings, LEVEL_OK, "file-dax", facts->path, "mappings reach the memory itself");
	else
		remedy(find(findings, LEVEL_FAIL, "file-dax", facts->path,
			    "mappings go through the page cache: the file has no DAX"),
		       "umount %s; mount -o dax=always /dev/%s %s", facts->fs.directory,
		       facts->device.name, facts->fs.directory);
}

static void judge_map_sync(const struct path_facts *facts, struct findings *findings)
{
	const struct file_facts *file = &facts->file;

	if (!file->map_sync_tried) {
		remedy(find(findings, LEVEL_WARN, "file-map-sync", subject(facts),
			    facts->fs.read_only ? "MAP_SYNC could not be tried: mounted read-only" :
			    "MAP_SYNC could not be tried: no file can be made here"),
		       "mktme-dax doctor FILE, for a file that exists");
		return;
	}
	if (!file->map_sync)
		find(findings, LEVEL_OK, "file-map-sync", subject(facts), "MAP_SYNC works");
	else
		remedy(find(findings, file->map_sync == -EOPNOTSUPP ? LEVEL_FAIL : LEVEL_WARN,
			    "file-map-sync", subject(facts), "mmap(MAP_SYNC): %s%s",
			    strerror(-file->map_sync), file->map_sync == -EOPNOTSUPP ?
			    "; the mapping would not be of the memory itself (is_pmem is 0)" : ""),
		       "see the findings about device and DAX above; never force it (PMEM_IS_PMEM_FORCE)");
}

static void huge_remedy(const struct path_facts *facts, struct finding *finding)
{
	if (facts->file.layout.obstacle == MKTME_DAX_HUGE_NO_BLOCKS)
		remedy(finding, "fallocate -l %llu %s", (unsigned long long)facts->file.layout.size,
		       facts->path);
	else
		remedy(finding, "mktme-dax map %s, to see where", facts->path);
}

static void judge_layout(const struct path_facts *facts, struct findings *findings)
{
	const struct mktme_dax_layout *layout = &facts->file.layout;
	char eligible[16], size[16];

	if (!facts->file.has_layout)
		return;
	human_size(layout->eligible, eligible);
	human_size(layout->size, size);
	if (layout->obstacle == MKTME_DAX_HUGE_SHORT)
		find(findings, LEVEL_OK, "file-huge", facts->path,
		     "shorter than 2 MiB: pages of 4 KiB map it");
	else if (layout->obstacle == MKTME_DAX_HUGE_ALL)
		find(findings, LEVEL_OK, "file-huge", facts->path, "2 MiB pages map %s of %s",
		     eligible, size);
	else
		huge_remedy(facts, find(findings, LEVEL_WARN, "file-huge", facts->path,
					"2 MiB pages map %s of %s: %s", eligible, size,
					obstacle_text(layout->obstacle)));
}

static void judge_state(const struct path_facts *facts, struct findings *findings)
{
	const struct mktme_dax_file_info *info = &facts->file.info;
	const char *problem = problem_name(info->problem);

	if (problem)
		remedy(find(findings, LEVEL_FAIL, "file-state", subject(facts),
			    "locked for good: %s", problem),
		       "mktme-dax status %s; a file of another place has to be read there",
		       subject(facts));
	else if (info->state == MKTME_DAX_LOCKED)
		remedy(find(findings, LEVEL_WARN, "file-state", subject(facts),
			    "locked: its key is not loaded"), "mktme-dax unlock %s",
		       subject(facts));
	else
		find(findings, LEVEL_OK, "file-state", subject(facts), "it is %s",
		     state_name(info->state));
}

void judge_file(const struct path_facts *facts, struct findings *findings)
{
	judge_answer(facts, findings);
	judge_dax(facts, findings);
	judge_map_sync(facts, findings);
	judge_layout(facts, findings);
	if (!facts->fs.answer)
		judge_state(facts, findings);
}
