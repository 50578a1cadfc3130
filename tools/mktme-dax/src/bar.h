/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a long job is
 */
#ifndef BAR_H
#define BAR_H

#include <stdbool.h>
#include <stdint.h>

struct bar {
	const char *what;
	uint64_t done, total;
	bool terminal, visible;
	double start, drawn;
};

/* Nothing is drawn before the job has taken two seconds, nor without a terminal. */
void bar_begin(struct bar *bar, const char *what, uint64_t total);
void bar_advance(struct bar *bar, uint64_t by);
/* To be called before anything else is printed. */
void bar_end(struct bar *bar);

#endif /* BAR_H */
