/*
 * Intel TME-MK for TCG: non-temporal stores of the `cache` engine
 *
 * The store has updated the cached line, as any other; what remains is to send
 * the line to memory in time. There is one write-combining buffer per vCPU, and
 * all that is kept of it is the line and which bytes of it were written: it
 * goes out when it is full, when another line is written, and at a fence.
 *
 * Programs fill a line from one end to the other. So translated code does the
 * counting, as long as a store begins where the last one ended and does not
 * reach the end of the line: bytes [wc_from, nt_next) are such bytes. It
 * compares linear addresses, which is enough: for another page to be behind
 * one, this vCPU has to fill its TLB, and that ends the range (tme_nt_remap()).
 * A page that is not cached comes without notice; at worst the line then goes
 * out early, as hardware may have it at any time.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/helper-proto.h"
#include "tme-internal.h"

/* No store begins here: one byte at it would reach the end of its line. */
#define NOWHERE ((target_ulong)-1)

/* End the range that ends at @end: into the buffer with it. */
static void end_range(TMEVcpu *vcpu, target_ulong end)
{
    if (vcpu->wc_counts && end != NOWHERE && end != vcpu->wc_from) {
        vcpu->wc_bytes |= MAKE_64BIT_MASK(vcpu->wc_from % TME_LINE,
                                          end - vcpu->wc_from);
    }
    vcpu->wc_counts = false;
    vcpu->cfg->nt_next = NOWHERE;
}

/* A new one begins, unless the next store is on another page. */
static void begin_range(TMEVcpu *vcpu, target_ulong at, bool counts)
{
    if (at & ~TARGET_PAGE_MASK) {
        vcpu->wc_from = vcpu->cfg->nt_next = at;
        vcpu->wc_counts = counts;
    }
}

static void send_out(TMEVcpu *vcpu)
{
    if (vcpu->wc_bytes) {
        TMEPage *page = &tme.page[vcpu->wc_line / TME_LINES];
        QemuMutex *lock = tme_line_lock(page->alias);

        qemu_mutex_lock(lock);
        tme_cache_write_line(page, vcpu->wc_line % TME_LINES);
        qemu_mutex_unlock(lock);
    }
    vcpu->wc_line = TME_NO_LINE;
    vcpu->wc_bytes = 0;
}

/* The vCPU stored @size bytes of one line; no range is open. */
static void note_store(CPUX86State *env, TMEVcpu *vcpu, target_ulong addr,
                       unsigned size)
{
    TMEPage *page = tme_page_stored(env, addr);
    bool line_ends = (addr + size) % TME_LINE == 0;
    uint64_t line;

    if (!page) {
        begin_range(vcpu, addr + size, false);
        return;
    }
    line = tme_line_id(page, tme_line_of(addr));
    if (line != vcpu->wc_line) {
        send_out(vcpu);
        vcpu->wc_line = line;
    }
    vcpu->wc_bytes |= MAKE_64BIT_MASK(addr % TME_LINE, size);
    if (vcpu->wc_bytes == UINT64_MAX) {
        send_out(vcpu);
        if (line_ends) {
            vcpu->wc_line = line + 1;
            begin_range(vcpu, addr + size, true);
        }
    } else if (!line_ends) {
        begin_range(vcpu, addr + size, true);
    }
    vcpu->cfg->fence_due = true;
}

/**
 * helper_tme_ntstore: a non-temporal store that translated code did not count
 * @size: bytes; they end at nt_next, and a range may be open up to nt_end
 */
void helper_tme_ntstore(CPUX86State *env, uint32_t size)
{
    TMEConfig *cfg = &env_archcpu(env)->tme;
    target_ulong addr = cfg->nt_next - size;
    unsigned left = TME_LINE - addr % TME_LINE;

    end_range(cfg->vcpu, cfg->nt_end);
    note_store(env, cfg->vcpu, addr, MIN(size, left));
    if (size > left) {
        end_range(cfg->vcpu, cfg->nt_next);
        note_store(env, cfg->vcpu, addr + left, size - left);
    }
}

/**
 * tme_nt_remap: the TLB of the running vCPU gets a cached page
 */
void tme_nt_remap(void)
{
    TMEVcpu *vcpu = X86_CPU(current_cpu)->tme.vcpu;

    end_range(vcpu, vcpu->cfg->nt_next);
}

/**
 * tme_nt_drain: send the write-combining buffer out
 * @vcpu: whose; the caller is that vCPU
 */
void tme_nt_drain(TMEVcpu *vcpu)
{
    end_range(vcpu, vcpu->cfg->nt_next);
    send_out(vcpu);
}

/**
 * tme_nt_reset: forget the write-combining buffer
 * @vcpu: whose; it is not running
 */
void tme_nt_reset(TMEVcpu *vcpu)
{
    vcpu->wc_line = TME_NO_LINE;
    vcpu->wc_bytes = 0;
    vcpu->wc_counts = false;
    vcpu->cfg->nt_next = NOWHERE;
}
