// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax lock: take keys from a filesystem, and name who has files open
 *
 * As users of fscrypt expect, nobody can keep a file unlocked by having it open. Who
 * has one is named after the fact: then nobody new can come between.
 */
#include "keyfile.h"
#include <sys/stat.h>

struct lock {
	struct key_verb verb;
	bool all, check, json;
	struct json_object *array;
	unsigned int users;		/* all that were named */
};

static bool is_there(int fd, const uint8_t *identifier)
{
	struct mktme_dax_key_info info = { .version = MKTME_DAX_API_V1 };

	return !mktme_dax_key_status(fd, identifier, &info) && (info.present || info.unlocked);
}

/* A key need not be in the store to be taken away. */
static int add_named(struct key_verb *verb, const char *key, struct identifier_set *candidates)
{
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	int code;

	if (!mktme_dax_identifier_parse(key, identifier)) {
		add_identifier(candidates, identifier);
		return EXIT_OK;
	}
	code = need_keyfile(verb, key);
	if (!code)
		add_identifier(candidates, verb->keyfile.identifier);
	return code;
}

/* All that is below the path is under; and what the store has, for files that are gone. */
static int find_candidates(struct lock *lock, const char *path, int count, char **keys,
			   struct identifier_set *candidates)
{
	int code = EXIT_OK, err;
	uint8_t own[MKTME_DAX_KEY_IDENTIFIER_SIZE];

	for (int i = 0; i < count && !code; i++)
		code = add_named(&lock->verb, keys[i], candidates);
	if (count)
		return code;
	if (recorded_identifier(path, true, own) > 0) {
		add_identifier(candidates, own);
		return EXIT_OK;
	}
	err = collect_bound(path, candidates);
	if (!err)
		err = collect_store(&lock->verb.store, candidates);
	return err ? complain(err, NULL, "%s", noted()) : EXIT_OK;
}

static const char *name_key(struct key_verb *verb, const uint8_t *identifier,
			    char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE])
{
	mktme_dax_identifier_text(identifier, text);
	return find_identifier(&verb->store, identifier, &verb->keyfile) ? text :
	       verb->keyfile.name;
}

static int take_key(struct lock *lock, int fd, const char *path, const uint8_t *identifier)
{
	struct mktme_dax_removed removed = { .version = MKTME_DAX_API_V1 };
	char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE];
	const char *name = name_key(&lock->verb, identifier, text);
	int err = mktme_dax_remove_key(fd, identifier, &removed);

	/* Somebody was faster: it is locked. */
	if (err == -ENOKEY)
		return EXIT_OK;
	if (err)
		return complain(err, NULL, "%s: %s: %s", path, name, mktme_dax_message());
	if (!lock->json)
		printf("%s: key %s taken away, %u files locked\n", path, name, removed.locked);
	fflush(stdout);
	if (removed.still_used)
		fprintf(stderr, "%s: key %s stays in use, by another filesystem\n", path, name);
	if (find_loaded(identifier) > 0)
		fprintf(stderr, "%s: key %s is still loaded, and needs no passphrase\n"
			"  next: mktme-dax key unload NAME\n", path, name);
	return EXIT_OK;
}

static void show_user(struct lock *lock, const struct user *user)
{
	struct json_object *object;

	lock->users++;
	if (!lock->json) {
		printf("  process %d (%s) has %s %s%s%s\n", user->pid, user->command, user->path,
		       user->open ? "open" : "", user->open && user->mapped ? " and " : "",
		       user->mapped ? "mapped" : "");
		return;
	}
	object = new_element(lock->array);
	put_number(object, "pid", user->pid);
	put_string(object, "command", user->command);
	put_string(object, "path", user->path);
	put_bool(object, "open", user->open);
	put_bool(object, "mapped", user->mapped);
}

static int show_users(struct lock *lock, int fd, const struct identifier_set *keys)
{
	struct user_list list = {};
	struct stat stat;
	int err = fstat(fd, &stat) ? note(-errno, "%s", strerror(errno)) :
		  list_users(stat.st_dev, keys, &list);

	for (size_t i = 0; !err && i < list.count; i++)
		show_user(lock, &list.users[i]);
	if (!err && list.unseen)
		fprintf(stderr, "%u processes of other users were not looked at\n", list.unseen);
	free_users(&list);
	return err ? complain(err, NULL, "%s", noted()) : EXIT_OK;
}

static int lock_path(struct lock *lock, const char *path, int count, char **keys)
{
	struct identifier_set candidates = {}, present = {};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), code, one;

	if (fd < 0)
		return complain(-errno, NULL, "%s: %s", path, strerror(errno));
	code = find_candidates(lock, path, count, keys, &candidates);
	for (size_t i = 0; i < candidates.count; i++)
		if (is_there(fd, candidates.identifiers[i]))
			add_identifier(&present, candidates.identifiers[i]);
	for (size_t i = 0; i < present.count && !lock->check; i++) {
		one = take_key(lock, fd, path, present.identifiers[i]);
		code = code ? code : one;
	}
	if (present.count) {
		one = show_users(lock, fd, &present);
		code = code ? code : one;
	}
	end_identifiers(&candidates);
	end_identifiers(&present);
	close(fd);
	return code;
}

static int lock_all(struct lock *lock, int count, char **keys)
{
	struct mount_list mounts;
	int err = list_mounts(&mounts), code = EXIT_OK;

	if (err)
		return complain(err, NULL, "cannot list mounted filesystems: %s", strerror(-err));
	for (size_t i = 0; i < mounts.count; i++) {
		int one = lock_path(lock, mounts.mounts[i].directory, count, keys);

		code = code ? code : one;
	}
	free_mounts(&mounts);
	return code;
}

static int run(struct lock *lock, int argc, char **argv)
{
	int code = begin_key_verb(&lock->verb, false);

	lock->array = lock->json ? new_array() : NULL;
	if (!code)
		code = lock->all ? lock_all(lock, argc, argv) :
		       lock_path(lock, *argv, argc - 1, argv + 1);
	if (lock->json)
		print_array(lock->array);
	if (!code && lock->check && lock->users)
		code = EXIT_BUSY;
	return end_key_verb(&lock->verb, code);
}

int run_lock(int argc, char **argv)
{
	struct lock lock = {};
	const struct option_spec specs[] = {
		STORE_OPTION(&lock.verb),
		{ "all", &lock.all, NULL },
		{ "check", &lock.check, NULL },
		{ "json", &lock.json, NULL },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));

	if (first < 0)
		return EXIT_USAGE;
	if (!lock.all && first == argc)
		return misuse("lock what? A path, or --all");
	return run(&lock, argc - first, argv + first);
}
