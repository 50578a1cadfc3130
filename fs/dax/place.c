// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a filesystem's data lies in physical memory
 *
 * The cipher's tweak is the physical address, so data under a key can be read
 * at the place it was written to and nowhere else. The record keeps a digest
 * of the place: a namespace that has moved (other slot, other interleaving,
 * restored image) is told apart from a wrong key, and never read as noise.
 * So is a filesystem whose blocks a tool has moved while it was not mounted: the
 * filesystem has numbers that tell (layout).
 *
 * The length of the last range is left out: growing it moves no byte.
 */
#include <crypto/sha2.h>
#include <linux/blkdev.h>
#include <linux/dax.h>
#include <linux/pfn_t.h>
#include <linux/uuid.h>
#include "mktme_dax_private.h"

/* Of the digest; a filesystem lies in one range. */
struct place_input {
	u8 uuid[UUID_SIZE];	/* of the namespace; zero if it has none */
	__le64 base;		/* physical address, bytes */
	__le64 zero;		/* of several ranges, all but the last had a length */
	__le64 layout[MKTME_DAX_LAYOUT_WORDS];	/* not there if there is none */
} __packed;

/**
 * mktme_dax_first_pfn() - where does a DAX device begin?
 * @base: DAX device
 * @pfn: result, with its flags
 *
 * Asks as for a recovery write: only the address matters, also if the page has
 * poison.
 *
 * Return: 0 or the error of dax_direct_access().
 */
int mktme_dax_first_pfn(struct dax_device *base, pfn_t *pfn)
{
	long avail;
	int id;

	id = dax_read_lock();
	avail = dax_direct_access(base, 0, 1, DAX_RECOVERY_WRITE, NULL, pfn);
	dax_read_unlock(id);
	return avail < 0 ? avail : 0;
}

static int digest_place(struct super_block *sb, struct dax_device *base,
			u64 offset, const __le64 *layout,
			u8 place[MKTME_DAX_PLACE_SIZE])
{
	struct place_input where = {};
	size_t len = offsetof(struct place_input, layout);
	u8 digest[SHA256_DIGEST_SIZE];
	uuid_t uuid;
	pfn_t pfn;
	int err, id;

	/*
	 * A driver that is unbound under a mounted filesystem waits in kill_dax()
	 * before it lets go of the namespace; after that the disk's parent may be
	 * gone.
	 */
	id = dax_read_lock();
	err = dax_alive(base) ? nvdimm_disk_uuid(sb->s_bdev->bd_disk, &uuid) :
				-ENXIO;
	if (!err)
		err = mktme_dax_first_pfn(base, &pfn);
	dax_read_unlock(id);
	if (err)
		return err;

	export_uuid(where.uuid, &uuid);
	where.base = cpu_to_le64(pfn_t_to_phys(pfn) + offset);
	if (layout) {
		memcpy(where.layout, layout, sizeof(where.layout));
		len += sizeof(where.layout);
	}
	sha256((const u8 *)&where, len, digest);
	memcpy(place, digest, MKTME_DAX_PLACE_SIZE);
	return 0;
}

/**
 * mktme_dax_find_place() - where does the data of a filesystem lie?
 * @sb: filesystem
 * @base: result, its DAX device
 * @place: result, a digest
 *
 * Return: 0; -EOPNOTSUPP if the filesystem cannot have bound files, or is not
 * directly on an NVDIMM namespace (a device-mapper target has several ranges that
 * can be changed under the filesystem); -ENXIO if the device is going away; errors
 * of dax_direct_access().
 */
int mktme_dax_find_place(struct super_block *sb, struct dax_device **base,
			 u8 place[MKTME_DAX_PLACE_SIZE])
{
	const struct mktme_dax_fs_ops *ops = mktme_dax_fs(sb);
	u64 offset;

	if (!ops)
		return -EOPNOTSUPP;
	*base = ops->dax_device(sb, &offset);
	if (!*base)
		return -EOPNOTSUPP;
	return digest_place(sb, *base, offset,
			    ops->layout ? ops->layout(sb) : NULL, place);
}
