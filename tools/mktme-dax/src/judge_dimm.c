// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the facts of regions and namespaces mean
 */
#include "doctor.h"

static const char *const mode_names[] = {
	[MODE_RAW] = "raw",
	[MODE_SECTOR] = "sector",
	[MODE_FSDAX] = "fsdax",
	[MODE_DEVDAX] = "devdax",
	[MODE_UNKNOWN] = "unknown",
};

static void judge_mode(const struct namespace_facts *ns, struct findings *findings)
{
	static const char *const causes[] = {
		[MODE_RAW] = "has no struct pages, so filesystems on it have no DAX",
		[MODE_SECTOR] = "goes through a translation table (BTT), which DAX cannot",
		[MODE_DEVDAX] = "is a character device; a filesystem needs a block device",
		[MODE_UNKNOWN] = "is not known to libndctl",
	};

	if (ns->mode == MODE_FSDAX)
		find(findings, LEVEL_OK, "namespace-mode", ns->name, "the mode is fsdax");
	else
		remedy(find(findings, LEVEL_FAIL, "namespace-mode", ns->name, "mode \"%s\" %s",
			    mode_names[ns->mode], causes[ns->mode]),
		       "ndctl create-namespace -f -e %s -m fsdax -a 2M (destroys what is on it)",
		       ns->name);
}

static void judge_namespace_align(const struct namespace_facts *ns, struct findings *findings)
{
	const char *cause = NULL;

	if (ns->align && ns->align % HUGE_SIZE)
		cause = "its alignment is below 2 MiB";
	else if (ns->resource % HUGE_SIZE)
		cause = "its data does not begin at a multiple of 2 MiB";
	if (cause)
		remedy(find(findings, LEVEL_WARN, "namespace-align", ns->name,
			    "%s: all pages are mapped by 4 KiB", cause),
		       "ndctl create-namespace -f -e %s -m fsdax -a 2M (destroys what is on it)",
		       ns->name);
	else if (ns->resource)
		find(findings, LEVEL_OK, "namespace-align", ns->name,
		     "the data begins at %#llx, a multiple of 2 MiB",
		     (unsigned long long)ns->resource);
}

void judge_namespace(const struct namespace_facts *ns, struct findings *findings)
{
	if (!ns->enabled) {
		remedy(find(findings, LEVEL_FAIL, "namespace-enabled", ns->name,
			    "the namespace is disabled"),
		       "ndctl enable-namespace %s; if that fails: dmesg | grep -i nd", ns->name);
		return;
	}
	find(findings, LEVEL_OK, "namespace-enabled", ns->name, "the namespace is enabled%s%s",
	     *ns->device ? " as /dev/" : "", ns->device);
	judge_mode(ns, findings);
	if (ns->mode == MODE_FSDAX)
		judge_namespace_align(ns, findings);
	if (ns->has_bad_blocks)
		remedy(find(findings, LEVEL_WARN, "bad-blocks", ns->name,
			    "some of its memory has errors: reading it is a SIGBUS or EIO"),
		       "ndctl list -N -M -n %s, then ndctl clear-errors %s (the bytes in question are lost)",
		       ns->name, ns->name);
}

static void judge_labels(const struct region_facts *region, struct findings *findings)
{
	if (region->uses_labels)
		find(findings, LEVEL_OK, "region-labels", region->name,
		     "the DIMMs have labels: the region can be divided");
	else if (region->has_label_area)
		remedy(find(findings, LEVEL_WARN, "region-labels", region->name,
			    "the label area of %s is empty: the region is one namespace as a whole",
			    region->dimms),
		       "ndctl disable-region %s; ndctl init-labels %s; ndctl enable-region %s (destroys the namespace)",
		       region->name, region->dimms, region->name);
	else
		remedy(find(findings, LEVEL_WARN, "region-labels", region->name,
			    "no label area: the region is one namespace as a whole, and has no name that lasts"),
		       "give the DIMM a label area (in QEMU: -device nvdimm,label-size=2M), or live with one namespace");
}

