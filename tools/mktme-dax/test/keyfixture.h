/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key files for the tests: known keys, and passphrases that cost nothing
 */
#ifndef KEYFIXTURE_H
#define KEYFIXTURE_H

#include "common.h"
#include "keyfile.h"

#define CHEAP	{ .memory = ARGON2_MEMORY_MIN, .passes = 1, .lanes = 1 }

/* In memory, until drop_file(); the name is good for sixteen more. */
static inline const char *file_with(const void *bytes, size_t size)
{
	static char names[16][32];
	static unsigned int next;
	char *name = names[next++ % 16];
	int fd = memfd_create("secret", 0);

	NEED(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	sprintf(name, "/proc/self/fd/%d", fd);
	return name;
}

static inline void drop_file(const char *name)
{
	close(atoi(name + strlen("/proc/self/fd/")));
}

static inline const char *text_file(const char *text)
{
	return file_with(text, strlen(text));
}

static inline const char *bytes_file(uint8_t byte)
{
	uint8_t bytes[40];

	memset(bytes, byte, sizeof(bytes));
	return file_with(bytes, sizeof(bytes));
}

static inline struct open_key known_key(uint32_t algorithm)
{
	struct open_key open = { .key = { .version = MKTME_DAX_API_V1, .algorithm = algorithm } };

	for (size_t i = 0; i < mktme_dax_key_size(algorithm); i++) {
		open.key.data[i] = 0x40 + i;
		open.key.tweak[i] = 0x80 + i;
	}
	return open;
}

static inline bool is_known(const struct open_key *open, uint32_t algorithm)
{
	struct open_key known = known_key(algorithm);

	return !memcmp(&open->key, &known.key, sizeof(known.key));
}

/* Protector 1 is the passphrase "first", 2 a key file of 40 times '2'. */
static inline struct open_key make_known(uint32_t algorithm, struct keyfile *keyfile)
{
	struct new_protector passphrase = { .passphrase_file = text_file("first\n"), .cost = CHEAP };
	struct new_protector key = { .key_file = bytes_file('2') };
	struct open_key open = known_key(algorithm);

	NEED(!new_keyfile("known", &open, keyfile), "%s", noted());
	CHECK_EQ(add_protector(keyfile, &open, &passphrase, 0), 1);
	CHECK_EQ(add_protector(keyfile, &open, &key, 0), 2);
	NEED(!seal_keyfile(keyfile, &open));
	drop_file(passphrase.passphrase_file);
	drop_file(key.key_file);
	return open;
}

/* Nothing comes out of a file that was not opened, not even by halves. */
static inline int check_nothing(int err, const struct open_key *open)
{
	static const struct open_key nothing;

	CHECK(!err || !memcmp(open, &nothing, sizeof(nothing)));
	return err;
}

static inline int open_by_passphrase(const struct keyfile *keyfile, const char *passphrase,
				     struct open_key *open)
{
	struct sources sources = { .passphrase_file = text_file(passphrase) };
	int err = open_keyfile(keyfile, &sources, 0, open, NULL);

	end_sources(&sources);
	drop_file(sources.passphrase_file);
	return check_nothing(err, open);
}

static inline int open_by_key_file(const struct keyfile *keyfile, uint8_t byte,
				   struct open_key *open)
{
	struct sources sources = { .key_file = bytes_file(byte) };
	int err = open_keyfile(keyfile, &sources, 0, open, NULL);

	end_sources(&sources);
	drop_file(sources.key_file);
	return check_nothing(err, open);
}

#endif /* KEYFIXTURE_H */
