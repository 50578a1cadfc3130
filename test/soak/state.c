// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model, the files that it is a model of, and the comparison of both
 */
#include <stdarg.h>
#include <sys/mount.h>
#include "ballast.h"
#include "caches.h"
#include "soak.h"

/* Twice the files at their largest: what is removed is not free at once. */
#define ROOM	(2ULL * NR_FILES * MAX_SIZE)

static const unsigned int first_keys[NR_FILES] = { 1, 1, 2, 3, 0, 2 };

void wrong(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(current_episode->text, sizeof(current_episode->text), fmt, args);
	va_end(args);
	_exit(1);
}

void want_success(const char *call, long ret)
{
	if (ret < 0)
		wrong("%s gave %s", call, errno_name(errno));
}

void want_errno(const char *call, long ret, const int *wanted)
{
	int err = errno;

	if (ret >= 0)
		wrong("%s gave %ld, %s was wanted", call, ret, errno_name(*wanted));
	for (const int *w = wanted; *w; w++)
		if (err == *w)
			return;
	wrong("%s gave %s, %s was wanted", call, errno_name(err), errno_name(*wanted));
}

void want_bytes(const char *how, const struct file *f, size_t off, const void *got, size_t len)
{
	const uint8_t *g = got, *want = f->bytes + off;
	size_t i = 0, last;

	if (!memcmp(g, want, len))
		return;
	while (g[i] == want[i])
		i++;
	for (last = len - 1; g[last] == want[last]; last--)
		;
	wrong("%s: %s (key %u, size %#zx): bytes %#zx to %#zx differ; at the first "
	      "%02x %02x %02x %02x, not %02x %02x %02x %02x", how, f->path, f->key, f->size,
	      off + i, off + last, g[i], i + 1 < len ? g[i + 1] : 0, i + 2 < len ? g[i + 2] : 0,
	      i + 3 < len ? g[i + 3] : 0, want[i], i + 1 < len ? want[i + 1] : 0,
	      i + 2 < len ? want[i + 2] : 0, i + 3 < len ? want[i + 3] : 0);
}

bool locked(const struct file *f)
{
	return f->key && !f->unlocked;
}

const char *mark_of(const struct file *f)
{
	return f->key ? SECRET_MARK : CLEAR_MARK;
}

