/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Key derivation of the "mktme" key type; its own header for the tests
 */
#ifndef _SECURITY_KEYS_MKTME_HKDF_H
#define _SECURITY_KEYS_MKTME_HKDF_H

#include <linux/types.h>

int mktme_hkdf(const char *hmac, const u8 *salt, size_t salt_len, const u8 *ikm,
	       size_t ikm_len, const u8 *info, size_t info_len, u8 *okm,
	       size_t okm_len);
unsigned int mktme_key_size(u8 algorithm);

#endif /* _SECURITY_KEYS_MKTME_HKDF_H */
