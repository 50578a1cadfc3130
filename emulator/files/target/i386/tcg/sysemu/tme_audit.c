/*
 * Intel TME-MK for TCG: the audit, which calls alias bugs by their name
 *
 * The modelled cache makes a missing flush visible as wrong data, some time
 * later and somewhere else. With tme-audit=on the instruction that is to blame
 * is reported when it executes:
 *
 *   two-dirty   a line becomes dirty that is dirty under another KeyID; one of
 *               the two will overwrite the other
 *   over-newer  a dirty line is written back over what another alias, or a
 *               device, has put into memory since it was fetched
 *   dead-key    a dirty line is written back with another key than its KeyID
 *               had when it was stored
 *
 * To see stores, the cache is mapped like a ROM with a programming mode: loads
 * and fetches go to RAM as always, stores come here. Here a line is dirty if it
 * was stored to, be it with what it held before. KeyID 0 of DRAM is not in the
 * cache and not audited.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "tme-internal.h"

bool tme_auditing;

/* Beside each TMEPage, protected by the line lock as well; one bit per line. */
typedef struct AuditPage {
    uint64_t dirty;
    uint64_t overtaken;     /* memory was changed behind its back */
    uint64_t dead;          /* dirty, and the key is another one by now */
    uint32_t next;          /* page number + 1 of another alias */
    uint16_t by[TME_LINES];         /* KeyID that overtook it */
    uint64_t bytes[TME_LINES];      /* stored after it was overtaken */
    uint64_t stored[TME_LINES];     /* RIP of the store that made it dirty */
} AuditPage;

static struct {
    AuditPage *page;        /* by page number */
    uint32_t *index;        /* hash: bus address -> page number + 1 */
} audit;

static AuditPage *audit_page(const TMEPage *page)
{
    return &audit.page[tme_page_number(page)];
}

static unsigned keyid_of(hwaddr alias)
{
    return alias >> tme.shift;
}

/* Like index_slot() of tme_cache.c, but for all aliases of a page. */
static uint32_t *chain_of(hwaddr bus)
{
    uint64_t h = (bus >> TARGET_PAGE_BITS) * 0x9e3779b97f4a7c15ULL;

    for (unsigned i = h >> 32;; i++) {
        uint32_t *slot = &audit.index[i & tme.index_mask];
        uint32_t n = qatomic_load_acquire(slot);

        if (n == 0 ||
            (tme.page[n - 1].alias & tme.bus_mask) == (bus & TARGET_PAGE_MASK)) {
            return slot;
        }
    }
}

#define FOR_EACH_ALIAS(n, bus)                                                \
    for (uint32_t n = qatomic_read(chain_of(bus)); n;                         \
         n = audit.page[n - 1].next)

/* A line is about to be stored to. Called with the line lock. */
static void soil(TMEPage *page, unsigned line, uint64_t bytes, bool by_cpu)
{
    AuditPage *a = audit_page(page);
    uint64_t bit = 1ULL << line;

    if (a->overtaken & bit) {
        a->bytes[line] |= bytes;
    }
    if (a->dirty & bit) {
        return;
    }
    a->dirty |= bit;
    a->stored[line] = by_cpu ? tme_audit_store_rip() : 0;
    FOR_EACH_ALIAS(n, page->alias & tme.bus_mask) {
        AuditPage *b = &audit.page[n - 1];

        if (b != a && (b->dirty & tme.page[n - 1].valid & bit)) {
            tme_audit_report(TME_AUDIT_TWO_DIRTY, page, line,
                             keyid_of(tme.page[n - 1].alias), b->stored[line],
                             a->stored[line]);
        }
    }
}

/* Memory has new contents, put there through @keyid. With the line lock. */
static void overtake(hwaddr bus, unsigned keyid, const AuditPage *but)
{
    unsigned line = (bus & ~TARGET_PAGE_MASK) / TME_LINE;
    uint64_t bit = 1ULL << line;

    FOR_EACH_ALIAS(n, bus) {
        AuditPage *a = &audit.page[n - 1];

        if (a != but && (tme.page[n - 1].valid & bit)) {
            a->overtaken |= bit;
            a->bytes[line] = 0;
            a->by[line] = keyid;
        }
    }
}

/**
 * tme_audit_cleaning: a line is on its way to memory, if it is dirty
 * @page: the page; valid, and the caller holds its line lock
 * @line: number of the line in the page
 */
void tme_audit_cleaning(TMEPage *page, unsigned line)
{
    AuditPage *a = audit_page(page);
    uint64_t bit = 1ULL << line;
    uint8_t *data = tme_page_data(page) + line * TME_LINE;

    if (!(a->dirty & page->valid & bit)) {
        return;
    }
    if (a->dead & bit) {
        tme_audit_report(TME_AUDIT_DEAD_KEY, page, line,
                         keyid_of(page->alias), a->stored[line],
                         tme_audit_flush_rip());
    } else if ((a->overtaken & bit) && a->bytes[line] != UINT64_MAX) {
        tme_audit_report(TME_AUDIT_OVER_NEWER, page, line, a->by[line],
                         a->stored[line], tme_audit_flush_rip());
    }
    a->dirty &= ~bit;
    a->dead &= ~bit;
    a->overtaken &= ~bit;
    if (memcmp(data, data - tme.data + tme.clean, TME_LINE)) {
        overtake((page->alias & tme.bus_mask) + line * TME_LINE,
                 keyid_of(page->alias), a);
    }
}

