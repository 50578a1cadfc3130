/*
 * Intel TME-MK for TCG: AES-XTS of memory lines
 *
 * 336907 rev 1.3 ch. 4 says AES-XTS with the physical address as the tweak and
 * leaves the data unit open. Here it is a 64-byte line: the tweak is the bus
 * address of the line as a little-endian number, without the KeyID; 16-byte
 * block j of the line uses tweak * alpha^j (IEEE 1619).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "tme-internal.h"

#define LINE_BLOCKS (TME_LINE / AES_BLOCK_SIZE)

/* Multiplication by alpha in GF(2^128), little-endian as in IEEE 1619. */
static inline void next_tweak(uint64_t t[2])
{
    uint64_t carry = t[1] >> 63;

    t[1] = (t[1] << 1) | (t[0] >> 63);
    t[0] = (t[0] << 1) ^ (carry ? 0x87 : 0);
}

/* Tweaks of the blocks of one line, from the encrypted line address. */
static inline void line_tweaks(uint64_t t[LINE_BLOCKS][2])
{
    for (int i = 1; i < LINE_BLOCKS; i++) {
        t[i][0] = t[i - 1][0];
        t[i][1] = t[i - 1][1];
        next_tweak(t[i]);
    }
}

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

#define AESNI __attribute__((target("aes,sse4.1")))

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

static AESNI void ni_tweak(const TMEKey *key, hwaddr line,
                           uint64_t t[LINE_BLOCKS][2])
{
    __m128i x = _mm_set_epi64x(0, line);

    x = _mm_xor_si128(x, _mm_loadu_si128((void *)key->ni_tweak[0]));
    for (int r = 1; r < key->rounds; r++) {
        x = _mm_aesenc_si128(x, _mm_loadu_si128((void *)key->ni_tweak[r]));
    }
    x = _mm_aesenclast_si128(x,
                             _mm_loadu_si128((void *)key->ni_tweak[key->rounds]));
    _mm_storeu_si128((void *)t[0], x);
    line_tweaks(t);
}

/* Blocks are independent: with a constant count the compiler overlaps them. */
static inline AESNI __attribute__((always_inline))
void ni_run(const TMEKey *key, bool encrypt, const uint64_t t[][2],
            uint8_t *to, const uint8_t *from, unsigned n)
{
    const uint8_t (*rk)[AES_BLOCK_SIZE] = encrypt ? key->ni_enc : key->ni_dec;
    __m128i k = _mm_loadu_si128((void *)rk[0]);
    __m128i x[LINE_BLOCKS];

    for (unsigned i = 0; i < n; i++) {
        x[i] = _mm_xor_si128(_mm_loadu_si128((void *)(from + 16 * i)),
                             _mm_loadu_si128((void *)t[i]));
        x[i] = _mm_xor_si128(x[i], k);
    }
    for (int r = 1; r < key->rounds; r++) {
        k = _mm_loadu_si128((void *)rk[r]);
        for (unsigned i = 0; i < n; i++) {
            x[i] = encrypt ? _mm_aesenc_si128(x[i], k)
                           : _mm_aesdec_si128(x[i], k);
        }
    }
    k = _mm_loadu_si128((void *)rk[key->rounds]);
    for (unsigned i = 0; i < n; i++) {
        x[i] = encrypt ? _mm_aesenclast_si128(x[i], k)
                       : _mm_aesdeclast_si128(x[i], k);
        x[i] = _mm_xor_si128(x[i], _mm_loadu_si128((void *)t[i]));
        _mm_storeu_si128((void *)(to + 16 * i), x[i]);
    }
}

static AESNI void ni_crypt(const TMEKey *key, bool encrypt, hwaddr bus,
                           uint8_t *to, const uint8_t *from, unsigned blocks)
{
    uint64_t t[LINE_BLOCKS][2];
    unsigned first = bus % TME_LINE / AES_BLOCK_SIZE;

    ni_tweak(key, bus & ~(hwaddr)(TME_LINE - 1), t);
    if (blocks == LINE_BLOCKS) {
        if (encrypt) {
            ni_run(key, true, t, to, from, LINE_BLOCKS);
        } else {
            ni_run(key, false, t, to, from, LINE_BLOCKS);
        }
        return;
    }
    for (unsigned i = 0; i < blocks; i++) {
        ni_run(key, encrypt, t + first + i, to + 16 * i, from + 16 * i, 1);
    }
}
#else
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
#endif

