// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HKDF, AES-256-GCM, HMAC and SHA-256, all of them libcrypto's
 */
#include "keyfile.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sys/random.h>

static int refused(const char *what)
{
	return note(-EIO, "libcrypto does not do %s", what);
}

int fill_random(void *buf, size_t size)
{
	ssize_t done;

	do
		done = getrandom(buf, size, 0);
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)size ? 0 : note(-EIO, "the kernel gives no random bytes");
}

int derive(const void *secret, size_t size, const uint8_t *salt, const char *info,
	   uint8_t *out, size_t out_size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[5], *p = params;
	bool done;

	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA512", 0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, size);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info));
	if (salt)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
							 SALT_SIZE);
	*p = OSSL_PARAM_construct_end();
	done = ctx && EVP_KDF_derive(ctx, out, out_size, params) > 0;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done ? 0 : refused("HKDF");
}

int seal(const uint8_t key[32], const void *aad, size_t aad_size, const uint8_t *plain,
	 size_t size, struct sealed *sealed)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len, err = fill_random(sealed->nonce, sizeof(sealed->nonce));

	if (!err && (!ctx || size > sizeof(sealed->text) ||
		     EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed->nonce) <= 0 ||
		     EVP_EncryptUpdate(ctx, NULL, &len, aad, aad_size) <= 0 ||
		     EVP_EncryptUpdate(ctx, sealed->text, &len, plain, size) <= 0 ||
		     EVP_EncryptFinal_ex(ctx, sealed->text + len, &len) <= 0 ||
		     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, sizeof(sealed->tag),
					 sealed->tag) <= 0))
		err = refused("AES-256-GCM");
	EVP_CIPHER_CTX_free(ctx);
	sealed->size = size;
	return err;
}

int unseal(const uint8_t key[32], const void *aad, size_t aad_size,
	   const struct sealed *sealed, uint8_t *plain)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len, err = 0;

	if (!ctx || EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed->nonce) <= 0 ||
	    EVP_DecryptUpdate(ctx, NULL, &len, aad, aad_size) <= 0 ||
	    EVP_DecryptUpdate(ctx, plain, &len, sealed->text, sealed->size) <= 0 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, sizeof(sealed->tag),
				(void *)sealed->tag) <= 0)
		err = refused("AES-256-GCM");
	else if (EVP_DecryptFinal_ex(ctx, plain + len, &len) <= 0)
		err = -EBADMSG;
	if (err)
		explicit_bzero(plain, sealed->size);
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

int hmac_sha256(const uint8_t key[32], const void *data, size_t size, uint8_t mac[MAC_SIZE])
{
	return HMAC(EVP_sha256(), key, 32, data, size, mac, NULL) ? 0 : refused("HMAC");
}

int sha256(const void *data, size_t size, uint8_t digest[32])
{
	return EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) > 0 ? 0 :
	       refused("SHA-256");
}
