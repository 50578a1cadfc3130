/*
 * Intel TME-MK for TCG: what the rest of the i386 target sees of it
 *
 * This header is the whole contact surface. cpu.h includes it, so the hooks in
 * other files need no include of their own. With the feature absent every hook
 * is one compare against a constant that never matches, or no code at all in
 * the translated program.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TCG_TME_H
#define I386_TCG_TME_H

#include "exec/hwaddr.h"

struct ArchCPU;
struct TMEVcpu;

/* CPU properties; the values of the first realized CPU count for all. */
typedef struct TMEConfig {
    uint32_t keyid_bits;        /* 0: the CPU has no TME */
    char *engine;               /* "cache" (default), "direct" or "none" */
    uint32_t cache_mb;          /* size of the modelled cache */
    bool host_aes;              /* use the AES instructions of the host */
    uint32_t pconfig_busy;      /* every Nth PCONFIG: DEVICE_BUSY; 0: never */
    uint32_t pconfig_entropy;   /* every Nth SET_KEY_RANDOM: ENTROPY_ERROR */
    uint32_t tdx_bits;          /* KeyID bits taken by TDX */
    uint32_t evict;             /* pages of the cache per ms; 0: none */
    uint32_t evict_seed;        /* 0: random */
    bool eadr;                  /* dirty lines survive a power failure */
    char *audit;                /* "off" (default), "on" or "stop" */
    bool directory_mode;        /* aliases raise machine checks */
    struct TMEVcpu *vcpu;       /* this CPU's part of the model's state */

    /* Of that state, what translated code reads and writes; see tme_nt.c. */
    target_ulong nt_next;       /* where a non-temporal store may go on */
    target_ulong nt_end;        /* nt_next before the last of them */
    bool fence_due;             /* a fence may have something to do */
} TMEConfig;

#define TME_CPU_PROPERTIES                                                    \
    DEFINE_PROP_UINT32("tme-keyid-bits", X86CPU, tme.keyid_bits, 0),          \
    DEFINE_PROP_STRING("tme-engine", X86CPU, tme.engine),                     \
    DEFINE_PROP_UINT32("tme-cache-mb", X86CPU, tme.cache_mb, 4096),           \
    DEFINE_PROP_BOOL("tme-host-aes", X86CPU, tme.host_aes, true),             \
    DEFINE_PROP_UINT32("tme-pconfig-busy", X86CPU, tme.pconfig_busy, 0),      \
    DEFINE_PROP_UINT32("tme-pconfig-entropy", X86CPU, tme.pconfig_entropy, 0), \
    DEFINE_PROP_UINT32("tme-tdx-bits", X86CPU, tme.tdx_bits, 0),              \
    DEFINE_PROP_UINT32("tme-evict", X86CPU, tme.evict, 0),                    \
    DEFINE_PROP_UINT32("tme-evict-seed", X86CPU, tme.evict_seed, 0),          \
    DEFINE_PROP_BOOL("tme-eadr", X86CPU, tme.eadr, false),                    \
    DEFINE_PROP_STRING("tme-audit", X86CPU, tme.audit),                       \
    DEFINE_PROP_BOOL("tme-directory-mode", X86CPU, tme.directory_mode, false)

#if defined(CONFIG_TCG) && !defined(CONFIG_USER_ONLY)

/*
 * Lowest guest-physical address that TLB fills must show to the model:
 * KeyID addresses and, in the cache engine, persistent memory.
 */
extern hwaddr tme_first;

/* True if translated code must call the model for cache control and fences. */
extern bool tme_caching;

/* True if stores to the modelled cache are seen by the model (tme-audit). */
extern bool tme_auditing;

hwaddr tme_map_slow(hwaddr paddr);

/**
 * tme_map: what a TLB entry for @paddr has to point at
 * @paddr: guest-physical address, result of a page walk
 *
 * Return: @paddr itself, the address with the KeyID removed, or a page of the
 * modelled cache.
 */
static inline hwaddr tme_map(hwaddr paddr)
{
    return likely(paddr < tme_first) ? paddr : tme_map_slow(paddr);
}

bool tme_realize(struct ArchCPU *cpu, Error **errp);
void tme_cpuid(struct ArchCPU *cpu, uint32_t index, uint32_t count,
               uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx);
bool tme_rdmsr(CPUArchState *env, uint32_t msr, uint64_t *val, uintptr_t ra);
bool tme_wrmsr(CPUArchState *env, uint32_t msr, uint64_t val, uintptr_t ra);

/* Around a page walk's update of an entry that is not in RAM. */
bool tme_hold_stores(void);
void tme_release_stores(bool held);

/* In excp_helper.c: a page walk that leaves the TLB alone. */
bool x86_walk_only(CPUArchState *env, vaddr addr, int mmu_idx, hwaddr *paddr);

#else

static inline bool tme_realize(struct ArchCPU *cpu, Error **errp)
{
    return true;
}

static inline void tme_cpuid(struct ArchCPU *cpu, uint32_t index,
                             uint32_t count, uint32_t *eax, uint32_t *ebx,
                             uint32_t *ecx, uint32_t *edx)
{
}

#endif
#endif
