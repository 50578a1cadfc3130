/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test data that the guest and the host can both compute. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdint.h>

static inline void pattern(uint64_t seed, uint8_t *buf, unsigned len)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;
	unsigned i;

	for (i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf[i] = x >> 24;
	}
}

#endif
