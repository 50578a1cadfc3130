// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key unload: out of the keyrings of the kernel
 */
#include "keyfile.h"

static int unload(const struct keyfile *keyfile)
{
	key_serial_t serial = find_loaded(keyfile->identifier);
	int err = serial < 0 ? serial : mktme_dax_key_unload(serial);

	/* What is wanted is there. */
	if (serial == -ENOKEY)
		return EXIT_OK;
	if (err)
		return complain(err, NULL, "%s: %s", keyfile->name,
				serial < 0 ? strerror(-err) : mktme_dax_message());
	return EXIT_OK;
}

int run_key_unload(int argc, char **argv)
{
	struct key_verb verb = {};
	const struct option_spec specs[] = { STORE_OPTION(&verb) };
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	int code;

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("which key? One name, please");
	code = begin_key_verb(&verb, false);
	join_user_keyring();
	if (!code)
		code = need_keyfile(&verb, argv[first]);
	if (!code)
		code = unload(&verb.keyfile);
	return end_key_verb(&verb, code);
}
