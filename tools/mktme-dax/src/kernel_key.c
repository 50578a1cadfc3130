// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of the kernel: those that are loaded, and encrypted ones that protect a key file
 */
#include "keyfile.h"
#include <linux/if_alg.h>
#include <sys/socket.h>

/* Linux 6.2; headers may be older than the kernel. */
#ifndef ALG_SET_KEY_BY_KEY_SERIAL
#define ALG_SET_KEY_BY_KEY_SERIAL 7
#endif

/*
 * A key is usable for who can reach it from the keyrings of the process. A session of
 * systemd or sudo may lack the link to @u: then keys are there, and permission is denied.
 */
void join_user_keyring(void)
{
	keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_PROCESS_KEYRING);
}

/* By identifier: the same key whatever the name of its file. */
void loaded_name(const uint8_t *identifier, char name[LOADED_NAME_SIZE])
{
	char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE];

	mktme_dax_identifier_text(identifier, text);
	snprintf(name, LOADED_NAME_SIZE, "mktme-dax:%s", text);
}

key_serial_t find_loaded(const uint8_t *identifier)
{
	char name[LOADED_NAME_SIZE];
	key_serial_t serial;

	loaded_name(identifier, name);
	serial = keyctl_search(KEY_SPEC_USER_KEYRING, "mktme", name, 0);
	if (serial < 0)
		serial = keyctl_search(KEY_SPEC_PROCESS_KEYRING, "mktme", name, 0);
	return serial < 0 ? -errno : serial;
}

int load_key(const struct mktme_dax_key *key, key_serial_t keyring, key_serial_t *serial)
{
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	char name[LOADED_NAME_SIZE];
	int err = mktme_dax_key_identifier(key, identifier);

	if (!err) {
		loaded_name(identifier, name);
		err = mktme_dax_key_load(key, name, keyring, serial);
	}
	return err ? note(err, "%s", mktme_dax_message()) : 0;
}

static key_serial_t find_encrypted(const char *description)
{
	key_serial_t serial = keyctl_search(KEY_SPEC_USER_KEYRING, "encrypted", description, 0);

	if (serial < 0)
		serial = keyctl_search(KEY_SPEC_SESSION_KEYRING, "encrypted", description, 0);
	return serial;
}

int read_blob(const char *description, char blob[BLOB_MAX + 1])
{
	key_serial_t serial = find_encrypted(description);
	long size;

	if (serial < 0)
		return note(-ENOKEY, "there is no encrypted key \"%s\" in @u or @s", description);
	size = keyctl_read(serial, blob, BLOB_MAX);
	if (size < 0)
		return note(-errno, "encrypted key \"%s\": %s", description, strerror(errno));
	if (size > BLOB_MAX)
		return note(-EMSGSIZE, "encrypted key \"%s\" is too long", description);
	blob[size] = 0;
	return 0;
}

/* In the process keyring it ends with us. */
static key_serial_t make_encrypted(const char *description, const char *blob)
{
	char payload[BLOB_MAX + sizeof("load ")];
	key_serial_t serial;

	snprintf(payload, sizeof(payload), "load %s", blob);
	serial = add_key("encrypted", description, payload, strlen(payload),
			 KEY_SPEC_PROCESS_KEYRING);
	if (serial < 0)
		return note(-errno, "encrypted key \"%s\" is not there, and cannot be made: %s",
			    description, errno == ENOKEY ? "its master key is missing" :
			    strerror(errno));
	return serial;
}

static int open_hmac(key_serial_t serial)
{
	const struct sockaddr_alg address = { .salg_family = AF_ALG, .salg_type = "hash",
					      .salg_name = "hmac(sha256)" };
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), op = -1, err = 0;

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		err = note(-EOPNOTSUPP, "the kernel does no HMAC for us (CRYPTO_USER_API_HASH): %s",
			   strerror(errno));
	else if (setsockopt(fd, SOL_ALG, ALG_SET_KEY_BY_KEY_SERIAL, &serial, sizeof(serial)))
		err = note(-errno, "the kernel does no HMAC with an encrypted key: %s",
			   strerror(errno));
	if (!err)
		op = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (!err && op < 0)
		err = note(-errno, "the kernel's HMAC: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return err ? err : op;
}

int kernel_hmac(const char *description, const char *blob, const void *data, size_t size,
		uint8_t mac[32])
{
	key_serial_t serial = find_encrypted(description);
	int op, err = 0;

	if (serial < 0)
		serial = make_encrypted(description, blob);
	if (serial < 0)
		return serial;
	op = open_hmac(serial);
	if (op < 0)
		return op;
	if (send(op, data, size, 0) != (ssize_t)size || read(op, mac, 32) != 32)
		err = note(-EIO, "the kernel's HMAC: %s", strerror(errno));
	close(op);
	return err;
}
