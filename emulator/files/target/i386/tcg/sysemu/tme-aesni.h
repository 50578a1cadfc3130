/*
 * Intel TME-MK for TCG: AES-XTS by the AES instructions of the host
 *
 * For tme_aes.c alone, which says what is computed. The instructions have a
 * latency of several cycles, but a new one can start in each: what counts is
 * how many independent blocks are under way.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TCG_TME_AESNI_H
#define I386_TCG_TME_AESNI_H

#include "tme-internal.h"

#define LINE_BLOCKS (TME_LINE / AES_BLOCK_SIZE)

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define AESNI __attribute__((target("aes,sse4.1")))
#define AESNI_INLINE static inline AESNI __attribute__((always_inline))

/* Blocks in flight: enough to hide what a round takes. */
#define FLIGHT 8

/* The blocks have to be in registers: a third of the time. */
#define UNROLL _Pragma("GCC unroll 8")

/*
 * Tweaks of the line this thread has used last and of the next one. A tweak is
 * an AES run of its own, and that of the data cannot begin before it ends: made
 * ahead it costs nothing, because the host overlaps the two.
 */
static __thread struct {
    uint64_t serial;        /* of the key; 0: none */
    hwaddr line;
    __m128i t[2];
} recent;

bool tme_aes_host_supported(void)
{
    unsigned a, b, c = 0, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_AES);
}

static void ni_schedule(uint8_t out[][AES_BLOCK_SIZE], const AES_KEY *key)
{
    for (int i = 0; i < 4 * (key->rounds + 1); i++) {
        stl_be_p(&out[i / 4][i % 4 * 4], key->rd_key[i]);
    }
}

static AESNI void ni_prepare(TMEKey *key)
{
    static uint64_t last_serial;

    key->serial = qatomic_inc_fetch(&last_serial);
    ni_schedule(key->ni_enc, &key->enc);
    ni_schedule(key->ni_tweak, &key->tweak);

    /* the equivalent inverse cipher: reversed order, InvMixColumns inside */
    for (int i = 0; i <= key->rounds; i++) {
        __m128i k = _mm_loadu_si128((void *)key->ni_enc[key->rounds - i]);

        if (i > 0 && i < key->rounds) {
            k = _mm_aesimc_si128(k);
        }
        _mm_storeu_si128((void *)key->ni_dec[i], k);
    }
}

AESNI_INLINE __m128i ni_key(const uint8_t rk[][AES_BLOCK_SIZE], int round)
{
    return _mm_loadu_si128((void *)rk[round]);
}

/* Blocks are independent: with a constant count the compiler overlaps them. */
AESNI_INLINE void ni_blocks(const uint8_t rk[][AES_BLOCK_SIZE], int rounds,
                            bool encrypt, __m128i *x, unsigned n)
{
    __m128i k = ni_key(rk, 0);

    UNROLL
    for (unsigned i = 0; i < n; i++) {
        x[i] = _mm_xor_si128(x[i], k);
    }
    for (int r = 1; r < rounds; r++) {
        k = ni_key(rk, r);
        UNROLL
        for (unsigned i = 0; i < n; i++) {
            x[i] = encrypt ? _mm_aesenc_si128(x[i], k)
                           : _mm_aesdec_si128(x[i], k);
        }
    }
    k = ni_key(rk, rounds);
    UNROLL
    for (unsigned i = 0; i < n; i++) {
        x[i] = encrypt ? _mm_aesenclast_si128(x[i], k)
                       : _mm_aesdeclast_si128(x[i], k);
    }
}

/* Tweaks of the first blocks of @n lines. */
AESNI_INLINE void ni_tweaks(const TMEKey *key, hwaddr line, __m128i *t,
                            unsigned n)
{
    UNROLL
    for (unsigned i = 0; i < n; i++) {
        t[i] = _mm_set_epi64x(0, line + i * TME_LINE);
    }
    ni_blocks(key->ni_tweak, key->rounds, true, t, n);
}

/* Multiplication by alpha in GF(2^128), little-endian as in IEEE 1619. */
AESNI_INLINE __m128i ni_next(__m128i t)
{
    __m128i carry = _mm_srai_epi32(_mm_shuffle_epi32(t, 0x13), 31);

    return _mm_xor_si128(_mm_add_epi64(t, t),
                         _mm_and_si128(carry, _mm_set_epi64x(1, 0x87)));
}

/* @n blocks, of which the tweaks are known. */
AESNI_INLINE void ni_run(const TMEKey *key, bool encrypt, const __m128i *t,
                         uint8_t *to, const uint8_t *from, unsigned n)
{
    __m128i x[FLIGHT];

    UNROLL
    for (unsigned i = 0; i < n; i++) {
        x[i] = _mm_xor_si128(_mm_loadu_si128((void *)(from + 16 * i)), t[i]);
    }
    ni_blocks(encrypt ? key->ni_enc : key->ni_dec, key->rounds, encrypt, x, n);
    UNROLL
    for (unsigned i = 0; i < n; i++) {
        _mm_storeu_si128((void *)(to + 16 * i), _mm_xor_si128(x[i], t[i]));
    }
}

/* The tweak of the first block of a line, mostly without waiting for it. */
AESNI_INLINE __m128i ni_tweak(const TMEKey *key, hwaddr line)
{
    if (recent.serial == key->serial && recent.line == line) {
        return recent.t[0];
    }
    if (recent.serial == key->serial && recent.line + TME_LINE == line) {
        recent.t[0] = recent.t[1];
        ni_tweaks(key, line + TME_LINE, &recent.t[1], 1);
    } else {
        ni_tweaks(key, line, recent.t, 2);
        recent.serial = key->serial;
    }
    recent.line = line;
    return recent.t[0];
}

