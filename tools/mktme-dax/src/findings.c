// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The questions that mktme-dax doctor asks, and a list of its answers
 */
#include "doctor.h"
#include <stdarg.h>

const struct question questions[] = {
	{ "cpu-tme", "can the CPU encrypt memory by keys of software" },
	{ "cpu-msr", "can the activation be read from the CPU" },
	{ "bios-tme", "has the firmware activated memory encryption" },
	{ "bios-keyids", "has the firmware set KeyIDs aside" },
	{ "bios-algorithm", "has the firmware activated AES-XTS for KeyIDs" },
	{ "bios-tdx", "has TDX left KeyIDs for files" },
	{ "cpus-differ", "are all CPUs activated alike" },
	{ "kernel-feature", "does the kernel know encrypted DAX files" },
	{ "kernel-keyids", "does the kernel use the KeyIDs" },
	{ "keyids-free", "is there a KeyID for one more key" },
	{ "region-none", "is there persistent memory" },
	{ "region-enabled", "is the region in use" },
	{ "region-read-only", "can the region be written" },
	{ "region-align", "is the region a multiple of its alignment" },
	{ "region-labels", "can the region be divided into namespaces" },
	{ "dimm-locked", "are the DIMMs of the region unlocked" },
	{ "bad-blocks", "is the memory free of known errors" },
	{ "namespace-none", "has the region a namespace" },
	{ "namespace-enabled", "is the namespace in use" },
	{ "namespace-mode", "is it of mode fsdax" },
	{ "namespace-align", "does it begin at a multiple of 2 MiB" },
	{ "device-pmem", "does the filesystem lie on persistent memory" },
	{ "device-mapper", "does it lie directly on a namespace" },
	{ "device-dax", "does the block device support DAX" },
	{ "device-partition", "does the partition begin at a multiple of 2 MiB" },
	{ "fs-none", "is there a filesystem" },
	{ "fs-type", "is it ext4 or XFS" },
	{ "fs-block-size", "has it blocks of 4 KiB" },
	{ "fs-inline-data", "is all file data in blocks" },
	{ "fs-journal", "does file data bypass the journal" },
	{ "fs-stripe", "does it put data at multiples of 2 MiB" },
	{ "fs-reflink", "are blocks never shared between files" },
	{ "fs-mounted", "is it mounted" },
	{ "fs-dax", "is it mounted with DAX" },
	{ "fs-feature", "can files on it be encrypted" },
	{ "file-dax", "is the file mapped without page cache" },
	{ "file-map-sync", "does MAP_SYNC work" },
	{ "file-huge", "can 2 MiB pages map the file" },
	{ "file-state", "can the file be used now" },
	{ }
};

static void *need(void *p)
{
	if (!p) {
		fputs("mktme-dax: out of memory\n", stderr);
		exit(EXIT_MEMORY);
	}
	return p;
}

static const char *known_id(const char *id)
{
	for (const struct question *question = questions; question->id; question++)
		if (!strcmp(question->id, id))
			return question->id;
	abort();
}

struct finding *find(struct findings *findings, enum level level, const char *id,
		     const char *subject, const char *cause, ...)
{
	struct finding *finding;
	va_list args;

	findings->list = need(realloc(findings->list,
				      (findings->count + 1) * sizeof(*findings->list)));
	finding = &findings->list[findings->count++];
	*finding = (struct finding){ .id = known_id(id), .level = level };
	finding->subject = need(strdup(subject));
	va_start(args, cause);
	if (vasprintf(&finding->cause, cause, args) < 0)
		need(NULL);
	va_end(args);
	return finding;
}

void remedy(struct finding *finding, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&finding->remedy, fmt, args) < 0)
		need(NULL);
	va_end(args);
}

enum level worst_level(const struct findings *findings)
{
	enum level worst = LEVEL_OK;

	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].level > worst)
			worst = findings->list[i].level;
	return worst;
}

void free_findings(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].subject);
		free(findings->list[i].cause);
		free(findings->list[i].remedy);
	}
	free(findings->list);
	*findings = (struct findings){};
}
