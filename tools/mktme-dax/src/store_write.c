// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changes of the key store: there is no moment at which a key has no whole file
 */
#include "keyfile.h"
#include <sys/stat.h>

/* No name of a key begins with a dot. */
static const char temporary[] = ".new";

static int failed(const char *what)
{
	return note(-errno, "%s: %s", what, strerror(errno));
}

static int write_all(int fd, const void *buf, size_t size)
{
	const char *p = buf;
	ssize_t done;

	while (size) {
		done = write(fd, p, size);
		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			p += done;
			size -= done;
		}
	}
	return 0;
}

/* A new file with this text, on the medium; or none. */
static int write_file(int dir, const char *path, const char *text)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err;

	if (fd < 0)
		return failed(path);
	err = write_all(fd, text, strlen(text));
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (err) {
		unlinkat(dir, path, 0);
		note(err, "%s: %s", path, strerror(-err));
	}
	return err;
}

/*
 * What is no key any more shall not stay on the medium. Not every medium writes where it
 * has written before: this helps where it does, and nothing relies on it.
 */
static void overwrite(int fd)
{
	static const char zeros[4096];
	struct stat stat;

	/* Somebody's hard link is somebody's backup. */
	if (fstat(fd, &stat) || stat.st_nlink)
		return;
	for (off_t at = 0; at < stat.st_size; at += sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) < 0)
			return;
	fsync(fd);
}

static int put_in_place(struct store *store, const char *file, bool replace)
{
	if (replace ? renameat(store->fd, temporary, store->fd, file) :
	    linkat(store->fd, temporary, store->fd, file, 0))
		return errno == EEXIST ? note(-EEXIST, "there is a key of this name in %s",
					      store->path) : failed(file);
	if (!replace)
		unlinkat(store->fd, temporary, 0);
	return fsync(store->fd) ? failed(store->path) : 0;
}

/* The store is locked: what has this name is left over from a crash. */
static int replace_file(struct store *store, const char *file, const char *text, bool replace)
{
	int old = openat(store->fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), err;

	unlinkat(store->fd, temporary, 0);
	err = write_file(store->fd, temporary, text);
	if (!err) {
		err = put_in_place(store, file, replace);
		if (err)
			unlinkat(store->fd, temporary, 0);
	}
	if (old >= 0) {
		if (!err)
			overwrite(old);
		close(old);
	}
	return err;
}

int write_store(struct store *store, const struct keyfile *keyfile, bool replace)
{
	char file[KEY_NAME_MAX + 8];
	char *text = print_keyfile(keyfile);
	int err;

	if (!text)
		return note(-ENOMEM, "out of memory");
	snprintf(file, sizeof(file), "%s.key", keyfile->name);
	err = replace_file(store, file, text, replace);
	free(text);
	return err;
}

int remove_from_store(struct store *store, const char *name)
{
	char file[KEY_NAME_MAX + 8];
	int fd, err = 0;

	snprintf(file, sizeof(file), "%s.key", name);
	fd = openat(store->fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (unlinkat(store->fd, file, 0) || fsync(store->fd))
		err = failed(file);
	if (fd >= 0) {
		if (!err)
			overwrite(fd);
		close(fd);
	}
	return err;
}

int write_new_file(const char *path, const char *text)
{
	char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;
	int dir, err = write_file(AT_FDCWD, path, text);

	if (slash)
		slash[slash == copy] = 0;
	dir = err || !copy ? -1 : open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!err && (dir < 0 || fsync(dir)))
		err = failed(path);
	if (dir >= 0)
		close(dir);
	free(copy);
	return err;
}
