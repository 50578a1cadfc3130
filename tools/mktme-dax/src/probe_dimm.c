// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Facts of regions and namespaces, from libndctl
 */
#include "doctor.h"
#include <ndctl/libndctl.h>
#include <ndctl/ndctl.h>

static enum namespace_mode mode_of(struct ndctl_namespace *ndns)
{
	switch (ndctl_namespace_get_mode(ndns)) {
	case NDCTL_NS_MODE_FSDAX:
		return MODE_FSDAX;
	case NDCTL_NS_MODE_SECTOR:
		return MODE_SECTOR;
	case NDCTL_NS_MODE_RAW:
		return MODE_RAW;
	case NDCTL_NS_MODE_DEVDAX:
		return MODE_DEVDAX;
	default:
		return MODE_UNKNOWN;
	}
}

/* The block device belongs to what is built upon the namespace. */
static const char *block_device_of(struct ndctl_namespace *ndns)
{
	struct ndctl_pfn *pfn = ndctl_namespace_get_pfn(ndns);
	struct ndctl_btt *btt = ndctl_namespace_get_btt(ndns);

	if (pfn)
		return ndctl_pfn_get_block_device(pfn);
	if (btt)
		return ndctl_btt_get_block_device(btt);
	return ndctl_namespace_get_block_device(ndns);
}

/* libndctl says ULLONG_MAX for what only root may know. */
static uint64_t known(uint64_t value)
{
	return value == UINT64_MAX ? 0 : value;
}

static void fill_namespace(struct namespace_facts *facts, struct ndctl_namespace *ndns,
			   const char *region)
{
	struct ndctl_pfn *pfn = ndctl_namespace_get_pfn(ndns);
	const char *device = block_device_of(ndns);

	*facts = (struct namespace_facts){
		.mode = mode_of(ndns),
		.enabled = ndctl_namespace_is_active(ndns),
		.size = ndctl_namespace_get_size(ndns),
		.resource = known(ndctl_namespace_get_resource(ndns)),
		.has_bad_blocks = !!ndctl_namespace_get_first_badblock(ndns),
	};
	snprintf(facts->name, sizeof(facts->name), "%s", ndctl_namespace_get_devname(ndns));
	snprintf(facts->region, sizeof(facts->region), "%s", region);
	snprintf(facts->device, sizeof(facts->device), "%s", device ? device : "");
	if (pfn) {
		facts->align = ndctl_pfn_get_align(pfn);
		facts->resource = known(ndctl_pfn_get_resource(pfn));
	}
}

/* One that has no size is only a place where a namespace could be. */
static int add_namespaces(struct memory_facts *memory, struct ndctl_region *region,
			  struct region_facts *facts)
{
	struct ndctl_namespace *ndns;

	ndctl_namespace_foreach(region, ndns) {
		struct namespace_facts *bigger;

		if (!ndctl_namespace_get_size(ndns))
			continue;
		bigger = realloc(memory->namespaces,
				 (memory->namespace_count + 1) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		memory->namespaces = bigger;
		fill_namespace(&bigger[memory->namespace_count++], ndns, facts->name);
		facts->namespaces++;
	}
	return 0;
}

static void fill_dimms(struct region_facts *facts, struct ndctl_region *region)
{
	struct ndctl_dimm *dimm;
	size_t used = 0;

	facts->has_label_area = ndctl_region_get_mappings(region);
	ndctl_dimm_foreach_in_region(region, dimm) {
		if (used < sizeof(facts->dimms))
			used += snprintf(facts->dimms + used, sizeof(facts->dimms) - used, "%s%s",
					 used ? " " : "", ndctl_dimm_get_devname(dimm));
		if (!ndctl_dimm_is_cmd_supported(dimm, ND_CMD_SET_CONFIG_DATA))
			facts->has_label_area = false;
		if (ndctl_dimm_get_security(dimm) == NDCTL_SECURITY_LOCKED)
			facts->dimm_locked = true;
	}
}

static int add_region(struct memory_facts *memory, struct ndctl_region *region)
{
	struct region_facts *facts;

	facts = realloc(memory->regions, (memory->region_count + 1) * sizeof(*facts));
	if (!facts)
		return -ENOMEM;
	memory->regions = facts;
	facts += memory->region_count++;
	*facts = (struct region_facts){
		.enabled = ndctl_region_is_enabled(region),
		.read_only = ndctl_region_get_ro(region) == 1,
		.uses_labels = ndctl_region_get_nstype(region) == ND_DEVICE_NAMESPACE_PMEM,
		.has_bad_blocks = !!ndctl_region_get_first_badblock(region),
		.size = ndctl_region_get_size(region),
		.available = ndctl_region_get_max_available_extent(region),
		.align = ndctl_region_get_align(region),
	};
	if (facts->align == ULONG_MAX)
		facts->align = 0;
	if (facts->available == UINT64_MAX)
		facts->available = ndctl_region_get_available_size(region);
	snprintf(facts->name, sizeof(facts->name), "%s", ndctl_region_get_devname(region));
	fill_dimms(facts, region);
	return add_namespaces(memory, region, facts);
}

int probe_memory(struct memory_facts *memory)
{
	struct ndctl_ctx *ctx;
	struct ndctl_bus *bus;
	int err;

	*memory = (struct memory_facts){};
	err = ndctl_new(&ctx);
	if (err)
		return err < 0 ? err : -ENOMEM;
	/* It speaks of what is not there; that is for us to say. */
	ndctl_set_log_priority(ctx, 0);
	ndctl_bus_foreach(ctx, bus) {
		struct ndctl_region *region;

		ndctl_region_foreach(bus, region) {
			if (!err)
				err = add_region(memory, region);
		}
	}
	ndctl_unref(ctx);
	if (err)
		free_memory_facts(memory);
	return err;
}

void free_memory_facts(struct memory_facts *memory)
{
	free(memory->regions);
	free(memory->namespaces);
	*memory = (struct memory_facts){};
}

const struct namespace_facts *namespace_of(const struct memory_facts *memory, const char *device)
{
	for (size_t i = 0; i < memory->namespace_count; i++) {
		const struct namespace_facts *ns = &memory->namespaces[i];
		size_t len = strlen(ns->device);

		if (!len || strncmp(device, ns->device, len))
			continue;
		/* "pmem1" is not a partition of "pmem1.1", nor "pmem10" one of "pmem1". */
		if (!device[len] || (device[len] == 'p' && device[len + 1]))
			return ns;
	}
	return NULL;
}
