/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writers that persist, and the files that they do it in
 *
 * Version V of writer W goes to slot V % slots, as pattern W << 24 | V. So each line
 * on the DIMM says by itself which version it is, and a promise is "W has made V durable".
 */
#ifndef SOAK_PROMISE_H
#define SOAK_PROMISE_H

#include "common.h"

#define PROMISE_KEYS	2
#define VERSIONS	0xffffff

enum how {
	BY_MSYNC, BY_FSYNC, BY_FDATASYNC, BY_CLWB, BY_LIBPMEM,	/* through a mapping */
	BY_DSYNC, BY_WRITE,					/* through write(2) */
	BY_RENAME, BY_RENAME_OF_BOUND, BY_APPEND,		/* new files */
	BY_SUCCESSION,						/* ... in blocks of others */
};

struct writer {
	const char *name;
	unsigned int key, slots;
	size_t len;		/* of a slot */
	enum how how;
	bool punch;		/* the slot is punched out first */
};

extern const struct writer writers[];
extern const unsigned int nr_writers;
/* How many writers have made a promise in this boot; they share it. */
extern unsigned int *promising;

void slot_path(const struct writer *w, unsigned int slot, char path[128]);
/* Where slot @slot begins in the file of slot_path(). */
size_t slot_offset(const struct writer *w, unsigned int slot);
uint32_t pattern_of(const struct writer *w, unsigned int version);
const char *promise_mark(const struct writer *w);
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void need(bool ok, const char *what);

/* ---- promise_check.c ---- */

/* The highest version that is anywhere in the writer's files. */
unsigned int newest_version(const struct writer *w);
unsigned int next_version(const struct writer *w);
void check_promises(void);

/* ---- promise_write.c ---- */

void keep_promising(const struct writer *w) __attribute__((noreturn));
void churn(void) __attribute__((noreturn));

#endif
