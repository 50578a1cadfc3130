// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Protectors: the wrapping key under a passphrase, a key file or a key of the kernel
 *
 * What comes out of the secret is two keys: one wraps, the other is in the file as it
 * is, as the check. So a wrong secret (another check) can be told from a wrapped key that
 * was altered, and no two secrets fit one protector, which AES-GCM alone does not promise.
 */
#include "keyfile.h"
#include <openssl/crypto.h>

struct derived {
	uint8_t input[32];
	uint8_t kek[32], check[CHECK_SIZE];
};

static int ask_kernel(const struct protector *protector, uint8_t out[32])
{
	static const char purpose[] = "mktme-dax-keyfile encrypted-key";
	uint8_t data[sizeof(purpose) - 1 + SALT_SIZE];

	memcpy(data, purpose, sizeof(purpose) - 1);
	memcpy(data + sizeof(purpose) - 1, protector->salt, SALT_SIZE);
	return kernel_hmac(protector->description, protector->blob, data, sizeof(data), out);
}

static int derive_input(const struct protector *protector, const struct secret *secret,
			uint8_t out[32])
{
	switch (protector->type) {
	case PROTECTOR_PASSPHRASE:
		return argon2_derive(secret, protector, out);
	case PROTECTOR_KEY_FILE:
		return derive(secret->bytes, secret->size, protector->salt,
			      "mktme-dax-keyfile key-file", out, 32);
	default:
		return ask_kernel(protector, out);
	}
}

static int derive_keys(const struct protector *protector, const struct secret *secret,
		       struct derived *out)
{
	int err = derive_input(protector, secret, out->input);

	return err ? err : derive(out->input, sizeof(out->input), protector->salt,
				  "mktme-dax-keyfile protector", out->kek,
				  sizeof(out->kek) + sizeof(out->check));
}

/* Of this key file, and of this protector. */
static struct transcript *make_aad(const struct keyfile *keyfile,
				   const struct protector *protector)
{
	struct transcript *aad = calloc(1, sizeof(*aad));

	if (aad) {
		transcribe_header(aad, keyfile);
		transcribe_protector(aad, protector);
	}
	return aad;
}

static int wrap(const struct keyfile *keyfile, struct protector *protector,
		const struct secret *secret, const uint8_t wrapping[WRAPPING_SIZE])
{
	struct derived *keys = secret_alloc(sizeof(*keys));
	struct transcript *aad = NULL;
	int err;

	err = keys ? derive_keys(protector, secret, keys) :
	      note(-ENOMEM, "no memory that can be locked");
	if (!err) {
		memcpy(protector->check, keys->check, CHECK_SIZE);
		aad = make_aad(keyfile, protector);
		err = aad ? seal(keys->kek, aad->bytes, aad->size, wrapping, WRAPPING_SIZE,
				 &protector->wrapping) : note(-ENOMEM, "out of memory");
	}
	free(aad);
	secret_free(keys);
	return err;
}

static int unwrap(const struct keyfile *keyfile, const struct protector *protector,
		  const struct derived *keys, uint8_t wrapping[WRAPPING_SIZE])
{
	struct transcript *aad;
	int err;

	if (CRYPTO_memcmp(keys->check, protector->check, CHECK_SIZE))
		return note(-EKEYREJECTED, "wrong %s", protector->type == PROTECTOR_PASSPHRASE ?
			    "passphrase" : protector->type == PROTECTOR_KEY_FILE ? "key file" :
			    "encrypted key");
	aad = make_aad(keyfile, protector);
	err = aad ? unseal(keys->kek, aad->bytes, aad->size, &protector->wrapping, wrapping) :
	      note(-ENOMEM, "out of memory");
	free(aad);
	if (err == -EBADMSG)
		err = note(-EUCLEAN, "the key file was altered: protector %u", protector->number);
	return err;
}

