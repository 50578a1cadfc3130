// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of key files: texts that were tampered with, and files that an enemy has made
 * with a right checksum. Whatever comes, it is refused, or it is the original.
 */
#include "fuzz.h"
#include "keyfile.h"

static struct keyfile original;
static struct open_key known;
static struct secret *secret;
static unsigned long counts[4];	/* refused when read, when opened, wrong secret, unchanged */

static const char *const words[] = {
	"\"type\":", "\"version\":", "\"name\":", "\"number\":", "\"memory\":", "\"passes\":",
	"\"lanes\":", "\"salt\":", "\"blob\":", "\"protectors\":", "\"mac\":", "\"checksum\":",
	"\"passphrase\"", "\"key-file\"", "\"encrypted-key\"", "\"aes-xts-256\"", "{", "}", "[", "]",
	",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "NaN", "Infinity", "-", "0",
	"1", "2", "-1", "1e9", "0.5", "4294967295", "4294967296", "9223372036854775807",
	"18446744073709551616", "/*", "*/", "//", "'", " ", "\n", "\t", "\x01", "\x7f", "\xff",
	"\xc3\xa4", "\xef\xbb\xbf", "[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":{\"a\":", "00", "ff",
};

static void fail_run(unsigned long run, const char *what)
{
	printf("run %lu of seed %llu: %s\n", run, (unsigned long long)fuzz.seed, what);
	exit(1);
}

static void add(enum protector_type type, uint32_t number)
{
	struct protector *protector = &original.protectors[original.count++];

	protector->number = number;
	protector->type = type;
	if (type == PROTECTOR_PASSPHRASE) {
		protector->memory = 1 << 20;
		protector->passes = 4;
		protector->lanes = 4;
	}
	if (type == PROTECTOR_ENCRYPTED_KEY) {
		strcpy(protector->description, "kek");
		strcpy(protector->blob, "enc32 user:kmk 32 00112233");
	}
	protector->wrapping.size = WRAPPING_SIZE;
	for (size_t i = 0; i < SALT_SIZE; i++)
		protector->salt[i] = chance(256);
}

/* One protector of each type; the key file opens it. */
static void make_original(void)
{
	struct new_protector from = {};
	char path[] = "/tmp/fuzz-keyfile-XXXXXX";
	int fd = mkstemp(path);

	secret = secret_alloc(sizeof(*secret));
	memset(secret->bytes, 's', secret->size = 40);
	if (fd < 0 || write(fd, secret->bytes, secret->size) != 40)
		exit(2);
	known.key = (struct mktme_dax_key){ .version = MKTME_DAX_API_V1,
					    .algorithm = MKTME_DAX_AES_XTS_256 };
	memset(known.key.data, 1, 32);
	memset(known.key.tweak, 2, 32);
	from.key_file = path;
	if (new_keyfile("original", &known, &original))
		exit(2);
	add(PROTECTOR_PASSPHRASE, 1);
	add(PROTECTOR_ENCRYPTED_KEY, 2);
	if (add_protector(&original, &known, &from, 0) != 3 || seal_keyfile(&original, &known))
		exit(2);
	close(fd);
	unlink(path);
}

/* Bytes, words, and pieces of itself. */
static size_t tamper(char *text, size_t size, size_t room)
{
	const char *word = words[chance(ARRAY_SIZE(words))];
	size_t at = chance(size + 1), from = chance(size + 1), length = chance(64) + 1;
	char copy[64];

	switch (chance(6)) {
	case 0:
		text[at < size ? at : 0] ^= 1 << chance(8);
		return size;
	case 1:
		text[at < size ? at : 0] = chance(256);
		return size;
	case 2:
		return at;
	case 3:
		length = length < size - at ? length : size - at;
		memmove(text + at, text + at + length, size - at - length);
		return size - length;
	case 4:
		word = text + from;
		length = length < size - from ? length : size - from;
		break;
	default:
		length = strlen(word);
	}
	if (size + length > room)
		return size;
	memcpy(copy, word, length);
	memmove(text + at + length, text + at, size - at);
	memcpy(text + at, copy, length);
	return size + length;
}

static bool is_blank_change(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a_size && strchr(" \t\r\n", a[i]))
			i++;
		while (j < b_size && strchr(" \t\r\n", b[j]))
			j++;
		if (i == a_size || j == b_size)
			return i == a_size && j == b_size;
		if (a[i++] != b[j++])
			return false;
	}
}

