// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on blocks and on what is in memory of them: truncate, fallocate, sync
 */
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include "soak.h"

#define KEEP	FALLOC_FL_KEEP_SIZE
#define MAX_BLOCKS	(2 * MAX_SIZE / PAGE)

static const int no_key[] = { ENOKEY, 0 };
static const int invalid[] = { EINVAL, 0 };
static const int either[] = { EINVAL, ENOKEY, 0 };

static void forget(struct model *m, struct file *f, enum op_kind kind, size_t off, size_t len)
{
	if (m->fault != kind)
		memset(f->bytes + off, 0, len);
}

/*
 * XFS writes zeros to what is in blocks beyond the end when the end comes to be there. The
 * model knows no blocks, so the file system is asked, before the call: blocks that are
 * unwritten need no zeros.
 */
static bool data_beyond_end(const struct file *f, size_t end)
{
	static struct {
		struct fiemap head;
		struct fiemap_extent extents[MAX_BLOCKS];
	} map;

	if (!on_xfs() || !locked(f) || end <= f->size)
		return false;
	memset(&map.head, 0, sizeof(map.head));
	map.head.fm_start = f->size;
	map.head.fm_length = end - f->size;
	map.head.fm_extent_count = MAX_BLOCKS;
	want_success("FIEMAP", ioctl(f->fd, FS_IOC_FIEMAP, &map));
	for (unsigned int i = 0; i < map.head.fm_mapped_extents; i++)
		if (!(map.extents[i].fe_flags & FIEMAP_EXTENT_UNWRITTEN))
			return true;
	return false;
}

/* What would have to zero a part of a block takes the key. */
static void do_truncate(struct model *m, struct file *f, size_t size)
{
	bool data = data_beyond_end(f, size);
	int ret = ftruncate(f->fd, size);

	if (data || (locked(f) && (size < f->size ? size : f->size) % PAGE)) {
		want_errno("ftruncate() of a locked file", ret, no_key);
		return;
	}
	want_success("ftruncate()", ret);
	if (size < f->size)
		forget(m, f, OP_TRUNCATE, size, f->size - size);
	f->size = size;
}

static bool grows_past_a_part(const struct file *f, size_t end, int mode)
{
	return !(mode & KEEP) && end > f->size && f->size % PAGE;
}

static void punch_or_zero(struct model *m, struct file *f, const struct op *op)
{
	size_t end = op->off + op->len;
	int mode = FALLOC_FL_PUNCH_HOLE | KEEP, ret;
	bool data;

	if (op->kind == OP_ZERO)
		mode = FALLOC_FL_ZERO_RANGE | (op->how & 1 ? KEEP : 0);
	/* The range itself is unwritten when the file grows. */
	data = !(mode & KEEP) && data_beyond_end(f, op->off);
	ret = fallocate(f->fd, mode, op->off, op->len);
	if (data || (locked(f) && ((op->off | op->len) % PAGE || grows_past_a_part(f, end, mode)))) {
		want_errno("punching or zeroing parts of a locked file", ret, no_key);
		return;
	}
	want_success(op->kind == OP_ZERO ? "zeroing" : "punching", ret);
	if (!(mode & KEEP) && end > f->size)
		f->size = end;
	if (op->off < f->size)
		forget(m, f, op->kind, op->off, (end < f->size ? end : f->size) - op->off);
}

static void allocate(struct file *f, const struct op *op)
{
	int mode = op->how & 1 ? KEEP : 0, ret;
	bool data = !mode && data_beyond_end(f, op->off + op->len);

	ret = fallocate(f->fd, mode, op->off, op->len);
	if (data || (locked(f) && grows_past_a_part(f, op->off + op->len, mode))) {
		want_errno("growing a locked file", ret, no_key);
		return;
	}
	want_success("fallocate()", ret);
	if (!(mode & KEEP) && op->off + op->len > f->size)
		f->size = op->off + op->len;
}

