// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is authenticated of a key file
 *
 * The values and not their JSON, which other versions of json-c may space in another
 * way. Every value has its length before it, so that no two files have one transcript.
 */
#include "keyfile.h"
#include <arpa/inet.h>

static void put(struct transcript *out, const void *value, size_t size)
{
	uint32_t length = htonl(size);

	/* A file that is longer than this is not read, and none is made. */
	if (sizeof(out->bytes) - out->size < sizeof(length) + size)
		abort();
	memcpy(out->bytes + out->size, &length, sizeof(length));
	memcpy(out->bytes + out->size + sizeof(length), value, size);
	out->size += sizeof(length) + size;
}

static void put_text(struct transcript *out, const char *text)
{
	put(out, text, strlen(text));
}

static void put_u32(struct transcript *out, uint32_t value)
{
	value = htonl(value);
	put(out, &value, sizeof(value));
}

static void put_sealed(struct transcript *out, const struct sealed *sealed)
{
	put(out, sealed->nonce, sizeof(sealed->nonce));
	put(out, sealed->text, sealed->size);
	put(out, sealed->tag, sizeof(sealed->tag));
}

void transcribe_header(struct transcript *out, const struct keyfile *keyfile)
{
	put_text(out, KEYFILE_TYPE);
	put_u32(out, KEYFILE_VERSION);
	put_text(out, keyfile->name);
	put_text(out, algorithm_name(keyfile->algorithm));
	put(out, keyfile->identifier, sizeof(keyfile->identifier));
}

void transcribe_protector(struct transcript *out, const struct protector *protector)
{
	put_u32(out, protector->number);
	put_text(out, protector_name(protector->type));
	if (protector->type == PROTECTOR_PASSPHRASE) {
		put_u32(out, protector->memory);
		put_u32(out, protector->passes);
		put_u32(out, protector->lanes);
	}
	if (protector->type == PROTECTOR_ENCRYPTED_KEY) {
		put_text(out, protector->description);
		put_text(out, protector->blob);
	}
	put(out, protector->salt, sizeof(protector->salt));
	put(out, protector->check, sizeof(protector->check));
}

void transcribe(struct transcript *out, const struct keyfile *keyfile)
{
	transcribe_header(out, keyfile);
	put_sealed(out, &keyfile->material);
	for (uint32_t i = 0; i < keyfile->count; i++) {
		transcribe_protector(out, &keyfile->protectors[i]);
		put_sealed(out, &keyfile->protectors[i].wrapping);
	}
}

int keyfile_checksum(const struct keyfile *keyfile, uint8_t checksum[32])
{
	struct transcript *out = calloc(1, sizeof(*out));
	int err;

	if (!out)
		return note(-ENOMEM, "out of memory");
	transcribe(out, keyfile);
	put(out, keyfile->mac, sizeof(keyfile->mac));
	err = sha256(out->bytes, out->size, checksum);
	free(out);
	return err;
}

int keyfile_mac(const struct keyfile *keyfile, const uint8_t wrapping[WRAPPING_SIZE],
		uint8_t mac[MAC_SIZE])
{
	struct transcript *out = calloc(1, sizeof(*out));
	uint8_t *key = secret_alloc(32);
	int err;

	err = out && key ? derive(wrapping, WRAPPING_SIZE, NULL, "mktme-dax-keyfile mac", key, 32) :
	      note(-ENOMEM, "no memory that can be locked");
	if (!err) {
		transcribe(out, keyfile);
		err = hmac_sha256(key, out->bytes, out->size, mac);
	}
	secret_free(key);
	free(out);
	return err;
}
