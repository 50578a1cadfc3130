// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax unlock: give keys of the store to a filesystem
 *
 * The kernel cannot tell which keys a filesystem needs, but every bound file and
 * directory can. What is given is loaded into the process keyring only: the filesystem
 * has it after that, and mktme-dax lock takes it out of the kernel altogether.
 */
#include "keyfile.h"

static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return note(-errno, "%s: %s", path, strerror(errno));
	return fd;
}

/* Keys that were given are not looked for in the filesystem. */
static int find_wanted(struct key_verb *verb, const char *path, int count, char **keys,
		       struct identifier_set *wanted)
{
	int code = EXIT_OK, err;

	for (int i = 0; i < count && !code; i++) {
		code = need_keyfile(verb, keys[i]);
		if (!code)
			add_identifier(wanted, verb->keyfile.identifier);
	}
	if (code || count)
		return code;
	err = collect_bound(path, wanted);
	if (err)
		return complain(err, NULL, "%s", noted());
	if (wanted->unreadable)
		return complain(-EUCLEAN, "mktme-dax status PATH, for the files in question",
				"%s: %u records are damaged or of a later version", path,
				wanted->unreadable);
	return EXIT_OK;
}

static int complain_of_missing(const char *path, const uint8_t *identifier)
{
	char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE];

	mktme_dax_identifier_text(identifier, text);
	return complain(-ENOKEY, "mktme-dax key restore FILE, from a backup of that key",
			"%s: files are under key %s, which is not in the store", path, text);
}

/* Loaded already, or from the store. */
static int need_serial(struct key_verb *verb, const char *path, const uint8_t *identifier,
		       key_serial_t *serial)
{
	int code, err;

	*serial = find_loaded(identifier);
	err = find_identifier(&verb->store, identifier, &verb->keyfile);
	if (*serial > 0) {
		if (err)
			snprintf(verb->keyfile.name, sizeof(verb->keyfile.name), "%d", *serial);
		return EXIT_OK;
	}
	if (err)
		return complain_of_missing(path, identifier);
	code = need_open_key(verb, 0, NULL);
	if (code)
		return code;
	err = load_key(&verb->open->key, KEY_SPEC_PROCESS_KEYRING, serial);
	explicit_bzero(verb->open, sizeof(*verb->open));
	return err ? complain(err, err == -EACCES ? NULL :
			      "mktme-dax status, to see what machine and kernel can do",
			      "%s: %s", verb->keyfile.name, noted()) : EXIT_OK;
}

static const char *next_after_adding(int err)
{
	switch (-err) {
	case EUSERS:
		return "mktme-dax lock PATH, for a key that is not needed now";
	case EKEYREJECTED:
		/* Somebody has loaded it under the name of another. */
		return "mktme-dax key unload NAME, and again: the right one is in the store";
	default:
		return NULL;
	}
}

static int give_key(struct key_verb *verb, int fd, const char *path, const uint8_t *identifier)
{
	struct mktme_dax_key_info info = { .version = MKTME_DAX_API_V1 };
	struct mktme_dax_added added = { .version = MKTME_DAX_API_V1 };
	int err = mktme_dax_key_status(fd, identifier, &info), code;
	key_serial_t serial;

	if (err)
		return complain(err, NULL, "%s: %s", path, mktme_dax_message());
	if (info.present)
		return EXIT_OK;
	code = need_serial(verb, path, identifier, &serial);
	if (code)
		return code;
	err = mktme_dax_add_expected_key(fd, serial, identifier, &added);
	if (err)
		return complain(err, next_after_adding(err), "%s: %s: %s", path, verb->keyfile.name,
				mktme_dax_message());
	printf("%s: unlocked with key %s\n", path, verb->keyfile.name);
	if (added.refused)
		return complain(-EUCLEAN, "mktme-dax status PATH, for the files in question",
				"%s: %u files stay locked", path, added.refused);
	return EXIT_OK;
}

static int unlock(struct key_verb *verb, const char *path, int count, char **keys)
{
	struct identifier_set wanted = {};
	int fd = open_path(path), code;

	if (fd < 0)
		return complain(fd, NULL, "%s", noted());
	code = find_wanted(verb, path, count, keys, &wanted);
	for (size_t i = 0; i < wanted.count; i++) {
		int one = give_key(verb, fd, path, wanted.identifiers[i]);

		code = code ? code : one;
	}
	end_identifiers(&wanted);
	close(fd);
	return code;
}

static int unlock_all(struct key_verb *verb, int count, char **keys)
{
	struct mount_list mounts;
	int err = list_mounts(&mounts), code = EXIT_OK;

	if (err)
		return complain(err, NULL, "cannot list mounted filesystems: %s", strerror(-err));
	for (size_t i = 0; i < mounts.count; i++) {
		int one = unlock(verb, mounts.mounts[i].directory, count, keys);

		code = code ? code : one;
	}
	free_mounts(&mounts);
	return code;
}

int run_unlock(int argc, char **argv)
{
	struct key_verb verb = {};
	bool all = false;
	const struct option_spec specs[] = {
		SOURCE_OPTIONS(&verb),
		{ "all", &all, NULL },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	int code;

	if (first < 0)
		return EXIT_USAGE;
	if (!all && first == argc)
		return misuse("unlock what? A path, or --all");
	code = begin_key_verb(&verb, false);
	if (!code)
		code = all ? unlock_all(&verb, argc - first, argv + first) :
		       unlock(&verb, argv[first], argc - first - 1, argv + first + 1);
	return end_key_verb(&verb, code);
}
