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
#include "tme-aesni.h"

/* As ni_next(). */
static inline void next_tweak(uint64_t t[2])
{
    uint64_t carry = t[1] >> 63;

    t[1] = (t[1] << 1) | (t[0] >> 63);
    t[0] = (t[0] << 1) ^ (carry ? 0x87 : 0);
}

/* As ni_crypt(), by QEMU's portable table AES. */
static void table_crypt(const TMEKey *key, bool encrypt, hwaddr bus,
                        uint8_t *to, const uint8_t *from, unsigned blocks)
{
    uint64_t t[LINE_BLOCKS][2] = {};
    unsigned first = bus % TME_LINE / AES_BLOCK_SIZE;

    stq_le_p(t[0], bus & ~(hwaddr)(TME_LINE - 1));
    AES_encrypt((uint8_t *)t[0], (uint8_t *)t[0], &key->tweak);
    t[0][0] = le64_to_cpu(t[0][0]);
    t[0][1] = le64_to_cpu(t[0][1]);
    for (unsigned i = 1; i < LINE_BLOCKS; i++) {
        t[i][0] = t[i - 1][0];
        t[i][1] = t[i - 1][1];
        next_tweak(t[i]);
    }

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
 * tme_decrypt_lines: many lines at a time
 * @key: key of the KeyID, NULL for no encryption
 * @bus: bus address of the first line
 * @to: plaintext
 * @from: ciphertext
 * @lines: how many
 */
void tme_decrypt_lines(const TMEKey *key, hwaddr bus, uint8_t *to,
                       const uint8_t *from, unsigned lines)
{
    unsigned i = 0;

    if (!key) {
        memcpy(to, from, lines * TME_LINE);
        return;
    }
    for (; tme.host_aes && i + FLIGHT <= lines; i += FLIGHT) {
        ni_decrypt_lines(key, bus + i * TME_LINE, to + i * TME_LINE,
                         from + i * TME_LINE);
    }
    for (; i < lines; i++) {
        tme_decrypt(key, bus + i * TME_LINE, to + i * TME_LINE,
                    from + i * TME_LINE, LINE_BLOCKS);
    }
}

/**
 * tme_read: bytes of a line in memory
 * @key: key of the KeyID, NULL for no encryption
 * @bus: bus address of the first
 * @to: plaintext
 * @ram: where the first is
 * @len: how many; all in one line
 */
void tme_read(const TMEKey *key, hwaddr bus, uint8_t *to, const uint8_t *ram,
              unsigned len)
{
    unsigned skip = bus % AES_BLOCK_SIZE;
    uint8_t text[TME_LINE];

    if (!key) {
        memcpy(to, ram, len);
    } else if (tme.host_aes) {
        ni_read(key, bus, to, ram, len);
    } else {
        table_crypt(key, false, bus - skip, text, ram - skip,
                    DIV_ROUND_UP(skip + len, AES_BLOCK_SIZE));
        memcpy(to, text + skip, len);
    }
}

/**
 * tme_write: the reverse of tme_read()
 * @key: key of the KeyID, NULL for no encryption
 * @bus: bus address of the first
 * @ram: where the first is
 * @from: plaintext
 * @len: how many; all in one line
 *
 * Called with the line lock: the rest of the blocks is read and written, too.
 */
void tme_write(const TMEKey *key, hwaddr bus, uint8_t *ram,
               const uint8_t *from, unsigned len)
{
    unsigned skip = bus % AES_BLOCK_SIZE;
    unsigned blocks = DIV_ROUND_UP(skip + len, AES_BLOCK_SIZE);
    uint8_t text[TME_LINE];

    if (!key) {
        memcpy(ram, from, len);
    } else if (len == TME_LINE) {
        tme_encrypt(key, bus, ram, from, LINE_BLOCKS);
    } else if (tme.host_aes) {
        ni_write(key, bus, ram, from, len);
    } else {
        table_crypt(key, false, bus - skip, text, ram - skip, blocks);
        memcpy(text + skip, from, len);
        table_crypt(key, true, bus - skip, ram - skip, text, blocks);
    }
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
