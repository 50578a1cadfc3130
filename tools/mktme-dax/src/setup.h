/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of mktme-dax setup share: choose, then run
 */
#ifndef SETUP_H
#define SETUP_H

#include "doctor.h"

struct setup_options {
	const char *device;		/* "/dev/pmem0", or NULL to choose one */
	const char *filesystem;		/* "ext4" or "xfs" */
	const char *directory;
	uint64_t size;			/* of a new namespace; 0 for all there is */
	bool force;			/* may destroy data */
};

/**
 * struct content - what is on a block device
 * @type: of a filesystem, RAID, LUKS, partition table ... that libblkid knows; or ""
 * @in_use: mounted, or part of another device
 */
struct content {
	char type[32];
	bool in_use;
};

enum setup_way {
	USE_DEVICE,			/* a namespace that is as it should be */
	MAKE_NAMESPACE,			/* from free memory of a region */
	REMAKE_NAMESPACE,		/* from one of another kind */
};

struct choice {
	enum setup_way way;
	const struct namespace_facts *ns;
	const struct region_facts *region;
	char why[200], next[160];	/* if nothing can be chosen */
};

/* ---- setup_content.c ---- */

/* 0 or -errno */
int probe_content(const char *device, struct content *content);

/* ---- setup_choose.c ---- */

/**
 * choose_memory() - which memory to use, and is that allowed
 * @memory: what there is
 * @contents: of the block device of each namespace
 * @options: what was asked for
 * @choice: result
 *
 * Decides from facts only. Never chooses what has data, or was made for something else,
 * unless it was named and forced.
 *
 * Return: 0; -EEXIST if something would be destroyed, -EBUSY if it is in use, -EINVAL if
 * it is not clear what is meant, -ENOSPC if nothing is free; @choice says why then.
 */
int choose_memory(const struct memory_facts *memory, const struct content *contents,
		  const struct setup_options *options, struct choice *choice);

/* ---- setup_run.c ---- */

struct setup {
	struct setup_options options;
	struct choice choice;
	char device[64];		/* "/dev/pmem0", once it is known */
	bool dry_run;
};

/* Both return an exit code. */
int run_setup_steps(struct setup *setup);
int show_setup_steps(const struct setup *setup);

/* ---- command.c ---- */

#define MAX_WORDS	16

struct command {
	char *words[MAX_WORDS + 1];
	size_t count;
};

/* Adds a word, by copy; ends the program without memory. */
void add_word(struct command *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void free_command(struct command *command);
/* As a person would type it */
void print_command(FILE *out, const struct command *command);

/**
 * run_command() - run a program to its end, whatever the user types meanwhile
 * @command: what to run
 * @output: its standard output, or NULL to leave it alone
 * @size: of @output
 *
 * Ctrl-C and SIGTERM do not reach it: was_interrupted() tells of them afterwards.
 *
 * Return: 0; -ENOENT if there is no such program; -EIO if it has failed, and has said why.
 */
int run_command(const struct command *command, char *output, size_t size);

/* From here on Ctrl-C and SIGTERM are noted, and do nothing else. */
void note_interrupts(void);
bool was_interrupted(void);

#endif /* SETUP_H */
