/*
 * Intel TME-MK for TCG: lines that leave the modelled cache by themselves
 *
 * A real cache writes a dirty line back whenever it likes. Software that relies
 * on a line staying dirty, or that forgot one under a KeyID no longer in use
 * and later finds new data overwritten, works until it does. With tme-evict=N,
 * N pages chosen at random lose a random half of their dirty lines each
 * millisecond. They stay valid: refetching would hide stale lines, not show
 * them.
 *
 * With tme-eadr=on the caches are inside the power-fail domain: what is dirty
 * on persistent memory is written back when power goes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/guest-random.h"
#include "qemu/notify.h"
#include "qemu/timer.h"
#include "tme-internal.h"

static struct {
    QEMUTimer *timer;
    uint32_t pages_per_ms;
    uint64_t random;
} evict;

static uint64_t next_random(void)
{
    evict.random ^= evict.random << 13;
    evict.random ^= evict.random >> 7;
    evict.random ^= evict.random << 17;
    return evict.random;
}

static void clean_lines(TMEPage *page, uint64_t lines)
{
    QemuMutex *lock = tme_line_lock(page->alias);

    qemu_mutex_lock(lock);
    for (; lines; lines &= lines - 1) {
        tme_cache_clean_line(page, ctz64(lines));
    }
    qemu_mutex_unlock(lock);
}

static void evict_some(void *opaque)
{
    RCU_READ_LOCK_GUARD();
    for (unsigned i = 0; i < evict.pages_per_ms; i++) {
        unsigned used = qatomic_read(&tme.used);

        if (used) {
            clean_lines(&tme.page[next_random() % used], next_random());
        }
    }
    timer_mod(evict.timer, qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL) + 1);
}

/**
 * tme_evict_power_fails: with eADR, save what is dirty on persistent memory
 *
 * Called with all vCPUs stopped, before the keys are gone.
 */
void tme_evict_power_fails(void)
{
    if (!tme.eadr) {
        return;
    }
    RCU_READ_LOCK_GUARD();
    for (unsigned i = 0; i < tme.used; i++) {
        if (tme_find_nv(tme.page[i].alias & tme.bus_mask)) {
            clean_lines(&tme.page[i], UINT64_MAX);
        }
    }
}

static void power_off(Notifier *notifier, void *data)
{
    tme_evict_power_fails();
}

/**
 * tme_evict_init: start what the properties ask for
 * @pages_per_ms: 0 for no eviction
 * @seed: of the order; 0 for one that is made up and printed
 */
void tme_evict_init(uint32_t pages_per_ms, uint32_t seed)
{
    static Notifier exit_notifier = { .notify = power_off };

    if (tme.eadr) {
        qemu_add_exit_notifier(&exit_notifier);
    }
    if (!pages_per_ms) {
        return;
    }
    while (!seed) {
        qemu_guest_getrandom_nofail(&seed, sizeof(seed));
    }
    info_report("tme: evicting %u pages/ms, tme-evict-seed=%u", pages_per_ms,
                seed);
    evict.random = seed;
    evict.pages_per_ms = pages_per_ms;
    evict.timer = timer_new_ms(QEMU_CLOCK_VIRTUAL, evict_some, NULL);
    timer_mod(evict.timer, 1);
}
