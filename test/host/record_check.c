// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recomputes the key identifier of a record with OpenSSL's HKDF
 *
 *	record_check RECORD KEY
 *
 * RECORD is the xattr in hex, KEY the number of a test key. The identifier is
 * HKDF-SHA512 (RFC 5869) without salt, over algorithm byte, data key and tweak
 * key, with info "mktme-dax identifier".
 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include "../../include/uapi/linux/mktme_dax.h"
#include "host.h"

#define INFO	"mktme-dax identifier"

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

int main(int argc, char **argv)
{
	uint8_t want[MKTME_DAX_IDENTIFIER_SIZE], secret[1 + 2 * KEY_HALF];
	struct mktme_dax_record_v1 record;
	uint8_t *bytes = (uint8_t *)&record;

	if (argc != 3 || strlen(argv[1]) != 2 * sizeof(record))
		die("usage: record_check RECORD KEY");
	for (size_t i = 0; i < sizeof(record); i++)
		if (sscanf(argv[1] + 2 * i, "%2hhx", bytes + i) != 1)
			die("not hex: %s", argv[1]);
	secret[0] = MKTME_ALG_AES_XTS_128;
	test_key_bytes(number(argv[2]), secret + 1, secret + 1 + KEY_HALF);
	derive(secret, sizeof(secret), want);
	if (!memcmp(want, record.identifier, sizeof(want)))
		return SAME;
	puts("the identifier in the record is not that of the key");
	return DIFFERENT;
}
