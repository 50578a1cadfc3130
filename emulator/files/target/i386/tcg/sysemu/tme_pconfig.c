/*
 * Intel TME-MK for TCG: the key table and PCONFIG
 *
 * SDM vol. 2B, PCONFIG. Bad input is #GP(0), as the current SDM has it; 336907
 * up to rev 1.3 returned error codes for some of it. PCONFIG changes the key
 * table and nothing else: no TLB, no cache, no line on its way to memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "qemu/guest-random.h"
#include "exec/cpu_ldst.h"
#include "exec/helper-proto.h"
#include "tcg/helper-tcg.h"
#include "tme-internal.h"

/* Commands, in KEYID_CTRL[7:0]. */
enum {
    SET_KEY_DIRECT = 0,
    SET_KEY_RANDOM = 1,
    CLEAR_KEY = 2,      /* back to what KeyID 0 does: here, no encryption */
    NO_ENCRYPT = 3,
};

/* Status in EAX. */
enum {
    PROG_SUCCESS = 0,
    ENTROPY_ERROR = 2,
    DEVICE_BUSY = 5,
};

/* The structure behind DS:RBX: 192 bytes are read, 256-byte alignment. */
#define STRUCT_ALIGN    256
#define STRUCT_SIZE     192
#define OFS_KEYID       0
#define OFS_CTRL        2
#define OFS_DATA_KEY    64
#define OFS_TWEAK_KEY   128
#define KEY_MAX         32

typedef struct Request {
    unsigned keyid, command, alg;
    uint8_t data[KEY_MAX], tweak[KEY_MAX];
} Request;

/**
 * tme_key_of: the key of an alias
 * @alias: physical address with KeyID
 *
 * It is the key of the package that owns the memory, not of the CPU at work.
 *
 * Return: the key, or NULL if the KeyID does not encrypt. Valid as long as the
 * caller holds the RCU read lock.
 */
TMEKey *tme_key_of(hwaddr alias)
{
    if (tme.engine == TME_ENGINE_NONE) {
        return NULL;
    }
    return qatomic_rcu_read(&tme.socket[tme_owner(alias & tme.bus_mask)].
                            key[(alias >> tme.shift) & tme.max_keys]);
}

static bool same_key(const TMEKey *a, const TMEKey *b)
{
    return a == b || (a && b && !memcmp(&a->enc, &b->enc, sizeof(a->enc)) &&
                      !memcmp(&a->tweak, &b->tweak, sizeof(a->tweak)));
}

static void publish(TMESocket *socket, unsigned keyid, TMEKey *key)
{
    TMEKey *old = socket->key[keyid];

    qatomic_rcu_set(&socket->key[keyid], key);
    if (tme_auditing && !same_key(old, key)) {
        tme_audit_key_changed(socket - tme.socket, keyid);
    }
    tme_key_free(old);
}

/**
 * tme_keys_reset: a reset of the machine makes its packages forget every key
 */
void tme_keys_reset(void)
{
    for (unsigned s = 0; s < tme.sockets; s++) {
        for (unsigned i = 0; i <= tme.max_keys; i++) {
            publish(&tme.socket[s], i, NULL);
        }
    }
}

/* Read the structure and check it; false stands for #GP(0). */
static bool get_request(CPUX86State *env, target_ulong addr, uintptr_t ra,
                        Request *req)
{
    uint8_t s[STRUCT_SIZE];
    uint32_t ctrl;

    for (unsigned i = 0; i < STRUCT_SIZE; i += 8) {
        stq_le_p(s + i, cpu_ldq_data_ra(env, addr + i, ra));
    }
    req->keyid = lduw_le_p(s + OFS_KEYID);
    ctrl = ldl_le_p(s + OFS_CTRL);
    req->command = extract32(ctrl, 0, 8);
    req->alg = extract32(ctrl, 8, 16);
    memcpy(req->data, s + OFS_DATA_KEY, KEY_MAX);
    memcpy(req->tweak, s + OFS_TWEAK_KEY, KEY_MAX);

    return req->keyid >= 1 && req->keyid <= tme.mktme_keys &&
           extract32(ctrl, 24, 8) == 0 && req->command <= NO_ENCRYPT &&
           is_power_of_2(req->alg) && (req->alg & (tme.activate >> 48));
}

/* True for every @every-th call of its kind; @every 0: never. */
static bool inject(uint32_t every, uint32_t *count)
{
    return every && (qatomic_fetch_inc(count) + 1) % every == 0;
}

/* SET_KEY_RANDOM: random numbers of the CPU, mixed with those of software. */
static bool add_entropy(Request *req)
{
    uint8_t rnd[2 * KEY_MAX];

    if (inject(tme.entropy_every, &tme.entropy_count) ||
        qemu_guest_getrandom(rnd, sizeof(rnd), NULL)) {
        return false;
    }
    for (int i = 0; i < KEY_MAX; i++) {
        req->data[i] ^= rnd[i];
        req->tweak[i] ^= rnd[KEY_MAX + i];
    }
    return true;
}

static int program(TMESocket *socket, Request *req)
{
    TMEKey *key = NULL;

    if (inject(tme.busy_every, &tme.busy_count) ||
        qemu_mutex_trylock(&socket->lock)) {
        return DEVICE_BUSY;
    }
    if (req->command == SET_KEY_RANDOM && !add_entropy(req)) {
        qemu_mutex_unlock(&socket->lock);
        return ENTROPY_ERROR;
    }
    if (req->command <= SET_KEY_RANDOM) {
        key = tme_key_new(req->data, req->tweak,
                          req->alg == TME_ALG_XTS_256 ? 256 : 128);
    }
    publish(socket, req->keyid, key);
    qemu_mutex_unlock(&socket->lock);
    return PROG_SUCCESS;
}

/**
 * helper_tme_pconfig: PCONFIG, leaf MKTME_KEY_PROGRAM
 * @addr: linear address of the key structure
 *
 * What the translator can decide, #UD, it has decided.
 */
void helper_tme_pconfig(CPUX86State *env, target_ulong addr)
{
    uintptr_t ra = GETPC();
    Request req;
    int status;

    if ((uint32_t)env->regs[R_EAX] != 0 || addr % STRUCT_ALIGN ||
        !get_request(env, addr, ra, &req)) {
        raise_exception_err_ra(env, EXCP0D_GPF, 0, ra);
    }
    status = program(&tme.socket[env_archcpu(env)->socket_id], &req);
    memset(&req, 0, sizeof(req));

    env->regs[R_EAX] = status;
    CC_SRC = status == PROG_SUCCESS ? 0 : CC_Z;
}
