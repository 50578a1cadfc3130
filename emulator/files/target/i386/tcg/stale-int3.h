/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A breakpoint that is not in memory any more
 *
 * Linux patches code while other CPUs run it: first it puts an INT3 in the place of the
 * first byte, then it changes the bytes behind it, and the first byte last, with an IPI
 * to all CPUs after each step. When the third step is done, a CPU that still executes
 * the INT3 has nobody who would tell it what to do instead.
 *
 * Here it can. A store checks its TLB entry first and writes to memory then. If another
 * vCPU translates the page in between, the page is watched for writes too late for this
 * store (QEMU 7.2: code-copy.h compares too early), and the translation with the INT3 stays.
 * For a thread that the host has just taken its CPU from, "in between" may be
 * milliseconds. The first two steps do no harm: the next one writes to the same page,
 * which is watched by then.
 *
 * So the INT3 looks whether it is still there. If it is not, the translation goes, and
 * the instruction that is there is executed, as if it had been fetched a moment later.
 */
#ifndef STALE_INT3_H
#define STALE_INT3_H

#include "exec/cpu_ldst.h"
#include "tcg/tcg.h"

#define INT3_OPCODE 0xcc

static inline target_ulong linear_ip(const CPUX86State *env)
{
    target_ulong ip = env->segs[R_CS].base + env->eip;

    return env->hflags & HF_CS64_MASK ? ip : (uint32_t)ip;
}

/**
 * drop_stale_int3: does not return if there is another instruction by now
 * @env: with EIP at the instruction that raises the interrupt
 * @intno: interrupt number
 * @len: bytes of that instruction; that of INT 3 is two
 * @retaddr: GETPC() of the helper
 */
static inline void drop_stale_int3(CPUX86State *env, int intno, int len,
                                   uintptr_t retaddr)
{
    TranslationBlock *tb;

    if (intno != EXCP03_INT3 || len != 1 ||
        cpu_ldub_code(env, linear_ip(env)) == INT3_OPCODE) {
        return;
    }
    tb = tcg_tb_lookup(retaddr);
    if (tb) {
        tb_phys_invalidate(tb, -1);
    }
    cpu_loop_exit_noexc(env_cpu(env));
}

#endif
