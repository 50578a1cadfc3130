// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key files that were damaged, altered, or made by an enemy: never a key that is not
 * the original, and as far as can be, not a "wrong passphrase" either
 */
#include "keyfixture.h"

static char *known_text(struct keyfile *made)
{
	char *text;

	make_known(MKTME_DAX_AES_XTS_128, made);
	text = print_keyfile(made);
	NEED(text);
	return text;
}

static bool is_refusal(int err)
{
	return err == -EUCLEAN || err == -EPROTONOSUPPORT;
}

/* White space is no part of the contents; all else is. */
TEST(every_bit_that_flips_is_found)
{
	struct keyfile made, read;
	char *text = known_text(&made);
	unsigned int blank = 0;

	for (size_t i = 0; i < strlen(text) * 8; i++) {
		size_t size = strlen(text);
		int err;

		text[i / 8] ^= 1 << i % 8;
		err = parse_keyfile(text, size, &read);
		if (!err) {
			CHECK(strchr(" \t\r\n", text[i / 8]), "bit %zu", i);
			CHECK(!memcmp(&made, &read, sizeof(made)), "bit %zu", i);
			blank++;
		} else {
			CHECK(is_refusal(err), "bit %zu: %s", i, noted());
		}
		text[i / 8] ^= 1 << i % 8;
	}
	CHECK(blank < strlen(text));
	CHECK_EQ(parse_keyfile(text, strlen(text), &read), 0);
	free(text);
}

TEST(every_byte_that_is_lost_is_found)
{
	struct keyfile made, read;
	char *text = known_text(&made), *shorter = strdup(text);
	size_t size = strlen(text);

	for (size_t i = 0; i < size - 1; i++)
		CHECK(is_refusal(parse_keyfile(text, i, &read)), "%zu", i);
	for (size_t i = 0; i < size; i++) {
		memcpy(shorter, text, i);
		strcpy(shorter + i, text + i + 1);
		if (strchr(" \t\r\n", text[i]))
			continue;
		CHECK(is_refusal(parse_keyfile(shorter, size - 1, &read)), "byte %zu", i);
	}
	free(shorter);
	free(text);
}

/* An enemy does what the file needs to look sound. */
static int alter(const struct keyfile *altered, bool by_passphrase, struct open_key *open)
{
	char *text = print_keyfile(altered);
	struct keyfile read;
	int err;

	NEED(text);
	err = parse_keyfile(text, strlen(text), &read);
	free(text);
	if (err)
		return err;
	return by_passphrase ? open_by_passphrase(&read, "first", open) :
	       open_by_key_file(&read, '2', open);
}

/* Flips a bit of every byte of a field; each is to be told in this way. */
static void check_field(const struct keyfile *made, size_t offset, size_t size, bool by_passphrase,
			int wanted)
{
	struct keyfile altered;
	struct open_key open;

	for (size_t i = 0; i < size; i++) {
		altered = *made;
		((uint8_t *)&altered)[offset + i] ^= 1;
		CHECK_EQ(alter(&altered, by_passphrase, &open), wanted);
	}
}

#define FIELD(member)	offsetof(struct keyfile, member), sizeof(((struct keyfile *)0)->member)

TEST(what_an_enemy_alters_is_no_wrong_passphrase)
{
	struct keyfile made;

	make_known(MKTME_DAX_AES_XTS_256, &made);
	check_field(&made, FIELD(identifier), false, -EUCLEAN);
	check_field(&made, FIELD(material.nonce), false, -EUCLEAN);
	check_field(&made, FIELD(material.text), false, -EUCLEAN);
	check_field(&made, FIELD(material.tag), false, -EUCLEAN);
	check_field(&made, FIELD(mac), false, -EUCLEAN);
	/* Of the protector that opens it */
	check_field(&made, FIELD(protectors[1].wrapping.nonce), false, -EUCLEAN);
	check_field(&made, offsetof(struct keyfile, protectors[1].wrapping.text), 32, false, -EUCLEAN);
	check_field(&made, FIELD(protectors[1].wrapping.tag), false, -EUCLEAN);
	check_field(&made, FIELD(protectors[0].wrapping.tag), true, -EUCLEAN);
	/* Of the other one */
	check_field(&made, FIELD(protectors[0].salt), false, -EUCLEAN);
	check_field(&made, FIELD(protectors[0].check), false, -EUCLEAN);
	check_field(&made, FIELD(protectors[0].wrapping.nonce), false, -EUCLEAN);
	check_field(&made, offsetof(struct keyfile, protectors[0].wrapping.text), 32, false, -EUCLEAN);
	check_field(&made, FIELD(protectors[0].wrapping.tag), false, -EUCLEAN);
	check_field(&made, FIELD(protectors[1].check), true, -EUCLEAN);
}

