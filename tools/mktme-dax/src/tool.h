/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the tool share; prototypes by file
 */
#ifndef TOOL_H
#define TOOL_H

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mktme-dax.h"

/* The numbers of cryptsetup(8), so that scripts can be shared. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_USAGE = 1,		/* wrong parameters */
	EXIT_PERMISSION = 2,	/* no permission, wrong key, key is missing */
	EXIT_MEMORY = 3,	/* out of memory */
	EXIT_OBJECT = 4,	/* wrong file, filesystem or machine; damaged */
	EXIT_BUSY = 5,		/* exists already, or in use */
};

/**
 * struct verb - what can be asked for
 * @name: one word, or two
 * @arguments: what follows, for the usage line
 * @summary: a few words for the first screen
 * @options: a line for each option, or NULL
 * @run: called with argv[0] being the verb; returns an exit code
 */
struct verb {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *options;
	int (*run)(int argc, char **argv);
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* ---- complain.c ---- */

extern const struct verb *this_verb;

/* "Wrong parameters": says what is wrong and how to get help. */
int misuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * "mktme-dax VERB: cause", and on a second line what to do next, if @next is there.
 * Returns the exit code that belongs to @err, a negative errno.
 */
int complain(int err, const char *next, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int exit_code_of(int err);

/* Notes the cause for who will complain, and returns @err: "return note(-EUCLEAN, ...)". */
int note(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *noted(void);

/* ---- options.c ---- */

/* Each is for once only; what is found goes to *@flag or *@value. */
struct option_spec {
	const char *name;
	bool *flag;
	const char **value;
};

/*
 * Takes the options out of @argv; returns the index of the first argument, or -1 after
 * it has complained. "--" ends them.
 */
int parse_options(int argc, char **argv, const struct option_spec *specs, int count);

/* ---- json.c ---- */

/* Adds a member; ends the program when there is no memory, as all below. */
void put_string(struct json_object *object, const char *name, const char *value);
void put_number(struct json_object *object, const char *name, uint64_t value);
void put_bool(struct json_object *object, const char *name, bool value);
void put_member(struct json_object *object, const char *name, struct json_object *value);
struct json_object *new_object(void);
struct json_object *new_array(void);
struct json_object *new_element(struct json_object *array);
/* Prints the array and forgets it; an exit code. */
int print_array(struct json_object *array);

/* ---- names.c ---- */

const char *state_name(uint32_t state);
const char *problem_name(uint32_t problem);
const char *algorithm_name(uint32_t algorithm);
const char *obstacle_text(uint32_t obstacle);
const char *human_size(uint64_t bytes, char buf[16]);

/* ---- machine.c ---- */

struct machine {
	bool has_feature;		/* the kernel has it */
	unsigned int keyids_total, keyids_used;
	char algorithms[64];
	char status[160];		/* "ok", or why not */
};

void read_machine(struct machine *machine);

/* ---- mounts.c ---- */

struct mount {
	char *device, *directory, *type, *options;
};

struct mount_list {
	struct mount *mounts;
	size_t count;
};

/* Filesystems that can have bound files: those that answer. 0 or -errno. */
int list_mounts(struct mount_list *list);
void free_mounts(struct mount_list *list);

/* ---- verb_*.c ---- */

int run_bind(int argc, char **argv);
int run_key_add_protector(int argc, char **argv);
int run_key_backup(int argc, char **argv);
int run_key_change_passphrase(int argc, char **argv);
int run_key_create(int argc, char **argv);
int run_key_list(int argc, char **argv);
int run_key_load(int argc, char **argv);
int run_key_remove(int argc, char **argv);
int run_key_remove_protector(int argc, char **argv);
int run_key_restore(int argc, char **argv);
int run_key_unload(int argc, char **argv);
int run_lock(int argc, char **argv);
int run_doctor(int argc, char **argv);
int run_map(int argc, char **argv);
int run_setup(int argc, char **argv);
int run_status(int argc, char **argv);
int run_unlock(int argc, char **argv);
int run_verify(int argc, char **argv);

#endif /* TOOL_H */
