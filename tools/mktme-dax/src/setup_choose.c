// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which persistent memory mktme-dax setup may use
 */
#include "setup.h"
#include <stdarg.h>

#define LEAST_SIZE	(16ULL << 20)	/* of a namespace, on x86 */

__attribute__((format(printf, 4, 5)))
static int refuse(struct choice *choice, int err, const char *next, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	vsnprintf(choice->why, sizeof(choice->why), why, args);
	va_end(args);
	snprintf(choice->next, sizeof(choice->next), "%s", next);
	return err;
}

static bool is_good(const struct namespace_facts *ns)
{
	return ns->mode == MODE_FSDAX && ns->enabled && !(ns->align % HUGE_SIZE);
}

static bool is_free(const struct namespace_facts *ns, const struct content *content)
{
	return *ns->device && !content->in_use && !*content->type;
}

static int choose_named(const struct memory_facts *memory, const struct content *contents,
			const struct setup_options *options, struct choice *choice)
{
	const char *name = options->device;
	const struct namespace_facts *ns;
	const struct content *content;

	if (!strncmp(name, "/dev/", 5))
		name += 5;
	ns = namespace_of(memory, name);
	if (!ns || strcmp(ns->device, name))
		return refuse(choice, -EINVAL, "mktme-dax doctor, for what there is",
			      "%s is not a namespace of persistent memory", options->device);
	choice->ns = ns;
	choice->way = is_good(ns) ? USE_DEVICE : REMAKE_NAMESPACE;
	content = &contents[ns - memory->namespaces];
	if (content->in_use)
		return refuse(choice, -EBUSY, "findmnt, lsblk; then umount it", "%s is in use",
			      options->device);
	if (options->force)
		return 0;
	if (*content->type)
		return refuse(choice, -EEXIST, "if it is not needed any more: --force",
			      "%s has data: %s", options->device, content->type);
	if (choice->way == REMAKE_NAMESPACE)
		return refuse(choice, -EEXIST, "if it is not needed any more: --force",
			      "%s was made for something else: it is not of mode fsdax with an alignment of 2 MiB",
			      options->device);
	return 0;
}

/* A good namespace without anything on it; -EINVAL if there are several. */
static int choose_empty(const struct memory_facts *memory, const struct content *contents,
			struct choice *choice)
{
	for (size_t i = 0; i < memory->namespace_count; i++) {
		const struct namespace_facts *ns = &memory->namespaces[i];

		if (!is_good(ns) || !is_free(ns, &contents[i]))
			continue;
		if (choice->ns)
			return refuse(choice, -EINVAL, "say which by --device",
				      "/dev/%s and /dev/%s are both empty", choice->ns->device,
				      ns->device);
		choice->ns = ns;
		choice->way = USE_DEVICE;
	}
	return 0;
}

/* The one with the most room. */
static void choose_region(const struct memory_facts *memory, uint64_t size, struct choice *choice)
{
	for (size_t i = 0; i < memory->region_count; i++) {
		const struct region_facts *region = &memory->regions[i];

		if (!region->enabled || region->read_only || region->dimm_locked ||
		    !region->uses_labels || (region->align && region->size % region->align) ||
		    region->available < (size ? size : LEAST_SIZE))
			continue;
		if (choice->region && choice->region->available >= region->available)
			continue;
		choice->region = region;
		choice->way = MAKE_NAMESPACE;
	}
}

/* A DIMM without labels is a raw namespace from the start, which nobody has made. */
static void choose_unlabelled(const struct memory_facts *memory, const struct content *contents,
			      struct choice *choice)
{
	for (size_t i = 0; i < memory->namespace_count && !choice->ns; i++) {
		const struct namespace_facts *ns = &memory->namespaces[i];

		for (size_t j = 0; j < memory->region_count; j++) {
			const struct region_facts *region = &memory->regions[j];

			if (strcmp(region->name, ns->region) || region->uses_labels ||
			    region->read_only || ns->mode != MODE_RAW || !is_free(ns, &contents[i]))
				continue;
			choice->ns = ns;
			choice->way = REMAKE_NAMESPACE;
		}
	}
}

int choose_memory(const struct memory_facts *memory, const struct content *contents,
		  const struct setup_options *options, struct choice *choice)
{
	int err = 0;

	*choice = (struct choice){};
	if (options->device)
		return choose_named(memory, contents, options, choice);
	if (!options->size)
		err = choose_empty(memory, contents, choice);
	if (!err && !choice->ns)
		choose_region(memory, options->size, choice);
	if (!err && !choice->ns && !choice->region && !options->size)
		choose_unlabelled(memory, contents, choice);
	if (!err && !choice->ns && !choice->region)
		return refuse(choice, -ENOSPC, "mktme-dax doctor, for what there is; --device to take one that is named",
			      memory->region_count ? "no persistent memory is free" :
			      "there is no persistent memory");
	return err;
}