AESNI_INLINE void ni_line_tweaks(__m128i *t, __m128i first)
{
    t[0] = first;
    UNROLL
    for (unsigned i = 1; i < LINE_BLOCKS; i++) {
        t[i] = ni_next(t[i - 1]);
    }
}

static AESNI void ni_crypt(const TMEKey *key, bool encrypt, hwaddr bus,
                           uint8_t *to, const uint8_t *from, unsigned blocks)
{
    unsigned first = bus % TME_LINE / AES_BLOCK_SIZE;
    __m128i t[LINE_BLOCKS];

    ni_line_tweaks(t, ni_tweak(key, bus - bus % TME_LINE));
    if (blocks == LINE_BLOCKS && encrypt) {
        ni_run(key, true, t, to, from, LINE_BLOCKS);
        return;
    }
    if (blocks == LINE_BLOCKS) {
        ni_run(key, false, t, to, from, LINE_BLOCKS);
        return;
    }
    for (unsigned i = 0; i < blocks; i++) {
        ni_run(key, encrypt, t + first + i, to + 16 * i, from + 16 * i, 1);
    }
}

/*
 * The line this thread has worked at last: what it has found in memory, and what
 * that means. Whoever may have written there since, equal ciphertext is equal
 * plaintext. All four blocks of a line take hardly longer than one.
 */
static __thread struct {
    uint64_t serial;        /* of the key; 0: none */
    hwaddr line;
    __m128i t[LINE_BLOCKS], cipher[LINE_BLOCKS], plain[LINE_BLOCKS];
} opened;

AESNI_INLINE bool ni_is(const uint8_t *ram, unsigned block)
{
    __m128i x = _mm_xor_si128(_mm_loadu_si128((void *)(ram + 16 * block)),
                              opened.cipher[block]);

    return _mm_testz_si128(x, x);
}

/* Decipher at least blocks @first to @last of the line at @ram. */
AESNI_INLINE void ni_open(const TMEKey *key, hwaddr line, const uint8_t *ram,
                          unsigned first, unsigned last)
{
    if (opened.serial != key->serial || opened.line != line) {
        ni_line_tweaks(opened.t, ni_tweak(key, line));
        opened.serial = key->serial;
        opened.line = line;
    } else {
        while (first <= last && ni_is(ram, first)) {
            first++;
        }
        if (first > last) {
            return;
        }
    }
    memcpy(opened.cipher, ram, TME_LINE);
    ni_run(key, false, opened.t, (uint8_t *)opened.plain,
           (uint8_t *)opened.cipher, LINE_BLOCKS);
}

/* What most accesses are long, in line. */
static inline void copy_bytes(uint8_t *to, const uint8_t *from, unsigned len)
{
    if (len == 8) {
        memcpy(to, from, 8);
    } else {
        memcpy(to, from, len);
    }
}

static AESNI void ni_read(const TMEKey *key, hwaddr bus, uint8_t *to,
                          const uint8_t *ram, unsigned len)
{
    unsigned ofs = bus % TME_LINE;

    ni_open(key, bus - ofs, ram - ofs, ofs / AES_BLOCK_SIZE,
            (ofs + len - 1) / AES_BLOCK_SIZE);
    copy_bytes(to, (uint8_t *)opened.plain + ofs, len);
}

static AESNI void ni_write(const TMEKey *key, hwaddr bus, uint8_t *ram,
                           const uint8_t *from, unsigned len)
{
    unsigned ofs = bus % TME_LINE;
    unsigned first = ofs / AES_BLOCK_SIZE;
    unsigned last = (ofs + len - 1) / AES_BLOCK_SIZE;

    ni_open(key, bus - ofs, ram - ofs, first, last);
    copy_bytes((uint8_t *)opened.plain + ofs, from, len);
    for (unsigned i = first; i <= last; i++) {
        ni_run(key, true, &opened.t[i], (uint8_t *)&opened.cipher[i],
               (uint8_t *)&opened.plain[i], 1);
        memcpy(ram - ofs + 16 * i, &opened.cipher[i], AES_BLOCK_SIZE);
    }
}

/* Eight lines: all tweaks at once, then the lines by twos. */
static AESNI void ni_decrypt_lines(const TMEKey *key, hwaddr bus, uint8_t *to,
                                   const uint8_t *from)
{
    __m128i first[FLIGHT], t[2 * LINE_BLOCKS];

    ni_tweaks(key, bus, first, FLIGHT);
    for (unsigned i = 0; i < FLIGHT; i += 2) {
        ni_line_tweaks(t, first[i]);
        ni_line_tweaks(t + LINE_BLOCKS, first[i + 1]);
        ni_run(key, false, t, to + i * TME_LINE, from + i * TME_LINE,
               2 * LINE_BLOCKS);
    }
}
#else
#define FLIGHT 1

bool tme_aes_host_supported(void)
{
    return false;
}

static void ni_prepare(TMEKey *key)
{
}

static void ni_crypt(const TMEKey *key, bool encrypt, hwaddr bus, uint8_t *to,
                     const uint8_t *from, unsigned blocks)
{
    g_assert_not_reached();
}

static void ni_decrypt_lines(const TMEKey *key, hwaddr bus, uint8_t *to,
                             const uint8_t *from)
{
    g_assert_not_reached();
}

static void ni_read(const TMEKey *key, hwaddr bus, uint8_t *to,
                    const uint8_t *ram, unsigned len)
{
    g_assert_not_reached();
}

static void ni_write(const TMEKey *key, hwaddr bus, uint8_t *ram,
                     const uint8_t *from, unsigned len)
{
    g_assert_not_reached();
}
#endif
#endif
