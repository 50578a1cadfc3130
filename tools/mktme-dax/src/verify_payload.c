// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The payload of a kernel key: type=user algorithm=... key=HEX tweak=HEX
 */
#include "verify.h"
#include <openssl/crypto.h>

#define MAX_PAYLOAD	1024	/* the kernel's limit */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Exactly @size bytes of digits */
static int parse_hex(const char *text, size_t len, uint8_t *out, size_t size)
{
	if (!size || len != 2 * size)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return -EINVAL;
		out[i / 2] = out[i / 2] << 4 | digit;
	}
	return 0;
}

struct part {
	const char *name, *value;
	size_t len;
};

static int take_word(struct part *options, size_t count, const char *word, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		size_t name = strlen(options[i].name);

		if (len <= name || strncmp(word, options[i].name, name) || word[name] != '=')
			continue;
		if (options[i].value)
			return -EINVAL;
		options[i].value = word + name + 1;
		options[i].len = len - name - 1;
		return 0;
	}
	return -EINVAL;
}

static bool is_word(const struct part *option, const char *word)
{
	return option->value && option->len == strlen(word) && !strncmp(option->value, word, option->len);
}

int parse_payload(const char *text, struct mktme_dax_key *key)
{
	enum { TYPE, ALGORITHM, KEY, TWEAK };
	struct part options[] = { { .name = "type" }, { .name = "algorithm" }, { .name = "key" },
				    { .name = "tweak" } };
	size_t len, half;

	for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
		len = strcspn(text, " \t\n");
		if (take_word(options, ARRAY_SIZE(options), text, len))
			return -EINVAL;
		text += len;
	}
	*key = (struct mktme_dax_key){ .version = MKTME_DAX_API_V1 };
	if (!is_word(&options[TYPE], "user") || !options[KEY].value || !options[TWEAK].value)
		return -EINVAL;
	if (is_word(&options[ALGORITHM], "aes-xts-128"))
		key->algorithm = MKTME_DAX_AES_XTS_128;
	else if (is_word(&options[ALGORITHM], "aes-xts-256"))
		key->algorithm = MKTME_DAX_AES_XTS_256;
	half = mktme_dax_key_size(key->algorithm);
	if (parse_hex(options[KEY].value, options[KEY].len, key->data, half) ||
	    parse_hex(options[TWEAK].value, options[TWEAK].len, key->tweak, half) ||
	    !memcmp(key->data, key->tweak, half)) {
		mktme_dax_key_wipe(key);
		return -EINVAL;
	}
	return 0;
}

static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	size_t used = 0;
	ssize_t len = 1;

	if (fd < 0)
		return -errno;
	while (len > 0 && used < size) {
		len = read(fd, text + used, size - used);
		if (len < 0)
			len = -errno;
		else
			used += len;
	}
	if (fd != STDIN_FILENO)
		close(fd);
	return len < 0 ? len : (ssize_t)used;
}

int read_payload(const char *path, struct mktme_dax_key *key)
{
	char text[MAX_PAYLOAD + 2];
	ssize_t len = read_text(path, text, MAX_PAYLOAD + 1);
	int code = EXIT_OK;

	if (len < 0)
		return complain(len, NULL, "%s: %s", path, strerror(-len));
	text[len] = 0;
	if (len > MAX_PAYLOAD || strlen(text) != (size_t)len || parse_payload(text, key))
		code = complain(-EINVAL, "man encrypt_mprotect: type=user algorithm=aes-xts-128 key=HEX tweak=HEX",
				"%s is not the payload of a key of type \"mktme\"", path);
	OPENSSL_cleanse(text, sizeof(text));
	return code;
}
