// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strict reading of a key file: it may come from anybody
 *
 * Each object has exactly its members, each of its type and length. What a lenient
 * reader would let pass (a member twice, escapes, 1.0 for 1, digits in the other case) is
 * refused: one file has one meaning.
 */
#include "keyfile.h"
#include <openssl/crypto.h>

static int damaged(const char *what)
{
	return note(-EUCLEAN, "the key file is damaged: %s", what);
}

bool is_key_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t size = strlen(name);

	return size && size <= KEY_NAME_MAX && *name != '.' && *name != '-' &&
	       strspn(name, allowed) == size;
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *value = json_object_object_get(object, name);

	if (!json_object_is_type(value, json_type_string) ||
	    strlen(json_object_get_string(value)) != json_object_get_string_len(value))
		return NULL;
	return json_object_get_string(value);
}

static bool take_text(struct json_object *object, const char *name, char *out, size_t size)
{
	const char *text = text_of(object, name);

	if (!text || !*text || strlen(text) >= size)
		return false;
	strcpy(out, text);
	return true;
}

static bool take_number(struct json_object *object, const char *name, uint32_t *out)
{
	struct json_object *value = json_object_object_get(object, name);
	int64_t number = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || number < 0 || number > UINT32_MAX)
		return false;
	*out = number;
	return true;
}

static bool take_hex(struct json_object *object, const char *name, uint8_t *out, size_t size)
{
	const char *text = text_of(object, name);
	size_t length;

	return text && strlen(text) == 2 * size && strspn(text, "0123456789abcdef") == 2 * size &&
	       OPENSSL_hexstr2buf_ex(out, size, &length, text, 0) && length == size;
}

static bool take_sealed(struct json_object *object, size_t size, struct sealed *out)
{
	out->size = size;
	return take_hex(object, "nonce", out->nonce, sizeof(out->nonce)) &&
	       take_hex(object, "ciphertext", out->text, size) &&
	       take_hex(object, "tag", out->tag, sizeof(out->tag));
}

/* Members of an object that have all been taken are all that there may be. */
static bool has_members(struct json_object *object, int count)
{
	return json_object_is_type(object, json_type_object) &&
	       json_object_object_length(object) == count;
}

static bool take_type(struct json_object *object, enum protector_type *out)
{
	const char *text = text_of(object, "type");

	for (*out = PROTECTOR_PASSPHRASE; *out <= PROTECTOR_ENCRYPTED_KEY; ++*out)
		if (text && !strcmp(text, protector_name(*out)))
			return true;
	return false;
}

