// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key restore: a copy of a key file becomes a key of the store again
 */
#include "keyfile.h"

/* The name of the key is in the file, and authenticated with all the rest. */
static int restore(struct key_verb *verb, const char *path)
{
	int err = read_keyfile(AT_FDCWD, path, false, &verb->keyfile);

	if (!err)
		err = lock_store(&verb->store);
	if (!err)
		err = write_store(&verb->store, &verb->keyfile, false);
	if (err)
		return complain(err, err == -EEXIST ?
				"mktme-dax key remove NAME, if the one that is there is of no use" : NULL,
				"%s: %s", path, noted());
	puts(verb->keyfile.name);
	return EXIT_OK;
}

int run_key_restore(int argc, char **argv)
{
	struct key_verb verb = {};
	const struct option_spec specs[] = { STORE_OPTION(&verb) };
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	int code;

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("restore what? One file, please");
	code = begin_key_verb(&verb, true);
	if (!code)
		code = restore(&verb, argv[first]);
	return end_key_verb(&verb, code);
}
