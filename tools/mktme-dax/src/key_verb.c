// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the verbs about keys share
 */
#include "keyfile.h"

static const char *next_step(int err)
{
	switch (-err) {
	case EKEYREJECTED:
		return "if you are sure of it, the file may have been altered: try another protector";
	case EUCLEAN:
		return "move the file away, and mktme-dax key restore FILE from a backup";
	case EPROTONOSUPPORT:
		return "use the version of this program that has written it";
	case ENOENT:
	case ENOKEY:
		return "mktme-dax key list, for the keys that there are and their protectors";
	case EEXIST:
		return "take another name; or mktme-dax key remove NAME, if no data needs that key";
	case ENOTTY:
		return "--passphrase-file FILE or --key-file FILE, which may be - for standard input";
	case ESTALE:
		return "do it again";
	default:
		return NULL;
	}
}

int complain_of_key(int err, const char *key)
{
	int code = complain(err, next_step(err), "%s%s%s", key ? key : "", key ? ": " : "",
			    noted());

	return err == -ENOTTY ? EXIT_USAGE : err == -ESTALE ? EXIT_BUSY : code;
}

int begin_key_verb(struct key_verb *verb, bool create)
{
	int err = guard_memory();

	join_user_keyring();
	verb->store.fd = -1;
	if (!err)
		err = open_store(&verb->store, verb->store_option, create);
	if (!err) {
		verb->open = secret_alloc(sizeof(*verb->open));
		if (!verb->open)
			err = note(-ENOMEM, "no memory that can be locked");
	}
	return err ? complain_of_key(err, NULL) : EXIT_OK;
}

int end_key_verb(struct key_verb *verb, int code)
{
	end_sources(&verb->sources);
	secret_free(verb->open);
	close_store(&verb->store);
	return code;
}

int need_keyfile(struct key_verb *verb, const char *key)
{
	int err = find_key(&verb->store, key, &verb->keyfile);

	memcpy(verb->read_mac, verb->keyfile.mac, sizeof(verb->read_mac));
	return err ? complain_of_key(err, key) : EXIT_OK;
}

int run_with_key(struct key_verb *verb, const char *key,
		 int (*act)(struct key_verb *verb, void *what), void *what)
{
	int code = begin_key_verb(verb, false);

	if (!code)
		code = need_keyfile(verb, key);
	if (!code)
		code = act(verb, what);
	return end_key_verb(verb, code);
}

int need_open_key(struct key_verb *verb, uint32_t except, uint32_t *used)
{
	int err = open_keyfile(&verb->keyfile, &verb->sources, except, verb->open, used);

	return err ? complain_of_key(err, verb->keyfile.name) : EXIT_OK;
}

/* Nobody waits for a lock while somebody else is asked for a passphrase. */
static int check_unchanged(const struct key_verb *verb)
{
	struct keyfile *now = malloc(sizeof(*now));
	int err = now ? read_store(&verb->store, verb->keyfile.name, now) :
		  note(-ENOMEM, "out of memory");

	if (!err && memcmp(now->mac, verb->read_mac, sizeof(now->mac)))
		err = note(-ESTALE, "somebody else has just changed it");
	free(now);
	return err;
}

int save_keyfile(struct key_verb *verb, bool replace)
{
	int err = seal_keyfile(&verb->keyfile, verb->open);

	if (!err)
		err = lock_store(&verb->store);
	if (!err && replace)
		err = check_unchanged(verb);
	if (!err)
		err = write_store(&verb->store, &verb->keyfile, replace);
	return err ? complain_of_key(err, verb->keyfile.name) : EXIT_OK;
}

static bool parse_number(const char *text, uint32_t *out)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	*out = number;
	return *text >= '0' && *text <= '9' && !*end && !errno && number <= UINT32_MAX;
}

int parse_serial(const char *text, key_serial_t *serial)
{
	char *end;
	long number = strtol(text, &end, 10);

	*serial = number;
	if (*end || number <= 0 || number > INT32_MAX)
		return misuse("\"%s\" is not the number of a key", text);
	return EXIT_OK;
}

int parse_cost(const struct cost_options *options, struct argon2_cost *cost)
{
	*cost = default_cost();
	if (options->memory && !parse_number(options->memory, &cost->memory))
		return misuse("\"%s\" is no number of KiB", options->memory);
	if (options->passes && !parse_number(options->passes, &cost->passes))
		return misuse("\"%s\" is no number of passes", options->passes);
	if (check_cost(cost->memory, cost->passes, cost->lanes))
		return misuse("%s", noted());
	return EXIT_OK;
}

bool filesystem_has(const char *directory, const uint8_t *identifier)
{
	struct mktme_dax_key_info info = { .version = MKTME_DAX_API_V1 };
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 ? -errno : mktme_dax_key_status(fd, identifier, &info);

	if (fd >= 0)
		close(fd);
	return !err && (info.present || info.unlocked);
}