static void judge_region_align(const struct region_facts *region, struct findings *findings)
{
	uint64_t rest = region->align ? region->size % region->align : 0;

	if (rest)
		remedy(find(findings, LEVEL_FAIL, "region-align", region->name,
			    "its size %#llx is not a multiple of its alignment %#llx: no namespace can be made",
			    (unsigned long long)region->size, (unsigned long long)region->align),
		       "echo 0x200000 >/sys/bus/nd/devices/%s/align, or (QEMU, memmap=) make it %llu MiB smaller, label area not counted",
		       region->name, (unsigned long long)((rest + (1 << 20) - 1) >> 20));
	else if (region->align)
		find(findings, LEVEL_OK, "region-align", region->name,
		     "its size is a multiple of its alignment");
}

/* Whether it can be used at all; nothing else is judged if not. */
static bool judge_region_state(const struct region_facts *region, struct findings *findings)
{
	if (region->dimm_locked) {
		remedy(find(findings, LEVEL_FAIL, "dimm-locked", region->name,
			    "a DIMM (%s) is locked by its own passphrase", region->dimms),
		       "ndctl load-keys, then ndctl enable-region %s", region->name);
		return false;
	}
	find(findings, LEVEL_OK, "dimm-locked", region->name, "no DIMM is locked");
	if (!region->enabled) {
		remedy(find(findings, LEVEL_FAIL, "region-enabled", region->name,
			    "the region is disabled"),
		       "ndctl enable-region %s; if that fails: dmesg | grep -i nd", region->name);
		return false;
	}
	find(findings, LEVEL_OK, "region-enabled", region->name, "the region is enabled");
	return true;
}

static void judge_region(const struct region_facts *region, struct findings *findings)
{
	char size[16];

	if (!judge_region_state(region, findings))
		return;
	if (region->read_only)
		remedy(find(findings, LEVEL_FAIL, "region-read-only", region->name,
			    "the region is read-only"),
		       "ndctl disable-region %s; echo 0 >/sys/bus/nd/devices/%s/read_only; ndctl enable-region %s",
		       region->name, region->name, region->name);
	else
		find(findings, LEVEL_OK, "region-read-only", region->name, "the region can be written");
	judge_region_align(region, findings);
	judge_labels(region, findings);
	if (region->has_bad_blocks)
		remedy(find(findings, LEVEL_WARN, "bad-blocks", region->name,
			    "some of its memory has errors"),
		       "ndctl list -R -M -r %s", region->name);
	else
		find(findings, LEVEL_OK, "bad-blocks", region->name, "no memory with errors is known");
	if (!region->namespaces)
		remedy(find(findings, LEVEL_FAIL, "namespace-none", region->name,
			    "there is no namespace; %s are free", human_size(region->available, size)),
		       "mktme-dax setup MOUNTPOINT");
	else
		find(findings, LEVEL_OK, "namespace-none", region->name, "%u namespace%s",
		     region->namespaces, region->namespaces == 1 ? "" : "s");
}

void judge_memory(const struct memory_facts *memory, struct findings *findings)
{
	if (!memory->region_count) {
		remedy(find(findings, LEVEL_FAIL, "region-none", "",
			    "the kernel has found no persistent memory"),
		       "dmesg | grep -i -e nfit -e nvdimm; for trials, memmap=4G!12G on the kernel's command line plays some of ordinary memory");
		return;
	}
	find(findings, LEVEL_OK, "region-none", "", "%zu region%s of persistent memory",
	     memory->region_count, memory->region_count == 1 ? "" : "s");
	for (size_t i = 0; i < memory->region_count; i++)
		judge_region(&memory->regions[i], findings);
	for (size_t i = 0; i < memory->namespace_count; i++)
		judge_namespace(&memory->namespaces[i], findings);
}
