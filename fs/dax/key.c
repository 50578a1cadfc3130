// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a key of the keys subsystem to what is in it
 */
#include <linux/err.h>
#include <linux/key.h>
#include <linux/string.h>
#include "mktme_dax_private.h"

/**
 * mktme_dax_lock_key() - the payload of a key, for as long as it is needed
 * @key: key of any type
 *
 * The key's semaphore is held from here to mktme_dax_unlock_key(): revoking and
 * destroying the payload wait for it.
 *
 * Context: process context; no lock that is held over the taking of a key.
 * Return: the payload, or ERR_PTR: -EINVAL not an mktme key; -EKEYEXPIRED,
 * -EKEYREVOKED.
 */
const struct mktme_key *mktme_dax_lock_key(struct key *key)
{
	const struct mktme_key *payload;
	int err;

	if (key->type != &key_type_mktme)
		return ERR_PTR(-EINVAL);
	down_read(&key->sem);
	err = key_validate(key);
	payload = dereference_key_locked(key);
	if (!err && payload)
		return payload;
	up_read(&key->sem);
	return ERR_PTR(err ?: -EKEYREVOKED);
}

void mktme_dax_unlock_key(struct key *key)
{
	up_read(&key->sem);
}

/**
 * mktme_dax_identify() - which key is this?
 * @key: key of any type
 * @identifier: MKTME_DAX_IDENTIFIER_SIZE bytes, for the identifier
 *
 * For those who go on to take locks under which mktme_dax_lock_key() is not allowed,
 * or which somebody else may hold for long. The key may end meanwhile.
 *
 * Context: process context.
 * Return: 0; -EINVAL not an mktme key; -EKEYEXPIRED, -EKEYREVOKED.
 */
int mktme_dax_identify(struct key *key, u8 *identifier)
{
	const struct mktme_key *payload = mktme_dax_lock_key(key);

	if (IS_ERR(payload))
		return PTR_ERR(payload);
	memcpy(identifier, payload->identifier, MKTME_DAX_IDENTIFIER_SIZE);
	mktme_dax_unlock_key(key);
	return 0;
}
