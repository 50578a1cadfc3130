// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs mktme_dax/pause/: hold a thread at a place that a race is about
 *
 * One file per place. "1" arms it: the next thread that comes by is held. A
 * read waits until one is, and gives its number. "0" lets it go on, and so does
 * "1", which arms the place again. A fatal signal does so, too.
 *
 * A test can so do between two steps of the kernel what it otherwise could
 * only hope to do there. Nothing is armed unless root asks for it.
 */
#include <linux/debugfs.h>
#include <linux/jump_label.h>
#include <linux/kstrtox.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include "mktme_dax_private.h"

enum pause_state {
	PAUSE_OFF,
	PAUSE_ARMED,
	PAUSE_HELD,
};

/**
 * struct pause_point - a place where a thread can be held
 * @name: its file
 * @state: see above; both fields are protected by pause_lock
 * @pid: of the thread that is held
 */
struct pause_point {
	const char *name;
	enum pause_state state;
	pid_t pid;
};

static struct pause_point points[] = {
	[MKTME_DAX_PAUSE_PASSES]	= { .name = "passes" },
	[MKTME_DAX_PAUSE_DROPPED]	= { .name = "dropped" },
	[MKTME_DAX_PAUSE_TRANSACTION]	= { .name = "transaction" },
	[MKTME_DAX_PAUSE_RECORDED]	= { .name = "recorded" },
	[MKTME_DAX_PAUSE_BEGIN]		= { .name = "begin" },
	[MKTME_DAX_PAUSE_DEVICE]	= { .name = "device" },
	[MKTME_DAX_PAUSE_FORGET]	= { .name = "forget" },
};

static DEFINE_SPINLOCK(pause_lock);
static DECLARE_WAIT_QUEUE_HEAD(pause_wait);

/* On from the first time that a place is armed. */
DEFINE_STATIC_KEY_FALSE(mktme_dax_pausing);
EXPORT_SYMBOL_GPL(mktme_dax_pausing);

static void set_state(struct pause_point *point, enum pause_state state)
{
	spin_lock(&pause_lock);
	point->state = state;
	spin_unlock(&pause_lock);
	wake_up_all(&pause_wait);
}

/* One thread only: the place is armed no more. */
static bool become_held(struct pause_point *point)
{
	bool held;

	spin_lock(&pause_lock);
	held = point->state == PAUSE_ARMED;
	if (held) {
		point->state = PAUSE_HELD;
		point->pid = current->pid;
	}
	spin_unlock(&pause_lock);
	return held;
}

static bool still_held(struct pause_point *point)
{
	bool held;

	spin_lock(&pause_lock);
	held = point->state == PAUSE_HELD && point->pid == current->pid;
	spin_unlock(&pause_lock);
	return held;
}

void __mktme_dax_pause(enum mktme_dax_pause where)
{
	struct pause_point *point = &points[where];

	if (!become_held(point))
		return;
	wake_up_all(&pause_wait);
	if (wait_event_killable(pause_wait, !still_held(point)))
		set_state(point, PAUSE_OFF);
}
EXPORT_SYMBOL_GPL(__mktme_dax_pause);

static ssize_t pause_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	bool arm;
	int err;

	err = kstrtobool_from_user(buf, len, &arm);
	if (err)
		return err;
	if (arm && !static_key_enabled(&mktme_dax_pausing))
		static_branch_enable(&mktme_dax_pausing);
	set_state(file->private_data, arm ? PAUSE_ARMED : PAUSE_OFF);
	return len;
}

static ssize_t pause_read(struct file *file, char __user *buf, size_t len,
			  loff_t *pos)
{
	struct pause_point *point = file->private_data;
	char line[16];
	int n;

	if (wait_event_interruptible(pause_wait,
				     READ_ONCE(point->state) != PAUSE_ARMED))
		return -ERESTARTSYS;
	spin_lock(&pause_lock);
	n = scnprintf(line, sizeof(line), "%d\n",
		      point->state == PAUSE_HELD ? point->pid : 0);
	spin_unlock(&pause_lock);
	return simple_read_from_buffer(buf, len, pos, line, n);
}

static const struct file_operations pause_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = pause_read,
	.write = pause_write,
};

/* Called once, with the directory of fs/dax/debug.c. */
void __init mktme_dax_pause_init(struct dentry *dir)
{
	struct dentry *pause = debugfs_create_dir("pause", dir);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		debugfs_create_file(points[i].name, 0600, pause, &points[i],
				    &pause_fops);
}
