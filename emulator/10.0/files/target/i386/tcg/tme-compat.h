/*
 * Intel TME-MK for TCG: what is different in QEMU 10.0
 *
 * Each version of QEMU that the model is built for has a header of this name,
 * with the same functions. The model tests no version anywhere else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TCG_TME_COMPAT_H
#define I386_TCG_TME_COMPAT_H

/* 7.2: "sysemu/", and all of cputlb.h in exec-all.h */
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "exec/memory.h"
#include "exec/ram_addr.h"
#include "exec/tlb-common.h"
#include "migration/blocker.h"
#include "qemu/main-loop.h"
#include "system/cpus.h"
#include "system/hostmem.h"
#include "system/numa.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/system.h"
#include "system/tcg.h"
#include "tcg/insn-start-words.h"

/* 7.2: of a CPUArchState */
static inline int tme_mmu_index(CPUArchState *env)
{
    return cpu_mmu_index(env_cpu(env), false);
}

/* 7.2: without attributes */
static inline bool tme_is_writable_ram(MemoryRegion *mr)
{
    return memory_access_is_direct(mr, true, MEMTXATTRS_UNSPECIFIED);
}

/* 7.2: takes the end instead of the last byte */
static inline void tme_invalidate_code(ram_addr_t addr, hwaddr len)
{
    tb_invalidate_phys_range(addr, addr + len - 1);
}

/* 7.2: takes the reason itself, and leaves it alone in case of failure */
static inline int tme_block_migration(Error *reason, Error **errp)
{
    return migrate_add_blocker(&reason, errp);
}

/* 7.2: public; private to cputlb.c here */
static inline CPUTLBEntry *tlb_entry(CPUArchState *env, uintptr_t mmu_idx,
                                     target_ulong addr)
{
    CPUTLBDescFast *tlb = &env_cpu(env)->neg.tlb.f[mmu_idx];
    uintptr_t size_mask = tlb->mask >> CPU_TLB_ENTRY_BITS;

    return &tlb->table[(addr >> TARGET_PAGE_BITS) & size_mask];
}

/* 7.2: public, the same */
static inline uintptr_t tlb_addr_write(const CPUTLBEntry *entry)
{
    return qatomic_read(&entry->addr_write);
}

/* 7.2: public, the same */
static inline bool tlb_hit(uintptr_t tlb_addr, target_ulong addr)
{
    return (addr & TARGET_PAGE_MASK) ==
           (tlb_addr & (TARGET_PAGE_MASK | TLB_INVALID_MASK));
}

static inline void tme_flush_tlb(CPUState *cs, run_on_cpu_data data)
{
    tlb_flush(cs);
}

/* 7.2: public; only tlb_flush_all_cpus_synced() is left, which is late */
static inline void tlb_flush_all_cpus(CPUState *cs)
{
    CPUState *other;

    CPU_FOREACH(other) {
        if (other != cs) {
            async_run_on_cpu(other, tme_flush_tlb, RUN_ON_CPU_NULL);
        }
    }
    tlb_flush(cs);
}

/* 7.2: a field of CPUState */
static inline CPUArchState *tme_env(CPUState *cs)
{
    return cpu_env(cs);
}

/* 7.2: qemu_mutex_iothread_locked() and so on */
static inline bool tme_bql_locked(void)
{
    return bql_locked();
}

static inline void tme_bql_lock(void)
{
    bql_lock();
}

static inline void tme_bql_unlock(void)
{
    bql_unlock();
}

/* 7.2: public, the same */
static inline CPUTLB *env_tlb(CPUArchState *env)
{
    return &env_cpu(env)->neg.tlb;
}

/* Linear address of an instruction. 7.2: of a target with TARGET_TB_PCREL */
static inline vaddr tme_unwound_pc(CPUArchState *env, const uint64_t *data)
{
    return env_cpu(env)->tcg_cflags & CF_PCREL ?
           (env->eip & TARGET_PAGE_MASK) | data[0] : data[0];
}

#endif
