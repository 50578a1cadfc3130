// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax setup: namespace, filesystem, mount
 */
#include "setup.h"
#include <dirent.h>

/* Believed when it is seen: the same questions as those of the doctor. */
static int confirm(const struct setup *setup)
{
	struct findings findings = {};
	struct path_facts facts;
	int code = EXIT_OK;

	if (!probe_path(setup->options.directory, &facts))
		judge_path(&facts, NULL, &findings);
	for (size_t i = 0; i < findings.count; i++) {
		const struct finding *finding = &findings.list[i];

		if (finding->level == LEVEL_OK)
			continue;
		complain(0, finding->remedy, "%s: %s", finding->subject, finding->cause);
		if (finding->level == LEVEL_FAIL)
			code = EXIT_OBJECT;
	}
	free_findings(&findings);
	return code;
}

static void tell_what_is_next(const struct setup *setup)
{
	printf("%s on %s is mounted on %s, with DAX and MAP_SYNC\n", setup->options.filesystem,
	       setup->device, setup->options.directory);
	printf("  next: mktme-dax key create, key load, unlock, and bind for a new directory: man mktme-dax\n"
	       "  for /etc/fstab: %s %s %s dax=always,nofail 0 2\n", setup->device,
	       setup->options.directory, setup->options.filesystem);
}

/* Something mounted on a directory hides what is in it. */
static int check_directory(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int code = EXIT_OK;

	if (!dir && errno == ENOENT)
		return EXIT_OK;
	if (!dir)
		return complain(-errno, NULL, "%s: %s", directory, strerror(errno));
	while (!code && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			code = complain(-ENOTEMPTY, "choose an empty directory, or one that is not there yet",
					"%s is not empty: its files would be hidden", directory);
	closedir(dir);
	return code;
}

static int probe_contents(const struct memory_facts *memory, struct content *contents)
{
	for (size_t i = 0; i < memory->namespace_count; i++) {
		const struct namespace_facts *ns = &memory->namespaces[i];
		char path[48];
		int err;

		snprintf(path, sizeof(path), "/dev/%s", ns->device);
		if (!*ns->device || ns->mode == MODE_DEVDAX)
			continue;
		err = probe_content(path, &contents[i]);
		if (err)
			return complain(err, err == -EACCES ? "run this as root" : NULL,
					"cannot find out what is on %s: %s", path, strerror(-err));
	}
	return EXIT_OK;
}

/* A namespace is a multiple of what the region wants, or is not made at all. */
static void round_size(struct setup *setup)
{
	const struct region_facts *region = setup->choice.region;
	uint64_t align = region && region->align > HUGE_SIZE ? region->align : HUGE_SIZE;
	char size[16];

	if (!(setup->options.size % align))
		return;
	setup->options.size -= setup->options.size % align;
	fprintf(stderr, "mktme-dax setup: the size is rounded to %s, a multiple of the alignment\n",
		human_size(setup->options.size, size));
}

static int carry_out(struct setup *setup, const struct memory_facts *memory,
		     const struct content *contents)
{
	int err = choose_memory(memory, contents, &setup->options, &setup->choice), code;

	if (err)
		return complain(err, setup->choice.next, "%s", setup->choice.why);
	round_size(setup);
	snprintf(setup->device, sizeof(setup->device), "/dev/%s",
		 setup->choice.way == USE_DEVICE ? setup->choice.ns->device : "pmemN");
	if (setup->dry_run)
		return show_setup_steps(setup);
	code = run_setup_steps(setup);
	if (!code)
		code = confirm(setup);
	if (!code)
		tell_what_is_next(setup);
	return code;
}

static int set_up(struct setup *setup)
{
	struct memory_facts memory;
	struct content *contents;
	int err = probe_memory(&memory), code;

	if (err)
		return complain(err, "ndctl list -RN", "cannot list persistent memory: %s",
				strerror(-err));
	contents = calloc(memory.namespace_count + 1, sizeof(*contents));
	if (!contents)
		return complain(-ENOMEM, NULL, "out of memory");
	code = probe_contents(&memory, contents);
	if (!code)
		code = carry_out(setup, &memory, contents);
	free(contents);
	free_memory_facts(&memory);
	return code;
}

/* "512M": a number and a unit of 1024. 0 is no size. */
static uint64_t parse_size(const char *text)
{
	static const char units[] = "KMGT";
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	unsigned int shift = unit ? 10 * (unit - units + 1) : 0;

	if (end == text || *text == '-' || (*end && (!unit || end[1])) || value > UINT64_MAX >> shift)
		return 0;
	return value << shift;
}

int run_setup(int argc, char **argv)
{
	struct setup setup = { .options.filesystem = "ext4" };
	const char *size = NULL;
	const struct option_spec specs[] = {
		{ "device", NULL, &setup.options.device },
		{ "dry-run", &setup.dry_run, NULL },
		{ "filesystem", NULL, &setup.options.filesystem },
		{ "force", &setup.options.force, NULL },
		{ "size", NULL, &size },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs)), code;

	if (first < 0)
		return EXIT_USAGE;
	if (first + 1 != argc)
		return misuse("one directory, please, to mount the filesystem on");
	setup.options.directory = argv[first];
	if (strcmp(setup.options.filesystem, "ext4") && strcmp(setup.options.filesystem, "xfs"))
		return misuse("\"%s\" cannot have encrypted files: ext4 or xfs", setup.options.filesystem);
	if (size && setup.options.device)
		return misuse("--size is for a new namespace, --device for one that is there");
	if (size) {
		setup.options.size = parse_size(size);
		if (!setup.options.size)
			return misuse("\"%s\" is not a size, such as 512M or 4G", size);
	}
	if (setup.options.force && !setup.options.device)
		return misuse("--force needs --device: nothing is destroyed that was not named");
	code = check_directory(setup.options.directory);
	return code ? code : set_up(&setup);
}
