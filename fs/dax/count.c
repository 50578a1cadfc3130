// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds, unlocks, locks and refusals: counted, traced and, where an errno does
 * not say enough, told in the log
 *
 * /sys/kernel/mm/mktme/counters/ and /sys/kernel/mm/mktme/refusals/, one number
 * since boot in each file.
 */
#include <linux/atomic.h>
#include <linux/kobject.h>
#include <linux/ratelimit.h>
#include <linux/sysfs.h>
#include <trace/events/mktme_dax.h>
#include "mktme_dax_private.h"

/**
 * struct counter - a number in sysfs
 * @attribute: file that shows it
 * @value: where it is counted
 */
struct counter {
	struct kobj_attribute attribute;
	atomic_long_t *value;
};

static atomic_long_t binds, unlocks, locks;
static atomic_long_t refusals[MKTME_DAX_NR_REFUSALS];

/*
 * What an administrator has to know and cannot learn from the errno. The other
 * refusals are plain enough, or the everyday fate of copying programs.
 */
static const char *const messages[MKTME_DAX_NR_REFUSALS] = {
	[MKTME_DAX_REFUSE_LOCKED] =
		"data is locked until the key is given",
	[MKTME_DAX_REFUSE_PINNED] =
		"pages cannot be pinned (direct I/O buffers, RDMA, guests, shared futexes)",
	[MKTME_DAX_REFUSE_NO_DAX] =
		"cannot be used without DAX; mount with dax=always, or with dax=inode and chattr +x",
	[MKTME_DAX_REFUSE_DAX_FLAG] =
		"bound file stays a DAX file",
	[MKTME_DAX_REFUSE_BAD_RECORD] =
		"record is missing or corrupted",
	[MKTME_DAX_REFUSE_VERSION] =
		"record is of an unknown version",
	[MKTME_DAX_REFUSE_OTHER_PLACE] =
		"encrypted at another physical place; move the namespace back, or restore a backup if a tool has moved blocks",
	[MKTME_DAX_REFUSE_NO_KEYID] =
		"every KeyID is in use",
};

/* One for each cause, so that none of them can hide another. */
static struct ratelimit_state ratelimits[MKTME_DAX_NR_REFUSALS] = {
	[0 ... MKTME_DAX_NR_REFUSALS - 1] =
		RATELIMIT_STATE_INIT_FLAGS(ratelimits, DEFAULT_RATELIMIT_INTERVAL,
					   DEFAULT_RATELIMIT_BURST,
					   RATELIMIT_MSG_ON_RELEASE),
};

/**
 * mktme_dax_refuse() - note that something was refused
 * @inode: of which file
 * @why: cause
 * @err: what to return
 *
 * Context: Any but NMI; spinlocks may be held.
 * Return: @err.
 */
int mktme_dax_refuse(const struct inode *inode, enum mktme_dax_refusal why,
		     int err)
{
	atomic_long_inc(&refusals[why]);
	trace_mktme_refuse(inode, why);
	if (messages[why] && __ratelimit(&ratelimits[why]))
		pr_warn(MKTME_DAX_MESSAGE "%s\n", inode->i_sb->s_id,
			inode->i_ino, messages[why]);
	return err;
}
EXPORT_SYMBOL_GPL(mktme_dax_refuse);

/* A file was bound; what became of the call is traced by the caller. */
void mktme_dax_note_bind(void)
{
	atomic_long_inc(&binds);
}

/* A locked file was unlocked. */
void mktme_dax_note_unlock(const struct inode *inode, unsigned int keyid)
{
	atomic_long_inc(&unlocks);
	trace_mktme_unlock(inode, keyid);
}

/* An unlocked file is locked from now on, or its inode is being freed. */
void mktme_dax_note_lock(const struct inode *inode, unsigned int keyid)
{
	atomic_long_inc(&locks);
	trace_mktme_lock(inode, keyid);
}

static ssize_t counter_show(struct kobject *kobj,
			    struct kobj_attribute *attribute, char *buf)
{
	struct counter *counter = container_of(attribute, struct counter,
					       attribute);

	return sysfs_emit(buf, "%ld\n", atomic_long_read(counter->value));
}

#define COUNTER(_name, _value)						\
	{								\
		.attribute.attr = { .name = _name, .mode = 0444 },	\
		.attribute.show = counter_show,				\
		.value = _value,					\
	}

static struct counter totals[] = {
	COUNTER("binds", &binds),
	COUNTER("unlocks", &unlocks),
	COUNTER("locks", &locks),
	COUNTER("flushed_lines", &mktme_flushed_lines),
};

#define EM(symbol, name)	COUNTER(name, &refusals[symbol]),
#define EM_LAST(symbol, name)	COUNTER(name, &refusals[symbol])
static struct counter by_cause[] = { MKTME_DAX_REFUSALS };

static int __init add_directory(const char *name, struct counter *counters,
				unsigned int count)
{
	struct kobject *directory;
	int err = 0;

	directory = kobject_create_and_add(name, mktme_kobj);
	if (!directory)
		return -ENOMEM;
	while (count-- && !err)
		err = sysfs_create_file(directory,
					&counters[count].attribute.attr);
	if (err)
		kobject_put(directory);
	return err;
}

static int __init counters_init(void)
{
	BUILD_BUG_ON(ARRAY_SIZE(by_cause) != MKTME_DAX_NR_REFUSALS);

	if (!mktme_kobj)
		return -ENOMEM;
	return add_directory("counters", totals, ARRAY_SIZE(totals)) ?:
	       add_directory("refusals", by_cause, ARRAY_SIZE(by_cause));
}
late_initcall(counters_init);
