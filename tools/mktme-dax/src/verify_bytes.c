// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What raw bytes look like
 */
#include "verify.h"

static void count_plain(struct evidence *evidence, const uint8_t *raw, const uint8_t *plain,
			size_t len, uint64_t offset)
{
	evidence->compared += len;
	for (size_t i = 0; i + CIPHER_BLOCK <= len; i += CIPHER_BLOCK) {
		if (memcmp(raw + i, plain + i, CIPHER_BLOCK))
			continue;
		if (!evidence->plain_blocks++)
			evidence->first_plain = offset + i;
	}
}

static int compare_blocks(const void *a, const void *b)
{
	return memcmp(a, b, CIPHER_BLOCK);
}

/* Sorted, equal ones are neighbours. */
static void count_repeats(struct evidence *evidence, const uint8_t *raw, size_t len)
{
	size_t blocks = len / CIPHER_BLOCK;
	uint8_t *sorted = malloc(blocks * CIPHER_BLOCK + 1);

	if (!sorted) {
		fputs("mktme-dax: out of memory\n", stderr);
		exit(EXIT_MEMORY);
	}
	memcpy(sorted, raw, blocks * CIPHER_BLOCK);
	qsort(sorted, blocks, CIPHER_BLOCK, compare_blocks);
	for (size_t i = 1; i < blocks; i++)
		if (!compare_blocks(sorted + (i - 1) * CIPHER_BLOCK, sorted + i * CIPHER_BLOCK))
			evidence->repeats++;
	free(sorted);
}

void look_at_bytes(struct evidence *evidence, const uint8_t *raw, const uint8_t *plain,
		   size_t len, uint64_t offset)
{
	evidence->bytes += len;
	for (size_t i = 0; i < len; i++)
		evidence->histogram[raw[i]]++;
	count_repeats(evidence, raw, len);
	if (plain)
		count_plain(evidence, raw, plain, len, offset);
}

/*
 * With 255 degrees of freedom the mean is 255, the standard deviation 22.6. Ten of them
 * above is nothing that happens; any text, code or table of numbers is far beyond.
 */
#define GREATEST_CHI_SQUARE	481.0

bool bytes_look_random(const struct evidence *evidence, double *chi_square)
{
	double expected = evidence->bytes / 256.0, sum = 0;

	for (int i = 0; i < 256; i++) {
		double difference = evidence->histogram[i] - expected;

		sum += difference * difference / expected;
	}
	*chi_square = sum;
	return sum <= GREATEST_CHI_SQUARE;
}
