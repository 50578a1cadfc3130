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
#include "migration/blocker.h"
#include "qemu/main-loop.h"
#include "system/cpus.h"
#include "system/hostmem.h"
#include "system/numa.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "system/system.h"
#include "tcg/insn-start-words.h"

/* 7.2: of a CPUArchState */
#define tme_mmu_index(env) cpu_mmu_index(env_cpu(env), false)

/* 7.2: CPUState.env_ptr */
#define tme_env(cs) cpu_env(cs)

/* 7.2: qemu_mutex_iothread_locked() and so on */
#define tme_bql_locked() bql_locked()
#define tme_bql_lock() bql_lock()
#define tme_bql_unlock() bql_unlock()

/* 7.2: without attributes */
#define tme_is_writable_ram(mr) \
    memory_access_is_direct(mr, true, MEMTXATTRS_UNSPECIFIED)

/* 7.2: takes the end instead of the last byte */
static inline void tme_invalidate_code(ram_addr_t addr, hwaddr len)
{
    tb_invalidate_phys_range(addr, addr + len - 1);
}

/* 7.2: takes the reason itself, and leaves it alone in case of failure */
#define tme_block_migration(reason, errp) migrate_add_blocker(&(reason), errp)

/* Linear address of an instruction. 7.2: PC-relative blocks for all or none */
static inline vaddr tme_unwound_pc(CPUArchState *env, const uint64_t *data)
{
    vaddr base = env->hflags & HF_CS64_MASK ? 0 : env->segs[R_CS].base;

    return env_cpu(env)->tcg_cflags & CF_PCREL ?
           ((env->eip + base) & TARGET_PAGE_MASK) | data[0] : data[0];
}

/* 7.2: public, and the same; private to cputlb.c here */
#define env_tlb(env) (&env_cpu(env)->neg.tlb)

static inline CPUTLBEntry *tlb_entry(CPUArchState *env, uintptr_t mmu_idx,
                                     target_ulong addr)
{
    CPUTLBDescFast *fast = &env_tlb(env)->f[mmu_idx];
    uintptr_t size_mask = fast->mask >> CPU_TLB_ENTRY_BITS;

    return &fast->table[(addr >> TARGET_PAGE_BITS) & size_mask];
}

#define tlb_addr_write(entry) qatomic_read(&(entry)->addr_write)

static inline bool tlb_hit(uintptr_t tlb_addr, target_ulong addr)
{
    return (addr & TARGET_PAGE_MASK) ==
           (tlb_addr & (TARGET_PAGE_MASK | TLB_INVALID_MASK));
}

/* 7.2: tlb_flush_all_cpus(); the one that is left here flushes us too late */
static inline void tme_flush_tlb(CPUState *cs, run_on_cpu_data data)
{
    tlb_flush(cs);
}

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

#endif
