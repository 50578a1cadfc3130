/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What calls may leave behind
 */
#ifndef SOAK_LEAKS_H
#define SOAK_LEAKS_H

#include "fuzz.h"

#define MAX_SLABS	300

struct slab {
	char name[32];
	unsigned long objects;
};

struct things {
	unsigned int keyids;
	unsigned long keys;
	struct slab slabs[MAX_SLABS];
	unsigned int nr_slabs;
};

/* Once all that is on its way out has gone. */
void count_things(struct things *t);
/* A line of TAP for each kind of thing. */
void report_leaks(const struct things *before);

#endif