/* Nobody can tell these from a wrong secret, but by another protector. */
TEST(what_an_enemy_alters_and_looks_like_a_wrong_secret)
{
	struct keyfile made;

	make_known(MKTME_DAX_AES_XTS_128, &made);
	check_field(&made, FIELD(protectors[1].salt), false, -EKEYREJECTED);
	check_field(&made, FIELD(protectors[1].check), false, -EKEYREJECTED);
	check_field(&made, FIELD(protectors[0].salt), true, -EKEYREJECTED);
	check_field(&made, offsetof(struct keyfile, protectors[0].memory), 1, true, -EKEYREJECTED);
	check_field(&made, offsetof(struct keyfile, protectors[0].memory), 1, false, -EUCLEAN);
}

TEST(names_numbers_and_order_are_authenticated)
{
	struct keyfile made, altered;
	struct open_key open;

	make_known(MKTME_DAX_AES_XTS_128, &made);
	altered = made;
	strcpy(altered.name, "other");
	CHECK_EQ(alter(&altered, false, &open), -EUCLEAN);
	altered = made;
	altered.protectors[1].number = 3;
	CHECK_EQ(alter(&altered, false, &open), -EUCLEAN);
	CHECK_EQ(alter(&altered, true, &open), -EUCLEAN);
	altered = made;
	altered.protectors[0] = made.protectors[1];
	altered.count = 1;
	CHECK_EQ(alter(&altered, false, &open), -EUCLEAN);
}

/* A protector whose secret the enemy knows, in the place of one: the key is not his. */
TEST(a_protector_of_another_file_gives_no_key)
{
	struct keyfile made, other, mixed;
	struct open_key open;

	make_known(MKTME_DAX_AES_XTS_128, &made);
	make_known(MKTME_DAX_AES_XTS_128, &other);
	mixed = made;
	mixed.protectors[1] = other.protectors[1];
	CHECK_EQ(alter(&mixed, false, &open), -EUCLEAN);
	mixed = made;
	mixed.material = other.material;
	CHECK_EQ(alter(&mixed, false, &open), -EUCLEAN);
}

/* Each is the known file with one text in the place of another. */
static const struct {
	const char *what, *with;
	int wanted;
} edits[] = {
	{ "\"version\":1", "\"version\":2", -EPROTONOSUPPORT },
	{ "\"version\":1", "\"version\":4294967295", -EPROTONOSUPPORT },
	{ "\"version\":1", "\"version\":0", -EUCLEAN },
	{ "\"version\":1", "\"version\":-1", -EUCLEAN },
	{ "\"version\":1", "\"version\":1.0", -EUCLEAN },
	{ "\"version\":1", "\"version\":1e0", -EUCLEAN },
	{ "\"version\":1", "\"version\":01", -EUCLEAN },
	{ "\"version\":1", "\"version\":+1", -EUCLEAN },
	{ "\"version\":1", "\"version\":\"1\"", -EUCLEAN },
	{ "\"version\":1", "\"version\":4294967297", -EUCLEAN },
	{ "\"version\":1", "\"version\":18446744073709551617", -EUCLEAN },
	{ "\"version\":1", "\"version\":[1]", -EUCLEAN },
	{ "\"version\":1", "\"version\":null", -EUCLEAN },
	{ "\"version\":1", "\"version\":1,\"version\":1", -EUCLEAN },
	{ "\"version\":1", "\"version\":2,\"version\":1", -EUCLEAN },
	{ "\"version\":1", "\"version\":1,\"more\":1", -EUCLEAN },
	{ "\"version\":1,", "\"version\":1,,", -EUCLEAN },
	{ "\"version\":1", "\"versio\\u006e\":1", -EUCLEAN },
	{ "\"version\":1", "\"version\":/**/1", -EUCLEAN },
	{ "\"version\":1", "'version':1", -EUCLEAN },
	{ "\"mktme-dax key\"", "\"mktme-dax kez\"", -EUCLEAN },
	{ "\"known\"", "\"../known\"", -EUCLEAN },
	{ "\"known\"", "\"kno\\u0077n\"", -EUCLEAN },
	{ "\"known\"", "\"kno\\u0000wn\"", -EUCLEAN },
	{ "\"known\"", "\"\"", -EUCLEAN },
	{ "\"known\"", "\"kn\xffwn\"", -EUCLEAN },
	{ "\"known\"", "{}", -EUCLEAN },
	{ "aes-xts-128", "aes-xts-512", -EUCLEAN },
	{ "aes-xts-128", "aes-xts-256", -EUCLEAN },
	{ "aes-xts-128", "AES-XTS-128", -EUCLEAN },
	{ "\"passphrase\"", "\"password\"", -EUCLEAN },
	{ "\"passphrase\"", "\"key-file\"", -EUCLEAN },
	{ "\"passphrase\"", "\"encrypted-key\"", -EUCLEAN },
	{ "\"number\":1", "\"number\":0", -EUCLEAN },
	{ "\"number\":1", "\"number\":2", -EUCLEAN },
	{ "\"number\":1", "\"number\":9", -EUCLEAN },
	{ "\"memory\":64", "\"memory\":63", -EUCLEAN },
	{ "\"memory\":64", "\"memory\":4294967295", -EUCLEAN },
	{ "\"memory\":64", "\"memory\":4194305", -EUCLEAN },
	{ "\"memory\":64", "\"memory\":-64", -EUCLEAN },
	{ "\"passes\":1", "\"passes\":0", -EUCLEAN },
	{ "\"passes\":1", "\"passes\":1001", -EUCLEAN },
	{ "\"passes\":1", "\"passes\":4294967295", -EUCLEAN },
	{ "\"lanes\":1", "\"lanes\":0", -EUCLEAN },
	{ "\"lanes\":1", "\"lanes\":17", -EUCLEAN },
	{ "\"lanes\":1", "\"lanes\":16777216", -EUCLEAN },
	{ "\"salt\":\"", "\"salt\":\"00", -EUCLEAN },
	{ "\"salt\":", "\"pepper\":", -EUCLEAN },
	{ "\"protectors\":[", "\"protectors\":[{},", -EUCLEAN },
	{ "\"protectors\":[", "\"protectors\":[1,", -EUCLEAN },
	{ "\"protectors\":[", "\"protectors\":[[[[[", -EUCLEAN },
	{ "\"protectors\":[", "\"protectors\":[],\"x\":[", -EUCLEAN },
	{ "\"mac\":", "\"MAC\":", -EUCLEAN },
};

