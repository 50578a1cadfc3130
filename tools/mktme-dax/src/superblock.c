// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the superblocks of ext4 and XFS say that matters for DAX
 *
 * Mounting says it too late or not at all: "wrong fs type, bad option, bad superblock".
 */
#include "doctor.h"
#include <blkid.h>
#include <endian.h>

#define EXT4_SUPERBLOCK		1024
#define EXT4_BLOCK_SIZE		0x18	/* log2, less 10 */
#define EXT4_INCOMPAT		0x60
#define EXT4_RAID_STRIDE	0x164
#define EXT4_RAID_STRIPE_WIDTH	0x170
#define EXT4_INCOMPAT_INLINE	0x8000

#define XFS_BLOCK_SIZE		4
#define XFS_UNIT		184	/* in blocks */
#define XFS_WIDTH		188
#define XFS_RO_COMPAT		212
#define XFS_RO_COMPAT_REFLINK	4

static uint32_t le32_at(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, 4);
	return le32toh(value);
}

static uint32_t be32_at(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, 4);
	return be32toh(value);
}

static void take_ext4(const uint8_t *sb, struct filesystem_facts *fs)
{
	uint32_t log = le32_at(sb + EXT4_BLOCK_SIZE);

	fs->block_size = log <= 6 ? 1024U << log : 0;
	fs->inline_data = le32_at(sb + EXT4_INCOMPAT) & EXT4_INCOMPAT_INLINE;
	fs->stripe_unit = (uint64_t)(le32_at(sb + EXT4_RAID_STRIDE) & 0xffff) * fs->block_size;
	fs->stripe_width = (uint64_t)le32_at(sb + EXT4_RAID_STRIPE_WIDTH) * fs->block_size;
}

static void take_xfs(const uint8_t *sb, struct filesystem_facts *fs)
{
	fs->block_size = be32_at(sb + XFS_BLOCK_SIZE);
	fs->stripe_unit = (uint64_t)be32_at(sb + XFS_UNIT) * fs->block_size;
	fs->stripe_width = (uint64_t)be32_at(sb + XFS_WIDTH) * fs->block_size;
	fs->reflink = be32_at(sb + XFS_RO_COMPAT) & XFS_RO_COMPAT_REFLINK;
}

/* The type is libblkid's answer, which does not mix up what lies in layers. */
static void find_type(const char *device, struct filesystem_facts *fs)
{
	blkid_probe probe = blkid_new_probe_from_filename(device);
	const char *type;

	if (!probe)
		return;
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE);
	if (!blkid_do_safeprobe(probe) && !blkid_probe_lookup_value(probe, "TYPE", &type, NULL))
		snprintf(fs->type, sizeof(fs->type), "%s", type);
	blkid_free_probe(probe);
}

void probe_superblock(const char *device, struct filesystem_facts *fs)
{
	bool is_xfs;
	uint8_t sb[1024];
	int fd;

	if (!*fs->type)
		find_type(device, fs);
	is_xfs = !strcmp(fs->type, "xfs");
	if (!is_xfs && strcmp(fs->type, "ext4") && strcmp(fs->type, "ext3") && strcmp(fs->type, "ext2"))
		return;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (pread(fd, sb, sizeof(sb), is_xfs ? 0 : EXT4_SUPERBLOCK) == sizeof(sb)) {
		fs->superblock_read = true;
		if (is_xfs)
			take_xfs(sb, fs);
		else
			take_ext4(sb, fs);
	}
	close(fd);
}
