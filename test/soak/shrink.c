// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a list of operations that fails to a short one that fails, too
 *
 * Leaves out half of the list, then quarters, eighths and so on, as long as what is left
 * still fails in some way. The list is run anew each time, and lines leave the caches
 * at random: a bug that needs that may escape, so each list has several tries.
 */
#include <time.h>
#include "soak.h"

static time_t deadline;

static bool still_fails(struct episode *e, unsigned int tries)
{
	while (tries--)
		if (!run_episode(e))
			return true;
	return false;
}

/* What comes after the operation that failed is not needed. */
static void cut_end(struct episode *e)
{
	if (e->done < e->nr)
		e->nr = e->done + 1;
}

static bool without(struct episode *e, unsigned int from, unsigned int len)
{
	static struct op saved[MAX_OPS];
	unsigned int nr = e->nr;

	memcpy(saved, e->ops, nr * sizeof(*saved));
	memmove(e->ops + from, e->ops + from + len, (nr - from - len) * sizeof(*saved));
	e->nr = nr - len;
	if (still_fails(e, 2)) {
		cut_end(e);
		return true;
	}
	memcpy(e->ops, saved, nr * sizeof(*saved));
	e->nr = nr;
	return false;
}

static void leave_out(struct episode *e, unsigned int len)
{
	unsigned int from = 0;

	while (from < e->nr && time(NULL) < deadline)
		if (!without(e, from, len < e->nr - from ? len : e->nr - from))
			from += len;
}

/* Returns how many operations are left; 0 if it does not fail a second time. */
unsigned int shrink(struct episode *e, unsigned int seconds)
{
	char text[sizeof(e->text)];

	e->made_up = false;
	cut_end(e);
	memcpy(text, e->text, sizeof(text));
	deadline = time(NULL) + seconds;
	if (!still_fails(e, 5)) {
		memcpy(e->text, text, sizeof(text));
		return 0;
	}
	cut_end(e);
	for (unsigned int len = (e->nr + 1) / 2; len; len /= 2)
		leave_out(e, len);
	/* For the text of the list that is left. */
	still_fails(e, 5);
	return e->nr;
}
