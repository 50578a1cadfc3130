// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key load: from the store into a keyring of the kernel, or to whoever has
 * asked the kernel for it
 */
#include "keyfile.h"

static int load(struct key_verb *verb, void *nothing __attribute__((unused)))
{
	char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE];
	key_serial_t serial;
	int code, err;

	/* A key once more would push the first one out, and nobody has to be asked. */
	if (find_loaded(verb->keyfile.identifier) < 0) {
		code = need_open_key(verb, 0, NULL);
		if (code)
			return code;
		err = load_key(&verb->open->key, KEY_SPEC_USER_KEYRING, &serial);
		if (err)
			return complain(err, err == -EACCES ? NULL :
					"mktme-dax doctor, to see what is in the way",
					"%s: %s", verb->keyfile.name, noted());
	}
	mktme_dax_identifier_text(verb->keyfile.identifier, text);
	puts(text);
	return EXIT_OK;
}

/* Called by request-key(8), which may do it for this key and for no other. */
static int instantiate(struct key_verb *verb, void *serial)
{
	int code = need_open_key(verb, 0, NULL), err;

	if (code)
		return code;
	err = mktme_dax_key_instantiate(&verb->open->key, *(key_serial_t *)serial);
	return err ? complain(err, err == -EPERM ? "man request-key.conf: it is for a line there" : NULL,
			      "%s: %s", verb->keyfile.name, mktme_dax_message()) : EXIT_OK;
}

int run_key_load(int argc, char **argv)
{
	struct key_verb verb = {};
	const char *text = NULL;
	const struct option_spec specs[] = {
		SOURCE_OPTIONS(&verb),
		{ "instantiate", NULL, &text },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	key_serial_t serial;

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("which key? One name, please");
	if (text && parse_serial(text, &serial))
		return EXIT_USAGE;
	return text ? run_with_key(&verb, argv[first], instantiate, &serial) :
	       run_with_key(&verb, argv[first], load, NULL);
}
