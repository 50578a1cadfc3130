// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bar for what can take more than two seconds and knows how far it is
 *
 * On a terminal only, on standard error, and gone when it is done.
 */
#include "bar.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE	2.0	/* seconds without a bar */
#define INTERVAL	0.2
#define WIDTH		40

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void bar_begin(struct bar *bar, const char *what, uint64_t total)
{
	*bar = (struct bar){ .what = what, .total = total, .terminal = isatty(STDERR_FILENO) };
	if (bar->terminal)
		bar->start = bar->drawn = now();
}

static void draw(const struct bar *bar, double elapsed)
{
	double share = bar->total ? (double)bar->done / bar->total : 0;
	int full = share * WIDTH + 0.5;
	double rest = share > 0 ? elapsed / share - elapsed : 0;
	char marks[WIDTH + 1];

	memset(marks, ' ', WIDTH);
	memset(marks, '#', full < WIDTH ? full : WIDTH);
	marks[WIDTH] = 0;
	fprintf(stderr, "\r%s [%s] %3.0f %%, %.0f s left \033[K", bar->what, marks, 100 * share, rest);
	fflush(stderr);
}

void bar_advance(struct bar *bar, uint64_t by)
{
	double t;

	bar->done += by;
	if (bar->done > bar->total)
		bar->done = bar->total;
	if (!bar->terminal)
		return;
	t = now();
	if (t - bar->start < PATIENCE || t - bar->drawn < INTERVAL)
		return;
	bar->drawn = t;
	bar->visible = true;
	draw(bar, t - bar->start);
}

void bar_end(struct bar *bar)
{
	if (bar->visible)
		fputs("\r\033[K", stderr);
	bar->visible = false;
}
