// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host side of the emulator tests: what is really in the DIMM's file
 *
 *	check DIMM-FILE <lines
 *
 * Lines, written by host_*() of lib.c; numbers in hex:
 *	host cipher OFFSET LENGTH ADDRESS aes-NNN-xts KEYS SEED
 *	host plain OFFSET LENGTH SEED
 *	host absent SEED LENGTH
 *	host ring OFFSET SLOTS LENGTH LINES ADDRESS aes-NNN-xts|- KEYS|-
 *	told NUMBER.
 *
 * A ring has a record of LENGTH bytes in each slot; NUMBER is its seed, and its
 * slot modulo SLOTS. Records are told in ascending order when they are flushed,
 * so all but the one behind the last that was told have a known value. Of that
 * one, some lines are new, or some bytes if LINES is 0.
 *
 * The ciphertext is computed by OpenSSL, which shares no code with the emulator.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include "pattern.h"

#define LINE 64
#define LONGEST 65536

static const uint8_t *file;
static size_t file_size;

static void die(const char *what)
{
	fprintf(stderr, "check: %s\n", what);
	exit(2);
}

static void report(int good, const char *what, unsigned long a)
{
	printf("%sok - DIMM file: %s %#lx\n", good ? "" : "not ", what, a);
}

/* One data unit is a line; the tweak is its address. */
static void encrypt(const char *cipher, const uint8_t *key, uint64_t address, uint8_t *buf,
		    unsigned len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned ofs, i;

	for (ofs = 0; ofs < len; ofs += LINE) {
		uint8_t tweak[16] = { 0 };
		int n;

		for (i = 0; i < 8; i++)
			tweak[i] = (address + ofs) >> 8 * i;
		if (!EVP_EncryptInit_ex(ctx, EVP_get_cipherbyname(cipher), NULL, key, tweak) ||
		    !EVP_EncryptUpdate(ctx, buf + ofs, &n, buf + ofs, LINE))
			die("OpenSSL refuses the cipher");
	}
	EVP_CIPHER_CTX_free(ctx);
}

static void check_bytes(unsigned long offset, unsigned len, const uint8_t *expected,
			const char *what)
{
	report(offset + len <= file_size && !memcmp(file + offset, expected, len), what, offset);
}

struct ring {
	unsigned long offset, address;
	unsigned slots, len, lines;
	const char *cipher;		/* NULL: plaintext */
	uint8_t key[64];
};

/* Is line @line of record @number in its slot? */
static int ring_has(const struct ring *r, unsigned long number, unsigned line)
{
	unsigned long at = number % r->slots * r->len;
	uint8_t buf[LONGEST];

	pattern(number, buf, r->len);
	if (r->cipher)
		encrypt(r->cipher, r->key, r->address + at, buf, r->len);
	return !memcmp(file + r->offset + at + line * LINE, buf + line * LINE, LINE);
}

static void check_ring(const struct ring *r, unsigned long told)
{
	unsigned long first = told < r->slots ? 1 : told + 2 - r->slots, n;
	unsigned line, lost = 0, torn = 0;

	if (r->offset + (unsigned long)r->slots * r->len > file_size)
		die("a ring beyond the end of the file");
	for (line = 0; line < r->len / LINE; line++) {
		for (n = first; n <= told; n++)
			lost += !ring_has(r, n, line);
		torn += r->lines && told >= r->slots && !ring_has(r, told + 1, line) &&
			!ring_has(r, told + 1 - r->slots, line);
	}
	printf("# told %lu records, lines lost %u, torn %u\n", told, lost, torn);
	report(told && !lost, "every record that was told is in the ring at", r->offset);
	report(!torn, "whole lines of the next one in the ring at", r->offset);
}

static unsigned hex_bytes(const char *hex, uint8_t *out, unsigned max)
{
	unsigned n;

	for (n = 0; n < max && sscanf(hex + 2 * n, "%2hhx", out + n) == 1; n++)
		;
	return n;
}

/* Rings wait for the last number. */
static struct ring rings[4];
static unsigned ring_count;
static unsigned long told;

static int is_ring(const char *line)
{
	struct ring *r = &rings[ring_count];
	char cipher[32], hex[160];

	if (!strncmp(line, "told ", 5)) {
		/* the last line may have been cut off */
		if (strchr(line, '.'))
			told = strtoul(line + 5, NULL, 16);
		return 1;
	}
	if (ring_count == sizeof(rings) / sizeof(*rings) ||
	    sscanf(line, "host ring %lx %x %x %x %lx %31s %159s", &r->offset, &r->slots, &r->len,
		   &r->lines, &r->address, cipher, hex) != 7 || r->len > LONGEST || !r->slots)
		return 0;
	if (*cipher != '-') {
		r->cipher = strdup(cipher);
		hex_bytes(hex, r->key, sizeof(r->key));
	}
	ring_count++;
	return 1;
}

static void check_line(const char *line)
{
	unsigned long offset, address, seed;
	uint8_t buf[LONGEST], key[64];
	char cipher[32], hex[160], what[64];
	unsigned len;

	if (sscanf(line, "host cipher %lx %x %lx %31s %159s %lx", &offset, &len, &address, cipher,
		   hex, &seed) == 6 && len <= LONGEST) {
		if (hex_bytes(hex, key, sizeof(key)) < 32)
			die("short key");
		pattern(seed, buf, len);
		encrypt(cipher, key, address, buf, len);
		snprintf(what, sizeof(what), "%s as OpenSSL computes it at", cipher);
		check_bytes(offset, len, buf, what);
	} else if (sscanf(line, "host plain %lx %x %lx", &offset, &len, &seed) == 3 &&
		   len <= LONGEST) {
		pattern(seed, buf, len);
		check_bytes(offset, len, buf, "plaintext at");
	} else if (sscanf(line, "host absent %lx %x", &seed, &len) == 2 && len <= LONGEST) {
		pattern(seed, buf, len);
		report(!memmem(file, file_size, buf, len), "nowhere the text with seed", seed);
	} else {
		printf("not ok - DIMM file: cannot read: %s", line);
	}
}

int main(int argc, char **argv)
{
	struct stat st;
	char line[512];
	unsigned i;
	int fd;

	if (argc != 2)
		die("usage: check DIMM-FILE <lines");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		die("cannot read the DIMM file");
	file_size = st.st_size;
	file = mmap(NULL, file_size, PROT_READ, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		die("cannot map the DIMM file");
	while (fgets(line, sizeof(line), stdin)) {
		if (!is_ring(line))
			check_line(line);
	}
	for (i = 0; i < ring_count; i++)
		check_ring(&rings[i], told);
	return 0;
}