/* The same by QEMU's portable table AES. */
static void table_crypt(const TMEKey *key, bool encrypt, hwaddr bus,
                        uint8_t *to, const uint8_t *from, unsigned blocks)
{
    uint64_t t[LINE_BLOCKS][2] = {};
    unsigned first = bus % TME_LINE / AES_BLOCK_SIZE;

    stq_le_p(t[0], bus & ~(hwaddr)(TME_LINE - 1));
    AES_encrypt((uint8_t *)t[0], (uint8_t *)t[0], &key->tweak);
    t[0][0] = le64_to_cpu(t[0][0]);
    t[0][1] = le64_to_cpu(t[0][1]);
    line_tweaks(t);

    for (unsigned i = 0; i < blocks; i++) {
        const uint64_t *w = t[first + i];
        uint8_t x[AES_BLOCK_SIZE];

        stq_le_p(x, ldq_le_p(from + 16 * i) ^ w[0]);
        stq_le_p(x + 8, ldq_le_p(from + 16 * i + 8) ^ w[1]);
        if (encrypt) {
            AES_encrypt(x, x, &key->enc);
        } else {
            AES_decrypt(x, x, &key->dec);
        }
        stq_le_p(to + 16 * i, ldq_le_p(x) ^ w[0]);
        stq_le_p(to + 16 * i + 8, ldq_le_p(x + 8) ^ w[1]);
    }
}

static void crypt_blocks(const TMEKey *key, bool encrypt, hwaddr bus,
                         uint8_t *to, const uint8_t *from, unsigned blocks)
{
    assert(bus % AES_BLOCK_SIZE == 0 &&
           bus % TME_LINE + blocks * AES_BLOCK_SIZE <= TME_LINE);
    if (!key) {
        memmove(to, from, blocks * AES_BLOCK_SIZE);
    } else if (tme.host_aes) {
        ni_crypt(key, encrypt, bus, to, from, blocks);
    } else {
        table_crypt(key, encrypt, bus, to, from, blocks);
    }
}

/**
 * tme_encrypt: what a write of whole 16-byte blocks puts on the bus
 * @key: key of the KeyID, NULL for no encryption
 * @bus: bus address of the first block; all blocks lie in one line
 * @to: ciphertext, may be equal to @from
 * @from: plaintext
 * @blocks: 1 to 4
 */
void tme_encrypt(const TMEKey *key, hwaddr bus, uint8_t *to,
                 const uint8_t *from, unsigned blocks)
{
    crypt_blocks(key, true, bus, to, from, blocks);
}

/**
 * tme_decrypt: the reverse of tme_encrypt()
 * @key: key of the KeyID, NULL for no encryption
 * @bus: bus address of the first block; all blocks lie in one line
 * @to: plaintext, may be equal to @from
 * @from: ciphertext
 * @blocks: 1 to 4
 */
void tme_decrypt(const TMEKey *key, hwaddr bus, uint8_t *to,
                 const uint8_t *from, unsigned blocks)
{
    crypt_blocks(key, false, bus, to, from, blocks);
}

/**
 * tme_key_new: expand a pair of AES keys
 * @data: data key
 * @tweak: tweak key
 * @bits: 128 or 256, the size of each
 *
 * Return: the key, to be freed with tme_key_free()
 */
TMEKey *tme_key_new(const uint8_t *data, const uint8_t *tweak, int bits)
{
    TMEKey *key = g_new0(TMEKey, 1);

    AES_set_encrypt_key(data, bits, &key->enc);
    AES_set_decrypt_key(data, bits, &key->dec);
    AES_set_encrypt_key(tweak, bits, &key->tweak);
    key->rounds = key->enc.rounds;
    if (tme.host_aes) {
        ni_prepare(key);
    }
    return key;
}

static void key_wipe(TMEKey *key)
{
    memset(key, 0, sizeof(*key));
    __asm__ volatile("" : : "r"(key) : "memory");
    g_free(key);
}

/**
 * tme_key_free: wipe and free a key when its last reader is gone
 * @key: the key; may be NULL
 */
void tme_key_free(TMEKey *key)
{
    if (key) {
        call_rcu(key, key_wipe, rcu);
    }
}
