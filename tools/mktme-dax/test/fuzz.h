/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers share: chance from a seed, and their options
 *
 *   fuzz_NAME [--runs N] [--seed S]
 *
 * The same seed gives the same runs. A run that fails is printed with its number, by
 * which --only finds it again.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static struct {
	uint64_t seed, state;
	unsigned long runs, only;
} fuzz = { .seed = 1, .runs = 1000, .only = ~0UL };

/* splitmix64: every run begins anew, so that one can be repeated alone. */
static inline void begin_run(unsigned long run)
{
	fuzz.state = fuzz.seed * 0x9e3779b97f4a7c15 + run;
}

static inline uint64_t chance64(void)
{
	uint64_t z = fuzz.state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline size_t chance(size_t below)
{
	return chance64() % below;
}

/* ld --wrap: what the kernel would give at random has to be repeated as well. */
ssize_t __wrap_getrandom(void *buf, size_t size, unsigned int flags);
ssize_t __wrap_getrandom(void *buf, size_t size, unsigned int flags)
{
	(void)flags;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)buf)[i] = chance(256);
	return size;
}

static inline void fuzz_options(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		unsigned long number = strtoul(argv[i + 1], NULL, 10);

		if (!strcmp(argv[i], "--runs"))
			fuzz.runs = number;
		else if (!strcmp(argv[i], "--seed"))
			fuzz.seed = number;
		else if (!strcmp(argv[i], "--only"))
			fuzz.only = number;
		else
			exit(2);
	}
	printf("seed %llu, %lu runs\n", (unsigned long long)fuzz.seed, fuzz.runs);
	fflush(stdout);
}

#endif /* FUZZ_H */