static char *edit(const char *text, const char *what, const char *with)
{
	const char *at = strstr(text, what);
	char *edited;

	NEED(at, "no %s", what);
	NEED(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what)) > 0);
	return edited;
}

TEST(reading_is_strict)
{
	struct keyfile made, read;
	char *text = known_text(&made);

	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		char *edited = edit(text, edits[i].what, edits[i].with);
		int err = parse_keyfile(edited, strlen(edited), &read);

		CHECK(err == edits[i].wanted, "%s: %d, %s", edits[i].with, err, noted());
		free(edited);
	}
	/* The same, but not in the form in which it is written */
	text[strstr(text, "\"identifier\":\"") - text + 14] = 'A';
	CHECK_EQ(parse_keyfile(text, strlen(text), &read), -EUCLEAN);
	free(text);
}

/* A member that a lenient reader would drop, and no checksum would know of. */
TEST(members_that_are_there_twice)
{
	struct keyfile made, read;
	char *text = known_text(&made), *edited;

	edited = edit(text, "\"name\":\"known\"", "\"name\":\"evil\",\"name\":\"known\"");
	CHECK_EQ(parse_keyfile(edited, strlen(edited), &read), -EUCLEAN);
	CHECK(strstr(noted(), "form"), "%s", noted());
	free(edited);
	edited = edit(text, "\"memory\":64", "\"memory\":64.0,\"memory\":64");
	CHECK_EQ(parse_keyfile(edited, strlen(edited), &read), -EUCLEAN);
	CHECK(strstr(noted(), "form"), "%s", noted());
	free(edited);
	free(text);
}

TEST(what_is_no_key_file)
{
	static const char *const texts[] = {
		"", " ", "{", "{}", "[]", "null", "1", "\"mktme-dax key\"", "{\"type\":1}",
		"{\"type\":\"mktme-dax key\"}", "\xef\xbb\xbf{}", "not JSON", "{\"a\":{\"a\":{\"a\":{\"a\":1}}}}",
	};
	struct keyfile made, read;
	char *text = known_text(&made), *longer = calloc(1, KEYFILE_TEXT_MAX + 2);
	size_t size = strlen(text);

	NEED(longer);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK_EQ(parse_keyfile(texts[i], strlen(texts[i]), &read), -EUCLEAN);
	strcpy(longer, text);
	CHECK_EQ(parse_keyfile(longer, size, &read), 0);
	CHECK_EQ(parse_keyfile(longer, size + 1, &read), -EUCLEAN);
	strcpy(longer + size, "{}");
	CHECK_EQ(parse_keyfile(longer, size + 2, &read), -EUCLEAN);
	memset(longer + size, ' ', KEYFILE_TEXT_MAX + 1 - size);
	CHECK_EQ(parse_keyfile(longer, KEYFILE_TEXT_MAX, &read), 0);
	CHECK_EQ(parse_keyfile(longer, KEYFILE_TEXT_MAX + 1, &read), -EUCLEAN);
	free(longer);
	free(text);
}

static int print_and_parse(const struct keyfile *made)
{
	char *text = print_keyfile(made);
	struct keyfile read;
	int err;

	NEED(text);
	err = parse_keyfile(text, strlen(text), &read);
	free(text);
	return err;
}

/* Sound in every way, but for what it asks of the machine. */
TEST(costs_that_are_too_high)
{
	struct keyfile made;

	make_known(MKTME_DAX_AES_XTS_128, &made);
	made.protectors[0].memory = ARGON2_MEMORY_MAX;
	made.protectors[0].passes = ARGON2_WORK_MAX / ARGON2_MEMORY_MAX;
	CHECK_EQ(print_and_parse(&made), 0);
	made.protectors[0].passes++;
	CHECK_EQ(print_and_parse(&made), -EUCLEAN);
	made.protectors[0].passes = 1;
	made.protectors[0].memory++;
	CHECK_EQ(print_and_parse(&made), -EUCLEAN);
}

int main(int argc, char **argv)
{
	return tap_main("altered", argc, argv);
}
