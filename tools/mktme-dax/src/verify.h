/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is what lies on the DIMM ciphertext: the parts of mktme-dax verify
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "bar.h"
#include "tool.h"

#define CIPHER_BLOCK	16U
#define LINE_BYTES	64U	/* the cipher's data unit */

/**
 * struct evidence - what was seen of raw bytes so far
 * @bytes: how many there were
 * @plain_blocks: blocks of the cipher that are the plaintext itself
 * @first_plain: offset of the first one of these in the file
 * @repeats: blocks that are there twice in one chunk: not so with XTS, since no two
 *	blocks have the same tweak
 * @histogram: how often there was each value of a byte
 * @compared: bytes for which @plain_blocks was asked
 * @lines, @wrong_lines, @first_wrong: compared with what the key gives; offset in the file
 */
struct evidence {
	uint64_t bytes, plain_blocks, first_plain, repeats;
	uint64_t histogram[256];
	uint64_t compared;
	uint64_t lines, wrong_lines, first_wrong;
};

/* ---- verify_bytes.c ---- */

/* @plain may be NULL, if it cannot be had. @offset is that of the file. */
void look_at_bytes(struct evidence *evidence, const uint8_t *raw, const uint8_t *plain,
		   size_t len, uint64_t offset);

/**
 * bytes_look_random() - could an even distribution have given this histogram
 * @evidence: at least 4096 bytes
 * @chi_square: result, of 255 degrees of freedom
 *
 * Return: false if not once in many lifetimes.
 */
bool bytes_look_random(const struct evidence *evidence, double *chi_square);

/* ---- verify_cipher.c ---- */

struct cipher;

/* NULL without memory, or if libcrypto refuses. */
struct cipher *new_cipher(const struct mktme_dax_key *key);
void free_cipher(struct cipher *cipher);
/* Whole lines that lie at @address; 0 or -EIO. */
int encrypt_lines(struct cipher *cipher, uint64_t address, const uint8_t *plain, uint8_t *out,
		  size_t len);

/* ---- verify_payload.c ---- */

/* The payload of a kernel key, as for "keyctl padd mktme"; "-" is standard input. Says what is wrong. */
int read_payload(const char *path, struct mktme_dax_key *key);
/* 0 or -EINVAL */
int parse_payload(const char *text, struct mktme_dax_key *key);

/* ---- verify_marker.c ---- */

struct marker_hits {
	uint64_t count, first;		/* offset on the device */
};

/* All of the device, also what belongs to no file. 0 or -errno. */
int search_marker(int device, uint64_t size, const char *marker, struct marker_hits *hits,
		  struct bar *bar);

#endif /* VERIFY_H */
