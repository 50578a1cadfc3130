/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the doctor's judgement share
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "common.h"
#include "doctor.h"

/* Freed at the end of its block: leaks are for the sanitizer to find. */
#define FINDINGS __attribute__((cleanup(free_findings))) struct findings

/* Nothing may be found but what is wrong; every remedy is there, and no other. */
static inline void check_only(const struct findings *findings, enum level level, const char *id,
			      const char *cause, const char *next)
{
	const struct finding *bad = NULL;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		CHECK(!finding->remedy == (finding->level == LEVEL_OK), "%s", finding->id);
		if (finding->level == LEVEL_OK)
			continue;
		CHECK(!bad, "%s and %s", bad->id, finding->id);
		bad = finding;
	}
	NEED(bad, "nothing was found");
	CHECK(!strcmp(bad->id, id), "%s, not %s", bad->id, id);
	CHECK_EQ(bad->level, level);
	CHECK(strstr(bad->cause, cause), "%s", bad->cause);
	CHECK(bad->remedy && strstr(bad->remedy, next), "%s", bad->remedy);
}

static inline bool was_asked(const struct findings *findings, const char *id)
{
	for (size_t i = 0; i < findings->count; i++)
		if (!strcmp(findings->list[i].id, id))
			return true;
	return false;
}

#endif /* FINDINGS_H */
