/*
 * Intel TME-MK for TCG: cache control instructions of the `cache` engine
 *
 * Write-back is done at once, under the line lock. Invalidation needs all vCPUs
 * out of translated code, see tme_cache.c. Where one is due, the helper queues
 * it as exclusive work and restarts its instruction: the work runs before the
 * instruction is tried again, and then finds nothing left to do.
 *
 * CLFLUSHOPT is not ordered with other flushes or with stores to other lines
 * (SDM vol. 2A), so its invalidation waits for the next fence or locked
 * instruction, and one exclusive section serves a whole range. CLFLUSH is
 * ordered with everything but loads and gets its own.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/cpu_ldst.h"
#include "exec/helper-proto.h"
#include "tme-internal.h"

static inline TMEVcpu *this_vcpu(CPUX86State *env)
{
    return env_archcpu(env)->tme.vcpu;
}

/* Called with the line lock. */
static bool maybe_mapped(const TMEPage *page)
{
    return page->epoch == qatomic_read(&tme.epoch);
}

static TMEPage *page_of_host(uintptr_t host)
{
    size_t ofs = host - (uintptr_t)tme.data;

    if (ofs >= (size_t)tme.pages << TARGET_PAGE_BITS) {
        return NULL;
    }
    return &tme.page[ofs >> TARGET_PAGE_BITS];
}

/*
 * The cached page behind a linear address. The TLB entry tells if there is one.
 * If not, the page tables are walked without filling the TLB, because that
 * would fetch the lines which are being flushed.
 * Return: false if the address is not mapped.
 */
static bool find_page(CPUX86State *env, target_ulong addr, int mmu_idx,
                      TMEPage **page)
{
    CPUTLBEntry *entry = tlb_entry(env, mmu_idx, addr);
    hwaddr paddr;

    if (tlb_hit(entry->addr_read, addr)) {
        *page = page_of_host(addr + entry->addend);
        return true;
    }
    *page = NULL;
    if (!x86_walk_only(env, addr, mmu_idx, &paddr)) {
        return false;
    }
    if (paddr >= tme_first && paddr < TME_CACHE_BASE) {
        *page = tme_cache_find(paddr);
    }
    return true;
}

/**
 * tme_page_stored: the cached page a store has gone to
 * @addr: its linear address
 *
 * Return: NULL if it was not to a cached page
 */
TMEPage *tme_page_stored(CPUX86State *env, target_ulong addr)
{
    int mmu_idx = tme_mmu_index(env);
    CPUTLBEntry *entry = tlb_entry(env, mmu_idx, addr);
    TMEPage *page;

    if (likely(tlb_hit(tlb_addr_write(entry), addr))) {
        return page_of_host(addr + entry->addend);
    }
    find_page(env, addr, mmu_idx, &page);
    return page;
}

/* For cache control, which faults like a load of one byte. */
static TMEPage *operand_page(CPUX86State *env, target_ulong addr, uintptr_t ra)
{
    int mmu_idx = tme_mmu_index(env);
    TMEPage *page;

    if (!find_page(env, addr, mmu_idx, &page)) {
        probe_read(env, addr, 1, mmu_idx, ra);
    }
    return page;
}

/**
 * tme_write_back: write a line back if it is dirty
 * @page: the page
 * @line: number of the line in the page
 */
void tme_write_back(TMEPage *page, unsigned line)
{
    QemuMutex *lock = tme_line_lock(page->alias);

    qemu_mutex_lock(lock);
    tme_cache_clean_line(page, line);
    qemu_mutex_unlock(lock);
}

/* Exclusive work: complete the flushes of all vCPUs, start a new epoch. */
static void complete_flushes(CPUState *cs, run_on_cpu_data data)
{
    RCU_READ_LOCK_GUARD();
    for (unsigned v = 0; v < tme.vcpus->len; v++) {
        TMEVcpu *vcpu = g_ptr_array_index(tme.vcpus, v);

        for (unsigned i = 0; i < vcpu->leaving->len; i++) {
            TMEPage *page = &tme.page[g_array_index(vcpu->leaving, uint32_t,
                                                    i)];
            QemuMutex *lock = tme_line_lock(page->alias);

            qemu_mutex_lock(lock);
            while (page->leaving) {
                unsigned line = ctz64(page->leaving);

                tme_cache_clean_line(page, line);
                tme_cache_drop_line(page, line);
            }
            qemu_mutex_unlock(lock);
        }
        g_array_set_size(vcpu->leaving, 0);
    }
    qatomic_inc(&tme.epoch);
    tlb_flush_all_cpus(cs);
}

/* Does not return; @env's instruction starts over behind the work. */
static G_NORETURN void complete_and_restart(CPUX86State *env, uintptr_t ra)
{
    async_safe_run_on_cpu(env_cpu(env), complete_flushes, RUN_ON_CPU_NULL);
    cpu_loop_exit_restore(env_cpu(env), ra);
}