static void collapse(struct model *m, struct file *f, const struct op *op)
{
	size_t end = op->off + op->len;
	int ret = fallocate(f->fd, FALLOC_FL_COLLAPSE_RANGE, op->off, op->len);

	if ((op->off | op->len) % PAGE || end >= f->size) {
		want_errno("collapsing what cannot be", ret, locked(f) ? either : invalid);
		return;
	}
	/* XFS zeroes what is behind the new end. */
	if (locked(f) && on_xfs() && f->size % PAGE) {
		want_errno("collapsing a locked file", ret, no_key);
		return;
	}
	want_success("collapsing", ret);
	if (m->fault != OP_COLLAPSE)
		memmove(f->bytes + op->off, f->bytes + end, f->size - end);
	f->size -= op->len;
	memset(f->bytes + f->size, 0, op->len);
}

static void insert(struct model *m, struct file *f, const struct op *op)
{
	bool data = data_beyond_end(f, f->size + op->len);
	int ret;

	if (f->size + op->len > MAX_SIZE)
		return;
	ret = fallocate(f->fd, FALLOC_FL_INSERT_RANGE, op->off, op->len);
	if ((op->off | op->len) % PAGE || op->off >= f->size) {
		want_errno("inserting where it cannot be", ret, locked(f) ? either : invalid);
		return;
	}
	if (data || (locked(f) && f->size % PAGE && (on_xfs() || op->off + op->len > f->size))) {
		want_errno("inserting into a locked file", ret, no_key);
		return;
	}
	want_success("inserting", ret);
	memmove(f->bytes + op->off + op->len, f->bytes + op->off, f->size - op->off);
	f->size += op->len;
	forget(m, f, OP_INSERT, op->off, op->len);
}

static void do_sync(struct file *f, const struct op *op)
{
	size_t off = op->off & ~(PAGE - 1);

	switch (op->how % 4) {
	case 0:
		want_success("fsync()", fsync(f->fd));
		break;
	case 1:
		want_success("fdatasync()", fdatasync(f->fd));
		break;
	case 2:
		want_success("syncfs()", syncfs(f->fd));
		break;
	default:
		want_success("msync()", msync(mapping(f, MAP_OF_STORES) + off, op->len, MS_SYNC));
	}
}

static void protect(struct file *f, const struct op *op)
{
	size_t off = op->off & ~(PAGE - 1);
	char *p = mapping(f, op->how & 1 ? MAP_OF_SYNC : MAP_OF_STORES) + off;

	want_success("mprotect()", mprotect(p, op->len, op->how & 2 ? PROT_NONE : PROT_READ));
	want_success("mprotect()", mprotect(p, op->len, PROT_READ | PROT_WRITE));
}

/* Populating beyond the end of the file, or a locked file, is EFAULT. */
static void advise(struct file *f, const struct op *op)
{
	static const int kinds[] = { MADV_DONTNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
				     MADV_COLD };
	size_t off = op->off & ~(PAGE - 1);
	int kind = kinds[op->how % 4];
	int ret = madvise(mapping(f, MAP_OF_STORES) + off, op->len, kind);

	if (kind != MADV_POPULATE_READ && kind != MADV_POPULATE_WRITE)
		want_success("madvise()", ret);
	else if (ret && errno != EFAULT)
		wrong("populating gave %s", errno_name(errno));
	else if (locked(f) && !ret)
		wrong("a locked file was populated");
	else if (ret && !locked(f) && off + op->len <= f->size)
		wrong("populating gave EFAULT");
}

void apply_space(struct model *m, const struct op *op)
{
	struct file *f = &m->files[op->file];

	switch (op->kind) {
	case OP_TRUNCATE:
		return do_truncate(m, f, op->off);
	case OP_PUNCH:
	case OP_ZERO:
		return punch_or_zero(m, f, op);
	case OP_COLLAPSE:
		return collapse(m, f, op);
	case OP_INSERT:
		return insert(m, f, op);
	case OP_ALLOCATE:
		return allocate(f, op);
	case OP_SYNC:
		return do_sync(f, op);
	case OP_PROTECT:
		return protect(f, op);
	default:
		return advise(f, op);
	}
}
