/*
 * Intel TME-MK for TCG: what is different in QEMU 7.2
 *
 * Each version of QEMU that the model is built for has a header of this name,
 * with the same functions. The model tests no version anywhere else.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_TCG_TME_COMPAT_H
#define I386_TCG_TME_COMPAT_H

/* 10.0: "system/", and cputlb.h apart from exec-all.h */
#include "exec/exec-all.h"
#include "exec/memory.h"
#include "exec/ram_addr.h"
#include "migration/blocker.h"
#include "qemu/main-loop.h"
#include "sysemu/cpus.h"
#include "sysemu/hostmem.h"
#include "sysemu/numa.h"
#include "sysemu/reset.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"

/* 10.0: of a CPUState */
static inline int tme_mmu_index(CPUArchState *env)
{
    return cpu_mmu_index(env, false);
}

/* 10.0: asks for attributes as well */
static inline bool tme_is_writable_ram(MemoryRegion *mr)
{
    return memory_access_is_direct(mr, true);
}

/* 10.0: takes the last byte instead of the end */
static inline void tme_invalidate_code(ram_addr_t addr, hwaddr len)
{
    tb_invalidate_phys_range(addr, addr + len);
}

/* 10.0: takes the place where the reason is kept; owns it in case of failure */
static inline int tme_block_migration(Error *reason, Error **errp)
{
    return migrate_add_blocker(reason, errp);
}

/* 10.0: cpu_env() */
static inline CPUArchState *tme_env(CPUState *cs)
{
    return cs->env_ptr;
}

/* 10.0: bql_locked() and so on */
static inline bool tme_bql_locked(void)
{
    return qemu_mutex_iothread_locked();
}

static inline void tme_bql_lock(void)
{
    qemu_mutex_lock_iothread();
}

static inline void tme_bql_unlock(void)
{
    qemu_mutex_unlock_iothread();
}

/* Linear address of an instruction. 10.0: of a block with CF_PCREL */
static inline vaddr tme_unwound_pc(CPUArchState *env, const uint64_t *data)
{
    return TARGET_TB_PCREL ? (env->eip & TARGET_PAGE_MASK) | data[0] : data[0];
}

#endif
