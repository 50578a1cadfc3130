// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key files: what is written can be read and opened, and by nobody else
 */
#include "keyfixture.h"

/* Made by the first version; has to open for ever. */
static const char version_1[] =
#include "keyfile-v1.inc"
;

static void check_round_trip(uint32_t algorithm)
{
	struct keyfile made, read;
	struct open_key open;
	char *text;

	make_known(algorithm, &made);
	text = print_keyfile(&made);
	NEED(text && strlen(text) < KEYFILE_TEXT_MAX);
	CHECK_EQ(parse_keyfile(text, strlen(text), &read), 0);
	CHECK(!memcmp(&made, &read, sizeof(made)));
	CHECK_EQ(open_by_passphrase(&read, "first", &open), 0);
	CHECK(is_known(&open, algorithm));
	CHECK_EQ(open_by_key_file(&read, '2', &open), 0);
	CHECK(is_known(&open, algorithm));
	free(text);
}

TEST(round_trip)
{
	check_round_trip(MKTME_DAX_AES_XTS_128);
	check_round_trip(MKTME_DAX_AES_XTS_256);
}

TEST(wrong_secrets_EKEYREJECTED)
{
	struct open_key open, zero = {};
	struct keyfile made;

	make_known(MKTME_DAX_AES_XTS_256, &made);
	CHECK_EQ(open_by_passphrase(&made, "First", &open), -EKEYREJECTED);
	CHECK(!memcmp(&open, &zero, sizeof(open)));
	CHECK_EQ(open_by_passphrase(&made, "first ", &open), -EKEYREJECTED);
	CHECK_EQ(open_by_key_file(&made, '3', &open), -EKEYREJECTED);
	CHECK_EQ(remove_protector(&made, 2), 0);
	CHECK_EQ(open_by_key_file(&made, '2', &open), -ENOKEY);
}

TEST(first_version_opens)
{
	struct open_key open;
	struct keyfile read;

	NEED(!parse_keyfile(version_1, strlen(version_1), &read), "%s", noted());
	CHECK_EQ(open_by_passphrase(&read, "first", &open), 0);
	CHECK(is_known(&open, MKTME_DAX_AES_XTS_256), "%s", noted());
	CHECK_EQ(open_by_key_file(&read, '2', &open), 0);
	CHECK(is_known(&open, MKTME_DAX_AES_XTS_256), "%s", noted());
}

TEST(no_two_files_are_alike)
{
	struct open_key a, b;
	struct keyfile one, two;

	a = make_known(MKTME_DAX_AES_XTS_128, &one);
	b = make_known(MKTME_DAX_AES_XTS_128, &two);
	CHECK(memcmp(a.wrapping, b.wrapping, sizeof(a.wrapping)));
	CHECK(memcmp(one.protectors[0].salt, two.protectors[0].salt, SALT_SIZE));
	CHECK(memcmp(one.protectors[0].check, two.protectors[0].check, CHECK_SIZE));
	CHECK(memcmp(one.material.text, two.material.text, 32));
	CHECK(memcmp(one.material.nonce, two.material.nonce, 12));
	CHECK(!memcmp(one.identifier, two.identifier, 16));
}

static int add_passphrase(struct keyfile *keyfile, const struct open_key *open,
			  const char *passphrase, uint32_t number)
{
	struct new_protector from = { .passphrase_file = text_file(passphrase), .cost = CHEAP };
	int ret = add_protector(keyfile, open, &from, number);

	drop_file(from.passphrase_file);
	return ret;
}

