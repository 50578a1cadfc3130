// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key type "mktme": the AES-XTS keys that memory is encrypted with
 *
 * The payload is text: options separated by blanks, in any order, each once.
 *
 *   type=user|cpu          whether user space gives the key, or the kernel
 *                          makes one up that nobody knows
 *   algorithm=aes-xts-128|aes-xts-256
 *   key=HEX tweak=HEX      type=user: the data key and the tweak key
 *
 * The kernel keeps the keys in &struct mktme_key only, and they never leave it
 * but for PCONFIG: there is no .read, and an existing key cannot be updated.
 */
#include "mktme_hkdf.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/hex.h>
#include <linux/init.h>
#include <linux/key-type.h>
#include <linux/key.h>
#include <linux/mktme.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <crypto/algapi.h>

#define MKTME_PAYLOAD_MAX	1024

enum option {
	OPT_TYPE,
	OPT_ALGORITHM,
	OPT_KEY,
	OPT_TWEAK,
	NR_OPTIONS
};

static const char *const option_names[NR_OPTIONS] = {
	[OPT_TYPE] = "type=",
	[OPT_ALGORITHM] = "algorithm=",
	[OPT_KEY] = "key=",
	[OPT_TWEAK] = "tweak=",
};

static const char *algorithm_name(u8 algorithm)
{
	switch (algorithm) {
	case MKTME_ALG_AES_XTS_128:
		return "aes-xts-128";
	case MKTME_ALG_AES_XTS_256:
		return "aes-xts-256";
	default:
		return NULL;
	}
}

/* Sorts the options of @text into @values, which point into it. */
static int split_options(char *text, const char *values[NR_OPTIONS])
{
	unsigned int i;
	size_t len;
	char *word;

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		for (i = 0; i < NR_OPTIONS; i++) {
			len = str_has_prefix(word, option_names[i]);
			if (len)
				break;
		}
		if (i == NR_OPTIONS || values[i])
			return -EINVAL;
		values[i] = word + len;
	}
	return 0;
}

static int parse_algorithm(const char *value, u8 *algorithm)
{
	u8 i;

	for (i = MKTME_ALG_AES_XTS_128; i <= MKTME_ALG_AES_XTS_256; i++) {
		if (value && !strcmp(value, algorithm_name(i))) {
			*algorithm = i;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_hex(const char *value, u8 *out, unsigned int size)
{
	if (!value || strlen(value) != 2 * size || hex2bin(out, value, size))
		return -EINVAL;
	return 0;
}

/* Two equal halves void XTS: the tweak would be encrypted with the data key. */
static int take_user_key(const char *const values[NR_OPTIONS],
			 struct mktme_material *material)
{
	unsigned int size = mktme_key_size(material->algorithm);

	if (parse_hex(values[OPT_KEY], material->data, size) ||
	    parse_hex(values[OPT_TWEAK], material->tweak, size) ||
	    !crypto_memneq(material->data, material->tweak, size))
		return -EINVAL;
	return 0;
}

/* Made by the kernel, not by PCONFIG: every package has to get the same key. */
static int make_cpu_key(const char *const values[NR_OPTIONS],
			struct mktme_material *material)
{
	unsigned int size = mktme_key_size(material->algorithm);
	int err;

	if (values[OPT_KEY] || values[OPT_TWEAK])
		return -EINVAL;
	err = get_random_bytes_wait(material->data, size);
	if (!err)
		err = get_random_bytes_wait(material->tweak, size);
	return err;
}

static int parse_payload(char *text, struct mktme_key *key)
{
	const char *values[NR_OPTIONS] = {};
	int err;

	err = split_options(text, values);
	if (!err)
		err = parse_algorithm(values[OPT_ALGORITHM],
				      &key->material.algorithm);
	if (err)
		return err;
	if (!values[OPT_TYPE])
		return -EINVAL;

	if (!strcmp(values[OPT_TYPE], "user")) {
		key->persistent = true;
		err = take_user_key(values, &key->material);
	} else if (!strcmp(values[OPT_TYPE], "cpu")) {
		err = make_cpu_key(values, &key->material);
	} else {
		err = -EINVAL;
	}
	if (err)
		return err;

	/* After the syntax, so that a typo is called one on every machine. */
	if (!mktme_algorithm_usable(key->material.algorithm))
		return -EOPNOTSUPP;
	return mktme_key_identifier(&key->material, key->identifier);
}

/*
 * Return: 0; -EOPNOTSUPP without TME-MK or if the firmware has not activated the
 * algorithm; -EACCES without the privilege to use up KeyIDs; -EINVAL if the
 * payload is not as described above; -ENOMEM; -ERESTARTSYS; errors of
 * mktme_key_identifier().
 */
static int mktme_preparse(struct key_preparsed_payload *prep)
{
	struct mktme_key *key;
	char *text;
	int err;

	if (!mktme_nr_keyids())
		return -EOPNOTSUPP;
	if (!capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (!prep->data || !prep->datalen || prep->datalen > MKTME_PAYLOAD_MAX ||
	    memchr(prep->data, 0, prep->datalen))
		return -EINVAL;

	/* The caller wipes prep->data. */
	text = kmemdup_nul(prep->data, prep->datalen, GFP_KERNEL);
	key = kzalloc(sizeof(*key), GFP_KERNEL);
	err = text && key ? parse_payload(text, key) : -ENOMEM;
	kfree_sensitive(text);
	if (err) {
		kfree_sensitive(key);
		return err;
	}

	prep->quotalen = sizeof(*key);
	prep->payload.data[0] = key;
	/* For mktme_describe(), which must not look at what revoke frees */
	prep->payload.data[1] = (void *)(unsigned long)key->material.algorithm;
	return 0;
}

static void mktme_free_preparse(struct key_preparsed_payload *prep)
{
	kfree_sensitive(prep->payload.data[0]);
}

/*
 * Files that are unlocked stay so, and with them the key in its KeyID until the
 * last one is gone. Another key with the same material may be around; it programs
 * the KeyID again when it is used.
 */
static void forget_key(struct mktme_key *payload)
{
	if (!payload)
		return;
	mktme_slot_retire(payload->identifier);
	kfree_sensitive(payload);
}

/*
 * The keys core holds key->sem for writing, users of the payload hold it for
 * reading: nobody looks at the keys while they are wiped.
 */
static void mktme_revoke(struct key *key)
{
	struct mktme_key *payload = dereference_key_locked(key);

	key_payload_reserve(key, 0);
	rcu_assign_keypointer(key, NULL);
	forget_key(payload);
}

/* After unlink, invalidation or expiry, by the keys' garbage collector. */
static void mktme_destroy(struct key *key)
{
	forget_key(key->payload.data[0]);
}

static void mktme_describe(const struct key *key, struct seq_file *m)
{
	const char *name = algorithm_name((unsigned long)key->payload.data[1]);

	seq_puts(m, key->description);
	if (key_is_positive(key) && name)
		seq_printf(m, ": %s", name);
}

/*
 * A payload is &struct mktme_key. It is read under key->sem, with
 * dereference_key_locked(), and is NULL after a revocation.
 */
struct key_type key_type_mktme = {
	.name		= "mktme",
	.preparse	= mktme_preparse,
	.free_preparse	= mktme_free_preparse,
	.instantiate	= generic_key_instantiate,
	.revoke		= mktme_revoke,
	.destroy	= mktme_destroy,
	.describe	= mktme_describe,
};

/* Also without TME-MK: its users get an errno that says so. */
static int __init mktme_key_init(void)
{
	return register_key_type(&key_type_mktme);
}
late_initcall(mktme_key_init);
