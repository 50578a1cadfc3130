/*
 * Intel TME-MK for TCG: CPUID leaves and MSRs
 *
 * 336907 rev 1.3 ch. 5 and 7; SDM vol. 4. The firmware that would activate TME
 * is not modelled: IA32_TME_ACTIVATE is locked with all KeyID bits in use when
 * the CPU comes out of reset.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "tcg/helper-tcg.h"
#include "tme-internal.h"

#define MSR_ALIAS_CONTROL               0x6f
#define MSR_MKTME_KEYID_PARTITIONING    0x87
#define MSR_TME_CAPABILITY              0x981
#define MSR_TME_ACTIVATE                0x982
#define MSR_TME_EXCLUDE_MASK            0x983
#define MSR_TME_EXCLUDE_BASE            0x984
#define MSR_MK_TME_CORE_ACTIVATE        0x9ff

#define ALIASES_FORBIDDEN   (1ULL << 8)

#define TME_BYPASS          (1ULL << 31)
#define TME_ACTIVATE_LOCKED (1ULL << 0)
#define TME_ACTIVATE_ENABLE (1ULL << 1)
#define TME_KEYID_BITS_POS  32
#define TME_TDX_BITS_POS    36
#define TME_MAX_KEYS_POS    36
#define TME_ALGS_POS        48

/**
 * tme_msr_reset: what the firmware leaves behind
 *
 * KeyID 0 bypasses encryption (982H bit 31), so that the backing memory of a
 * KeyID can be compared with what the cipher should have written there.
 */
void tme_msr_reset(void)
{
    tme.activate = TME_ACTIVATE_LOCKED | TME_ACTIVATE_ENABLE | TME_BYPASS |
                   (uint64_t)tme.max_bits << TME_KEYID_BITS_POS |
                   (uint64_t)tme.tdx_bits << TME_TDX_BITS_POS |
                   (uint64_t)TME_ALGS << TME_ALGS_POS;
}

/**
 * tme_cpuid: CPUID.7.0:ECX[13] TME_EN, EDX[18] PCONFIG; leaf 1BH
 *
 * Set at CPUID time, not as feature words, so that "-cpu max" does not turn
 * them on and the filter for features TCG lacks does not turn them off.
 */
void tme_cpuid(X86CPU *cpu, uint32_t index, uint32_t count,
               uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
    if (!cpu->tme.keyid_bits) {
        return;
    }
    if (index == 7 && count == 0) {
        *ecx |= 1u << 13;
        *edx |= 1u << 18;
    } else if (index == 0x1b) {
        *eax = count == 0;      /* type 1: target identifiers; 0: end of list */
        *ebx = count == 0;      /* target 1: TME-MK */
        *ecx = *edx = 0;
    }
}

/**
 * tme_rdmsr: hook in RDMSR
 *
 * Return: true if the MSR belongs to the model and @val is set
 */
bool tme_rdmsr(CPUX86State *env, uint32_t msr, uint64_t *val, uintptr_t ra)
{
    if (!env_archcpu(env)->tme.keyid_bits) {
        return false;
    }
    switch (msr) {
    case MSR_ALIAS_CONTROL:
        *val = tme_directory ? ALIASES_FORBIDDEN : 0;
        return true;
    case MSR_MKTME_KEYID_PARTITIONING:
        *val = tme.mktme_keys |
               (uint64_t)(tme.max_keys - tme.mktme_keys) << 32;
        return true;
    case MSR_TME_CAPABILITY:
        *val = TME_ALGS | TME_BYPASS |
               (uint64_t)tme.max_bits << TME_KEYID_BITS_POS |
               (uint64_t)tme.max_keys << TME_MAX_KEYS_POS;
        return true;
    case MSR_TME_ACTIVATE:
        *val = tme.activate;
        return true;
    case MSR_TME_EXCLUDE_MASK:
    case MSR_TME_EXCLUDE_BASE:
        *val = 0;
        return true;
    case MSR_MK_TME_CORE_ACTIVATE:
        *val = extract64(tme.activate, TME_KEYID_BITS_POS, 4)
               << TME_KEYID_BITS_POS;
        return true;
    }
    return false;
}

/**
 * tme_wrmsr: hook in WRMSR
 *
 * Read-only and locked registers raise #GP(0). 336907 contradicts itself about
 * a write to the locked 982H (ignored in the text, #GP in the table); the fault
 * is the stricter reading.
 *
 * Return: true if the MSR belongs to the model and the write was accepted
 */
bool tme_wrmsr(CPUX86State *env, uint32_t msr, uint64_t val, uintptr_t ra)
{
    if (!env_archcpu(env)->tme.keyid_bits) {
        return false;
    }
    switch (msr) {
    case MSR_MK_TME_CORE_ACTIVATE:
        if (val == 0) {
            return true;
        }
        /* fall through */
    case MSR_ALIAS_CONTROL:
    case MSR_MKTME_KEYID_PARTITIONING:
    case MSR_TME_CAPABILITY:
    case MSR_TME_ACTIVATE:
    case MSR_TME_EXCLUDE_MASK:
    case MSR_TME_EXCLUDE_BASE:
        raise_exception_err_ra(env, EXCP0D_GPF, 0, ra);
    }
    return false;
}
