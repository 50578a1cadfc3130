/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests write, and under which keys: shared by guest and host
 *
 * Everything is computed from small numbers, so that a line on the report port
 * ("file offset 4096 of pattern 7 under key 3 lies at this address") is enough
 * for the host to know each byte that has to be on the DIMM.
 */
#ifndef TEST_PATTERN_H
#define TEST_PATTERN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PATTERN_LINE	64
#define KEY_HALF	16
#define KEY_HALF_256	32

/*
 * Data of bound files begins each 64-byte line with SECRET, data of files
 * without a key with CLEAR. SECRET anywhere in the DIMM file is a leak.
 */
#define SECRET_MARK	"SECRET-of-a-bound-file--"
#define CLEAR_MARK	"CLEAR--of-a-plain-file--"

static inline uint64_t pattern_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static inline void pattern_hex(char *out, uint64_t value, int digits)
{
	while (digits--) {
		out[digits] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
}

/* One line: mark (24), pattern number (8), line number (8), mix (24 of hex). */
static inline void pattern_line(char *out, const char *mark, uint32_t seed,
				uint64_t line)
{
	uint64_t mix = pattern_mix(((uint64_t)seed << 40) ^ line);

	memcpy(out, mark, 24);
	pattern_hex(out + 24, seed, 8);
	pattern_hex(out + 32, line, 8);
	pattern_hex(out + 40, mix, 16);
	pattern_hex(out + 56, mix * 31, 8);
}

/* Bytes [off, off + len) of pattern @seed. */
static inline void pattern_fill_mark(void *buf, size_t len, const char *mark,
				     uint32_t seed, uint64_t off)
{
	char line[PATTERN_LINE];
	char *out = buf;

	while (len) {
		size_t in = off % PATTERN_LINE;
		size_t n = PATTERN_LINE - in;

		if (n > len)
			n = len;
		pattern_line(line, mark, seed, off / PATTERN_LINE);
		memcpy(out, line + in, n);
		out += n;
		off += n;
		len -= n;
	}
}

static inline void pattern_fill(void *buf, size_t len, uint32_t seed,
				uint64_t off)
{
	pattern_fill_mark(buf, len, SECRET_MARK, seed, off);
}

/* The two AES keys of test key @number, each of @size bytes. */
static inline void test_key_halves(unsigned int number, size_t size, uint8_t *data,
				   uint8_t *tweak)
{
	for (size_t i = 0; i < size; i++) {
		data[i] = pattern_mix(number * 1000ULL + i) >> 8;
		tweak[i] = pattern_mix(number * 1000ULL + 500 + i) >> 8;
	}
}

static inline void test_key_bytes(unsigned int number, uint8_t data[KEY_HALF],
				  uint8_t tweak[KEY_HALF])
{
	test_key_halves(number, KEY_HALF, data, tweak);
}

#endif
