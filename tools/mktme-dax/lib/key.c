// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Key material: make, name, put into a keyring of the kernel
 */
#include "lib_private.h"
#include <keyutils.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const struct reason load_reasons[] = {
	{ EACCES, "keys of this type take CAP_SYS_RESOURCE or CAP_SYS_ADMIN" },
	{ EOPNOTSUPP, "no usable KeyIDs on this machine, or not this algorithm" },
	{ ENODEV, "the kernel does not know keys of type mktme" },
	{ ENOSYS, "the kernel has no keys" },
	{ EDQUOT, "the quota of keys is exhausted" },
	{ ENOKEY, "there is no such keyring" },
	{ EINVAL, "the description or the key is malformed" },
	{ }
};

static const struct reason instantiate_reasons[] = {
	{ EPERM, "nobody has asked this process for it" },
	{ EOPNOTSUPP, "no usable KeyIDs on this machine, or not this algorithm" },
	{ }
};

static const struct reason unload_reasons[] = {
	{ EACCES, "no permission for the key" },
	{ ENOKEY, "there is no such key" },
	{ EKEYREVOKED, "it was revoked already" },
	{ EINVAL, "not a serial number" },
	{ }
};

size_t mktme_dax_key_size(uint32_t algorithm)
{
	switch (algorithm) {
	case MKTME_DAX_AES_XTS_128:
		return 16;
	case MKTME_DAX_AES_XTS_256:
		return 32;
	default:
		return 0;
	}
}

static int check_key(const struct mktme_dax_key *key)
{
	if (key->version != MKTME_DAX_API_V1)
		return fail(-EINVAL, "struct mktme_dax_key of another version");
	if (!mktme_dax_key_size(key->algorithm))
		return fail(-EINVAL, "unknown algorithm %u", key->algorithm);
	return 0;
}

static int check_material(const struct mktme_dax_key *key)
{
	int err = check_key(key);

	if (!err && !memcmp(key->data, key->tweak, mktme_dax_key_size(key->algorithm)))
		return fail(-EINVAL, "data key and tweak key are equal");
	return err;
}

static int fill_random(void *buf, size_t len)
{
	ssize_t done;

	do
		done = getrandom(buf, len, 0);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return fail_call(errno, "no random bytes", NULL);
	return done == (ssize_t)len ? 0 : fail(-EIO, "no random bytes");
}

int mktme_dax_key_generate(struct mktme_dax_key *key)
{
	size_t size = mktme_dax_key_size(key->algorithm);
	int err = check_key(key);

	if (!err)
		err = fill_random(key->data, size);
	if (!err)
		err = fill_random(key->tweak, size);
	return err ? err : check_material(key);
}

static bool derive(const uint8_t *secret, size_t len, uint8_t *out)
{
	static const char info[] = "mktme-dax identifier";
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA512", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info,
						  sizeof(info) - 1),
		OSSL_PARAM_construct_end(),
	};
	bool done = ctx && EVP_KDF_derive(ctx, out, MKTME_DAX_KEY_IDENTIFIER_SIZE, params) > 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done;
}

/* As security/keys/mktme_identifier.c of the kernel does it. */
int mktme_dax_key_identifier(const struct mktme_dax_key *key,
			     uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE])
{
	size_t size = mktme_dax_key_size(key->algorithm);
	uint8_t secret[1 + sizeof(key->data) + sizeof(key->tweak)];
	int err = check_material(key);

	if (err)
		return err;
	secret[0] = key->algorithm;
	memcpy(secret + 1, key->data, size);
	memcpy(secret + 1 + size, key->tweak, size);
	if (!derive(secret, 1 + 2 * size, identifier))
		err = fail(-EIO, "libcrypto does not do HKDF");
	explicit_bzero(secret, sizeof(secret));
	return err;
}

static void put_hex(char *out, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = 0;
}

/* snprintf() might leave copies of the key behind in buffers of its own. */
static size_t make_payload(const struct mktme_dax_key *key, char *out)
{
	size_t size = mktme_dax_key_size(key->algorithm);
	char *end = out;

	end = stpcpy(end, "type=user algorithm=");
	end = stpcpy(end, size == 16 ? "aes-xts-128" : "aes-xts-256");
	end = stpcpy(end, " key=");
	put_hex(end, key->data, size);
	end = stpcpy(end + 2 * size, " tweak=");
	put_hex(end, key->tweak, size);
	return end + 2 * size - out;
}

int mktme_dax_key_load(const struct mktme_dax_key *key, const char *description,
		       int32_t keyring, int32_t *serial)
{
	char payload[256];
	key_serial_t added;
	size_t len;
	int err = check_material(key);

	if (err)
		return err;
	if (!*description || strlen(description) > 128)
		return fail(-EINVAL, "a description has 1 to 128 characters");
	len = make_payload(key, payload);
	added = add_key("mktme", description, payload, len, keyring);
	err = errno;
	explicit_bzero(payload, sizeof(payload));
	if (added < 0)
		return fail_call(err, "cannot load the key", load_reasons);
	*serial = added;
	return 0;
}

int mktme_dax_key_instantiate(const struct mktme_dax_key *key, int32_t serial)
{
	char payload[256];
	int err = check_material(key);
	long done;

	if (err)
		return err;
	done = keyctl_instantiate(serial, payload, make_payload(key, payload), 0);
	err = errno;
	explicit_bzero(payload, sizeof(payload));
	return done < 0 ? fail_call(err, "cannot give the key to who has asked", instantiate_reasons) : 0;
}

int mktme_dax_key_unload(int32_t serial)
{
	if (keyctl_invalidate(serial))
		return fail_call(errno, "cannot unload the key", unload_reasons);
	return 0;
}

void mktme_dax_key_wipe(struct mktme_dax_key *key)
{
	if (key)
		explicit_bzero(key, sizeof(*key));
}

void mktme_dax_identifier_text(const uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE],
			       char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE])
{
	put_hex(text, identifier, MKTME_DAX_KEY_IDENTIFIER_SIZE);
}

int mktme_dax_identifier_parse(const char *text,
			       uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE])
{
	size_t len;

	if (!OPENSSL_hexstr2buf_ex(identifier, MKTME_DAX_KEY_IDENTIFIER_SIZE, &len, text, 0) ||
	    len != MKTME_DAX_KEY_IDENTIFIER_SIZE) {
		ERR_clear_error();
		return fail(-EINVAL, "a key identifier has 32 hexadecimal digits");
	}
	return 0;
}
