// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key store: a directory, and in it NAME.key for each key
 */
#include "keyfile.h"
#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

#define DEFAULT_STORE	"/etc/mktme-dax/keys"

static const char suffix[] = ".key";

static const char *store_path(const char *option)
{
	const char *value = getenv("MKTME_DAX_KEYS");

	return option ? option : value && *value ? value : DEFAULT_STORE;
}

/* Parents as mkdir -p makes them; the store itself is private. */
static int make_directories(const char *path)
{
	char *copy = strdup(path), *slash = copy;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (slash = strchr(slash + 1, '/'))) {
		*slash = 0;
		if (mkdir(copy, 0755) && errno != EEXIST)
			err = -errno;
		*slash = '/';
	}
	if (!err && mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	free(copy);
	return err;
}

/* Who can write there can take keys away, and plant an old copy. */
static int check_private(int fd, const char *path, mode_t type)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return note(-errno, "%s: %s", path, strerror(errno));
	if ((stat.st_mode & S_IFMT) != type)
		return note(type == S_IFDIR ? -ENOTDIR : -EUCLEAN, "%s is not a %s", path,
			    type == S_IFDIR ? "directory" : "regular file");
	if (stat.st_uid && stat.st_uid != geteuid())
		return note(-EPERM, "%s belongs to somebody else", path);
	if (stat.st_mode & 077)
		return note(-EPERM, "others have access to %s: chmod %s it", path,
			    type == S_IFDIR ? "0700" : "0600");
	return 0;
}

int open_store(struct store *store, const char *path, bool create)
{
	int err = 0;

	store->path = store_path(path);
	store->fd = -1;
	if (!*store->path)
		return note(-EINVAL, "the key store has no name");
	if (create)
		err = make_directories(store->path);
	if (err)
		return note(err, "%s: %s", store->path, strerror(-err));
	store->fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0)
		return errno == ENOENT && !create ? 0 :
		       note(-errno, "%s: %s", store->path, strerror(errno));
	err = check_private(store->fd, store->path, S_IFDIR);
	if (err)
		close_store(store);
	return err;
}

void close_store(struct store *store)
{
	if (store->fd >= 0)
		close(store->fd);
	store->fd = -1;
}

int lock_store(struct store *store)
{
	int err;

	if (store->fd < 0)
		return 0;
	do
		err = flock(store->fd, LOCK_EX);
	while (err && errno == EINTR);
	return err ? note(-errno, "%s: %s", store->path, strerror(errno)) : 0;
}

static int is_key_file(const struct dirent *entry)
{
	char name[KEY_NAME_MAX + 1];
	size_t size = strlen(entry->d_name), end = sizeof(suffix) - 1;

	if (size <= end || size - end > KEY_NAME_MAX || strcmp(entry->d_name + size - end, suffix))
		return false;
	memcpy(name, entry->d_name, size - end);
	name[size - end] = 0;
	return is_key_name(name);
}

int list_store(const struct store *store, char ***names, size_t *count)
{
	struct dirent **entries;
	int found;

	*names = NULL;
	*count = 0;
	if (store->fd < 0)
		return 0;
	found = scandirat(store->fd, ".", &entries, is_key_file, alphasort);
	if (found < 0)
		return note(-errno, "%s: %s", store->path, strerror(errno));
	*names = calloc(found + 1, sizeof(**names));
	for (int i = 0; i < found; i++) {
		size_t size = strlen(entries[i]->d_name) - (sizeof(suffix) - 1);

		if (*names)
			(*names)[i] = strndup(entries[i]->d_name, size);
		free(entries[i]);
	}
	free(entries);
	*count = found;
	return *names ? 0 : note(-ENOMEM, "out of memory");
}

static int read_text(int fd, const char *path, char *text, size_t *size)
{
	ssize_t done;

	*size = 0;
	while ((done = read(fd, text + *size, KEYFILE_TEXT_MAX + 1 - *size)) > 0)
		*size += done;
	return done ? note(-errno, "%s: %s", path, strerror(errno)) : 0;
}

int read_keyfile(int dir, const char *path, bool own_only, struct keyfile *keyfile)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), err;
	char *text = malloc(KEYFILE_TEXT_MAX + 1);
	size_t size;

	err = fd < 0 ? note(-errno, "%s: %s", path, strerror(errno)) : 0;
	if (!err && !text)
		err = note(-ENOMEM, "out of memory");
	if (!err && own_only)
		err = check_private(fd, path, S_IFREG);
	if (!err)
		err = read_text(fd, path, text, &size);
	if (!err)
		err = parse_keyfile(text, size, keyfile);
	free(text);
	if (fd >= 0)
		close(fd);
	return err;
}

int read_store(const struct store *store, const char *name, struct keyfile *keyfile)
{
	char file[KEY_NAME_MAX + sizeof(suffix)];
	int err;

	if (!is_key_name(name))
		return note(-EINVAL, "the name of a key has letters, digits and \"._-\", %u at most",
			    KEY_NAME_MAX);
	snprintf(file, sizeof(file), "%s%s", name, suffix);
	err = store->fd < 0 ? -ENOENT : read_keyfile(store->fd, file, true, keyfile);
	if (err == -ENOENT)
		return note(-ENOENT, "there is no such key in %s", store->path);
	/* Another key in the place of this one would be used without a word. */
	if (!err && strcmp(keyfile->name, name))
		return note(-EUCLEAN, "the file is that of key %s", keyfile->name);
	return err;
}

/* Those that cannot be read are not it. */
int find_identifier(const struct store *store, const uint8_t *identifier,
		    struct keyfile *keyfile)
{
	char **names;
	size_t count;
	int err = list_store(store, &names, &count), found = -ENOENT;

	for (size_t i = 0; !err && i < count; i++) {
		if (found && names[i] && !read_store(store, names[i], keyfile) &&
		    !memcmp(keyfile->identifier, identifier, sizeof(keyfile->identifier)))
			found = 0;
		free(names[i]);
	}
	free(names);
	if (!err && found)
		err = note(-ENOENT, "no key in %s has this identifier", store->path);
	return err;
}

int find_key(const struct store *store, const char *key, struct keyfile *keyfile)
{
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	int err = read_store(store, key, keyfile);

	if (err == -ENOENT && !mktme_dax_identifier_parse(key, identifier))
		err = find_identifier(store, identifier, keyfile);
	return err;
}
