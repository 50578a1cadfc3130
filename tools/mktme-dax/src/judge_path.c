// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the facts of device and filesystem below a path mean
 */
#include "doctor.h"

#define EXT4_OPTIONS	"-b 4096 -E stride=512,stripe_width=512"
#define XFS_OPTIONS	"-b size=4096 -m reflink=0 -d su=2m,sw=1"

static bool is_xfs(const struct filesystem_facts *fs)
{
	return !strcmp(fs->type, "xfs");
}

static bool is_ext4(const struct filesystem_facts *fs)
{
	return !strcmp(fs->type, "ext4");
}

static void remake(struct finding *finding, const struct path_facts *facts)
{
	const char *name = facts->device.name;

	if (is_xfs(&facts->fs))
		remedy(finding, "mkfs.xfs -f " XFS_OPTIONS " /dev/%s (destroys what is on it)", name);
	else
		remedy(finding, "mkfs.ext4 " EXT4_OPTIONS " /dev/%s (destroys what is on it)", name);
}

static void judge_mapper(const struct device_facts *device, struct findings *findings)
{
	if (!strcmp(device->target, "CRYPT"))
		remedy(find(findings, LEVEL_FAIL, "device-mapper", device->name,
			    "dm-crypt encrypts by software, between page cache and device: DAX is not possible on it"),
		       "cryptsetup close it, then mktme-dax setup --force --device /dev/pmemN MOUNTPOINT (destroys what is on it)");
	else
		remedy(find(findings, LEVEL_FAIL, "device-mapper", device->name,
			    "a device mapper%s%s lies between filesystem and namespace: its files cannot be bound to a key",
			    *device->target ? ", " : "", device->target),
		       "put the filesystem on the namespace itself: lsblk -s /dev/%s shows it", device->name);
}

static void judge_dax_of_device(const struct path_facts *facts, const struct namespace_facts *ns,
				struct findings *findings)
{
	const struct device_facts *device = &facts->device;

	if (device->has_dax > 0)
		find(findings, LEVEL_OK, "device-dax", device->name, "the block device supports DAX");
	else if (!device->has_dax && ns)
		remedy(find(findings, LEVEL_FAIL, "device-dax", device->name,
			    "DAX is not supported by the block device, since the namespace is not of mode fsdax"),
		       "ndctl create-namespace -f -e %s -m fsdax -a 2M (destroys what is on it)",
		       ns->name);
	else if (!device->has_dax)
		remedy(find(findings, LEVEL_FAIL, "device-dax", device->name,
			    "DAX is not supported by the block device"), "ndctl list -N");
}

/* False if it makes no sense to look any further. */
static bool judge_device(const struct path_facts *facts, const struct namespace_facts *ns,
			 struct findings *findings)
{
	const struct device_facts *device = &facts->device;

	if (device->kind == DEVICE_NONE || device->kind == DEVICE_OTHER) {
		remedy(find(findings, LEVEL_FAIL, "device-pmem", facts->path,
			    "%s%s%s is not persistent memory", *facts->fs.type ? facts->fs.type : "it",
			    *device->name ? " on /dev/" : "", device->name),
		       "findmnt | grep pmem, for filesystems on persistent memory; mktme-dax setup makes one");
		return false;
	}
	if (device->kind == DEVICE_MAPPER) {
		judge_mapper(device, findings);
	} else {
		find(findings, LEVEL_OK, "device-pmem", facts->path, "lies on /dev/%s", device->name);
		find(findings, LEVEL_OK, "device-mapper", device->name, "lies directly on a namespace");
	}
	judge_dax_of_device(facts, ns, findings);
	if (device->is_partition && device->start % HUGE_SIZE)
		remedy(find(findings, LEVEL_WARN, "device-partition", device->name,
			    "the partition begins at %llu KiB, not at a multiple of 2 MiB: all pages are mapped by 4 KiB",
			    (unsigned long long)device->start >> 10),
		       "parted -a none /dev/DISK mkpart data 2MiB 100%% (destroys what is on it), or no partition at all");
	else if (device->is_partition)
		find(findings, LEVEL_OK, "device-partition", device->name,
		     "the partition begins at a multiple of 2 MiB");
	return true;
}

static void judge_stripe(const struct path_facts *facts, struct findings *findings)
{
	const struct filesystem_facts *fs = &facts->fs;
	struct finding *finding;

	if (fs->stripe_unit && !(fs->stripe_unit % HUGE_SIZE)) {
		find(findings, LEVEL_OK, "fs-stripe", facts->device.name,
		     "big allocations begin at multiples of 2 MiB");
		return;
	}
	finding = find(findings, LEVEL_WARN, "fs-stripe", facts->device.name,
		       "no stripe of 2 MiB is set: files begin anywhere, and are mapped by 4 KiB pages");
	if (is_xfs(fs))
		remedy(finding, fs->mounted ? "mount -o sunit=4096,swidth=4096 at the next mount, then copy the files" :
					      "mount -o dax=always,sunit=4096,swidth=4096 /dev/%s MOUNTPOINT",
		       facts->device.name);
	else
		remedy(finding, "tune2fs -E stride=512,stripe_width=512 /dev/%s, mount anew, then copy the files",
		       facts->device.name);
}

