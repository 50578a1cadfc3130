// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key add-protector: one more secret that opens a key
 */
#include "keyfile.h"

static int add(struct key_verb *verb, void *from)
{
	int code = need_open_key(verb, 0, NULL), number;

	if (code)
		return code;
	number = add_protector(&verb->keyfile, verb->open, from, 0);
	if (number < 0)
		return complain_of_key(number, verb->keyfile.name);
	code = save_keyfile(verb, true);
	if (!code)
		printf("%d\n", number);
	return code;
}

int run_key_add_protector(int argc, char **argv)
{
	struct new_protector from = {};
	struct cost_options cost = {};
	struct key_verb verb = {};
	const struct option_spec specs[] = {
		SOURCE_OPTIONS(&verb),
		{ "new-passphrase-file", NULL, &from.passphrase_file },
		{ "new-key-file", NULL, &from.key_file },
		{ "new-encrypted-key", NULL, &from.encrypted_key },
		COST_OPTIONS(&cost),
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));

	if (first < 0 || parse_cost(&cost, &from.cost))
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("which key? One name, please");
	if (!!from.passphrase_file + !!from.key_file + !!from.encrypted_key > 1)
		return misuse("one protector at a time");
	return run_with_key(&verb, argv[first], add, &from);
}
