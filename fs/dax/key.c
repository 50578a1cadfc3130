// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a key of the keys subsystem to what is in it
 */
#include <linux/err.h>
#include <linux/key.h>
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
