/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's look at the DIMM file
 */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../pmem/pattern.h"

/* Where the VM has the first byte of the DIMM file (vm/run.sh). */
#define DIMM_BASE	0x100000000ULL

/* Exit status: the bytes are as told, they are not, the question was wrong. */
enum { SAME = 0, DIFFERENT = 1, TROUBLE = 2 };

#define die(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(TROUBLE))

static inline unsigned long long number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (!*text || *end)
		die("not a number: %s", text);
	return value;
}

#endif
