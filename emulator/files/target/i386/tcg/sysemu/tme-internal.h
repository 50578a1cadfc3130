/*
 * Intel TME-MK for TCG: private declarations
 *
 * Words: a *bus address* is what reaches the memory controller; an *alias* is a
 * bus address with a KeyID on top. 336907 rev 1.3 ch. 7: caches and TLBs treat
 * the KeyID as address bits, the bus and the XTS tweak do not see it.
 *
 * Lock order: BQL, then a line lock, then the page table lock of the cache.
 * Nothing that takes a line lock touches guest memory through the memory API
 * while holding it. CPUs come without the BQL, devices with it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TCG_TME_INTERNAL_H
#define I386_TCG_TME_INTERNAL_H

#include "cpu.h"
#include "qemu/rcu.h"
#include "qemu/thread.h"
#include "crypto/aes.h"
#include "tcg/tme-compat.h"

#define TME_LINE            64
#define TME_LINES           (TARGET_PAGE_SIZE / TME_LINE)
#define TME_MAX_KEYID_BITS  15
#define TME_MAX_NV          8
#define TME_NO_LINE         UINT64_MAX

/* Encryption algorithms, one bit each: 982H[63:48] and PCONFIG's ENC_ALG. */
#define TME_ALG_XTS_128     (1u << 0)
#define TME_ALG_XTS_256     (1u << 2)
#define TME_ALGS            (TME_ALG_XTS_128 | TME_ALG_XTS_256)

/*
 * The modelled cache is RAM above every address a page table can hold
 * (52 bits), so neither a guest nor a device finds it by accident.
 */
#define TME_CACHE_BASE      (1ULL << 52)

typedef enum TMEEngine {
    TME_ENGINE_CACHE,
    TME_ENGINE_DIRECT,
    TME_ENGINE_NONE,
} TMEEngine;

/*
 * Expanded key of one KeyID. Immutable once published in TMESocket.key; readers
 * hold the RCU read lock (vCPUs always do while they execute).
 */
typedef struct TMEKey {
    struct rcu_head rcu;
    uint64_t serial;        /* no two keys have the same; for host AES */
    int rounds;
    AES_KEY enc, dec, tweak;
    uint8_t ni_enc[AES_MAXNR + 1][AES_BLOCK_SIZE];
    uint8_t ni_dec[AES_MAXNR + 1][AES_BLOCK_SIZE];
    uint8_t ni_tweak[AES_MAXNR + 1][AES_BLOCK_SIZE];
} TMEKey;

/* The keys of one package. */
typedef struct TMESocket {
    TMEKey **key;       /* by KeyID; NULL: not encrypted */
    QemuMutex lock;     /* the key table lock PCONFIG may find taken */
} TMESocket;

/* Host view of a piece of guest RAM. */
typedef struct TMERam {
    uint8_t *host;
    ram_addr_t addr;
} TMERam;

/*
 * One page of one alias in the modelled cache. Never moves and is never given
 * to another alias until reset. Protected by the line lock of its bus address,
 * except @alias and @ram, which do not change.
 */
typedef struct TMEPage {
    hwaddr alias;
    TMERam ram;         /* the memory behind the page */
    uint64_t valid;     /* lines present; a page in a TLB has all of them */
    uint64_t leaving;   /* lines flushed, invalid after the next fence */
    unsigned epoch;     /* of the last TLB fill; old: in no TLB */
} TMEPage;

/* Device and uncached CPU view of a range of physical addresses. */
typedef struct TMEView {
    MemoryRegion mr;
    hwaddr base;
} TMEView;

/* Persistent memory found at start: cached under KeyID 0 too. */
typedef struct TMENvRange {
    hwaddr start, end;
    TMERam ram;
    TMEView view;
} TMENvRange;

/* Per vCPU; touched by its own thread, or by anyone in an exclusive section. */
typedef struct TMEVcpu {
    TMEConfig *cfg;     /* what of it translated code looks at */
    uint64_t wc_line;   /* line with non-temporal stores not yet sent out */
    uint64_t wc_bytes;  /* which bytes of it */
    target_ulong wc_from;   /* and more from here to nt_next, see tme_nt.c */
    bool wc_counts;         /* unless that is not in a cached page */
    GArray *leaving;    /* pages (index) with flushes to complete at a fence */
    uint64_t done_line; /* CLFLUSH that an exclusive section has completed */
    target_ulong done_stack, done_cr3;  /* and whose it was */
} TMEVcpu;

typedef struct TMEState {
    TMEEngine engine;
    unsigned max_bits;          /* what the CPU can do */
    unsigned phys_bits;
    unsigned shift;             /* position of the lowest KeyID bit */
    hwaddr bus_mask;            /* physical address without KeyID */
    unsigned max_keys;          /* highest KeyID */
    unsigned tdx_bits;
    unsigned mktme_keys;        /* highest KeyID that is not TDX's */
    bool eadr;
    bool host_aes;
    uint32_t busy_every, entropy_every;
    uint32_t busy_count, entropy_count;
    uint64_t activate;          /* MSR 982H */

    unsigned sockets;
    TMESocket *socket;

    TMEView keyid_view;
    unsigned nv_count;
    TMENvRange nv[TME_MAX_NV];

    QemuMutex line_lock[64];    /* by bus page; one line is moved at a time */

    /* the cache engine */
    MemoryRegion cache_mr;
    uint8_t *data, *clean;      /* contents; contents at fill or write-back */
    ram_addr_t data_addr;
    TMEPage *page;
    unsigned pages, used;
    uint32_t *index;            /* hash: alias -> page number + 1 */
    unsigned index_mask;
    QemuMutex index_lock;
    unsigned epoch;             /* counts the flushes of all TLBs */
    GPtrArray *vcpus;
} TMEState;

