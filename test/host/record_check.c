// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recomputes key identifier and place of a record with OpenSSL
 *
 *	record_check RECORD KEY UUID BASE LAYOUT
 *
 * RECORD is the xattr in hex, KEY the number of a test key, UUID that of the
 * namespace, BASE the physical address at which the block device begins, LAYOUT
 * what the file system says of where its blocks are, in hex, or "-" for nothing. The
 * identifier is HKDF-SHA512 (RFC 5869) without salt, over algorithm byte, data
 * key and tweak key, with info "mktme-dax identifier". The place is the
 * beginning of the SHA-256 of UUID, BASE, eight zero bytes and LAYOUT.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdbool.h>
#include "../../include/uapi/linux/mktme_dax.h"
#include "host.h"

#define INFO		"mktme-dax identifier"
#define LAYOUT_SIZE	40

static void derive(uint8_t *secret, size_t len, uint8_t *out)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA512", info[] = INFO;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 6),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, strlen(INFO)),
		OSSL_PARAM_construct_end(),
	};

	if (EVP_KDF_derive(ctx, out, MKTME_DAX_IDENTIFIER_SIZE, params) <= 0)
		die("OpenSSL does not do HKDF");
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void parse_hex(const char *text, uint8_t *out, size_t len)
{
	if (strlen(text) != 2 * len)
		die("not %zu bytes of hex: %s", len, text);
	for (size_t i = 0; i < len; i++)
		if (sscanf(text + 2 * i, "%2hhx", out + i) != 1)
			die("not hex: %s", text);
}

static void parse_uuid(const char *text, uint8_t uuid[16])
{
	char hex[33] = "";
	size_t n = 0;

	for (; *text && n < 32; text++)
		if (*text != '-')
			hex[n++] = *text;
	if (*text)
		die("not a UUID");
	parse_hex(hex, uuid, 16);
}

static bool identifier_is_right(const struct mktme_dax_record_v1 *record, unsigned int key)
{
	uint8_t want[MKTME_DAX_IDENTIFIER_SIZE], secret[1 + 2 * KEY_HALF];

	secret[0] = MKTME_ALG_AES_XTS_128;
	test_key_bytes(key, secret + 1, secret + 1 + KEY_HALF);
	derive(secret, sizeof(secret), want);
	return !memcmp(want, record->identifier, sizeof(want));
}

static bool place_is_right(const struct mktme_dax_record_v1 *record, const char *uuid,
			   uint64_t base, const char *layout)
{
	uint8_t where[32 + LAYOUT_SIZE] = {}, digest[32];
	size_t len = 32;

	parse_uuid(uuid, where);
	for (int i = 0; i < 8; i++)
		where[16 + i] = base >> 8 * i;
	if (strcmp(layout, "-")) {
		parse_hex(layout, where + len, LAYOUT_SIZE);
		len += LAYOUT_SIZE;
	}
	if (!EVP_Digest(where, len, digest, NULL, EVP_sha256(), NULL))
		die("OpenSSL does not do SHA-256");
	return !memcmp(digest, record->place, sizeof(record->place));
}

int main(int argc, char **argv)
{
	struct mktme_dax_record_v1 record;

	if (argc != 6)
		die("usage: record_check RECORD KEY UUID BASE LAYOUT");
	parse_hex(argv[1], (uint8_t *)&record, sizeof(record));
	if (!identifier_is_right(&record, number(argv[2]))) {
		puts("the identifier in the record is not that of the key");
		return DIFFERENT;
	}
	if (!place_is_right(&record, argv[3], number(argv[4]), argv[5])) {
		puts("the place in the record is not that of the namespace");
		return DIFFERENT;
	}
	return SAME;
}
