// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identifier of a key of type "mktme"
 *
 * HKDF with HMAC-SHA-512 (RFC 5869), so that the identifier tells nothing of the
 * key but that it is the same one. Anybody who has the key can compute it:
 *
 *   openssl kdf -keylen 16 -kdfopt digest:SHA512 \
 *     -kdfopt hexkey:AADDTT -kdfopt info:"mktme-dax identifier" HKDF
 *
 * where AA is the algorithm as in uapi/linux/mktme_dax.h (01 or 02), DD the data
 * key and TT the tweak key in hex, without gaps. No salt is given.
 *
 * Identifiers are on disk: neither the construction nor the string may change.
 */
#include "mktme_hkdf.h"

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mktme.h>
#include <linux/string.h>
#include <crypto/hash.h>
#include <crypto/sha2.h>

static const char identifier_info[] = "mktme-dax identifier";

/* Extract: leaves @tfm keyed with the pseudorandom key. */
static int hkdf_extract(struct crypto_shash *tfm, const u8 *salt,
			size_t salt_len, const u8 *ikm, size_t ikm_len)
{
	static const u8 no_salt[SHA512_DIGEST_SIZE];
	u8 prk[SHA512_DIGEST_SIZE];
	int err;

	if (!salt_len) {
		salt = no_salt;
		salt_len = crypto_shash_digestsize(tfm);
	}
	err = crypto_shash_setkey(tfm, salt, salt_len);
	if (!err)
		err = crypto_shash_tfm_digest(tfm, ikm, ikm_len, prk);
	if (!err)
		err = crypto_shash_setkey(tfm, prk, crypto_shash_digestsize(tfm));
	memzero_explicit(prk, sizeof(prk));
	return err;
}

/* T(n) = HMAC(PRK, T(n-1) || info || n); @last holds T(n-1) and gets T(n). */
static int hkdf_block(struct crypto_shash *tfm, u8 *last, u8 n, const u8 *info,
		      size_t info_len)
{
	SHASH_DESC_ON_STACK(desc, tfm);
	int err;

	desc->tfm = tfm;
	err = crypto_shash_init(desc);
	if (!err && n > 1)
		err = crypto_shash_update(desc, last, crypto_shash_digestsize(tfm));
	if (!err)
		err = crypto_shash_update(desc, info, info_len);
	if (!err)
		err = crypto_shash_finup(desc, &n, 1, last);
	shash_desc_zero(desc);
	return err;
}

static int hkdf_expand(struct crypto_shash *tfm, const u8 *info, size_t info_len,
		       u8 *okm, size_t okm_len)
{
	u8 last[SHA512_DIGEST_SIZE];
	size_t done, len;
	int err = 0;
	u8 n = 1;

	for (done = 0; done < okm_len && !err; done += len) {
		len = min_t(size_t, okm_len - done, crypto_shash_digestsize(tfm));
		err = hkdf_block(tfm, last, n++, info, info_len);
		if (!err)
			memcpy(okm + done, last, len);
	}
	memzero_explicit(last, sizeof(last));
	return err;
}

/**
 * mktme_hkdf() - HKDF of RFC 5869
 * @hmac: name of the keyed hash, "hmac(sha512)"; digest up to 64 bytes
 * @salt: salt, or NULL
 * @salt_len: its length; 0 stands for a digest's length of zeros
 * @ikm: input keying material
 * @ikm_len: its length
 * @info: context
 * @info_len: its length
 * @okm: output; wiped on error
 * @okm_len: its length, at most 255 digests
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL if @okm_len is too big or the digest too long; -ENOMEM;
 * -ENOENT if the kernel has no such hash; other errors of the crypto API.
 */
int mktme_hkdf(const char *hmac, const u8 *salt, size_t salt_len, const u8 *ikm,
	       size_t ikm_len, const u8 *info, size_t info_len, u8 *okm,
	       size_t okm_len)
{
	struct crypto_shash *tfm;
	int err = -EINVAL;

	tfm = crypto_alloc_shash(hmac, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	if (crypto_shash_digestsize(tfm) > SHA512_DIGEST_SIZE ||
	    okm_len > 255 * crypto_shash_digestsize(tfm))
		goto out_free;

	err = hkdf_extract(tfm, salt, salt_len, ikm, ikm_len);
	if (!err)
		err = hkdf_expand(tfm, info, info_len, okm, okm_len);
	if (err)
		memzero_explicit(okm, okm_len);
out_free:
	crypto_free_shash(tfm);
	return err;
}

/**
 * mktme_key_size() - length of each of the two AES keys
 * @algorithm: MKTME_ALG_*
 *
 * Return: bytes; 0 for an unknown algorithm.
 */
unsigned int mktme_key_size(u8 algorithm)
{
	switch (algorithm) {
	case MKTME_ALG_AES_XTS_128:
		return 16;
	case MKTME_ALG_AES_XTS_256:
		return 32;
	default:
		return 0;
	}
}

/**
 * mktme_key_identifier() - derive the identifier of a key
 * @material: the key
 * @identifier: result
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL for an unknown algorithm; errors of mktme_hkdf().
 */
int mktme_key_identifier(const struct mktme_material *material,
			 u8 identifier[MKTME_DAX_IDENTIFIER_SIZE])
{
	unsigned int size = mktme_key_size(material->algorithm);
	u8 ikm[1 + 2 * MKTME_KEY_FIELD_SIZE];
	int err;

	if (!size)
		return -EINVAL;
	ikm[0] = material->algorithm;
	memcpy(ikm + 1, material->data, size);
	memcpy(ikm + 1 + size, material->tweak, size);

	err = mktme_hkdf("hmac(sha512)", NULL, 0, ikm, 1 + 2 * size,
			 identifier_info, sizeof(identifier_info) - 1,
			 identifier, MKTME_DAX_IDENTIFIER_SIZE);

	memzero_explicit(ikm, sizeof(ikm));
	return err;
}