int try_protector(const struct keyfile *keyfile, const struct protector *protector,
		  const struct secret *secret, uint8_t wrapping[WRAPPING_SIZE])
{
	struct derived *keys = secret_alloc(sizeof(*keys));
	int err;

	if (!keys)
		return note(-ENOMEM, "no memory that can be locked");
	err = derive_keys(protector, secret, keys);
	if (!err)
		err = unwrap(keyfile, protector, keys, wrapping);
	secret_free(keys);
	return err;
}

static int read_new_secret(const struct keyfile *keyfile, const struct new_protector *from,
			   struct protector *out, struct secret *secret)
{
	if (from->encrypted_key) {
		out->type = PROTECTOR_ENCRYPTED_KEY;
		if (!*from->encrypted_key || strlen(from->encrypted_key) > DESCRIPTION_MAX)
			return note(-EINVAL, "an encrypted key has a name of 1 to %u characters",
				    DESCRIPTION_MAX);
		strcpy(out->description, from->encrypted_key);
		return read_blob(out->description, out->blob);
	}
	if (from->key_file) {
		out->type = PROTECTOR_KEY_FILE;
		return read_key_file(from->key_file, secret);
	}
	out->type = PROTECTOR_PASSPHRASE;
	out->memory = from->cost.memory;
	out->passes = from->cost.passes;
	out->lanes = from->cost.lanes;
	return from->passphrase_file ? read_passphrase(from->passphrase_file, secret) :
	       ask_new_passphrase(keyfile->name, secret);
}

static int make_protector(const struct keyfile *keyfile, const struct open_key *open,
			  const struct new_protector *from, struct protector *out)
{
	struct secret *secret = secret_alloc(sizeof(*secret));
	int err = secret ? 0 : note(-ENOMEM, "no memory that can be locked");

	if (!err)
		err = read_new_secret(keyfile, from, out, secret);
	if (!err)
		err = fill_random(out->salt, sizeof(out->salt));
	if (!err)
		err = wrap(keyfile, out, secret, open->wrapping);
	secret_free(secret);
	return err;
}

const struct protector *find_protector(const struct keyfile *keyfile, uint32_t number)
{
	for (uint32_t i = 0; i < keyfile->count; i++)
		if (keyfile->protectors[i].number == number)
			return &keyfile->protectors[i];
	return NULL;
}

/* They are in the order of their numbers. */
static void insert(struct keyfile *keyfile, const struct protector *protector)
{
	uint32_t at = keyfile->count++;

	for (; at && keyfile->protectors[at - 1].number > protector->number; at--)
		keyfile->protectors[at] = keyfile->protectors[at - 1];
	keyfile->protectors[at] = *protector;
}

int remove_protector(struct keyfile *keyfile, uint32_t number)
{
	const struct protector *found = find_protector(keyfile, number);
	uint32_t at = found - keyfile->protectors;

	if (!found)
		return note(-ENOENT, "there is no protector %u", number);
	if (keyfile->count == 1)
		return note(-EBUSY, "the last protector cannot go: nobody could open the key");
	keyfile->count--;
	memmove(keyfile->protectors + at, found + 1, (keyfile->count - at) * sizeof(*found));
	return 0;
}

int add_protector(struct keyfile *keyfile, const struct open_key *open,
		  const struct new_protector *from, uint32_t number)
{
	struct protector *made;
	int err;

	if (!number && keyfile->count == PROTECTORS_MAX)
		return note(-EBUSY, "a key has no more than %u protectors", PROTECTORS_MAX);
	made = calloc(1, sizeof(*made));
	if (!made)
		return note(-ENOMEM, "out of memory");
	made->number = number;
	while (!made->number || (!number && find_protector(keyfile, made->number)))
		made->number++;
	err = make_protector(keyfile, open, from, made);
	if (!err) {
		struct protector *old = (struct protector *)find_protector(keyfile, made->number);

		if (old)
			*old = *made;
		else
			insert(keyfile, made);
		err = made->number;
	}
	free(made);
	return err;
}
