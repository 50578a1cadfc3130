// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which namespace is under a disk?
 */
#include <linux/blkdev.h>
#include <linux/mktme_dax.h>
#include "nd-core.h"
#include "nd.h"
#include "pfn.h"

/**
 * nvdimm_disk_uuid() - UUID of the namespace under a disk
 * @disk: any disk
 * @uuid: result; all zero for a namespace without labels
 *
 * Context: the caller keeps the disk, and with it the namespace, in use.
 * Return: 0; -EOPNOTSUPP if no namespace is directly under @disk.
 */
int nvdimm_disk_uuid(struct gendisk *disk, uuid_t *uuid)
{
	struct device *dev = disk_to_dev(disk)->parent;

	/* Namespaces, and what is built on one (struct pages), hang on a region. */
	if (!dev || !dev->parent || !is_nd_region(dev->parent))
		return -EOPNOTSUPP;
	if (is_nd_pfn(dev))
		dev = &to_nd_pfn(dev)->ndns->dev;
	uuid_copy(uuid, nd_dev_to_uuid(dev) ?: &uuid_null);
	return 0;
}