/**
 * tme_audit_filling: lines that are not valid are about to be fetched
 * @page: the page; the caller holds its line lock
 */
void tme_audit_filling(TMEPage *page)
{
    AuditPage *a = audit_page(page);

    a->dirty &= page->valid;
    a->overtaken &= page->valid;
    a->dead &= page->valid;
}

/**
 * tme_audit_dma: a device writes into a line, or into the memory behind it
 * @alias: where, with the KeyID that the device used; inside one line
 * @len: how much
 * @page: the cached page; NULL: it is memory that is written
 *
 * Called with the line lock.
 */
void tme_audit_dma(hwaddr alias, unsigned len, TMEPage *page)
{
    unsigned line = (alias & ~TARGET_PAGE_MASK) / TME_LINE;

    if (page) {
        soil(page, line, MAKE_64BIT_MASK(alias % TME_LINE, len), false);
    } else {
        overtake(alias & tme.bus_mask, keyid_of(alias), NULL);
    }
}

/**
 * tme_audit_page_added: an alias is cached for the first time
 * @page: new
 *
 * Called with the line lock and the lock of the index.
 */
void tme_audit_page_added(TMEPage *page)
{
    AuditPage *a = audit_page(page);
    uint32_t *chain = chain_of(page->alias & tme.bus_mask);

    a->dirty = a->overtaken = a->dead = 0;
    a->next = *chain;
    qatomic_store_release(chain, tme_page_number(page) + 1);
}

/**
 * tme_audit_key_changed: lines stored under the old key are dead now
 * @socket: whose table has changed
 * @keyid: and where
 */
void tme_audit_key_changed(unsigned socket, unsigned keyid)
{
    unsigned used = qatomic_read(&tme.used);

    for (unsigned n = 0; n < used; n++) {
        TMEPage *page = &tme.page[n];
        QemuMutex *lock = tme_line_lock(page->alias);

        if (keyid_of(page->alias) != keyid ||
            tme_owner(page->alias & tme.bus_mask) != socket) {
            continue;
        }
        qemu_mutex_lock(lock);
        audit.page[n].dead |= audit.page[n].dirty & page->valid;
        qemu_mutex_unlock(lock);
    }
}

/* MemoryRegionOps: a store of a CPU, aligned to its size. */
static void audit_store(void *opaque, hwaddr ofs, uint64_t val, unsigned size)
{
    TMEPage *page = &tme.page[ofs >> TARGET_PAGE_BITS];
    QemuMutex *lock = tme_line_lock(page->alias);
    bool big = tme_lock_for_store(lock);

    soil(page, (ofs & ~TARGET_PAGE_MASK) / TME_LINE,
         MAKE_64BIT_MASK(ofs % TME_LINE, size), true);
    switch (size) {
    case 1:
        stb_p(tme.data + ofs, val);
        break;
    case 2:
        stw_le_p(tme.data + ofs, val);
        break;
    case 4:
        stl_le_p(tme.data + ofs, val);
        break;
    default:
        stq_le_p(tme.data + ofs, val);
    }
    tme_unlock_after_store(lock, big);
    tme_ram_changed(tme.data_addr + ofs, size);
}

/* Loads do not get here while the region is in ROM mode, which is always. */
static uint64_t audit_load(void *opaque, hwaddr ofs, unsigned size)
{
    return ldn_le_p(tme.data + ofs, size);
}

static const MemoryRegionOps audit_ops = {
    .read = audit_load,
    .write = audit_store,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .impl = { .min_access_size = 1, .max_access_size = 8 },
    .valid = { .min_access_size = 1, .max_access_size = 8 },
};

/**
 * tme_audit_init_cache: make the modelled cache a memory whose stores we see
 * @mr: region of the cache
 * @size: its size; tme.pages and tme.index_mask are set
 */
void tme_audit_init_cache(MemoryRegion *mr, uint64_t size)
{
    memory_region_init_rom_device_nomigrate(mr, NULL, &audit_ops, NULL,
                                            "tme-cache", size, &error_fatal);
    mr->disable_reentrancy_guard = true;
    mr->lockless_io = true;
    audit.page = qemu_anon_ram_alloc(tme.pages * sizeof(AuditPage), NULL,
                                     false, true);
    if (!audit.page) {
        error_setg(&error_fatal, "tme: no address space for the audit");
    }
    audit.index = g_new0(uint32_t, tme.index_mask + 1);
}

/**
 * tme_audit_reset: the cache is empty again
 */
void tme_audit_reset(void)
{
    memset(audit.index, 0, (tme.index_mask + 1) * sizeof(*audit.index));
}
