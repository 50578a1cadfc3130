// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: /sys/kernel/mm/mktme/
 *
 * There on every machine, so that a program can find out why KeyIDs are not to be
 * had. Described in Documentation/ABI/testing/sysfs-kernel-mm-mktme.
 */
#include "mktme_private.h"

#include <linux/kobject.h>
#include <linux/sysfs.h>

struct kobject *mktme_kobj;

static ssize_t keyids_total_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_nr_keyids());
}

static struct kobj_attribute keyids_total_attr = __ATTR_RO(keyids_total);

static ssize_t keyids_used_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", mktme_slots_in_use());
}

static struct kobj_attribute keyids_used_attr = __ATTR_RO(keyids_used);

static ssize_t algorithms_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", mktme_algorithm_names());
}

static struct kobj_attribute algorithms_attr = __ATTR_RO(algorithms);

static ssize_t status_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%s\n", mktme_status());
}

static struct kobj_attribute status_attr = __ATTR_RO(status);

static struct attribute *mktme_attrs[] = {
	&keyids_total_attr.attr,
	&keyids_used_attr.attr,
	&algorithms_attr.attr,
	&status_attr.attr,
	NULL
};

static const struct attribute_group mktme_attr_group = {
	.attrs = mktme_attrs,
};

/* Nothing depends on it: without memory for it there are no files, and no more. */
static int __init mktme_sysfs_init(void)
{
	struct kobject *kobj;
	int err;

	kobj = kobject_create_and_add("mktme", mm_kobj);
	if (!kobj)
		return -ENOMEM;
	err = sysfs_create_group(kobj, &mktme_attr_group);
	if (err) {
		kobject_put(kobj);
		return err;
	}
	mktme_kobj = kobj;
	return 0;
}
arch_initcall(mktme_sysfs_init);
