/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys in files: what the files of that part share; prototypes by file
 *
 * A key file (mktme-dax-keyfile(5)) has the material of one key under a random
 * wrapping key, and the wrapping key once more under each of its protectors. Functions
 * return 0 or a negative errno, and note() the cause:
 *
 *   -EKEYREJECTED	the secret is wrong
 *   -EUCLEAN		the file is damaged, or was altered
 *   -EPROTONOSUPPORT	it is of a later version
 */
#ifndef KEYFILE_H
#define KEYFILE_H

#include "tool.h"
#include <keyutils.h>

#define KEYFILE_TYPE		"mktme-dax key"
#define KEYFILE_VERSION		1
#define KEYFILE_TEXT_MAX	(64 << 10)
#define KEY_NAME_MAX		64
#define PROTECTORS_MAX		8
#define DESCRIPTION_MAX		128
#define BLOB_MAX		1024
#define WRAPPING_SIZE		32
#define SALT_SIZE		32
#define CHECK_SIZE		32
#define MAC_SIZE		32

/* What is accepted on reading: a hostile file shall not have all memory or time. */
#define ARGON2_MEMORY_MIN	64			/* KiB */
#define ARGON2_MEMORY_MAX	(4U << 20)
#define ARGON2_PASSES_MAX	1000
#define ARGON2_LANES_MAX	16
#define ARGON2_WORK_MAX		(64ULL << 20)		/* KiB times passes */

/* Values of &protector.type */
enum protector_type {
	PROTECTOR_PASSPHRASE = 1,
	PROTECTOR_KEY_FILE,
	PROTECTOR_ENCRYPTED_KEY,
};

/* Encrypted and authenticated by AES-256-GCM. */
struct sealed {
	uint8_t nonce[12];
	uint8_t tag[16];
	uint8_t text[64];
	uint32_t size;			/* of @text */
};

/**
 * struct protector - a secret that opens the file
 * @number: 1 to 8; stays when other protectors go
 * @type: PROTECTOR_*
 * @memory: KiB for Argon2id; this and the next two for a passphrase only
 * @passes: over the memory
 * @lanes: that can be computed side by side
 * @description: of the encrypted key; this and the next for that type only
 * @blob: what the kernel makes the encrypted key from
 * @salt: random, new with each secret
 * @check: tells a wrong secret from an altered file
 * @wrapping: the wrapping key
 */
struct protector {
	uint32_t number;
	enum protector_type type;
	uint32_t memory, passes, lanes;
	char description[DESCRIPTION_MAX + 1];
	char blob[BLOB_MAX + 1];
	uint8_t salt[SALT_SIZE];
	uint8_t check[CHECK_SIZE];
	struct sealed wrapping;
};

/* No secrets in here. */
struct keyfile {
	char name[KEY_NAME_MAX + 1];
	uint32_t algorithm;
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	struct sealed material;
	uint32_t count;
	struct protector protectors[PROTECTORS_MAX];
	uint8_t mac[MAC_SIZE];		/* of all that is above, by the wrapping key */
};

/* ---- secret.c: memory that is locked, in no core dump, and wiped ---- */

/* A passphrase, or what a key file has. */
struct secret {
	size_t size;
	uint8_t bytes[4096];
};

/* A key file that is open. */
struct open_key {
	struct mktme_dax_key key;
	uint8_t wrapping[WRAPPING_SIZE];
};

/* Before the first secret. */
int guard_memory(void);
/* Zeroed; NULL if there is no memory that can be locked. */
void *secret_alloc(size_t size);
void secret_free(void *secret);

/* ---- crypto.c ---- */

int fill_random(void *buf, size_t size);
/* HKDF with SHA-512; @salt may be NULL. */
int derive(const void *secret, size_t size, const uint8_t *salt, const char *info,
	   uint8_t *out, size_t out_size);
/* With a new nonce. */
int seal(const uint8_t key[32], const void *aad, size_t aad_size, const uint8_t *plain,
	 size_t size, struct sealed *sealed);
/* -EBADMSG if it is not what was sealed. */
int unseal(const uint8_t key[32], const void *aad, size_t aad_size,
	   const struct sealed *sealed, uint8_t *plain);
int hmac_sha256(const uint8_t key[32], const void *data, size_t size, uint8_t mac[MAC_SIZE]);
int sha256(const void *data, size_t size, uint8_t digest[32]);

/* ---- argon2.c ---- */