/* No text but the original's has a right checksum, unless somebody computes one. */
static void run_text(unsigned long run)
{
	size_t room = 2 * KEYFILE_TEXT_MAX, size;
	char *text = calloc(1, room), *first = print_keyfile(&original), *exact;
	struct keyfile *read = calloc(1, sizeof(*read));
	int err;

	size = strlen(first);
	memcpy(text, first, size);
	for (size_t i = chance(4) + 1; i && size; i--)
		size = tamper(text, size, room);
	/* In memory of just this size, so that a read behind its end is seen. */
	exact = malloc(size ? size : 1);
	memcpy(exact, text, size);
	err = parse_keyfile(exact, size, read);
	if (err && err != -EUCLEAN && err != -EPROTONOSUPPORT)
		fail_run(run, "an error that is none of reading");
	if (!err && memcmp(read, &original, sizeof(original)))
		fail_run(run, "another key file was read");
	if (!err && !is_blank_change(text, size, first, strlen(first)))
		fail_run(run, "a text was read that is not the original");
	counts[err ? 0 : 3]++;
	free(exact);
	free(text);
	free(first);
	free(read);
}

static void alter_numbers(struct keyfile *altered)
{
	struct protector *protector = &altered->protectors[chance(altered->count)];
	static const uint32_t numbers[] = { 0, 1, 2, 3, 8, 9, 16, 17, 63, 64, 1000, 1 << 20,
					    4 << 20, (4 << 20) + 1, 1U << 31, UINT32_MAX };
	uint32_t number = numbers[chance(ARRAY_SIZE(numbers))];

	switch (chance(5)) {
	case 0:
		protector->number = number;
		break;
	case 1:
		protector->memory = number;
		break;
	case 2:
		protector->passes = number;
		break;
	case 3:
		protector->lanes = number;
		break;
	default:
		protector->type = chance(3) + 1;
	}
}

/* A byte of what is bytes; or a number, an order, a name. */
static void alter(struct keyfile *altered)
{
	struct protector *protector = &altered->protectors[chance(altered->count)];
	struct sealed *sealed = chance(2) ? &altered->material : &protector->wrapping;
	uint8_t *bytes[] = { altered->identifier, altered->mac, protector->salt,
			     protector->check, sealed->nonce, sealed->tag, sealed->text };
	const size_t sizes[] = { 16, 32, 32, 32, 12, 16, 32 };
	size_t which = chance(10);

	if (which < 7)
		bytes[which][chance(sizes[which])] ^= 1 << chance(8);
	else if (which == 7)
		altered->name[chance(strlen(altered->name))] = "azAZ09._-/ \""[chance(12)];
	else if (which == 8)
		alter_numbers(altered);
	else
		*protector = original.protectors[chance(original.count)];
}

static void run_enemy(unsigned long run)
{
	struct keyfile *altered = malloc(sizeof(*altered)), *read = calloc(1, sizeof(*read));
	struct open_key *open = secret_alloc(sizeof(*open));
	const struct protector *protector;
	struct sources sources = { .key_file = "given", .key = secret };
	char *text;
	int err;

	*altered = original;
	for (size_t i = chance(3) + 1; i; i--)
		alter(altered);
	text = print_keyfile(altered);
	err = parse_keyfile(text, strlen(text), read);
	if (!err) {
		protector = find_protector(read, 3);
		err = protector && protector->type == PROTECTOR_KEY_FILE ?
		      open_keyfile(read, &sources, 0, open, NULL) : -EKEYREJECTED;
		if (!err && memcmp(&open->key, &known.key, sizeof(known.key)))
			fail_run(run, "another key came out");
		if (!err && memcmp(read, &original, sizeof(original)))
			fail_run(run, "a file that was altered was opened");
		if (err && err != -EUCLEAN && err != -EKEYREJECTED)
			fail_run(run, "an error that is none of opening");
		counts[!err ? 3 : err == -EUCLEAN ? 1 : 2]++;
	} else {
		counts[0]++;
	}
	secret_free(open);
	free(altered);
	free(read);
	free(text);
}

int main(int argc, char **argv)
{
	fuzz_options(argc, argv);
	begin_run(~0UL);
	make_original();
	for (unsigned long run = 0; run < fuzz.runs; run++) {
		if (fuzz.only != ~0UL && fuzz.only != run)
			continue;
		begin_run(run);
		if (chance(2))
			run_text(run);
		else
			run_enemy(run);
	}
	secret_free(secret);
	printf("refused when read %lu, when opened %lu, as a wrong secret %lu; unchanged %lu\n",
	       counts[0], counts[1], counts[2], counts[3]);
	return fuzz.runs > 500 && !(counts[0] && counts[1] && counts[2] && counts[3]);
}
