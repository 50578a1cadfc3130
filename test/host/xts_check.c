// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares bytes of the DIMM file with what AES-XTS of the expected plaintext
 * must give, as OpenSSL computes it
 *
 *	xts_check cipher DIMM PHYS LEN KEY PATTERN OFFSET
 *	xts_check zero   DIMM PHYS LEN KEY PATTERN OFFSET
 *	xts_check clear  DIMM PHYS LEN KEY PATTERN OFFSET
 *	xts_check text   DIMM PHYS LEN KEYHEX TWEAKHEX TEXTFILE
 *
 * The data unit of the cipher is one 64-byte line, its tweak the physical
 * address of the line in 16 little-endian bytes. The last form is for `make
 * run`: it finds out whether the block holds exactly this text.
 */
#include <openssl/evp.h>
#include "host.h"

#define LINE	64

struct question {
	const char *kind;
	uint64_t phys;
	size_t len;
	uint8_t key[2 * KEY_HALF];
	char *plain;
};

static void encrypt_line(EVP_CIPHER_CTX *ctx, const struct question *q,
			 uint64_t phys, const uint8_t *in, uint8_t *out)
{
	uint8_t tweak[16] = {};
	int len = 0;

	for (int i = 0; i < 8; i++)
		tweak[i] = phys >> (8 * i);
	if (!EVP_EncryptInit_ex(ctx, EVP_aes_128_xts(), NULL, q->key, tweak) ||
	    !EVP_EncryptUpdate(ctx, out, &len, in, LINE) || len != LINE)
		die("OpenSSL does not do AES-128-XTS");
}

static void expected_bytes(const struct question *q, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!strcmp(q->kind, "clear")) {
		memcpy(out, q->plain, q->len);
	} else {
		for (size_t i = 0; i < q->len; i += LINE)
			encrypt_line(ctx, q, q->phys + i, (uint8_t *)q->plain + i, out + i);
	}
	EVP_CIPHER_CTX_free(ctx);
}

static uint8_t *dimm_bytes(const char *path, const struct question *q)
{
	FILE *dimm = fopen(path, "rb");
	uint8_t *bytes = malloc(q->len);

	if (!dimm)
		die("cannot open %s", path);
	if (q->phys < DIMM_BASE || fseeko(dimm, q->phys - DIMM_BASE, SEEK_SET) ||
	    fread(bytes, 1, q->len, dimm) != q->len)
		die("%#llx is not on the DIMM", (unsigned long long)q->phys);
	fclose(dimm);
	return bytes;
}

/* The answer names the first line that differs, and whether it is plaintext. */
static int compare(const struct question *q, const uint8_t *got)
{
	uint8_t *want = malloc(q->len);

	expected_bytes(q, want);
	for (size_t i = 0; i < q->len; i += LINE) {
		if (!memcmp(got + i, want + i, LINE))
			continue;
		printf("line at %#llx (byte %zu of %zu) is not %s%s",
		       (unsigned long long)(q->phys + i), i, q->len,
		       strcmp(q->kind, "clear") ? "the cipher of the data" : "the data",
		       memcmp(got + i, q->plain + i, LINE) ? "" : ", it is the plaintext");
		puts("");
		return DIFFERENT;
	}
	free(want);
	return SAME;
}

static void unhex(const char *hex, uint8_t out[KEY_HALF])
{
	for (int i = 0; i < KEY_HALF; i++)
		if (sscanf(hex + 2 * i, "%2hhx", out + i) != 1)
			die("not a key: %s", hex);
}

static void read_plain(const char *path, char *out, size_t len)
{
	FILE *file = fopen(path, "rb");

	if (!file || fread(out, 1, len, file) != len)
		die("cannot read %zu bytes of %s", len, path);
	fclose(file);
}

static void ask(struct question *q, char **argv)
{
	q->kind = argv[1];
	q->phys = number(argv[3]);
	q->len = number(argv[4]);
	if (q->phys % LINE || q->len % LINE || !q->len)
		die("whole lines, please");
	q->plain = calloc(1, q->len);
	if (!strcmp(q->kind, "text")) {
		unhex(argv[5], q->key);
		unhex(argv[6], q->key + KEY_HALF);
		read_plain(argv[7], q->plain, q->len);
		return;
	}
	test_key_bytes(number(argv[5]), q->key, q->key + KEY_HALF);
	if (!strcmp(q->kind, "cipher"))
		pattern_fill(q->plain, q->len, number(argv[6]), number(argv[7]));
	else if (!strcmp(q->kind, "clear"))
		pattern_fill_mark(q->plain, q->len, CLEAR_MARK, number(argv[6]),
				  number(argv[7]));
	else if (strcmp(q->kind, "zero"))
		die("what is \"%s\"?", q->kind);
}

int main(int argc, char **argv)
{
	struct question q = {};

	if (argc != 8)
		die("usage: xts_check cipher|zero|clear|text DIMM PHYS LEN KEY PATTERN OFFSET");
	ask(&q, argv);
	return compare(&q, dimm_bytes(argv[2], &q));
}