TEST(eight_protectors)
{
	struct keyfile made;
	struct open_key open = make_known(MKTME_DAX_AES_XTS_128, &made), again;
	char text[16];

	for (int i = 3; i <= PROTECTORS_MAX; i++) {
		snprintf(text, sizeof(text), "number %d", i);
		CHECK_EQ(add_passphrase(&made, &open, text, 0), i);
	}
	CHECK_EQ(add_passphrase(&made, &open, "ninth", 0), -EBUSY);
	CHECK_EQ(remove_protector(&made, 9), -ENOENT);
	CHECK_EQ(remove_protector(&made, 4), 0);
	CHECK_EQ(remove_protector(&made, 4), -ENOENT);
	CHECK_EQ(add_passphrase(&made, &open, "another", 0), 4);
	NEED(!seal_keyfile(&made, &open));
	CHECK_EQ(open_by_passphrase(&made, "another", &again), 0);
	CHECK_EQ(open_by_passphrase(&made, "number 8", &again), 0);
	CHECK_EQ(open_by_passphrase(&made, "number 4", &again), -EKEYREJECTED);
	for (int i = PROTECTORS_MAX; i > 1; i--)
		CHECK_EQ(remove_protector(&made, i), 0);
	CHECK_EQ(remove_protector(&made, 1), -EBUSY);
}

TEST(replaced_passphrase_opens_no_more)
{
	struct keyfile made;
	struct open_key open = make_known(MKTME_DAX_AES_XTS_128, &made), again;

	CHECK_EQ(add_passphrase(&made, &open, "second", 1), 1);
	CHECK_EQ(made.count, 2);
	NEED(!seal_keyfile(&made, &open));
	CHECK_EQ(open_by_passphrase(&made, "first", &again), -EKEYREJECTED);
	CHECK_EQ(open_by_passphrase(&made, "second", &again), 0);
	CHECK_EQ(open_by_key_file(&made, '2', &again), 0);
}

/* What is to be removed does not prove that anything else opens the key. */
TEST(the_protector_that_is_excepted_is_not_tried)
{
	struct sources sources = { .passphrase_file = text_file("first") };
	struct keyfile made;
	struct open_key open;
	uint32_t used = 0;

	make_known(MKTME_DAX_AES_XTS_128, &made);
	CHECK_EQ(open_keyfile(&made, &sources, 1, &open, &used), -ENOKEY);
	CHECK_EQ(open_keyfile(&made, &sources, 2, &open, &used), 0);
	CHECK_EQ(used, 1);
}

TEST(passphrases_are_one_line)
{
	struct secret *secret = secret_alloc(sizeof(*secret));
	char line[600];

	NEED(secret);
	CHECK_EQ(read_passphrase(text_file("a word"), secret), 0);
	CHECK(secret->size == 6 && !memcmp(secret->bytes, "a word", 6));
	CHECK_EQ(read_passphrase(text_file("a word\n"), secret), 0);
	CHECK(secret->size == 6);
	CHECK_EQ(read_passphrase(text_file(""), secret), -EINVAL);
	CHECK_EQ(read_passphrase(text_file("\n"), secret), -EINVAL);
	CHECK_EQ(read_passphrase(text_file("a\nb\n"), secret), -EINVAL);
	CHECK_EQ(read_passphrase(text_file("a\n\n"), secret), -EINVAL);
	CHECK_EQ(read_passphrase(file_with("a\0b", 3), secret), -EINVAL);
	memset(line, 'x', sizeof(line));
	CHECK_EQ(read_passphrase(file_with(line, 512), secret), 0);
	CHECK_EQ(read_passphrase(file_with(line, 513), secret), -EINVAL);
	CHECK_EQ(read_passphrase("/nonexistent", secret), -ENOENT);
	CHECK_EQ(read_key_file(file_with(line, 31), secret), -EINVAL);
	CHECK_EQ(read_key_file(file_with(line, 32), secret), 0);
	CHECK_EQ(secret->size, 32);
}

TEST(names_of_keys)
{
	static const char *const bad[] = {
		"", ".", "..", ".a", "-a", "a/b", "a b", "a\n", "\xc3\xa4", "../a", "a*",
	};
	char longest[KEY_NAME_MAX + 2];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!is_key_name(bad[i]), "\"%s\"", bad[i]);
	memset(longest, 'x', sizeof(longest));
	longest[KEY_NAME_MAX + 1] = 0;
	CHECK(!is_key_name(longest));
	longest[KEY_NAME_MAX] = 0;
	CHECK(is_key_name(longest));
	CHECK(is_key_name("a") && is_key_name("A-1_b.c"));
}

int main(int argc, char **argv)
{
	return tap_main("keyfile", argc, argv);
}
