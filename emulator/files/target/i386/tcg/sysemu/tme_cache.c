/*
 * Intel TME-MK for TCG: the modelled cache of the `cache` engine
 *
 * A page of an alias, seen by a vCPU for the first time, gets a page of hidden
 * RAM with the decrypted contents, and the TLB points there: loads and stores
 * run at RAM speed and know nothing of keys. The memory behind sees a line when
 * it is written back, which happens only by request of the program
 * (tme_flush.c). Two aliases of a page are two pages here, so they are as
 * incoherent as 336907 rev 1.3 ch. 7 allows them to be. KeyID 0 is cached too
 * where memory is persistent: a line not flushed is a line not on the DIMM.
 *
 * Invariant: a line that is not valid is in no TLB. To invalidate a line of a
 * page that may be in a TLB therefore takes an exclusive section in which all
 * TLBs are flushed. Such a section starts a new epoch; a page whose last fill
 * is of an older epoch is in no TLB, and its lines can be dropped at once.
 *
 * A line is dirty if it differs from its copy made at fill or write-back. A
 * store that changes nothing is thus not seen as one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "tme-internal.h"

/* Open addressing; entries are only added, so readers need no lock. */
static uint32_t *index_slot(hwaddr alias)
{
    uint64_t h = (alias >> TARGET_PAGE_BITS) * 0x9e3779b97f4a7c15ULL;
    unsigned i = h >> 32;

    for (;; i++) {
        uint32_t *slot = &tme.index[i & tme.index_mask];
        uint32_t n = qatomic_load_acquire(slot);

        if (n == 0 || tme.page[n - 1].alias == alias) {
            return slot;
        }
    }
}

/**
 * tme_cache_find: the cached page of an alias
 * @alias: any address in the page
 *
 * Return: the page, or NULL if no vCPU touched it since reset
 */
TMEPage *tme_cache_find(hwaddr alias)
{
    uint32_t n = qatomic_read(index_slot(alias & TARGET_PAGE_MASK));

    return n ? &tme.page[n - 1] : NULL;
}

/* Called with the line lock of @alias; false if the cache is full. */
static TMEPage *page_add(hwaddr alias, const TMERam *ram)
{
    TMEPage *page = NULL;

    qemu_mutex_lock(&tme.index_lock);
    if (tme.used < tme.pages) {
        page = &tme.page[tme.used];
        page->alias = alias;
        page->ram = *ram;
        page->valid = page->leaving = 0;
        if (tme_auditing) {
            tme_audit_page_added(page);
        }
        qatomic_store_release(index_slot(alias), ++tme.used);
    } else {
        warn_report_once("tme: the modelled cache is full, further pages are"
                         " slow and always flushed; raise tme-cache-mb");
    }
    qemu_mutex_unlock(&tme.index_lock);
    return page;
}

static void page_fill(TMEPage *page)
{
    TMEKey *key = tme_key_of(page->alias);
    hwaddr bus = page->alias & tme.bus_mask;
    uint8_t *data = tme_page_data(page);
    uint8_t *clean = data - tme.data + tme.clean;

    if (page->valid == UINT64_MAX) {
        return;
    }
    if (tme_auditing) {
        tme_audit_filling(page);
    }
    while (page->valid != UINT64_MAX) {
        unsigned first = cto64(page->valid);
        uint64_t above = page->valid >> first;
        unsigned lines = above ? ctz64(above) : TME_LINES - first;
        unsigned ofs = first * TME_LINE;

        tme_decrypt_lines(key, bus + ofs, data + ofs, page->ram.host + ofs,
                          lines);
        memcpy(clean + ofs, data + ofs, lines * TME_LINE);
        page->valid |= MAKE_64BIT_MASK(first, lines);
    }
    tme_ram_changed(tme.data_addr + (data - tme.data), TARGET_PAGE_SIZE);
}

/**
 * tme_cache_map: a TLB is about to map a page of an alias
 * @alias: page address
 *
 * Return: the address of the cached page; @alias itself, which leads to the
 * uncached view, if there is no RAM behind it or no room left.
 */
hwaddr tme_cache_map(hwaddr alias)
{
    QemuMutex *lock = tme_line_lock(alias);
    TMEPage *page;
    TMERam ram;
    hwaddr ret = alias;

    RCU_READ_LOCK_GUARD();
    qemu_mutex_lock(lock);
    page = tme_cache_find(alias);
    if (!page && tme_find_ram(alias & tme.bus_mask, &ram)) {
        page = page_add(alias, &ram);
    }
    if (page) {
        page_fill(page);
        tme_nt_remap();
        page->epoch = qatomic_read(&tme.epoch);
        ret = TME_CACHE_BASE +
              ((hwaddr)tme_page_number(page) << TARGET_PAGE_BITS);
    }
    qemu_mutex_unlock(lock);
    return ret;
}

