/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is there (facts, by probe_*.c) and what it means (findings, by judge_*.c)
 *
 * Judging reads facts and nothing else, so that it can be tested with machines that
 * nobody has. A fact that could not be found out says so, and is not judged.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "tool.h"

#define HUGE_SIZE	(2ULL << 20)	/* of the pages that a PMD maps */

/* ---- facts ---- */

struct cpu_facts {
	bool has_tme, has_pconfig;	/* CPUID */
	bool is_guest;			/* below a hypervisor */
	bool msrs_read;			/* the rest is known */
	bool cpus_differ;		/* in their activation */
	uint64_t capability, activate, partitioning;	/* MSRs 981H, 982H, 87H */
};

struct kernel_facts {
	char release[65];
	struct machine machine;
};

enum namespace_mode { MODE_RAW, MODE_SECTOR, MODE_FSDAX, MODE_DEVDAX, MODE_UNKNOWN };

struct namespace_facts {
	char name[32], region[32];
	char device[32];		/* "pmem0", or "" */
	enum namespace_mode mode;
	bool enabled;
	uint64_t size;
	uint64_t resource, align;	/* 0 if not known */
	bool has_bad_blocks;
};

struct region_facts {
	char name[32];
	char dimms[64];			/* their names, separated by blanks */
	bool enabled, read_only;
	bool has_label_area;		/* all its DIMMs have */
	bool uses_labels;		/* and it can be divided */
	bool dimm_locked;		/* by a passphrase of the DIMM */
	bool has_bad_blocks;
	uint64_t size, available;
	uint64_t align;			/* 0 if not known */
	unsigned int namespaces;
};

struct memory_facts {
	struct region_facts *regions;
	size_t region_count;
	struct namespace_facts *namespaces;
	size_t namespace_count;
};

enum device_kind {
	DEVICE_NONE,			/* tmpfs, NFS and so on */
	DEVICE_PMEM,
	DEVICE_MAPPER,
	DEVICE_OTHER,
};

struct device_facts {
	char name[64];			/* "pmem0p1" */
	enum device_kind kind;
	char target[32];		/* of a mapper: "CRYPT", "LVM" */
	bool is_partition;
	uint64_t start;			/* of a partition, in bytes */
	int has_dax;			/* of the queue; -1 if not known */
};

struct filesystem_facts {
	char type[16];			/* "" if there is none */
	bool superblock_read;		/* the next ones are known */
	unsigned int block_size;
	bool inline_data, reflink;
	uint64_t stripe_unit, stripe_width;	/* in bytes */
	bool mounted;			/* and then */
	bool read_only;
	char directory[256], options[512];
	int answer;			/* to a call of the feature: 0 or -errno */
};

struct file_facts {
	bool is_directory;
	int is_dax;			/* -1 if the kernel does not say */
	bool map_sync_tried;
	int map_sync;			/* 0 or -errno */
	bool has_layout;
	struct mktme_dax_layout layout;
	struct mktme_dax_file_info info;
};

struct path_facts {
	char path[256];
	struct device_facts device;
	struct filesystem_facts fs;
	bool is_device;			/* the path is the device; no file */
	struct file_facts file;
};

/* ---- probe_machine.c, probe_dimm.c, probe_path.c, probe_file.c, superblock.c ---- */

void probe_cpu(struct cpu_facts *cpu);
void probe_kernel(struct kernel_facts *kernel);

/* 0 or -errno; without any NVDIMM it is 0 and nothing. */
int probe_memory(struct memory_facts *memory);
void free_memory_facts(struct memory_facts *memory);
/* By the name of the device, or of the disk if that is a partition; or NULL */
const struct namespace_facts *namespace_of(const struct memory_facts *memory, const char *device);

/* 0 or -errno: then the path cannot be looked at. */
int probe_path(const char *path, struct path_facts *facts);
/* @path is on the filesystem; it may be the place where it is mounted. */
void probe_file(const char *path, struct path_facts *facts);
/* Fills in type and what the superblock says, as far as it can be read. */
void probe_superblock(const char *device, struct filesystem_facts *fs);

/* ---- findings.c ---- */

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_FAIL };

/**
 * struct finding - one line of the doctor's report
 * @id: which question was answered; never changes its meaning
 * @subject: what it is about: a region, a device, a path; or ""
 * @cause: a sentence
 * @remedy: what to do, as a command where there is one; NULL if @level is ok
 */
struct finding {
	const char *id;
	enum level level;
	char *subject, *cause, *remedy;
};

struct findings {
	struct finding *list;
	size_t count;
};

/* All questions there are, ended by one without an id. */
struct question {
	const char *id, *text;
};

extern const struct question questions[];

struct finding *find(struct findings *findings, enum level level, const char *id,
		     const char *subject, const char *cause, ...)
	__attribute__((format(printf, 5, 6)));
void remedy(struct finding *finding, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum level worst_level(const struct findings *findings);
void free_findings(struct findings *findings);

/* ---- judge_machine.c, judge_dimm.c, judge_path.c, judge_file.c ---- */

void judge_cpu(const struct cpu_facts *cpu, struct findings *findings);
void judge_kernel(const struct kernel_facts *kernel, struct findings *findings);
void judge_memory(const struct memory_facts *memory, struct findings *findings);
void judge_namespace(const struct namespace_facts *ns, struct findings *findings);
/* @ns is the namespace below the path, or NULL. */
void judge_path(const struct path_facts *facts, const struct namespace_facts *ns,
		struct findings *findings);
void judge_file(const struct path_facts *facts, struct findings *findings);

#endif /* DOCTOR_H */
