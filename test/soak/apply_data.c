// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on bytes: loads, stores, read(2), write(2), copies
 */
#include <immintrin.h>
#include <signal.h>
#include "soak.h"

static const int no_key[] = { ENOKEY, 0 };
/* What a call says that was to take its bytes from a locked mapping, or put them there. */
static const int no_copy[] = { ENOKEY, EFAULT, 0 };

struct access {
	char *at;
	char *buf;
	size_t len;
	int how;
};

static void store_nontemporal(char *at, const char *buf, size_t len)
{
	for (; len >= 8 && !((unsigned long)at & 7); at += 8, buf += 8, len -= 8)
		_mm_stream_si64((long long *)at, *(const long long *)buf);
	_mm_sfence();
	memcpy(at, buf, len);
}

static void store_bytes(volatile char *at, const char *buf, size_t len)
{
	while (len--)
		*at++ = *buf++;
}

static void do_store(void *arg)
{
	struct access *a = arg;

	switch (a->how & 6) {
	case 0:
		store_bytes(a->at, a->buf, a->len);
		break;
	case 2:
		store_nontemporal(a->at, a->buf, a->len);
		break;
	default:
		memcpy(a->at, a->buf, a->len);
	}
}

static void do_load(void *arg)
{
	struct access *a = arg;

	memcpy(a->buf, a->at, a->len);
}

static char *new_bytes(const struct file *f, const struct op *op)
{
	static char buf[MAX_SIZE];

	pattern_fill_mark(buf, op->len, mark_of(f), op->value, op->off);
	return buf;
}

/* What the file takes of an access through a mapping; 0 if there is no such page. */
static size_t mapped_length(const struct file *f, const struct op *op)
{
	if (op->off >= f->size)
		return 0;
	return op->len < f->size - op->off ? op->len : f->size - op->off;
}

/*
 * The rest of the last page beyond the end of the file belongs to nobody: it is
 * left alone. Beyond that there is SIGBUS.
 */
static bool in_no_mans_land(const struct file *f, const struct op *op)
{
	return op->off >= f->size && op->off < (f->size + PAGE - 1) / PAGE * PAGE;
}

static void store(struct model *m, struct file *f, const struct op *op)
{
	struct access a = { .buf = new_bytes(f, op), .len = mapped_length(f, op), .how = op->how };
	bool fails = !a.len || locked(f);
	int sig;

	if (in_no_mans_land(f, op))
		return;
	a.at = mapping(f, op->how & 1 ? MAP_OF_SYNC : MAP_OF_STORES) + op->off;
	if (fails)
		a.len = 1;
	sig = signal_of(do_store, &a);
	if (sig != (fails ? SIGBUS : 0))
		wrong("store took signal %d", sig);
	if (!fails && m->fault != OP_STORE)
		memcpy(f->bytes + op->off, a.buf, a.len);
}

static void load(struct file *f, const struct op *op)
{
	static char buf[MAX_SIZE];
	struct access a = { .buf = buf, .len = mapped_length(f, op) };
	bool fails = !a.len || locked(f);
	int sig;

	if (in_no_mans_land(f, op))
		return;
	a.at = mapping(f, op->how % NR_MAPS) + op->off;
	if (fails)
		a.len = 1;
	sig = signal_of(do_load, &a);
	if (sig != (fails ? SIGBUS : 0))
		wrong("load took signal %d", sig);
	if (!fails)
		want_bytes("load", f, op->off, buf, a.len);
}

static void grow(struct file *f, size_t end)
{
	if (f->size < end)
		f->size = end;
}

static void do_write(struct model *m, struct file *f, const struct op *op)
{
	char *buf = new_bytes(f, op);
	ssize_t done = pwrite(f->fd, buf, op->len, op->off);

	if (locked(f)) {
		want_errno("pwrite() of a locked file", done, no_key);
		return;
	}
	if (done != op->len)
		wrong("pwrite() gave %zd, %s", done, errno_name(errno));
	if (m->fault != OP_WRITE)
		memcpy(f->bytes + op->off, buf, op->len);
	grow(f, op->off + op->len);
}

static void do_read(struct file *f, const struct op *op)
{
	static char buf[MAX_SIZE];
	size_t want = mapped_length(f, op);
	ssize_t done = pread(f->fd, buf, op->len, op->off);

	if (locked(f) && (want || done < 0)) {
		want_errno("pread() of a locked file", done, no_key);
		return;
	}
	if (done != (ssize_t)want)
		wrong("pread() gave %zd, %s; %zu was wanted", done, errno_name(errno), want);
	want_bytes("pread", f, op->off, buf, want);
}

static ssize_t copy_by(struct file *from, struct file *to, loff_t in, loff_t out, size_t len,
		       unsigned int how)
{
	switch (how) {
	case 0:
		return copy_file_range(from->fd, &in, to->fd, &out, len, 0);
	case 1:
		return pwrite(to->fd, mapping(from, MAP_OF_STORES) + in, len, out);
	default:
		return pread(from->fd, mapping(to, MAP_OF_STORES) + out, len, in);
	}
}

/*
 * A write() that fails at its first byte makes a DAX file on ext4 longer: the errno is
 * added to the offset as if it were a length (ext4_dax_write_iter(), key or no key).
 */
static bool grows_by_an_errno(const struct file *from, const struct file *to, size_t end)
{
	return !on_xfs() && locked(from) && end > to->size;
}

/*
 * From one file to another. Not from bound files to plain ones: the host searches the DIMM for
 * what is in bound files. Two plain files on XFS would share blocks, and what is written to
 * those afterwards is never flushed, which is not our bug.
 */
static void copy(struct model *m, struct file *from, const struct op *op)
{
	struct file *to = &m->files[op->value % NR_FILES];
	size_t out = (op->value >> 8) % MAX_SIZE, len = mapped_length(from, op);
	unsigned int how = op->how % 3;
	ssize_t done;

	if (out + len > MAX_SIZE)
		len = MAX_SIZE - out;
	/* Into a mapping only what is there. */
	if (how == 2 && out + len > to->size)
		len = out < to->size ? to->size - out : 0;
	if (to == from || !len || (from->key && !to->key) || (!to->key && !how) ||
	    (how == 1 && grows_by_an_errno(from, to, out + len)))
		return;
	done = copy_by(from, to, op->off, out, len, how);
	/* A hole that is read into memory that is not there reads as nothing, key or no key. */
	if (how == 2 && locked(to) && !locked(from) && !done)
		return;
	if (locked(from) || locked(to)) {
		want_errno("copy with a locked file", done, no_copy);
		return;
	}
	if (done != (ssize_t)len)
		wrong("copy gave %zd, %s; %zu was wanted", done, errno_name(errno), len);
	if (m->fault != OP_COPY)
		memcpy(to->bytes + out, from->bytes + op->off, len);
	grow(to, out + len);
}

void apply_data(struct model *m, const struct op *op)
{
	struct file *f = &m->files[op->file];

	switch (op->kind) {
	case OP_STORE:
		return store(m, f, op);
	case OP_LOAD:
		return load(f, op);
	case OP_WRITE:
		return do_write(m, f, op);
	case OP_READ:
		return do_read(f, op);
	default:
		return copy(m, f, op);
	}
}
