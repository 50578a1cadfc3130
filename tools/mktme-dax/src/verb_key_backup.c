// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key backup: a copy of a key file
 */
#include "keyfile.h"

/* Not a copy of bytes: what is copied has been read, and is sound. */
static int back_up(struct key_verb *verb, void *path)
{
	char *text = print_keyfile(&verb->keyfile);
	int err = text ? write_new_file(path, text) : note(-ENOMEM, "out of memory");

	free(text);
	if (err)
		return complain(err, err == -EEXIST ? "take another name for the copy" : NULL,
				"%s: %s", verb->keyfile.name, noted());
	return EXIT_OK;
}

int run_key_backup(int argc, char **argv)
{
	struct key_verb verb = {};
	const struct option_spec specs[] = { STORE_OPTION(&verb) };
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc - 2)
		return misuse("the name of a key, and a file that is not there yet");
	return run_with_key(&verb, argv[first], back_up, argv[first + 1]);
}
