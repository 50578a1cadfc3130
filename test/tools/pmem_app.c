// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program of libpmem, that knows nothing of keys
 *
 *	pmem_app FILE secret|clear SEED LINES
 *
 * Makes FILE, fills it with the lines of pattern SEED in the ways that libpmem has,
 * says that it is done, and keeps the mapping until its input ends.
 */
#include <libpmem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pattern.h"

static int fail(const char *file, const char *cause)
{
	fprintf(stderr, "pmem_app: %s: %s\n", file, cause);
	return 1;
}

/* By stores, by the library's copy with and without the cache, and flushed later. */
static void write_line(char *at, const char *text, uint64_t line)
{
	switch (line % 4) {
	case 0:
		memcpy(at, text, PATTERN_LINE);
		pmem_persist(at, PATTERN_LINE);
		break;
	case 1:
		pmem_memcpy_persist(at, text, PATTERN_LINE);
		break;
	case 2:
		pmem_memcpy(at, text, PATTERN_LINE, PMEM_F_MEM_NONTEMPORAL);
		break;
	default:
		pmem_memcpy(at, text, PATTERN_LINE, PMEM_F_MEM_TEMPORAL | PMEM_F_MEM_NODRAIN);
		pmem_drain();
	}
}

static uint64_t count_good(const char *p, const char *mark, uint32_t seed, uint64_t lines)
{
	char text[PATTERN_LINE];
	uint64_t good = 0;

	for (uint64_t i = 0; i < lines; i++) {
		pattern_line(text, mark, seed, i);
		good += !memcmp(p + i * PATTERN_LINE, text, PATTERN_LINE);
	}
	return good;
}

int main(int argc, char **argv)
{
	const char *mark = argc == 5 && !strcmp(argv[2], "clear") ? CLEAR_MARK : SECRET_MARK;
	uint64_t lines = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;
	uint32_t seed = argc == 5 ? strtoul(argv[3], NULL, 10) : 0;
	char text[PATTERN_LINE];
	size_t size;
	int is_pmem;
	char *p;

	if (!lines)
		return fail("usage", "pmem_app FILE secret|clear SEED LINES");
	p = pmem_map_file(argv[1], lines * PATTERN_LINE, PMEM_FILE_CREATE | PMEM_FILE_EXCL, 0600,
			  &size, &is_pmem);
	if (!p)
		return fail(argv[1], pmem_errormsg());
	for (uint64_t i = 0; i < lines; i++) {
		pattern_line(text, mark, seed, i);
		write_line(p + i * PATTERN_LINE, text, i);
	}
	printf("is_pmem %d, %zu bytes, %llu lines are right\n", is_pmem, size,
	       (unsigned long long)count_good(p, mark, seed, lines));
	fflush(stdout);
	while (read(STDIN_FILENO, text, sizeof(text)) > 0)
		;
	return pmem_unmap(p, size);
}
