/*
 * Intel TME-MK for TCG: a machine that does not stand aliases
 *
 * Ice Lake servers can keep the coherency state of a line beside its data
 * ("directory mode", MSR 6FH bit 8). Two KeyIDs for one line confuse it, even
 * if one of them is never stored to. Software has to know and to leave KeyIDs
 * alone. With tme-directory-mode=on it learns: a page that is touched through
 * one KeyID, while a line of it is still cached under another, raises a machine
 * check. KeyID 0 is no exception, on DRAM neither.
 *
 * Fetching is by page as everywhere in this model, so all 64 lines of a page
 * have to be flushed before it may be touched through another KeyID. Devices are
 * not looked at.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/lockable.h"
#include "tme-internal.h"

#define MCE_BANK        7       /* memory to mesh, on those servers */
#define MCACOD_READ     0x9f    /* memory controller, read, any channel */

bool tme_directory;

/* One page of RAM that was touched; never freed before reset. */
typedef struct Entry {
    unsigned keyid;     /* who touched it last */
    uint64_t plain;     /* lines fetched under KeyID 0, if that is not cached */
} Entry;

static struct {
    QemuMutex lock;
    GHashTable *by_page;        /* bus page number -> Entry */
} directory;

/* Called with the lock. */
static Entry *find_entry(hwaddr bus)
{
    gpointer key = (gpointer)(uintptr_t)(bus >> TARGET_PAGE_BITS);
    Entry *entry = g_hash_table_lookup(directory.by_page, key);

    if (!entry) {
        entry = g_new0(Entry, 1);
        g_hash_table_insert(directory.by_page, key, entry);
    }
    return entry;
}

/* Is any line of the last owner's still cached? */
static bool is_cached(const Entry *entry, hwaddr bus)
{
    TMEPage *page = tme_cache_find((hwaddr)entry->keyid << tme.shift | bus);

    return entry->plain || (page && qatomic_read(&page->valid));
}

static void machine_check(CPUState *cs, hwaddr addr)
{
    bool locked = tme_bql_locked();

    if (!locked) {
        tme_bql_lock();
    }
    cpu_x86_inject_mce(NULL, X86_CPU(cs), MCE_BANK,
                       MCI_STATUS_VAL | MCI_STATUS_UC | MCI_STATUS_EN |
                       MCI_STATUS_MISCV | MCI_STATUS_ADDRV | MCI_STATUS_PCC |
                       MCACOD_READ, MCG_STATUS_MCIP, addr,
                       MCM_ADDR_PHYS << 6 | ctz32(TME_LINE), 0);
    if (!locked) {
        tme_bql_unlock();
    }
}

/**
 * tme_directory_touch: a TLB is about to map a page, and to fetch its lines
 * @paddr: physical address with KeyID, of the access
 *
 * The machine check comes before the next translated block: such errors are not
 * precise, and the program is beyond help anyway.
 */
void tme_directory_touch(hwaddr paddr)
{
    hwaddr bus = paddr & tme.bus_mask & TARGET_PAGE_MASK;
    unsigned keyid = paddr >> tme.shift;
    bool conflict;
    TMERam ram;

    RCU_READ_LOCK_GUARD();
    if (!tme_find_ram(bus, &ram)) {
        return;
    }
    WITH_QEMU_LOCK_GUARD(&directory.lock) {
        Entry *entry = find_entry(bus);

        conflict = entry->keyid != keyid && is_cached(entry, bus);
        entry->keyid = keyid;
        entry->plain = keyid || tme_find_nv(bus) ? 0 : UINT64_MAX;
    }
    if (conflict && current_cpu) {
        machine_check(current_cpu, paddr & -TME_LINE);
    }
}

/**
 * tme_directory_flush: CLFLUSH of a line that the modelled cache does not have
 * @env: the CPU
 * @addr: linear address; mapped
 *
 * With the first line of a page its TLB entries go, so that the next use of the
 * page is seen.
 */
void tme_directory_flush(CPUX86State *env, target_ulong addr)
{
    unsigned line = (addr & ~TARGET_PAGE_MASK) / TME_LINE;
    hwaddr paddr;
    Entry *entry;

    if (!tme_directory ||
        !x86_walk_only(env, addr, tme_mmu_index(env), &paddr) ||
        paddr > tme.bus_mask) {
        return;
    }
    QEMU_LOCK_GUARD(&directory.lock);
    entry = find_entry(paddr);
    if (entry->plain == UINT64_MAX) {
        tlb_flush_all_cpus(env_cpu(env));
    }
    entry->plain &= ~(1ULL << line);
}

/**
 * tme_directory_flush_all: WBINVD, INVD and reset leave no line in a cache
 *
 * Called with all TLBs about to be flushed.
 */
void tme_directory_flush_all(void)
{
    if (tme_directory) {
        QEMU_LOCK_GUARD(&directory.lock);
        g_hash_table_remove_all(directory.by_page);
    }
}

/**
 * tme_directory_init: read the property
 * @on: tme-directory-mode
 * @errp: why it cannot be
 */
bool tme_directory_init(bool on, Error **errp)
{
    if (on && tme.engine != TME_ENGINE_CACHE) {
        error_setg(errp, "tme-directory-mode needs tme-engine=cache");
        return false;
    }
    tme_directory = on;
    directory.by_page = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    qemu_mutex_init(&directory.lock);
    return true;
}
