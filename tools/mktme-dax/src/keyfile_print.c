// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key file as text
 */
#include "keyfile.h"

const char *protector_name(enum protector_type type)
{
	switch (type) {
	case PROTECTOR_PASSPHRASE:
		return "passphrase";
	case PROTECTOR_KEY_FILE:
		return "key-file";
	default:
		return "encrypted-key";
	}
}

static void put_hex(struct json_object *object, const char *name, const uint8_t *bytes,
		    size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * 64 + 1];

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * size] = 0;
	put_string(object, name, text);
}

static void put_sealed(struct json_object *object, const struct sealed *sealed)
{
	put_hex(object, "nonce", sealed->nonce, sizeof(sealed->nonce));
	put_hex(object, "ciphertext", sealed->text, sealed->size);
	put_hex(object, "tag", sealed->tag, sizeof(sealed->tag));
}

static void put_protector(struct json_object *array, const struct protector *protector)
{
	struct json_object *object = new_element(array);

	put_number(object, "number", protector->number);
	put_string(object, "type", protector_name(protector->type));
	if (protector->type == PROTECTOR_PASSPHRASE) {
		put_number(object, "memory", protector->memory);
		put_number(object, "passes", protector->passes);
		put_number(object, "lanes", protector->lanes);
	}
	if (protector->type == PROTECTOR_ENCRYPTED_KEY) {
		put_string(object, "description", protector->description);
		put_string(object, "blob", protector->blob);
	}
	put_hex(object, "salt", protector->salt, sizeof(protector->salt));
	put_hex(object, "check", protector->check, sizeof(protector->check));
	put_sealed(object, &protector->wrapping);
}

char *print_keyfile(const struct keyfile *keyfile)
{
	struct json_object *object = new_object(), *material = new_object(), *array = new_array();
	uint8_t checksum[32];
	char *text = NULL;

	put_string(object, "type", KEYFILE_TYPE);
	put_number(object, "version", KEYFILE_VERSION);
	put_string(object, "name", keyfile->name);
	put_string(object, "algorithm", algorithm_name(keyfile->algorithm));
	put_hex(object, "identifier", keyfile->identifier, sizeof(keyfile->identifier));
	put_sealed(material, &keyfile->material);
	put_member(object, "material", material);
	for (uint32_t i = 0; i < keyfile->count; i++)
		put_protector(array, &keyfile->protectors[i]);
	put_member(object, "protectors", array);
	put_hex(object, "mac", keyfile->mac, sizeof(keyfile->mac));
	if (!keyfile_checksum(keyfile, checksum)) {
		put_hex(object, "checksum", checksum, sizeof(checksum));
		if (asprintf(&text, "%s\n", json_object_to_json_string_ext(object,
			     JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)) < 0)
			text = NULL;
	}
	json_object_put(object);
	return text;
}