/* Goes to the kernel as it is. */
static bool is_plain_text(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static int take_own_members(struct json_object *object, struct protector *out)
{
	switch (out->type) {
	case PROTECTOR_PASSPHRASE:
		if (!has_members(object, 10) || !take_number(object, "memory", &out->memory) ||
		    !take_number(object, "passes", &out->passes) ||
		    !take_number(object, "lanes", &out->lanes))
			return damaged("parameters of a passphrase");
		return check_cost(out->memory, out->passes, out->lanes);
	case PROTECTOR_KEY_FILE:
		return has_members(object, 7) ? 0 : damaged("members of a key-file protector");
	default:
		if (!has_members(object, 9) ||
		    !take_text(object, "description", out->description, sizeof(out->description)) ||
		    !take_text(object, "blob", out->blob, sizeof(out->blob)) ||
		    !is_plain_text(out->description) || !is_plain_text(out->blob))
			return damaged("members of an encrypted-key protector");
		return 0;
	}
}

static int take_protector(struct json_object *object, struct protector *out)
{
	int err;

	if (!json_object_is_type(object, json_type_object) || !take_type(object, &out->type))
		return damaged("type of a protector");
	err = take_own_members(object, out);
	if (err)
		return err;
	if (!take_number(object, "number", &out->number) || !out->number ||
	    out->number > PROTECTORS_MAX)
		return damaged("number of a protector");
	if (!take_hex(object, "salt", out->salt, sizeof(out->salt)) ||
	    !take_hex(object, "check", out->check, sizeof(out->check)) ||
	    !take_sealed(object, WRAPPING_SIZE, &out->wrapping))
		return damaged("data of a protector");
	return 0;
}

static int take_protectors(struct json_object *array, struct keyfile *out)
{
	size_t count;
	int err = 0;

	if (!json_object_is_type(array, json_type_array))
		return damaged("no protectors");
	count = json_object_array_length(array);
	if (!count || count > PROTECTORS_MAX)
		return damaged("number of protectors");
	for (out->count = 0; !err && out->count < count; out->count++)
		err = take_protector(json_object_array_get_idx(array, out->count),
				     &out->protectors[out->count]);
	for (size_t i = 1; !err && i < count; i++)
		if (out->protectors[i].number <= out->protectors[i - 1].number)
			err = damaged("order of protectors");
	return err;
}

static int take_version(struct json_object *object)
{
	const char *type = text_of(object, "type");
	uint32_t version;

	if (!type || strcmp(type, KEYFILE_TYPE))
		return note(-EUCLEAN, "it is not a key file");
	if (!take_number(object, "version", &version) || !version)
		return damaged("no version");
	if (version != KEYFILE_VERSION)
		return note(-EPROTONOSUPPORT, "the key file has version %u, and only %u is known",
			    version, KEYFILE_VERSION);
	return 0;
}

static int take_header(struct json_object *object, struct keyfile *out)
{
	struct json_object *material = json_object_object_get(object, "material");
	const char *algorithm = text_of(object, "algorithm");

	for (uint32_t i = MKTME_DAX_AES_XTS_128; i <= MKTME_DAX_AES_XTS_256; i++)
		if (algorithm && !strcmp(algorithm, algorithm_name(i)))
			out->algorithm = i;
	if (!out->algorithm)
		return damaged("algorithm");
	if (!take_text(object, "name", out->name, sizeof(out->name)) || !is_key_name(out->name))
		return damaged("name of the key");
	if (!take_hex(object, "identifier", out->identifier, sizeof(out->identifier)))
		return damaged("identifier of the key");
	if (!has_members(material, 3) ||
	    !take_sealed(material, 2 * mktme_dax_key_size(out->algorithm), &out->material))
		return damaged("material of the key");
	return 0;
}

static int take_keyfile(struct json_object *object, struct keyfile *out)
{
	uint8_t stored[32], computed[32];
	int err = take_version(object);

	if (!err && !has_members(object, 9))
		err = damaged("other members than there have to be");
	if (!err)
		err = take_header(object, out);
	if (!err)
		err = take_protectors(json_object_object_get(object, "protectors"), out);
	if (!err && (!take_hex(object, "mac", out->mac, sizeof(out->mac)) ||
		     !take_hex(object, "checksum", stored, sizeof(stored))))
		err = damaged("mac or checksum");
	if (!err)
		err = keyfile_checksum(out, computed);
	if (!err && memcmp(stored, computed, sizeof(stored)))
		err = damaged("the checksum is wrong");
	return err;
}

/* No string that is allowed has a blank or an escape, but for texts of the kernel's. */
static bool same_but_space(const char *a, const char *end, const char *b)
{
	for (;;) {
		while (a < end && strchr(" \t\r\n", *a))
			a++;
		while (*b && strchr(" \t\r\n", *b))
			b++;
		if (a == end || !*b)
			return a == end && !*b;
		if (*a++ != *b++)
			return false;
	}
}

/* What json-c has made of it, printed, is what was read. */
static bool is_literal(struct json_object *object, const char *text, size_t size)
{
	return same_but_space(text, text + size, json_object_to_json_string_ext(object,
			      JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

int parse_keyfile(const char *text, size_t size, struct keyfile *keyfile)
{
	struct json_tokener *tokener;
	struct json_object *object;
	int err;

	memset(keyfile, 0, sizeof(*keyfile));
	if (size > KEYFILE_TEXT_MAX || memchr(text, 0, size))
		return note(-EUCLEAN, "it is not a key file");
	tokener = json_tokener_new_ex(4);
	if (!tokener)
		return note(-ENOMEM, "out of memory");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, size);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    !json_object_is_type(object, json_type_object))
		err = note(-EUCLEAN, "it is not a key file");
	else
		err = take_keyfile(object, keyfile);
	if (!err && !is_literal(object, text, size))
		err = damaged("not in the form in which it was written");
	json_object_put(object);
	json_tokener_free(tokener);
	return err;
}
