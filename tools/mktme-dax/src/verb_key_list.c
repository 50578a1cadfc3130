// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax key list: what is in the store, and where it is in use
 */
#include "keyfile.h"

struct entry {
	const char *name;
	const struct keyfile *keyfile;
	const char *problem;		/* or NULL */
	char identifier[MKTME_DAX_IDENTIFIER_TEXT_SIZE];
	key_serial_t serial;		/* or negative */
};

static void put_protectors(struct json_object *object, const struct keyfile *keyfile)
{
	struct json_object *array = new_array();

	for (uint32_t i = 0; i < keyfile->count; i++) {
		const struct protector *protector = &keyfile->protectors[i];
		struct json_object *element = new_element(array);

		put_number(element, "number", protector->number);
		put_string(element, "type", protector_name(protector->type));
		put_string(element, "description", *protector->description ?
			   protector->description : NULL);
	}
	put_member(object, "protectors", array);
}

static void put_filesystems(struct json_object *object, const struct entry *entry,
			    const struct mount_list *mounts)
{
	struct json_object *array = new_array();

	for (size_t i = 0; i < mounts->count; i++)
		if (filesystem_has(mounts->mounts[i].directory, entry->keyfile->identifier))
			put_string(new_element(array), "directory", mounts->mounts[i].directory);
	put_member(object, "filesystems", array);
}

static void put_entry(struct json_object *array, const struct entry *entry,
		      const struct mount_list *mounts)
{
	struct json_object *object = new_element(array);

	put_string(object, "name", entry->name);
	put_string(object, "problem", entry->problem);
	if (entry->problem)
		return;
	put_string(object, "algorithm", algorithm_name(entry->keyfile->algorithm));
	put_string(object, "identifier", entry->identifier);
	put_bool(object, "loaded", entry->serial > 0);
	put_number(object, "serial", entry->serial > 0 ? entry->serial : 0);
	put_protectors(object, entry->keyfile);
	put_filesystems(object, entry, mounts);
}

static void print_entry(const struct entry *entry, const struct mount_list *mounts)
{
	printf("%s: ", entry->name);
	if (entry->problem) {
		puts(entry->problem);
		return;
	}
	printf("%s, key %s", algorithm_name(entry->keyfile->algorithm), entry->identifier);
	if (entry->serial > 0)
		printf(", loaded as %d", entry->serial);
	printf("\n  protectors:");
	for (uint32_t i = 0; i < entry->keyfile->count; i++) {
		const struct protector *protector = &entry->keyfile->protectors[i];

		printf("%s %u %s", i ? "," : "", protector->number,
		       protector_name(protector->type));
		if (*protector->description)
			printf(" %s", protector->description);
	}
	putchar('\n');
	for (size_t i = 0; i < mounts->count; i++)
		if (filesystem_has(mounts->mounts[i].directory, entry->keyfile->identifier))
			printf("  given to %s\n", mounts->mounts[i].directory);
}

static int show_entry(const struct store *store, const char *name, struct json_object *array,
		      const struct mount_list *mounts)
{
	struct keyfile *keyfile = calloc(1, sizeof(*keyfile));
	struct entry entry = { .name = name, .keyfile = keyfile };
	int err = keyfile ? read_store(store, name, keyfile) : note(-ENOMEM, "out of memory");

	if (err) {
		entry.problem = noted();
	} else {
		entry.serial = find_loaded(keyfile->identifier);
		mktme_dax_identifier_text(keyfile->identifier, entry.identifier);
	}
	if (array)
		put_entry(array, &entry, mounts);
	else
		print_entry(&entry, mounts);
	free(keyfile);
	return err ? complain_of_key(err, name) : EXIT_OK;
}

static int show_store(const struct store *store, struct json_object *array)
{
	struct mount_list mounts;
	size_t count = 0;
	char **names = NULL;
	int code = EXIT_OK, err = list_mounts(&mounts);

	if (err)
		return complain(err, NULL, "cannot list mounted filesystems: %s", strerror(-err));
	err = list_store(store, &names, &count);
	if (err)
		code = complain_of_key(err, NULL);
	for (size_t i = 0; i < count; i++) {
		int one = names[i] ? show_entry(store, names[i], array, &mounts) : EXIT_MEMORY;

		code = code ? code : one;
		free(names[i]);
	}
	free(names);
	free_mounts(&mounts);
	return code;
}

int run_key_list(int argc, char **argv)
{
	struct key_verb verb = {};
	bool json = false;
	const struct option_spec specs[] = {
		STORE_OPTION(&verb),
		{ "json", &json, NULL },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));
	struct json_object *array;
	int code;

	if (first < 0)
		return EXIT_USAGE;
	if (first != argc)
		return misuse("all keys are listed: there is nothing to name");
	code = begin_key_verb(&verb, false);
	if (code)
		return end_key_verb(&verb, code);
	array = json ? new_array() : NULL;
	code = show_store(&verb.store, array);
	if (json)
		print_array(array);
	return end_key_verb(&verb, code);
}