/* Return: false if the line has to leave by way of complete_flushes(). */
static bool flush_line(TMEVcpu *vcpu, TMEPage *page, unsigned line)
{
    QemuMutex *lock = tme_line_lock(page->alias);
    bool done = true;

    qemu_mutex_lock(lock);
    tme_cache_clean_line(page, line);
    if (!maybe_mapped(page)) {
        tme_cache_drop_line(page, line);
    } else {
        uint32_t n = tme_page_number(page);

        if (!page->leaving || !vcpu->leaving->len ||
            g_array_index(vcpu->leaving, uint32_t,
                          vcpu->leaving->len - 1) != n) {
            g_array_append_val(vcpu->leaving, n);
            vcpu->cfg->fence_due = true;
        }
        page->leaving |= 1ULL << line;
        done = false;
    }
    qemu_mutex_unlock(lock);
    return done;
}

void helper_tme_clwb(CPUX86State *env, target_ulong addr)
{
    TMEPage *page = operand_page(env, addr, GETPC());

    if (page) {
        tme_write_back(page, tme_line_of(addr));
    }
}

void helper_tme_clflushopt(CPUX86State *env, target_ulong addr)
{
    TMEPage *page = operand_page(env, addr, GETPC());

    if (page) {
        flush_line(this_vcpu(env), page, tme_line_of(addr));
    } else {
        tme_directory_flush(env, addr);
    }
}

/*
 * When it restarts, the line may be in use again already: other vCPUs do not
 * wait. What has been completed is remembered, with enough of the context that
 * the same CLFLUSH of another thread is not taken for the restarted one.
 */
void helper_tme_clflush(CPUX86State *env, target_ulong addr)
{
    TMEVcpu *vcpu = this_vcpu(env);
    TMEPage *page = operand_page(env, addr, GETPC());
    bool done;

    if (!page) {
        tme_directory_flush(env, addr);
        return;
    }
    done = vcpu->done_line == tme_line_id(page, tme_line_of(addr)) &&
           vcpu->done_stack == env->regs[R_ESP] &&
           vcpu->done_cr3 == env->cr[3];
    vcpu->done_line = TME_NO_LINE;
    if (!done && !flush_line(vcpu, page, tme_line_of(addr))) {
        vcpu->done_line = tme_line_id(page, tme_line_of(addr));
        vcpu->done_stack = env->regs[R_ESP];
        vcpu->done_cr3 = env->cr[3];
        complete_and_restart(env, GETPC());
    }
}

/* SFENCE, MFENCE or LOCK, where translated code has seen something to do. */
void helper_tme_fence(CPUX86State *env)
{
    TMEVcpu *vcpu = this_vcpu(env);

    tme_nt_drain(vcpu);
    if (unlikely(vcpu->leaving->len)) {
        complete_and_restart(env, GETPC());
    }
    vcpu->cfg->fence_due = false;
}

/* Exclusive work of WBINVD and INVD. */
static void flush_all(CPUState *cs, run_on_cpu_data data)
{
    RCU_READ_LOCK_GUARD();
    tme_directory_flush_all();
    for (unsigned n = 0; n < tme.used; n++) {
        TMEPage *page = &tme.page[n];
        QemuMutex *lock = tme_line_lock(page->alias);

        qemu_mutex_lock(lock);
        for (unsigned line = 0; data.host_int && line < TME_LINES; line++) {
            tme_cache_clean_line(page, line);
        }
        page->valid = page->leaving = 0;
        qemu_mutex_unlock(lock);
    }
    for (unsigned v = 0; v < tme.vcpus->len; v++) {
        TMEVcpu *vcpu = g_ptr_array_index(tme.vcpus, v);

        g_array_set_size(vcpu->leaving, 0);
    }
    qatomic_inc(&tme.epoch);
    tlb_flush_all_cpus(cs);
}

/* The translator ends the block behind it, so the work runs next. */
void helper_tme_wbinvd(CPUX86State *env, uint32_t write_back)
{
    async_safe_run_on_cpu(env_cpu(env), flush_all,
                          RUN_ON_CPU_HOST_INT(write_back));
}

/**
 * tme_vcpu_reset: forget what the vCPU had under way
 * @vcpu: its state
 */
void tme_vcpu_reset(TMEVcpu *vcpu)
{
    tme_nt_reset(vcpu);
    vcpu->done_line = TME_NO_LINE;
    g_array_set_size(vcpu->leaving, 0);
}

/**
 * tme_vcpu_new: state of one vCPU, registered with the model
 * @cfg: the part of it that translated code looks at
 */
TMEVcpu *tme_vcpu_new(TMEConfig *cfg)
{
    TMEVcpu *vcpu = g_new0(TMEVcpu, 1);

    vcpu->cfg = cfg;
    vcpu->leaving = g_array_new(false, false, sizeof(uint32_t));
    tme_vcpu_reset(vcpu);
    g_ptr_array_add(tme.vcpus, vcpu);
    return vcpu;
}
