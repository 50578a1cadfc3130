// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a key file and a secret to the key, and back
 */
#include "keyfile.h"
#include <openssl/crypto.h>

static int altered(const char *what)
{
	return note(-EUCLEAN, "the key file was altered: %s", what);
}

static int derive_material_key(const struct open_key *open, uint8_t key[32])
{
	return derive(open->wrapping, WRAPPING_SIZE, NULL, "mktme-dax-keyfile material", key, 32);
}

/* Data key and tweak key, one after the other. */
struct material {
	uint8_t key[32];
	uint8_t bytes[64];
};

static int seal_material(struct keyfile *keyfile, const struct open_key *open)
{
	size_t half = mktme_dax_key_size(keyfile->algorithm);
	struct material *material = secret_alloc(sizeof(*material));
	struct transcript *aad = calloc(1, sizeof(*aad));
	int err = aad && material ? derive_material_key(open, material->key) :
		  note(-ENOMEM, "no memory that can be locked");

	if (!err) {
		transcribe_header(aad, keyfile);
		memcpy(material->bytes, open->key.data, half);
		memcpy(material->bytes + half, open->key.tweak, half);
		err = seal(material->key, aad->bytes, aad->size, material->bytes, 2 * half,
			   &keyfile->material);
	}
	free(aad);
	secret_free(material);
	return err;
}

int new_keyfile(const char *name, struct open_key *open, struct keyfile *keyfile)
{
	int err;

	memset(keyfile, 0, sizeof(*keyfile));
	strcpy(keyfile->name, name);
	keyfile->algorithm = open->key.algorithm;
	err = mktme_dax_key_identifier(&open->key, keyfile->identifier);
	if (err)
		return note(err, "%s", mktme_dax_message());
	err = fill_random(open->wrapping, sizeof(open->wrapping));
	return err ? err : seal_material(keyfile, open);
}

int seal_keyfile(struct keyfile *keyfile, const struct open_key *open)
{
	return keyfile_mac(keyfile, open->wrapping, keyfile->mac);
}

static int check_mac(const struct keyfile *keyfile, const struct open_key *open)
{
	uint8_t mac[MAC_SIZE];
	int err = keyfile_mac(keyfile, open->wrapping, mac);

	if (!err && CRYPTO_memcmp(mac, keyfile->mac, sizeof(mac)))
		return altered("its mac does not belong to it");
	return err;
}

static int unseal_material(const struct keyfile *keyfile, struct open_key *open)
{
	size_t half = mktme_dax_key_size(keyfile->algorithm);
	struct material *material = secret_alloc(sizeof(*material));
	struct transcript *aad = calloc(1, sizeof(*aad));
	int err = aad && material ? derive_material_key(open, material->key) :
		  note(-ENOMEM, "no memory that can be locked");

	if (!err) {
		transcribe_header(aad, keyfile);
		err = unseal(material->key, aad->bytes, aad->size, &keyfile->material,
			     material->bytes);
	}
	if (err == -EBADMSG)
		err = altered("its key is another one");
	if (!err) {
		open->key.version = MKTME_DAX_API_V1;
		open->key.algorithm = keyfile->algorithm;
		memcpy(open->key.data, material->bytes, half);
		memcpy(open->key.tweak, material->bytes + half, half);
	}
	free(aad);
	secret_free(material);
	return err;
}

static int take_key(const struct keyfile *keyfile, struct open_key *open)
{
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	int err = check_mac(keyfile, open);

	if (!err)
		err = unseal_material(keyfile, open);
	if (!err && mktme_dax_key_identifier(&open->key, identifier))
		err = note(-EUCLEAN, "%s", mktme_dax_message());
	if (!err && memcmp(identifier, keyfile->identifier, sizeof(identifier)))
		err = altered("its identifier is that of another key");
	return err;
}

/* Read once, for all keys that a verb opens. */
static int read_sources(struct sources *sources)
{
	int err = 0;

	if (sources->passphrase_file && !sources->passphrase) {
		sources->passphrase = secret_alloc(sizeof(*sources->passphrase));
		err = sources->passphrase ?
		      read_passphrase(sources->passphrase_file, sources->passphrase) :
		      note(-ENOMEM, "no memory that can be locked");
	}
	if (!err && sources->key_file && !sources->key) {
		sources->key = secret_alloc(sizeof(*sources->key));
		err = sources->key ? read_key_file(sources->key_file, sources->key) :
		      note(-ENOMEM, "no memory that can be locked");
	}
	return err;
}

void end_sources(struct sources *sources)
{
	secret_free(sources->passphrase);
	secret_free(sources->key);
	sources->passphrase = NULL;
	sources->key = NULL;
}

/* Until one opens, or is altered. */
static int try_all(const struct keyfile *keyfile, enum protector_type type,
		   const struct secret *secret, uint32_t except, struct open_key *open,
		   uint32_t *used)
{
	int err = note(-ENOKEY, "the key has no other %s", protector_name(type));

	for (uint32_t i = 0; i < keyfile->count; i++) {
		const struct protector *protector = &keyfile->protectors[i];

		if (protector->type != type || protector->number == except)
			continue;
		err = try_protector(keyfile, protector, secret, open->wrapping);
		if (!err && used)
			*used = protector->number;
		if (err != -EKEYREJECTED)
			break;
	}
	return err;
}

static bool has_type(const struct keyfile *keyfile, enum protector_type type, uint32_t except)
{
	for (uint32_t i = 0; i < keyfile->count; i++)
		if (keyfile->protectors[i].type == type && keyfile->protectors[i].number != except)
			return true;
	return false;
}

static int try_terminal(const struct keyfile *keyfile, uint32_t except, struct open_key *open,
			uint32_t *used)
{
	struct secret *secret = secret_alloc(sizeof(*secret));
	char prompt[KEY_NAME_MAX + 32];
	int err = secret ? -EKEYREJECTED : note(-ENOMEM, "no memory that can be locked");

	snprintf(prompt, sizeof(prompt), "Passphrase of key %s: ", keyfile->name);
	for (int i = 0; i < 3 && err == -EKEYREJECTED; i++) {
		if (i)
			fprintf(stderr, "%s\n", noted());
		err = ask_passphrase(prompt, secret);
		if (!err)
			err = try_all(keyfile, PROTECTOR_PASSPHRASE, secret, except, open, used);
	}
	secret_free(secret);
	return err;
}

/* What is named has to open it. Otherwise what needs nobody comes first. */
static int find_wrapping_key(const struct keyfile *keyfile, struct sources *sources,
			     uint32_t except, struct open_key *open, uint32_t *used)
{
	int err = read_sources(sources);

	if (err)
		return err;
	if (sources->passphrase)
		return try_all(keyfile, PROTECTOR_PASSPHRASE, sources->passphrase, except, open,
			       used);
	if (sources->key)
		return try_all(keyfile, PROTECTOR_KEY_FILE, sources->key, except, open, used);
	err = try_all(keyfile, PROTECTOR_ENCRYPTED_KEY, NULL, except, open, used);
	if (!err || err == -EUCLEAN || !has_type(keyfile, PROTECTOR_PASSPHRASE, except))
		return err;
	return try_terminal(keyfile, except, open, used);
}

int open_keyfile(const struct keyfile *keyfile, struct sources *sources, uint32_t except,
		 struct open_key *open, uint32_t *used)
{
	int err = find_wrapping_key(keyfile, sources, except, open, used);

	if (!err)
		err = take_key(keyfile, open);
	if (err)
		explicit_bzero(open, sizeof(*open));
	return err;
}