struct argon2_cost {
	uint32_t memory, passes, lanes;
};

/* What new passphrases get: as much as the machine can well bear, up to 1 GiB. */
struct argon2_cost default_cost(void);
int check_cost(uint32_t memory, uint32_t passes, uint32_t lanes);
int argon2_derive(const struct secret *passphrase, const struct protector *protector,
		  uint8_t out[32]);

/* ---- progress.c ---- */

/* Dots on the terminal, if there is one, from the third second on. */
void progress_begin(const char *what);
void progress_end(void);

/* ---- kernel_key.c ---- */

/* Lets keys of @u be used, whatever session keyring the process has. */
void join_user_keyring(void);
/* Serial, or -errno: -ENOKEY if it is not loaded. */
key_serial_t find_loaded(const uint8_t *identifier);
/* Description of a loaded key. */
#define LOADED_NAME_SIZE	48
void loaded_name(const uint8_t *identifier, char name[LOADED_NAME_SIZE]);
int load_key(const struct mktme_dax_key *key, key_serial_t keyring, key_serial_t *serial);
/* What the kernel gives out of an encrypted key, to make it again after a reboot. */
int read_blob(const char *description, char blob[BLOB_MAX + 1]);
/* HMAC-SHA-256 with the payload of the encrypted key as key, which stays in the kernel. */
int kernel_hmac(const char *description, const char *blob, const void *data, size_t size,
		uint8_t mac[32]);

/* ---- keyfile_text.c: strict reading ---- */

bool is_key_name(const char *name);
int parse_keyfile(const char *text, size_t size, struct keyfile *keyfile);

/* ---- keyfile_print.c ---- */

/* Text of a key file, to be freed. */
char *print_keyfile(const struct keyfile *keyfile);
const char *protector_name(enum protector_type type);

/* ---- transcript.c: what is authenticated, independent of the spelling in JSON ---- */

struct transcript {
	size_t size;
	uint8_t bytes[KEYFILE_TEXT_MAX];
};

/* Each value with its length before it. */
void transcribe_header(struct transcript *out, const struct keyfile *keyfile);
void transcribe_protector(struct transcript *out, const struct protector *protector);
void transcribe(struct transcript *out, const struct keyfile *keyfile);
int keyfile_checksum(const struct keyfile *keyfile, uint8_t checksum[32]);
int keyfile_mac(const struct keyfile *keyfile, const uint8_t wrapping[WRAPPING_SIZE],
		uint8_t mac[MAC_SIZE]);

/* ---- protector.c ---- */

/* Where to look for a secret. A passphrase is asked for if there is neither file. */
struct sources {
	const char *passphrase_file, *key_file;
	struct secret *passphrase, *key;	/* what was read; end_sources() */
};

/* What a new protector is made from. */
struct new_protector {
	const char *passphrase_file, *key_file, *encrypted_key;
	struct argon2_cost cost;
};

/*
 * Adds a protector; @number 0 takes the first free one, another replaces that one.
 * Returns its number or -errno. seal_keyfile() has to follow.
 */
int add_protector(struct keyfile *keyfile, const struct open_key *open,
		  const struct new_protector *from, uint32_t number);
int remove_protector(struct keyfile *keyfile, uint32_t number);
const struct protector *find_protector(const struct keyfile *keyfile, uint32_t number);
/* The wrapping key from one protector and its secret. */
int try_protector(const struct keyfile *keyfile, const struct protector *protector,
		  const struct secret *secret, uint8_t wrapping[WRAPPING_SIZE]);

/* ---- keyfile_open.c ---- */

/* A new key file without protectors. */
int new_keyfile(const char *name, struct open_key *open, struct keyfile *keyfile);
/* After a change. */
int seal_keyfile(struct keyfile *keyfile, const struct open_key *open);
/*
 * The key of a file. Does not try protector @except; *@used is the number of the one
 * that has opened it. Either may be 0 or NULL.
 */
int open_keyfile(const struct keyfile *keyfile, struct sources *sources, uint32_t except,
		 struct open_key *open, uint32_t *used);
void end_sources(struct sources *sources);

/* ---- passphrase.c ---- */

int read_passphrase(const char *file, struct secret *out);
int read_key_file(const char *file, struct secret *out);
/* On the terminal; -ENOTTY if there is none. */
int ask_passphrase(const char *prompt, struct secret *out);
int ask_new_passphrase(const char *name, struct secret *out);