/* On a 2 MiB boundary, so that there are entries of that size. */
char *mapping(struct file *f, enum map_kind kind)
{
	static const int flags[NR_MAPS] = {
		[MAP_OF_STORES] = MAP_SHARED,
		[MAP_OF_SYNC] = MAP_SHARED_VALIDATE | MAP_SYNC,
		[MAP_OF_COPIES] = MAP_PRIVATE,
	};
	char *room;

	if (f->map[kind])
		return f->map[kind];
	room = mmap(NULL, MAX_SIZE + PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (room == MAP_FAILED)
		wrong("mmap gave %s", errno_name(errno));
	room = (char *)(((unsigned long)room + PMD - 1) & ~(PMD - 1));
	f->map[kind] = mmap(room, MAX_SIZE, PROT_READ | PROT_WRITE, flags[kind] | MAP_FIXED,
			    f->fd, 0);
	if (f->map[kind] == MAP_FAILED)
		wrong("mmap of %s gave %s", f->path, errno_name(errno));
	return f->map[kind];
}

void unmap_file(struct file *f)
{
	for (int kind = 0; kind < NR_MAPS; kind++) {
		if (f->map[kind])
			munmap(f->map[kind], MAX_SIZE);
		f->map[kind] = NULL;
	}
}

void close_file(struct file *f)
{
	unmap_file(f);
	close(f->fd);
	f->fd = -1;
}

/*
 * With its key in the ring it is unlocked. What was unlocked by itself stays so as
 * long as the inode is in memory: nobody knows, so it is asked.
 */
void open_file(struct model *m, struct file *f)
{
	f->fd = open(f->path, O_RDWR);
	if (f->fd < 0)
		wrong("open(%s) gave %s", f->path, errno_name(errno));
	if (!f->key)
		return;
	if (m->ring[f->key])
		f->unlocked = true;
	else if (f->unlocked)
		f->unlocked = status_of(f->fd).state == MKTME_DAX_FILE_UNLOCKED;
}

static void open_root(struct model *m)
{
	m->root = open(fixture_dir(), O_RDONLY | O_CLOEXEC);
	if (m->root < 0)
		wrong("open(%s) gave %s", fixture_dir(), errno_name(errno));
}

static const char *device(void)
{
	return getenv("MKTME_DEVICE") ?: "/dev/pmem0";
}

/*
 * ext4 zeroes a small unwritten extent as a whole, and mappings that have read a hole there
 * go on to show it (Documentation/mktme-dax.rst, Limits): not what is looked for here.
 */
static void no_zeroout(void)
{
	char path[80];
	int fd;

	if (on_xfs())
		return;
	snprintf(path, sizeof(path), "/sys/fs/ext4/%s/extent_max_zeroout_kb", device() + 5);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		wrong("%s: %s", path, errno_name(errno));
	close(fd);
}

void mount_again(struct model *m)
{
	close(m->root);
	if (umount(fixture_dir()))
		wrong("umount gave %s", errno_name(errno));
	if (mount(device(), fixture_dir(), fs_type(), 0, "dax=always"))
		wrong("mount gave %s", errno_name(errno));
	no_zeroout();
	open_root(m);
	memset(m->ring, 0, sizeof(m->ring));
}

void check_file(struct model *m, struct file *f)
{
	static char buf[MIB];
	struct stat st;

	if (fstat(f->fd, &st) || (size_t)st.st_size != f->size)
		wrong("%s: size %#llx, %#zx was wanted", f->path, (long long)st.st_size, f->size);
	if (f->key && status_of(f->fd).state !=
	    (f->unlocked ? MKTME_DAX_FILE_UNLOCKED : MKTME_DAX_FILE_LOCKED))
		wrong("%s is not %s", f->path, f->unlocked ? "unlocked" : "locked");
	if (locked(f))
		return;
	for (size_t off = 0, len; off < f->size; off += len) {
		len = f->size - off < MIB ? f->size - off : MIB;
		if (pread(f->fd, buf, len, off) != (ssize_t)len)
			wrong("pread of %s gave %s", f->path, errno_name(errno));
		want_bytes("read", f, off, buf, len);
	}
	want_bytes("mapping", f, 0, mapping(f, MAP_OF_STORES), f->size);
	want_bytes("private mapping", f, 0, mapping(f, MAP_OF_COPIES), f->size);
}

/*
 * Lines of files that are synced are clean, so a late one of another alias, which should not be
 * there, is the last to be written. Without the sync it is anybody's race.
 */
void settle(struct model *m, bool sync_before)
{
	for (unsigned int i = 0; sync_before && i < NR_FILES; i++)
		want_success("fsync()", fsync(m->files[i].fd));
	if (!empty_caches())
		wrong("emptying the caches gave %s", errno_name(errno));
	for (unsigned int i = 0; i < NR_FILES; i++)
		check_file(m, &m->files[i]);
}

static void give_keys(struct model *m)
{
	struct mktme_dax_add_key_arg added;
	char path[80];
	int fd;

	for (unsigned int k = 1; k <= NR_KEYS; k++) {
		m->serial[k] = add_test_key(k);
		want_success("add_key()", m->serial[k]);
		want_success("ADD_KEY", ioctl_add_key(m->root, m->serial[k], &added));
		memcpy(m->identifier[k], added.identifier, sizeof(added.identifier));
		m->ring[k] = true;
		snprintf(path, sizeof(path), "%s/d%u", fixture_dir(), k);
		if (mkdir(path, 0700) && errno != EEXIST)
			wrong("mkdir(%s) gave %s", path, errno_name(errno));
		fd = open(path, O_RDONLY);
		want_success("BIND of a directory", ioctl_bind(fd, m->serial[k]));
		close(fd);
	}
}

/* What the last episode has left, wherever it was. */
static void remove_files(void)
{
	char path[80];

	for (unsigned int i = 0; i < NR_FILES; i++) {
		snprintf(path, sizeof(path), "%s/f%u", fixture_dir(), i);
		unlink(path);
		for (unsigned int k = 1; k <= NR_KEYS; k++) {
			snprintf(path, sizeof(path), "%s/d%u/f%u", fixture_dir(), k, i);
			unlink(path);
		}
	}
}

static void first_file(struct model *m, unsigned int number)
{
	struct file *f = &m->files[number];

	f->bytes = mmap(NULL, MAX_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	f->key = first_keys[number];
	f->size = 256 * KIB;
	f->unlocked = true;
	snprintf(f->path, sizeof(f->path), "%s/f%u", fixture_dir(), number);
	f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (f->bytes == MAP_FAILED || f->fd < 0)
		wrong("open(%s) gave %s", f->path, errno_name(errno));
	if (f->key)
		want_success("BIND", ioctl_bind(f->fd, m->serial[f->key]));
	want_success("ftruncate()", ftruncate(f->fd, f->size));
}

/* Always the same state, whatever went before. */
void start_model(struct model *m, uint64_t seed, enum op_kind fault)
{
	memset(m, 0, sizeof(*m));
	m->random = seed;
	m->fault = fault;
	no_zeroout();
	open_root(m);
	give_keys(m);
	remove_files();
	if (!stay_mounted)
		want_success("the ballast", leave_room(m->root, ROOM));
	for (unsigned int i = 0; i < NR_FILES; i++)
		first_file(m, i);
}
