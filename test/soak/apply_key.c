// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on keys and on whole files: bind, unlock, lock, reopen, mount
 */
#include "soak.h"

static const int no_key[] = { ENOKEY, 0 };
static const int other_key[] = { EKEYREJECTED, 0 };

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0 || write(fd, "2", 1) != 1)
		wrong("drop_caches: %s", errno_name(errno));
	close(fd);
}

static void reopen(struct model *m, struct file *f, const struct op *op)
{
	close_file(f);
	if (op->how & 1)
		drop_caches();
	open_file(m, f);
}

static void remount(struct model *m)
{
	if (stay_mounted)
		return;
	for (unsigned int i = 0; i < NR_FILES; i++)
		close_file(&m->files[i]);
	mount_again(m);
	for (unsigned int i = 0; i < NR_FILES; i++) {
		m->files[i].unlocked = false;
		open_file(m, &m->files[i]);
	}
}

/* In the directory of the key, which takes the ring, or in the root. */
static int create(struct model *m, struct file *f, unsigned int number, bool inherits)
{
	snprintf(f->path, sizeof(f->path), "%s/d%u/f%u", fixture_dir(), f->key, number);
	if (inherits) {
		f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL, 0600);
		if (m->ring[f->key]) {
			want_success("creating in a directory with a key", f->fd);
			return true;
		}
		want_errno("creating without the key", f->fd, no_key);
	}
	snprintf(f->path, sizeof(f->path), "%s/f%u", fixture_dir(), number);
	f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	want_success("open()", f->fd);
	return false;
}

/* A mapping may be there before, and have seen the hole. */
static void bind_mapping(struct file *f, key_serial_t serial, bool touched)
{
	char *p = mapping(f, MAP_OF_STORES);

	if (touched && f->size)
		*(volatile char *)p;
	want_success("mprotect()", mprotect(p, MAX_SIZE, PROT_NONE));
	want_success("encrypt_mprotect()", encrypt_mprotect(p, MAX_SIZE, PROT_READ | PROT_WRITE,
							    serial));
}

/* The file goes, and another one comes, under any key or none. */
static void bind(struct model *m, struct file *f, const struct op *op)
{
	unsigned int key = op->value % 8;

	close_file(f);
	want_success("unlink()", unlink(f->path));
	f->key = key > NR_KEYS ? 1 + key % NR_KEYS : key;
	f->unlocked = true;
	f->size = op->off;
	memset(f->bytes, 0, MAX_SIZE);
	if (create(m, f, op->file, f->key && op->how & 1)) {
		want_success("ftruncate()", ftruncate(f->fd, f->size));
		return;
	}
	want_success("ftruncate()", ftruncate(f->fd, f->size));
	if (f->key && op->how & 2)
		bind_mapping(f, m->serial[f->key], op->how & 4);
	else if (f->key)
		want_success("BIND", ioctl_bind(f->fd, m->serial[f->key]));
}

static void unlock_all(struct model *m, unsigned int key, bool unlocked)
{
	for (unsigned int i = 0; i < NR_FILES; i++)
		if (m->files[i].key == key)
			m->files[i].unlocked = unlocked;
}

static void add(struct model *m, unsigned int key)
{
	struct mktme_dax_add_key_arg added;

	want_success("ADD_KEY", ioctl_add_key(m->root, m->serial[key], &added));
	if (added.refused)
		wrong("ADD_KEY refused %u files", added.refused);
	m->ring[key] = true;
	unlock_all(m, key, true);
}

/* Inodes that were unlinked may still be on their way out, and count. */
static void remove_key(struct model *m, unsigned int key)
{
	struct mktme_dax_remove_key_arg removed;
	unsigned int unlocked = 0;
	int ret = ioctl_remove_key(m->root, m->identifier[key], &removed);

	for (unsigned int i = 0; i < NR_FILES; i++)
		unlocked += m->files[i].key == key && m->files[i].unlocked;
	if (ret && !unlocked && !m->ring[key]) {
		want_errno("REMOVE_KEY", ret, no_key);
		return;
	}
	want_success("REMOVE_KEY", ret);
	if (removed.locked < unlocked)
		wrong("REMOVE_KEY locked %u files of %u", removed.locked, unlocked);
	m->ring[key] = false;
	unlock_all(m, key, false);
}

/* To one file, on its mapping: sometimes the wrong one. */
static void give(struct model *m, struct file *f, const struct op *op)
{
	unsigned int key = op->how ? f->key : 1 + op->value % NR_KEYS;
	int ret;

	if (!f->key)
		return;
	if (op->how & 1)
		ret = ioctl_bind(f->fd, m->serial[key]);
	else
		ret = encrypt_mprotect(mapping(f, MAP_OF_STORES), op->len & ~(PAGE - 1) ?: PAGE,
				       PROT_READ | PROT_WRITE, m->serial[key]);
	if (key != f->key) {
		want_errno("giving another key", ret, other_key);
		return;
	}
	want_success("giving the key", ret);
	f->unlocked = true;
}

void apply_key(struct model *m, const struct op *op)
{
	struct file *f = &m->files[op->file];
	unsigned int key = 1 + op->value % NR_KEYS;

	switch (op->kind) {
	case OP_REMAP:
		return unmap_file(f);
	case OP_REOPEN:
		return reopen(m, f, op);
	case OP_DROP:
		return drop_caches();
	case OP_REMOUNT:
		return remount(m);
	case OP_BIND:
		return bind(m, f, op);
	case OP_ADD_KEY:
		return add(m, key);
	case OP_REMOVE_KEY:
		return remove_key(m, key);
	case OP_GIVE_KEY:
		return give(m, f, op);
	case OP_SETTLE:
		return settle(m, op->how & 1);
	default:
		return check_file(m, f);
	}
}