static void judge_reflink(const struct path_facts *facts, struct findings *findings)
{
	if (!facts->fs.reflink)
		find(findings, LEVEL_OK, "fs-reflink", facts->device.name, "blocks are never shared");
	else if (facts->device.is_partition)
		remake(find(findings, LEVEL_FAIL, "fs-reflink", facts->device.name,
			    "XFS with reflink has no DAX on a partition"), facts);
	else
		remake(find(findings, LEVEL_WARN, "fs-reflink", facts->device.name,
			    "XFS with reflink: kernels before 6.0 refuse DAX; shared blocks of plain files are mapped by 4 KiB and copied on write"),
		       facts);
}

static void judge_superblock(const struct path_facts *facts, struct findings *findings)
{
	const struct filesystem_facts *fs = &facts->fs;
	const char *device = facts->device.name;

	if (fs->block_size != 4096)
		remake(find(findings, LEVEL_FAIL, "fs-block-size", device,
			    "blocks of %u bytes: DAX needs blocks as large as pages, 4096 bytes",
			    fs->block_size), facts);
	else
		find(findings, LEVEL_OK, "fs-block-size", device, "blocks of 4 KiB");
	if (is_ext4(fs) && fs->inline_data)
		remake(find(findings, LEVEL_FAIL, "fs-inline-data", device,
			    "the feature inline_data puts small files into inodes: ext4 refuses DAX"), facts);
	else if (is_ext4(fs))
		find(findings, LEVEL_OK, "fs-inline-data", device, "all file data is in blocks");
	judge_stripe(facts, findings);
	if (is_xfs(fs))
		judge_reflink(facts, findings);
}

static void judge_dax_of_mount(const struct path_facts *facts, struct findings *findings)
{
	const struct filesystem_facts *fs = &facts->fs;
	struct finding *finding;

	if (strstr(fs->options, "dax=always")) {
		find(findings, LEVEL_OK, "fs-dax", fs->directory, "mounted with dax=always");
		return;
	}
	if (strstr(fs->options, "dax=never"))
		finding = find(findings, LEVEL_FAIL, "fs-dax", fs->directory,
			       "mounted with dax=never%s", is_xfs(fs) ?
			       " (XFS does that by itself where DAX is not possible)" : "");
	else
		finding = find(findings, LEVEL_WARN, "fs-dax", fs->directory,
			       "mounted with dax=inode: only files with the attribute, or below a directory with it, have DAX");
	remedy(finding, "umount %s; mount -o dax=always /dev/%s %s (remount is not enough)%s",
	       fs->directory, facts->device.name, fs->directory,
	       strstr(fs->options, "dax=never") ? "" :
	       ", or xfs_io -c 'chattr +x' on the directory before files are made in it");
}

static void judge_mount(const struct path_facts *facts, struct findings *findings)
{
	const struct filesystem_facts *fs = &facts->fs;

	if (!fs->mounted) {
		remedy(find(findings, LEVEL_WARN, "fs-mounted", facts->device.name,
			    "the filesystem is not mounted"),
		       "mount -o dax=always /dev/%s MOUNTPOINT", facts->device.name);
		return;
	}
	find(findings, LEVEL_OK, "fs-mounted", facts->device.name, "mounted on %s", fs->directory);
	if (strstr(fs->options, "data=journal"))
		remedy(find(findings, LEVEL_FAIL, "fs-journal", fs->directory,
			    "file data goes through the journal (data=journal): ext4 has no DAX then"),
		       "umount %s; mount -o dax=always,data=ordered /dev/%s %s", fs->directory,
		       facts->device.name, fs->directory);
	else if (is_ext4(fs))
		find(findings, LEVEL_OK, "fs-journal", fs->directory, "file data bypasses the journal");
	judge_dax_of_mount(facts, findings);
	judge_file(facts, findings);
}

static void judge_filesystem(const struct path_facts *facts, struct findings *findings)
{
	const struct filesystem_facts *fs = &facts->fs;

	if (!*fs->type) {
		remedy(find(findings, LEVEL_FAIL, "fs-none", facts->device.name,
			    "there is no filesystem that libblkid knows"),
		       "mktme-dax setup --device /dev/%s MOUNTPOINT", facts->device.name);
		return;
	}
	find(findings, LEVEL_OK, "fs-none", facts->device.name, "there is %s", fs->type);
	if (!is_ext4(fs) && !is_xfs(fs)) {
		remedy(find(findings, LEVEL_FAIL, "fs-type", facts->device.name,
			    "files on %s cannot be encrypted: only ext4 and XFS know how", fs->type),
		       "mktme-dax setup --force --device /dev/%s MOUNTPOINT (destroys what is on it)",
		       facts->device.name);
		return;
	}
	find(findings, LEVEL_OK, "fs-type", facts->device.name, "%s can have encrypted files", fs->type);
	if (fs->superblock_read)
		judge_superblock(facts, findings);
	judge_mount(facts, findings);
}

void judge_path(const struct path_facts *facts, const struct namespace_facts *ns,
		struct findings *findings)
{
	if (judge_device(facts, ns, findings))
		judge_filesystem(facts, findings);
}
