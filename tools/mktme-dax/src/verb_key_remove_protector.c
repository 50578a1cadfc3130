// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key remove-protector: a secret opens a key no more
 */
#include "keyfile.h"

/* What is left has to be of use: it opens the key now, in place of the one that goes. */
static int take_away(struct key_verb *verb, void *what)
{
	struct keyfile *keyfile = &verb->keyfile;
	uint32_t number = *(unsigned long *)what;
	int code, err;

	if (!find_protector(keyfile, number))
		return complain_of_key(note(-ENOENT, "there is no protector %u", number),
				       keyfile->name);
	if (keyfile->count == 1)
		return complain(-EBUSY, "mktme-dax key add-protector NAME, first",
				"%s: the last protector cannot go: nobody could open the key",
				keyfile->name);
	code = need_open_key(verb, number, NULL);
	if (code)
		return code;
	err = remove_protector(keyfile, number);
	return err ? complain_of_key(err, keyfile->name) : save_keyfile(verb, true);
}

int run_key_remove_protector(int argc, char **argv)
{
	struct key_verb verb = {};
	const struct option_spec specs[] = { SOURCE_OPTIONS(&verb) };
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	unsigned long number;
	char *end;

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc - 2)
		return misuse("the name of a key, and the number of a protector");
	number = strtoul(argv[first + 1], &end, 10);
	if (*end || !number || number > PROTECTORS_MAX)
		return misuse("\"%s\" is not the number of a protector", argv[first + 1]);
	return run_with_key(&verb, argv[first], take_away, &number);
}
