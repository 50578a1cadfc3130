// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The doctor's judgement of device, filesystem and file: a healthy file, and what is
 * wrong in one thing each
 */
#include "findings.h"

static const struct namespace_facts raw_namespace = {
	.name = "namespace0.0", .device = "pmem0", .mode = MODE_RAW, .enabled = true,
};

static const struct path_facts healthy = {
	.path = "/mnt/pmem/file",
	.device = { .name = "pmem0", .kind = DEVICE_PMEM, .has_dax = 1 },
	.fs = { .type = "ext4", .superblock_read = true, .block_size = 4096,
		.stripe_unit = 2 << 20, .stripe_width = 2 << 20, .mounted = true,
		.directory = "/mnt/pmem", .options = "rw,dax=always" },
	.file = { .is_dax = 1, .map_sync_tried = true, .has_layout = true,
		  .layout = { .obstacle = MKTME_DAX_HUGE_ALL, .size = 4 << 20,
			      .allocated = 4 << 20, .eligible = 4 << 20, .extents = 1 },
		  .info = { .state = MKTME_DAX_UNLOCKED, .problem = MKTME_DAX_PROBLEM_NONE,
			    .keyid = 5, .is_dax = 1 } },
};

static struct path_facts healthy_xfs(void)
{
	struct path_facts facts = healthy;

	strcpy(facts.fs.type, "xfs");
	return facts;
}

static struct findings found_in(const struct path_facts *facts, const struct namespace_facts *ns)
{
	struct findings findings = {};

	judge_path(facts, ns, &findings);
	return findings;
}

#define PATH_IS(level, id, cause, next, ...)	do {			\
	struct path_facts facts = healthy;				\
	FINDINGS findings;						\
									\
	__VA_ARGS__;							\
	findings = found_in(&facts, NULL);				\
	check_only(&findings, level, id, cause, next);			\
} while (0)

#define SET(field, text)	snprintf(facts.field, sizeof(facts.field), "%s", text)

TEST(healthy_file_is_ok)
{
	struct path_facts xfs = healthy_xfs();
	FINDINGS findings = found_in(&healthy, NULL), on_xfs = found_in(&xfs, NULL);

	CHECK_EQ(worst_level(&findings), LEVEL_OK);
	CHECK(was_asked(&findings, "file-huge") && was_asked(&findings, "file-map-sync"));
	CHECK_EQ(worst_level(&on_xfs), LEVEL_OK);
	CHECK(was_asked(&on_xfs, "fs-reflink"));
}

TEST(not_on_persistent_memory)
{
	PATH_IS(LEVEL_FAIL, "device-pmem", "ext4 on /dev/sda1", "pmem",
		facts.device.kind = DEVICE_OTHER; SET(device.name, "sda1"));
	PATH_IS(LEVEL_FAIL, "device-pmem", "tmpfs is not", "pmem",
		facts.device.kind = DEVICE_NONE; SET(device.name, ""); SET(fs.type, "tmpfs"));
}

TEST(dm_crypt_below)
{
	struct path_facts facts = healthy;
	FINDINGS findings;

	facts.device = (struct device_facts){ .name = "mapper/secret", .kind = DEVICE_MAPPER,
					      .target = "CRYPT", .has_dax = -1 };
	findings = found_in(&facts, NULL);
	check_only(&findings, LEVEL_FAIL, "device-mapper", "dm-crypt", "mktme-dax setup");
}

TEST(device_mapper_below)
{
	PATH_IS(LEVEL_FAIL, "device-mapper", "LVM", "the namespace itself",
		facts.device.kind = DEVICE_MAPPER; SET(device.target, "LVM"));
}

TEST(device_without_dax)
{
	struct path_facts facts = healthy;
	FINDINGS findings;

	PATH_IS(LEVEL_FAIL, "device-dax", "not supported", "ndctl list", facts.device.has_dax = 0);
	facts.device.has_dax = 0;
	findings = found_in(&facts, &raw_namespace);
	check_only(&findings, LEVEL_FAIL, "device-dax", "not of mode fsdax",
		   "ndctl create-namespace -f -e namespace0.0");
}

TEST(misaligned_partition)
{
	PATH_IS(LEVEL_WARN, "device-partition", "17 KiB", "2MiB",
		facts.device.is_partition = true; facts.device.start = 34 * 512);
}

TEST(no_filesystem)
{
	PATH_IS(LEVEL_FAIL, "fs-none", "no filesystem", "/dev/pmem0", SET(fs.type, ""));
}

TEST(filesystem_that_knows_no_keys)
{
	PATH_IS(LEVEL_FAIL, "fs-type", "btrfs", "/dev/pmem0", SET(fs.type, "btrfs"));
	PATH_IS(LEVEL_FAIL, "fs-type", "ext2", "/dev/pmem0", SET(fs.type, "ext2"));
}

TEST(small_blocks)
{
	PATH_IS(LEVEL_FAIL, "fs-block-size", "1024 bytes", "mkfs.ext4 -b 4096",
		facts.fs.block_size = 1024);
	PATH_IS(LEVEL_FAIL, "fs-block-size", "1024 bytes", "mkfs.xfs -f -b size=4096",
		facts = healthy_xfs(); facts.fs.block_size = 1024);
}

TEST(inline_data)
{
	PATH_IS(LEVEL_FAIL, "fs-inline-data", "inline_data", "mkfs.ext4",
		facts.fs.inline_data = true);
}