/* ---- store.c ---- */

struct store {
	int fd;				/* its directory; -1 if it is not there */
	const char *path;
};

/* @path NULL: MKTME_DAX_KEYS, or /etc/mktme-dax/keys. */
int open_store(struct store *store, const char *path, bool create);
void close_store(struct store *store);
/* One who changes at a time; ends with close_store(). */
int lock_store(struct store *store);
/* Names in alphabetical order, each and the list to be freed. */
int list_store(const struct store *store, char ***names, size_t *count);
int read_store(const struct store *store, const char *name, struct keyfile *keyfile);
/* By name or by identifier in hexadecimal digits. */
int find_key(const struct store *store, const char *key, struct keyfile *keyfile);
int find_identifier(const struct store *store, const uint8_t *identifier,
		    struct keyfile *keyfile);
/* A key file of any place, by its own rules. */
int read_keyfile(int dir, const char *path, bool own_only, struct keyfile *keyfile);

/* ---- store_write.c ---- */

/* As a whole or not at all, and on the medium on return. -EEXIST unless @replace. */
int write_store(struct store *store, const struct keyfile *keyfile, bool replace);
int remove_from_store(struct store *store, const char *name);
/* A copy elsewhere. */
int write_new_file(const char *path, const char *text);

/* ---- identifiers.c: which keys there are ---- */

struct identifier_set {
	uint8_t (*identifiers)[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	size_t count;
	unsigned int unreadable;	/* records that are damaged or of a later version */
};

void add_identifier(struct identifier_set *set, const uint8_t *identifier);
bool has_identifier(const struct identifier_set *set, const uint8_t *identifier);
void end_identifiers(struct identifier_set *set);
/* 1, or 0 if it is not bound; -errno if its record cannot be understood. */
int recorded_identifier(const char *path, bool follow, uint8_t *identifier);
/* Keys that a file, or all that is below a directory, is bound to. */
int collect_bound(const char *path, struct identifier_set *set);
int collect_store(const struct store *store, struct identifier_set *set);

/* ---- users.c: who has files open or mapped ---- */

struct user {
	pid_t pid;
	char command[17];
	char *path;
	bool open, mapped;
	dev_t dev;
	ino_t ino;
};

struct user_list {
	struct user *users;
	size_t count;
	unsigned int unseen;	/* processes that may not be looked at */
};

/* Processes that have bound files of this filesystem and these keys. */
int list_users(dev_t dev, const struct identifier_set *keys, struct user_list *list);
void free_users(struct user_list *list);

/* ---- key_verb.c: what the verbs share; each complains, and returns an exit code ---- */

struct key_verb {
	const char *store_option;
	struct store store;
	struct keyfile keyfile;
	uint8_t read_mac[MAC_SIZE];	/* of the file as it was */
	struct open_key *open;
	struct sources sources;
};

int begin_key_verb(struct key_verb *verb, bool create);
int end_key_verb(struct key_verb *verb, int code);
/* All of it for a verb about one key: begins, reads the key file, acts, ends. */
int run_with_key(struct key_verb *verb, const char *key,
		 int (*act)(struct key_verb *verb, void *what), void *what);
int need_keyfile(struct key_verb *verb, const char *key);
/* The key of the key file, but not by protector @except; *@used may be NULL. */
int need_open_key(struct key_verb *verb, uint32_t except, uint32_t *used);
/* Under the lock, if nobody else has changed it since it was read. */
int save_keyfile(struct key_verb *verb, bool replace);
int complain_of_key(int err, const char *key);

/* Texts of options; NULL stands for the default. */
struct cost_options {
	const char *memory, *passes;
};

int parse_serial(const char *text, key_serial_t *serial);
int parse_cost(const struct cost_options *options, struct argon2_cost *cost);
/* Whether a mounted filesystem has the key, or files that are unlocked with it. */
bool filesystem_has(const char *directory, const uint8_t *identifier);

#define STORE_OPTION(verb)						\
	{ "store", NULL, &(verb)->store_option }
#define SOURCE_OPTIONS(verb)						\
	STORE_OPTION(verb),						\
	{ "passphrase-file", NULL, &(verb)->sources.passphrase_file },	\
	{ "key-file", NULL, &(verb)->sources.key_file }
#define COST_OPTIONS(cost)						\
	{ "memory", NULL, &(cost)->memory },				\
	{ "passes", NULL, &(cost)->passes }

#endif /* KEYFILE_H */
