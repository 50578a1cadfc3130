// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key unload: out of the keyrings of the kernel
 */
#include "keyfile.h"

static int unload(struct key_verb *verb, void *nothing __attribute__((unused)))
{
	const struct keyfile *keyfile = &verb->keyfile;
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

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("which key? One name, please");
	return run_with_key(&verb, argv[first], unload, NULL);
}
