// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES-XTS as the memory controller does it, by libcrypto
 *
 * The data unit is one line of 64 bytes, its tweak the physical address of the line, as
 * 16 little-endian bytes. That is so on the emulated machine; Intel has not published
 * what real ones do.
 */
#include "verify.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>

struct cipher {
	EVP_CIPHER_CTX *ctx;
	uint8_t key[64];
};

/* The halves follow each other without the padding of struct mktme_dax_key. */
struct cipher *new_cipher(const struct mktme_dax_key *key)
{
	size_t half = mktme_dax_key_size(key->algorithm);
	struct cipher *cipher = half ? calloc(1, sizeof(*cipher)) : NULL;

	if (!cipher)
		return NULL;
	memcpy(cipher->key, key->data, half);
	memcpy(cipher->key + half, key->tweak, half);
	cipher->ctx = EVP_CIPHER_CTX_new();
	if (cipher->ctx &&
	    EVP_EncryptInit_ex(cipher->ctx, half == 32 ? EVP_aes_256_xts() : EVP_aes_128_xts(),
			       NULL, cipher->key, NULL) == 1)
		return cipher;
	free_cipher(cipher);
	return NULL;
}

void free_cipher(struct cipher *cipher)
{
	if (!cipher)
		return;
	EVP_CIPHER_CTX_free(cipher->ctx);
	OPENSSL_cleanse(cipher, sizeof(*cipher));
	free(cipher);
}

int encrypt_lines(struct cipher *cipher, uint64_t address, const uint8_t *plain, uint8_t *out,
		  size_t len)
{
	for (size_t i = 0; i < len; i += LINE_BYTES) {
		uint8_t tweak[16] = {};
		int done = 0;

		for (int byte = 0; byte < 8; byte++)
			tweak[byte] = (address + i) >> (8 * byte);
		if (EVP_EncryptInit_ex(cipher->ctx, NULL, NULL, NULL, tweak) != 1 ||
		    EVP_EncryptUpdate(cipher->ctx, out + i, &done, plain + i, LINE_BYTES) != 1 ||
		    done != LINE_BYTES)
			return -EIO;
	}
	return 0;
}
