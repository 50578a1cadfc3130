// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key remove: out of the store, and with it all data under the key
 */
#include "keyfile.h"

static int check_unused(const struct keyfile *keyfile)
{
	struct mount_list mounts;
	int err = list_mounts(&mounts), code = EXIT_OK;

	if (err)
		return complain(err, NULL, "cannot list mounted filesystems: %s", strerror(-err));
	for (size_t i = 0; !code && i < mounts.count; i++)
		if (filesystem_has(mounts.mounts[i].directory, keyfile->identifier))
			code = complain(-EBUSY, "mktme-dax lock PATH, if that is what you mean; or --force",
					"%s: %s has the key, and files under it", keyfile->name,
					mounts.mounts[i].directory);
	free_mounts(&mounts);
	return code;
}

/* Scripts are not asked; they have said --force, or are told by the exit code. */
static int confirm(const char *name)
{
	char line[KEY_NAME_MAX + 2];

	if (!isatty(STDIN_FILENO))
		return EXIT_OK;
	fprintf(stderr, "All files under key %s will be lost, unless there is a copy of the key.\n"
		"Type its name to go on: ", name);
	if (!fgets(line, sizeof(line), stdin))
		*line = 0;
	line[strcspn(line, "\n")] = 0;
	return strcmp(line, name) ? complain(-EPERM, NULL, "%s: not removed", name) : EXIT_OK;
}

static int remove_key(struct key_verb *verb, const char *name, bool force)
{
	int err = read_store(&verb->store, name, &verb->keyfile), code = EXIT_OK;

	/* One that is damaged can be removed, by who insists. */
	if (err && !(force && (err == -EUCLEAN || err == -EPROTONOSUPPORT)))
		return complain_of_key(err, name);
	if (!force)
		code = check_unused(&verb->keyfile);
	if (!code && !force)
		code = confirm(name);
	if (code)
		return code;
	err = lock_store(&verb->store);
	if (!err)
		err = remove_from_store(&verb->store, name);
	if (err)
		return complain_of_key(err, name);
	fprintf(stderr, "Key %s is removed. Without a copy of it its data is lost.\n", name);
	return EXIT_OK;
}

int run_key_remove(int argc, char **argv)
{
	struct key_verb verb = {};
	bool force = false;
	const struct option_spec specs[] = {
		STORE_OPTION(&verb),
		{ "force", &force, NULL },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	int code;

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("which key? One name, please");
	code = begin_key_verb(&verb, false);
	if (!code)
		code = remove_key(&verb, argv[first], force);
	return end_key_verb(&verb, code);
}
