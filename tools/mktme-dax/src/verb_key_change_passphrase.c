// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key change-passphrase: one passphrase for another
 */
#include "keyfile.h"

/* The protector that the old one opens is replaced: others stay as they are. */
static int change(struct key_verb *verb, void *from)
{
	uint32_t used = 0;
	int code = need_open_key(verb, 0, &used), err;

	if (code)
		return code;
	if (find_protector(&verb->keyfile, used)->type != PROTECTOR_PASSPHRASE)
		return complain(-EINVAL, "--passphrase-file FILE, with the old one",
				"%s: protector %u has opened the key, which is no passphrase",
				verb->keyfile.name, used);
	err = add_protector(&verb->keyfile, verb->open, from, used);
	return err < 0 ? complain_of_key(err, verb->keyfile.name) : save_keyfile(verb, true);
}

int run_key_change_passphrase(int argc, char **argv)
{
	struct new_protector from = {};
	struct cost_options cost = {};
	struct key_verb verb = {};
	const struct option_spec specs[] = {
		STORE_OPTION(&verb),
		{ "passphrase-file", NULL, &verb.sources.passphrase_file },
		{ "new-passphrase-file", NULL, &from.passphrase_file },
		COST_OPTIONS(&cost),
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));

	if (first < 0 || parse_cost(&cost, &from.cost))
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("which key? One name, please");
	return run_with_key(&verb, argv[first], change, &from);
}