/* In line, unlike memcmp(). */
static inline bool same_line(const void *a, const void *b)
{
    typedef uint64_t Quarter __attribute__((vector_size(16)));
    const Quarter *x = a, *y = b;
    Quarter different = (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) |
                     (x[3] ^ y[3]);

    return !(different[0] | different[1]);
}

/*
 * Other vCPUs may be storing to the line. What goes to memory is a state the
 * line really had, as on the bus: the copy is made twice until both agree. A
 * line hammered without a pause goes out torn in the end, and stays dirty.
 */
static void write_line(TMEPage *page, unsigned line)
{
    enum { TRIES = 64 };
    unsigned ofs = line * TME_LINE;
    uint8_t *data = tme_page_data(page) + ofs;
    uint8_t *clean = data - tme.data + tme.clean;

    for (int i = 0; i < TRIES; i++) {
        memcpy(clean, data, TME_LINE);
        smp_rmb();
        if (same_line(clean, data)) {
            break;
        }
    }
    tme_encrypt(tme_key_of(page->alias), (page->alias & tme.bus_mask) + ofs,
                page->ram.host + ofs, clean, TME_LINE / AES_BLOCK_SIZE);
    tme_ram_changed(page->ram.addr + ofs, TME_LINE);
}

/**
 * tme_cache_clean_line: write a line back if it is dirty
 * @page: the page; the caller holds its line lock
 * @line: number of the line in the page
 */
void tme_cache_clean_line(TMEPage *page, unsigned line)
{
    uint8_t *data = tme_page_data(page) + line * TME_LINE;

    if (tme_auditing) {
        tme_audit_cleaning(page, line);
    }
    if (extract64(page->valid, line, 1) &&
        !same_line(data - tme.data + tme.clean, data)) {
        write_line(page, line);
    }
}

/**
 * tme_cache_write_line: write a line to memory, dirty or not
 * @page: the page; the caller holds its line lock
 * @line: number of the line in the page
 *
 * For non-temporal stores. The line may be older than memory is, which another
 * alias has written since: then a store changes memory that changes nothing
 * here.
 */
void tme_cache_write_line(TMEPage *page, unsigned line)
{
    if (tme_auditing) {
        tme_audit_cleaning(page, line);
    }
    if (extract64(page->valid, line, 1)) {
        write_line(page, line);
    }
}

/**
 * tme_cache_drop_line: invalidate a line
 * @page: the page; in no TLB. The caller holds its line lock
 * @line: number of the line in the page
 */
void tme_cache_drop_line(TMEPage *page, unsigned line)
{
    page->valid &= ~(1ULL << line);
    page->leaving &= ~(1ULL << line);
}

/**
 * tme_cache_reset: power is gone, and every line with it
 *
 * Called with all vCPUs stopped and their TLBs about to be flushed.
 */
void tme_cache_reset(void)
{
    memset(tme.index, 0, (tme.index_mask + 1) * sizeof(*tme.index));
    tme.used = 0;
    tme.epoch++;
    if (tme_auditing) {
        tme_audit_reset();
    }
}

/* Address space is reserved for the whole size; memory is used as touched. */
void tme_cache_init(uint32_t megabytes)
{
    uint64_t size = (uint64_t)megabytes * MiB;

    tme.pages = size >> TARGET_PAGE_BITS;
    tme.page = g_new0(TMEPage, tme.pages);
    tme.index_mask = pow2ceil(2 * tme.pages) - 1;
    tme.index = g_new0(uint32_t, tme.index_mask + 1);
    tme.epoch = 1;
    qemu_mutex_init(&tme.index_lock);

    if (tme_auditing) {
        tme_audit_init_cache(&tme.cache_mr, size);
    } else {
        memory_region_init_ram_flags_nomigrate(&tme.cache_mr, NULL,
                                               "tme-cache", size,
                                               RAM_NORESERVE, &error_fatal);
    }
    memory_region_add_subregion(get_system_memory(), TME_CACHE_BASE,
                                &tme.cache_mr);
    tme.data = memory_region_get_ram_ptr(&tme.cache_mr);
    tme.data_addr = memory_region_get_ram_addr(&tme.cache_mr);
    tme.clean = qemu_anon_ram_alloc(size, NULL, false, true);
    if (!tme.clean) {
        error_report("tme: no address space for a cache of %u MiB", megabytes);
        exit(1);
    }
}
