/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls with random arguments, records with random bytes
 */
#ifndef SOAK_FUZZ_H
#define SOAK_FUZZ_H

#include "common.h"

struct random {
	uint64_t state;
};

static inline uint64_t any(struct random *r)
{
	r->state += 0x9e3779b97f4a7c15ULL;
	return pattern_mix(r->state);
}

static inline unsigned int one_of(struct random *r, unsigned int limit)
{
	return any(r) % limit;
}

/* Ends the process, and with it the test. */
void broken(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* ---- fuzz_calls.c ---- */

/* Files, mappings and keys to do it to. */
void set_the_scene(void);
void leave_the_scene(void);
void random_call(struct random *r);

/* ---- fuzz_payload.c ---- */

void random_payload(struct random *r);

/* ---- fuzz_records.c ---- */

int fuzz_records(struct random *r, unsigned int rounds);

#endif
