// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroing newly allocated blocks of a bound file
 *
 * Filesystems do this through the block layer, that is under KeyID 0: read
 * through the file's KeyID such zeros are noise.
 */
#include <linux/dax.h>
#include <linux/pfn_t.h>
#include "mktme_dax_private.h"

/* Zero what is contiguous from @pgoff on; number of pages done, or -errno. */
static long zero_extent(unsigned int keyid, struct dax_device *base,
			pgoff_t pgoff, long nr_pages)
{
	long avail, err;
	pfn_t pfn;
	int id;

	id = dax_read_lock();
	avail = dax_direct_access(base, pgoff, nr_pages, DAX_ACCESS, NULL,
				  &pfn);
	if (avail < 0)
		goto out;
	err = mktme_alias_zero(keyid, pfn_t_to_phys(pfn), avail << PAGE_SHIFT);
	if (err)
		avail = err;
out:
	dax_read_unlock(id);
	return avail;
}

/**
 * mktme_dax_zeroout() - zero newly allocated blocks through the file's KeyID
 * @inode: bound file
 * @base: the filesystem's own DAX device
 * @offset: byte offset in @base
 * @len: bytes; both multiples of PAGE_SIZE, as DAX wants blocks of that size
 *
 * Dirty lines that an earlier, unbound owner of the blocks left in the direct
 * map are flushed first: evicted later they would overwrite the file (I3).
 * The zeros go to memory with non-temporal stores over whole lines, which also
 * replace whatever the KeyID had cached of the blocks (I4).
 *
 * Context: under the filesystem's allocation locks and in a transaction. Does
 * not allocate and takes no filesystem lock.
 * Return: 0; -ENOKEY if the file is locked: the caller must not have come this
 * far; -ENXIO if the device is going away; -EHWPOISON.
 */
int mktme_dax_zeroout(struct inode *inode, struct dax_device *base,
		      u64 offset, u64 len)
{
	unsigned int keyid = mktme_dax_keyid(inode->i_mapping);
	pgoff_t pgoff = offset >> PAGE_SHIFT;
	long left = len >> PAGE_SHIFT;
	long done;

	if (!keyid) {
		mktme_dax_warn(inode, "blocks were to be zeroed without the key");
		return -ENOKEY;
	}
	while (left) {
		done = zero_extent(keyid, base, pgoff, left);
		if (done < 0)
			return done;
		pgoff += done;
		left -= done;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(mktme_dax_zeroout);