TEST(no_stripe)
{
	PATH_IS(LEVEL_WARN, "fs-stripe", "4 KiB pages", "tune2fs -E stride=512",
		facts.fs.stripe_unit = 0);
	PATH_IS(LEVEL_WARN, "fs-stripe", "4 KiB pages", "tune2fs", facts.fs.stripe_unit = 65536);
	PATH_IS(LEVEL_WARN, "fs-stripe", "4 KiB pages", "sunit=4096",
		facts = healthy_xfs(); facts.fs.stripe_unit = 0);
}

TEST(reflink)
{
	PATH_IS(LEVEL_WARN, "fs-reflink", "before 6.0", "reflink=0",
		facts = healthy_xfs(); facts.fs.reflink = true);
	PATH_IS(LEVEL_FAIL, "fs-reflink", "partition", "reflink=0",
		facts = healthy_xfs(); facts.fs.reflink = true; facts.device.is_partition = true);
}

TEST(superblock_that_cannot_be_read_is_not_judged)
{
	struct path_facts facts = healthy;
	FINDINGS findings;

	facts.fs.superblock_read = false;
	facts.fs.block_size = 0;
	findings = found_in(&facts, NULL);
	CHECK_EQ(worst_level(&findings), LEVEL_OK);
	CHECK(!was_asked(&findings, "fs-block-size"));
}

TEST(not_mounted)
{
	PATH_IS(LEVEL_WARN, "fs-mounted", "not mounted", "mount -o dax=always /dev/pmem0",
		facts.fs.mounted = false; facts.is_device = true);
}

TEST(data_in_the_journal)
{
	PATH_IS(LEVEL_FAIL, "fs-journal", "data=journal", "data=ordered",
		SET(fs.options, "rw,dax=always,data=journal"));
}

TEST(dax_never)
{
	PATH_IS(LEVEL_FAIL, "fs-dax", "dax=never", "mount -o dax=always /dev/pmem0 /mnt/pmem",
		SET(fs.options, "rw,dax=never"));
	PATH_IS(LEVEL_FAIL, "fs-dax", "XFS does that by itself", "remount is not enough",
		facts = healthy_xfs(); SET(fs.options, "rw,dax=never"));
}

TEST(dax_inode)
{
	PATH_IS(LEVEL_WARN, "fs-dax", "dax=inode", "chattr +x", SET(fs.options, "rw"));
}

TEST(filesystem_does_not_answer)
{
	PATH_IS(LEVEL_FAIL, "fs-feature", "Inappropriate ioctl", "mktme-dax status",
		facts.fs.answer = -ENOTTY);
}

TEST(file_without_dax)
{
	PATH_IS(LEVEL_FAIL, "file-dax", "page cache", "dax=always", facts.file.is_dax = 0);
}

TEST(map_sync_is_refused)
{
	PATH_IS(LEVEL_FAIL, "file-map-sync", "is_pmem is 0", "never force",
		facts.file.map_sync = -EOPNOTSUPP);
	PATH_IS(LEVEL_WARN, "file-map-sync", "Permission denied", "above",
		facts.file.map_sync = -EACCES);
}

TEST(map_sync_could_not_be_tried)
{
	PATH_IS(LEVEL_WARN, "file-map-sync", "no file can be made", "mktme-dax doctor",
		facts.file.map_sync_tried = false);
	PATH_IS(LEVEL_WARN, "file-map-sync", "read-only", "mktme-dax doctor",
		facts.file.map_sync_tried = false; facts.fs.read_only = true);
}

TEST(small_pages_and_why)
{
	static const struct {
		uint32_t obstacle;
		const char *cause;
	} all[] = {
		{ MKTME_DAX_HUGE_NOT_DAX, "not a DAX file" },
		{ MKTME_DAX_HUGE_NAMESPACE, "device does not begin" },
		{ MKTME_DAX_HUGE_ALIGNMENT, "multiples of 2 MiB" },
		{ MKTME_DAX_HUGE_FRAGMENTED, "pieces" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		PATH_IS(LEVEL_WARN, "file-huge", all[i].cause, facts.path,
			facts.file.layout.obstacle = all[i].obstacle;
			facts.file.layout.eligible = 0);
	PATH_IS(LEVEL_WARN, "file-huge", "no blocks", "fallocate -l 4194304 /mnt/pmem/file",
		facts.file.layout.obstacle = MKTME_DAX_HUGE_NO_BLOCKS);
}

TEST(short_file_needs_no_huge_pages)
{
	struct path_facts facts = healthy;
	FINDINGS findings;

	facts.file.layout.obstacle = MKTME_DAX_HUGE_SHORT;
	facts.file.layout.size = 5;
	facts.file.layout.eligible = 0;
	findings = found_in(&facts, NULL);
	CHECK_EQ(worst_level(&findings), LEVEL_OK);
	CHECK(was_asked(&findings, "file-huge"));
}

TEST(locked_file)
{
	PATH_IS(LEVEL_WARN, "file-state", "key is not loaded", "mktme-dax unlock /mnt/pmem/file",
		facts.file.info.state = MKTME_DAX_LOCKED);
	PATH_IS(LEVEL_FAIL, "file-state", "another physical address", "mktme-dax status",
		facts.file.info.state = MKTME_DAX_LOCKED;
		facts.file.info.problem = MKTME_DAX_PROBLEM_OTHER_PLACE);
}

int main(int argc, char **argv)
{
	return tap_main("doctor-path", argc, argv);
}
