/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model checker: operations, the model of what they do, and who compares
 */
#ifndef SOAK_H
#define SOAK_H

#include "common.h"

#define NR_FILES	6
#define NR_KEYS		3
#define MAX_SIZE	(4 * MIB)
#define MAX_OPS		4000

enum map_kind { MAP_OF_STORES, MAP_OF_SYNC, MAP_OF_COPIES, NR_MAPS };

/* ---- ops.c ---- */

enum op_kind {
	OP_STORE, OP_LOAD, OP_WRITE, OP_READ, OP_COPY, OP_TRUNCATE, OP_PUNCH, OP_ZERO,
	OP_COLLAPSE, OP_INSERT, OP_ALLOCATE, OP_SYNC, OP_REMAP, OP_PROTECT, OP_ADVISE,
	OP_REOPEN, OP_DROP, OP_REMOUNT, OP_BIND, OP_ADD_KEY, OP_REMOVE_KEY, OP_GIVE_KEY,
	OP_SETTLE, OP_CHECK, NR_OPS
};

/* All that an operation needs is in here, so that any of them can be left out. */
struct op {
	uint32_t kind, file, off, len, how, value;
};

struct model;

struct op random_op(struct model *m);
void print_op(const struct op *op, char *out, size_t size);
bool parse_op(const char *line, struct op *op);
uint64_t random_number(struct model *m);

/* ---- state.c: the model, and the kernel's half of it ---- */

struct file {
	char path[80];
	int fd;
	unsigned int key;	/* 0: a plain file */
	bool unlocked;
	size_t size;
	uint8_t *bytes;		/* MAX_SIZE of them; zero from @size on */
	char *map[NR_MAPS];	/* NULL until it is needed */
};

struct model {
	struct file files[NR_FILES];
	bool ring[NR_KEYS + 1];
	key_serial_t serial[NR_KEYS + 1];
	uint8_t identifier[NR_KEYS + 1][MKTME_DAX_IDENTIFIER_SIZE];
	int root;
	uint64_t random;
	enum op_kind fault;	/* the model forgets what this one does; NR_OPS: none */
};

void start_model(struct model *m, uint64_t seed, enum op_kind fault);
void open_file(struct model *m, struct file *f);
void close_file(struct file *f);
void unmap_file(struct file *f);
char *mapping(struct file *f, enum map_kind kind);
/* Does the file have to be refused? */
bool locked(const struct file *f);
const char *mark_of(const struct file *f);
void mount_again(struct model *m);
void check_file(struct model *m, struct file *f);
/* Everything that is dirty goes to memory, and comes back from there. */
void settle(struct model *m, bool sync_before);

/* Says what is wrong, and ends the process of this episode. */
void wrong(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* An array of which one must be errno; 0 at its end. */
void want_errno(const char *call, long ret, const int *wanted);
void want_success(const char *call, long ret);
void want_bytes(const char *how, const struct file *f, size_t off, const void *got, size_t len);

/* ---- apply_data.c, apply_space.c, apply_key.c ---- */

void apply(struct model *m, const struct op *op);
void apply_data(struct model *m, const struct op *op);
void apply_space(struct model *m, const struct op *op);
void apply_key(struct model *m, const struct op *op);

/* ---- keep.c: what the host looks at ---- */

void keep_file(struct model *m, const struct file *f, unsigned int number);

/* ---- episode.c: a process for each run of a list of operations ---- */

struct episode {
	uint64_t seed;
	enum op_kind fault;
	bool made_up;		/* operations are made up on the way, not read from @ops */
	unsigned int keep;	/* number of the file kept for the host; 0: none */
	unsigned int nr;
	struct op ops[MAX_OPS];
	/* the outcome */
	unsigned int done;
	const char *phase;
	char text[400];
};

struct episode *new_episode(void);
/* False: it failed at @done, and @text says how. */
bool run_episode(struct episode *e);
/* The process that runs it tells itself. */
extern struct episode *current_episode;
/* Others use the file system, too: it cannot be unmounted. */
extern bool stay_mounted;

/* ---- shrink.c ---- */

unsigned int shrink(struct episode *e, unsigned int seconds);

#endif
