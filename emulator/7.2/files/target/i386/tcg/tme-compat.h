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
#include "sysemu/reset.h"
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

#endif
