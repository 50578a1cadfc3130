// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key create: a new key in the store
 */
#include "keyfile.h"

struct create {
	struct key_verb verb;
	struct new_protector protector;
	struct cost_options cost;
	const char *algorithm, *material;
};

/* Every machine with KeyIDs has AES-XTS-128. */
static int parse_algorithm(const char *text, uint32_t *algorithm)
{
	*algorithm = MKTME_DAX_AES_XTS_128;
	if (!text)
		return EXIT_OK;
	for (; algorithm_name(*algorithm); ++*algorithm)
		if (!strcmp(text, algorithm_name(*algorithm)))
			return EXIT_OK;
	return misuse("there is no algorithm \"%s\": aes-xts-128 or aes-xts-256", text);
}

/* The data key, and then the tweak key. */
static int read_material(const char *file, struct mktme_dax_key *key)
{
	size_t half = mktme_dax_key_size(key->algorithm);
	struct secret *secret = secret_alloc(sizeof(*secret));
	int err = secret ? read_key_file(file, secret) :
		  note(-ENOMEM, "no memory that can be locked");

	if (!err && secret->size != 2 * half)
		err = note(-EINVAL, "%s has %zu bytes; a key for %s has %zu", file, secret->size,
			   algorithm_name(key->algorithm), 2 * half);
	if (!err) {
		memcpy(key->data, secret->bytes, half);
		memcpy(key->tweak, secret->bytes + half, half);
	}
	secret_free(secret);
	return err;
}

static int make_key(struct create *create, const char *name)
{
	struct key_verb *verb = &create->verb;
	int err;

	if (create->material) {
		err = read_material(create->material, &verb->open->key);
	} else {
		err = mktme_dax_key_generate(&verb->open->key);
		if (err)
			note(err, "%s", mktme_dax_message());
	}
	if (!err)
		err = new_keyfile(name, verb->open, &verb->keyfile);
	if (!err)
		err = add_protector(&verb->keyfile, verb->open, &create->protector, 0);
	return err < 0 ? complain_of_key(err, name) : EXIT_OK;
}

/* Before a passphrase is asked for in vain; write_store() decides. */
static int check_name(struct key_verb *verb, const char *name)
{
	int err = read_store(&verb->store, name, &verb->keyfile);

	if (err == -EINVAL)
		return misuse("%s: %s", name, noted());
	if (err != -ENOENT)
		return complain_of_key(note(-EEXIST, "there is a key of this name in %s",
					    verb->store.path), name);
	return EXIT_OK;
}

static int create_key(struct create *create, const char *name)
{
	char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE];
	struct key_verb *verb = &create->verb;
	int code = begin_key_verb(verb, true);

	if (!code)
		code = check_name(verb, name);
	if (code)
		return end_key_verb(verb, code);
	verb->open->key.version = MKTME_DAX_API_V1;
	code = parse_algorithm(create->algorithm, &verb->open->key.algorithm);
	if (!code)
		code = make_key(create, name);
	if (!code)
		code = save_keyfile(verb, false);
	if (!code) {
		mktme_dax_identifier_text(verb->keyfile.identifier, text);
		puts(text);
		fprintf(stderr, "Without this key its data is lost. Keep a copy elsewhere:\n"
			"  next: mktme-dax key backup %s FILE\n", name);
	}
	return end_key_verb(verb, code);
}

int run_key_create(int argc, char **argv)
{
	struct create create = {};
	const struct option_spec specs[] = {
		STORE_OPTION(&create.verb),
		{ "passphrase-file", NULL, &create.protector.passphrase_file },
		{ "key-file", NULL, &create.protector.key_file },
		{ "encrypted-key", NULL, &create.protector.encrypted_key },
		{ "algorithm", NULL, &create.algorithm },
		{ "material", NULL, &create.material },
		COST_OPTIONS(&create.cost),
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));

	if (first < 0 || parse_cost(&create.cost, &create.protector.cost))
		return EXIT_USAGE;
	if (first != argc - 1)
		return misuse("one name, please");
	if (!!create.protector.passphrase_file + !!create.protector.key_file +
	    !!create.protector.encrypted_key > 1)
		return misuse("one protector to begin with: a passphrase, a key file or an encrypted key");
	return create_key(&create, argv[first]);
}
