// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which keys files are bound to, and which there are
 *
 * The record of a file is read as an attribute: that opens nothing, and works for all
 * that a file can be.
 */
#include "keyfile.h"
#include <fts.h>
#include <linux/mktme_dax.h>
#include <sys/xattr.h>

bool has_identifier(const struct identifier_set *set, const uint8_t *identifier)
{
	for (size_t i = 0; i < set->count; i++)
		if (!memcmp(set->identifiers[i], identifier, sizeof(set->identifiers[i])))
			return true;
	return false;
}

void add_identifier(struct identifier_set *set, const uint8_t *identifier)
{
	void *bigger;

	if (has_identifier(set, identifier))
		return;
	bigger = realloc(set->identifiers, (set->count + 1) * sizeof(*set->identifiers));
	if (!bigger) {
		fputs("mktme-dax: out of memory\n", stderr);
		exit(EXIT_MEMORY);
	}
	set->identifiers = bigger;
	memcpy(set->identifiers[set->count++], identifier, sizeof(*set->identifiers));
}

void end_identifiers(struct identifier_set *set)
{
	free(set->identifiers);
	*set = (struct identifier_set){};
}

int recorded_identifier(const char *path, bool follow, uint8_t *identifier)
{
	struct mktme_dax_record_v1 record;
	ssize_t size = follow ? getxattr(path, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) :
		       lgetxattr(path, MKTME_DAX_RECORD_NAME, &record, sizeof(record));

	if (size < 0)
		return errno == ERANGE ? -EPROTONOSUPPORT :
		       errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	if (!size || record.version != MKTME_DAX_RECORD_V1)
		return size ? -EPROTONOSUPPORT : -EUCLEAN;
	if (size != sizeof(record))
		return -EUCLEAN;
	memcpy(identifier, record.identifier, sizeof(record.identifier));
	return 1;
}

static void take_entry(const FTSENT *entry, struct identifier_set *set)
{
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	int found;

	if (entry->fts_info != FTS_D && entry->fts_info != FTS_F && entry->fts_info != FTS_NSOK)
		return;
	found = recorded_identifier(entry->fts_accpath, false, identifier);
	if (found > 0)
		add_identifier(set, identifier);
	else if (found == -EUCLEAN || found == -EPROTONOSUPPORT)
		set->unreadable++;
}

int collect_bound(const char *path, struct identifier_set *set)
{
	char *paths[] = { (char *)path, NULL };
	FTS *fts = fts_open(paths, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	FTSENT *entry;
	int err;

	if (!fts)
		return note(-errno, "%s: %s", path, strerror(errno));
	progress_begin("looking for bound files");
	while (errno = 0, (entry = fts_read(fts)))
		take_entry(entry, set);
	err = errno;
	progress_end();
	fts_close(fts);
	return err ? note(-err, "%s: %s", path, strerror(err)) : 0;
}

int collect_store(const struct store *store, struct identifier_set *set)
{
	struct keyfile *keyfile = calloc(1, sizeof(*keyfile));
	char **names = NULL;
	size_t count = 0;
	int err = keyfile ? list_store(store, &names, &count) : note(-ENOMEM, "out of memory");

	for (size_t i = 0; i < count; i++) {
		if (!err && names[i] && !read_store(store, names[i], keyfile))
			add_identifier(set, keyfile->identifier);
		free(names[i]);
	}
	free(names);
	free(keyfile);
	return err;
}