extern TMEState tme;

/* tme.c */
bool tme_find_ram(hwaddr bus, TMERam *ram);
TMENvRange *tme_find_nv(hwaddr bus);
void tme_ram_changed(ram_addr_t addr, hwaddr len);

static inline QemuMutex *tme_line_lock(hwaddr addr)
{
    return &tme.line_lock[(addr >> TARGET_PAGE_BITS) %
                          ARRAY_SIZE(tme.line_lock)];
}

/* tme_aes.c */
bool tme_aes_host_supported(void);
TMEKey *tme_key_new(const uint8_t *data, const uint8_t *tweak, int bits);
void tme_key_free(TMEKey *key);
void tme_encrypt(const TMEKey *key, hwaddr bus, uint8_t *to,
                 const uint8_t *from, unsigned blocks);
void tme_decrypt(const TMEKey *key, hwaddr bus, uint8_t *to,
                 const uint8_t *from, unsigned blocks);
void tme_decrypt_lines(const TMEKey *key, hwaddr bus, uint8_t *to,
                       const uint8_t *from, unsigned lines);
void tme_read(const TMEKey *key, hwaddr bus, uint8_t *to, const uint8_t *ram,
              unsigned len);
void tme_write(const TMEKey *key, hwaddr bus, uint8_t *ram,
               const uint8_t *from, unsigned len);

/* tme_socket.c */
void tme_sockets_init(void);
unsigned tme_owner_slow(hwaddr bus);

static inline unsigned tme_owner(hwaddr bus)
{
    return tme.sockets == 1 ? 0 : tme_owner_slow(bus);
}

/* tme_pconfig.c */
TMEKey *tme_key_of(hwaddr alias);
void tme_keys_reset(void);

/* tme_msr.c */
void tme_msr_reset(void);

/* tme_view.c */
void tme_views_init(void);
void tme_views_add_nv(void);
bool tme_lock_for_store(QemuMutex *lock);
void tme_unlock_after_store(QemuMutex *lock, bool big);

/* tme_cache.c */
void tme_cache_init(uint32_t megabytes);
void tme_cache_reset(void);
hwaddr tme_cache_map(hwaddr alias);
TMEPage *tme_cache_find(hwaddr alias);
void tme_cache_clean_line(TMEPage *page, unsigned line);
void tme_cache_write_line(TMEPage *page, unsigned line);
void tme_cache_drop_line(TMEPage *page, unsigned line);

static inline unsigned tme_page_number(const TMEPage *page)
{
    return page - tme.page;
}

static inline uint8_t *tme_page_data(const TMEPage *page)
{
    return tme.data + ((size_t)tme_page_number(page) << TARGET_PAGE_BITS);
}

/* A line of the cache as one number. */
static inline uint64_t tme_line_id(const TMEPage *page, unsigned line)
{
    return (uint64_t)tme_page_number(page) * TME_LINES + line;
}

static inline unsigned tme_line_of(target_ulong addr)
{
    return (addr & ~TARGET_PAGE_MASK) / TME_LINE;
}

/* tme_evict.c */
void tme_evict_power_fails(void);
void tme_evict_init(uint32_t pages_per_ms, uint32_t seed);

/* tme_audit.c: reports go to tme_audit_report.c */
typedef enum TMEAuditKind {
    TME_AUDIT_TWO_DIRTY,
    TME_AUDIT_OVER_NEWER,
    TME_AUDIT_DEAD_KEY,
} TMEAuditKind;

void tme_audit_init_cache(MemoryRegion *mr, uint64_t size);
void tme_audit_reset(void);
void tme_audit_page_added(TMEPage *page);
void tme_audit_filling(TMEPage *page);
void tme_audit_cleaning(TMEPage *page, unsigned line);
void tme_audit_dma(hwaddr alias, unsigned len, TMEPage *page);
void tme_audit_key_changed(unsigned socket, unsigned keyid);

/* tme_audit_report.c */
bool tme_audit_init(const char *mode, Error **errp);
uint64_t tme_audit_store_rip(void);
uint64_t tme_audit_flush_rip(void);
void tme_audit_report(TMEAuditKind kind, const TMEPage *page, unsigned line,
                      unsigned other, uint64_t stored, uint64_t rip);

/* tme_directory.c */
extern bool tme_directory;
bool tme_directory_init(bool on, Error **errp);
void tme_directory_touch(hwaddr paddr);
void tme_directory_flush(CPUX86State *env, target_ulong addr);
void tme_directory_flush_all(void);

/* tme_power.c */
bool tme_power_promise_holds(bool eadr, Error **errp);

/* tme_flush.c */
TMEPage *tme_page_stored(CPUX86State *env, target_ulong addr);
void tme_write_back(TMEPage *page, unsigned line);
TMEVcpu *tme_vcpu_new(TMEConfig *cfg);
void tme_vcpu_reset(TMEVcpu *vcpu);

/* tme_nt.c */
void tme_nt_remap(void);
void tme_nt_drain(TMEVcpu *vcpu);
void tme_nt_reset(TMEVcpu *vcpu);

#endif
