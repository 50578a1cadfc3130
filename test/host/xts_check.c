// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares bytes of the DIMM file with what AES-XTS of the expected plaintext
 * must give, as OpenSSL computes it
 *
 *	xts_check cipher DIMM PHYS LEN KEY PATTERN OFFSET
 *	xts_check cipher256 DIMM PHYS LEN KEY PATTERN OFFSET
 *	xts_check zero   DIMM PHYS LEN KEY PATTERN OFFSET
 *	xts_check clear  DIMM PHYS LEN KEY PATTERN OFFSET
 *	xts_check text   DIMM PHYS LEN KEYHEX TWEAKHEX TEXTFILE
 *	xts_check digest DIMM PHYS LEN KEY SHA256 OFFSET
 *
 * The data unit of the cipher is one 64-byte line, its tweak the physical
 * address of the line in 16 little-endian bytes. The form "text" is for `make
 * run`: it finds out whether the block holds exactly this text. "digest" is for bytes
 * that are no pattern: what is decrypted has this SHA-256. Key 0 is plaintext there.
 */
#include <openssl/evp.h>
#include "host.h"

#define LINE	64

struct question {
	const char *kind;
	uint64_t phys;
	size_t len;
	const EVP_CIPHER *cipher;
	uint8_t key[2 * KEY_HALF_256];
	unsigned int number;
	char *plain;
};

static void encrypt_line(EVP_CIPHER_CTX *ctx, const struct question *q,
			 uint64_t phys, const uint8_t *in, uint8_t *out)
{
	uint8_t tweak[16] = {};
	int len = 0;

	for (int i = 0; i < 8; i++)
		tweak[i] = phys >> (8 * i);
	if (!EVP_EncryptInit_ex(ctx, q->cipher, NULL, q->key, tweak) ||
	    !EVP_EncryptUpdate(ctx, out, &len, in, LINE) || len != LINE)
		die("OpenSSL does not do AES-XTS");
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
	q->cipher = EVP_aes_128_xts();
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
	q->number = number(argv[5]);
	test_key_bytes(q->number, q->key, q->key + KEY_HALF);
	if (!strcmp(q->kind, "digest"))
		return;
	if (!strcmp(q->kind, "cipher256")) {
		q->cipher = EVP_aes_256_xts();
		test_key_halves(q->number, KEY_HALF_256, q->key, q->key + KEY_HALF_256);
	}
	if (!strncmp(q->kind, "cipher", strlen("cipher")))
		pattern_fill(q->plain, q->len, number(argv[6]), number(argv[7]));
	else if (!strcmp(q->kind, "clear"))
		pattern_fill_mark(q->plain, q->len, CLEAR_MARK, number(argv[6]),
				  number(argv[7]));
	else if (strcmp(q->kind, "zero"))
		die("what is \"%s\"?", q->kind);
}

static void decrypt(const struct question *q, uint8_t *bytes)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	for (size_t done = 0; done < q->len; done += LINE) {
		uint8_t tweak[16] = {};
		int len = 0;

		for (int i = 0; i < 8; i++)
			tweak[i] = (q->phys + done) >> (8 * i);
		if (!EVP_DecryptInit_ex(ctx, q->cipher, NULL, q->key, tweak) ||
		    !EVP_DecryptUpdate(ctx, bytes + done, &len, bytes + done, LINE) || len != LINE)
			die("OpenSSL does not do AES-XTS");
	}
	EVP_CIPHER_CTX_free(ctx);
}

static int compare_digest(const struct question *q, uint8_t *bytes, const char *wanted)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * sizeof(digest) + 1] = "";
	unsigned int size = 0;

	if (q->number)
		decrypt(q, bytes);
	if (!EVP_Digest(bytes, q->len, digest, &size, EVP_sha256(), NULL))
		die("OpenSSL does not do SHA-256");
	for (unsigned int i = 0; i < size; i++)
		pattern_hex(hex + 2 * i, digest[i], 2);
	if (!strcmp(hex, wanted))
		return SAME;
	printf("the %zu bytes at %#llx have another digest\n", q->len,
	       (unsigned long long)q->phys);
	return DIFFERENT;
}

int main(int argc, char **argv)
{
	struct question q = {};

	if (argc != 8)
		die("usage: xts_check cipher|cipher256|zero|clear|text|digest DIMM PHYS LEN KEY PATTERN OFFSET");
	ask(&q, argv);
	if (!strcmp(q.kind, "digest"))
		return compare_digest(&q, dimm_bytes(argv[2], &q), argv[6]);
	return compare(&q, dimm_bytes(argv[2], &q));
}
