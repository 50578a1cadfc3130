/*
 * Intel TME-MK for TCG: memory as devices and uncached accesses see it
 *
 * One view serves all KeyID addresses: the CPU in the `direct` engine, and
 * every device that puts a KeyID into a DMA address. In the `cache` engine a
 * second kind covers persistent memory, because a device must find KeyID 0
 * lines that are in the modelled cache. DMA is coherent with the lines of its
 * own alias and no other (336907 rev 1.3 ch. 7); a line not cached is read and
 * written in memory, through the cipher.
 *
 * address_space_map() on such a view hands out a private buffer for each
 * mapping (map_view()), not QEMU's only bounce buffer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/memalign.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "exec/dma-view.h"
#include "tme-internal.h"

/* Longest mapping, and the limit for all that exist at a time. */
#define MAP_MAX         MiB
#define MAP_TOTAL_MAX   (256 * MiB)

typedef struct Mapping {
    hwaddr addr;
    hwaddr len;
} Mapping;

static struct {
    QemuMutex lock;
    GHashTable *by_buffer;      /* buffer -> Mapping */
    hwaddr total;
} maps;

/*
 * Stores of CPUs that get here are ordered by the line locks; the BQL they do
 * not take. A page walk that sets a bit of an entry does so in two accesses, and
 * a store between them would be lost. So it holds up all stores meanwhile: who
 * finds this set, with the line lock held, waits for the BQL.
 */
static bool stores_held;

/**
 * tme_hold_stores: let no other CPU store through a view
 *
 * Also for stores that tme_audit.c sees. The accesses that follow may leave by
 * way of a fault: the BQL is dropped by the loop that ends up in, and what else
 * is left behind only makes stores slow until the next walk.
 *
 * Return: for tme_release_stores()
 */
bool tme_hold_stores(void)
{
    bool held = !tme_bql_locked();

    if (held) {
        tme_bql_lock();
    }
    qatomic_set(&stores_held, true);
    for (unsigned i = 0; tme.max_bits && i < ARRAY_SIZE(tme.line_lock); i++) {
        /* Whoever has not seen it is through now. */
        qemu_mutex_lock(&tme.line_lock[i]);
        qemu_mutex_unlock(&tme.line_lock[i]);
    }
    return held;
}

/**
 * tme_release_stores: go on
 * @held: from tme_hold_stores(); false if the caller has the BQL anyway
 */
void tme_release_stores(bool held)
{
    if (held) {
        qatomic_set(&stores_held, false);
        tme_bql_unlock();
    }
}

/**
 * tme_lock_for_store: take a line lock, and the BQL before it if need be
 * @lock: the line lock
 *
 * Return: for tme_unlock_after_store()
 */
bool tme_lock_for_store(QemuMutex *lock)
{
    qemu_mutex_lock(lock);
    if (likely(!qatomic_read(&stores_held)) || tme_bql_locked()) {
        return false;
    }
    qemu_mutex_unlock(lock);
    tme_bql_lock();
    qemu_mutex_lock(lock);
    return true;
}

/**
 * tme_unlock_after_store: the reverse
 * @lock: the line lock
 * @big: from tme_lock_for_store()
 */
void tme_unlock_after_store(QemuMutex *lock, bool big)
{
    qemu_mutex_unlock(lock);
    if (big) {
        tme_bql_unlock();
    }
}

/* Read or write bytes of one line in memory. Called with the line lock. */
static void memory_rw(hwaddr addr, const TMERam *ram, uint8_t *buf,
                      unsigned len, bool write)
{
    TMEKey *key = tme_key_of(addr);
    hwaddr bus = addr & tme.bus_mask;
    unsigned skip = bus % AES_BLOCK_SIZE;

    if (!write) {
        tme_read(key, bus, buf, ram->host, len);
        return;
    }
    tme_write(key, bus, ram->host, buf, len);
    tme_ram_changed(ram->addr - skip, ROUND_UP(skip + len, AES_BLOCK_SIZE));
    if (tme_auditing) {
        tme_audit_dma(addr, len, NULL);
    }
}

/* The same in the cache, if the line is there. Called with the line lock. */
static bool cache_rw(hwaddr addr, uint8_t *buf, unsigned len, bool write)
{
    TMEPage *page;
    uint8_t *data;
    unsigned ofs = addr & ~TARGET_PAGE_MASK;

    if (tme.engine != TME_ENGINE_CACHE) {
        return false;
    }
    page = tme_cache_find(addr);
    if (!page || !extract64(page->valid, ofs / TME_LINE, 1)) {
        return false;
    }
    data = tme_page_data(page) + ofs;
    if (tme_auditing && write) {
        tme_audit_dma(addr, len, page);
    }
    memcpy(write ? data : buf, write ? buf : data, len);
    if (write) {
        tme_ram_changed(tme.data_addr + (data - tme.data), len);
    }
    return true;
}

/* Bytes inside one line. Memory without RAM behind it ignores the KeyID. */
static MemTxResult line_rw(hwaddr addr, uint8_t *buf, unsigned len, bool write,
                           MemTxAttrs attrs)
{
    QemuMutex *lock = tme_line_lock(addr);
    hwaddr bus = addr & tme.bus_mask;
    TMERam ram;
    bool big;

    RCU_READ_LOCK_GUARD();
    if (!tme_find_ram(bus, &ram)) {
        return bus == addr ? MEMTX_DECODE_ERROR :
               address_space_rw(&address_space_memory, bus, attrs, buf, len,
                                write);
    }
    big = tme_lock_for_store(lock);
    if (!cache_rw(addr, buf, len, write)) {
        memory_rw(addr, &ram, buf, len, write);
    }
    tme_unlock_after_store(lock, big);
    return MEMTX_OK;
}

static MemTxResult view_rw(hwaddr addr, uint8_t *buf, hwaddr len, bool write,
                           MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;

    while (len) {
        unsigned n = MIN(len, TME_LINE - addr % TME_LINE);

        result |= line_rw(addr, buf, n, write, attrs);
        addr += n;
        buf += n;
        len -= n;
    }
    return result;
}

static MemTxResult view_read(void *opaque, hwaddr ofs, uint64_t *data,
                             unsigned size, MemTxAttrs attrs)
{
    TMEView *view = opaque;
    uint8_t buf[8] = {};
    MemTxResult result;

    result = view_rw(view->base + ofs, buf, size, false, attrs);
    *data = ldn_le_p(buf, size);
    return result;
}

static MemTxResult view_write(void *opaque, hwaddr ofs, uint64_t data,
                              unsigned size, MemTxAttrs attrs)
{
    TMEView *view = opaque;
    uint8_t buf[8];

    stn_le_p(buf, size, data);
    return view_rw(view->base + ofs, buf, size, true, attrs);
}

static const MemoryRegionOps view_ops = {
    .read_with_attrs = view_read,
    .write_with_attrs = view_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

/* DMAViewOps: a buffer for one mapping; NULL if @mr is not ours, or no room. */
static void *map_view(MemoryRegion *mr, hwaddr ofs, hwaddr *len, bool write,
                      MemTxAttrs attrs)
{
    Mapping *map;
    void *buf;

    if (mr->ops != &view_ops) {
        return NULL;
    }
    *len = MIN(*len, MAP_MAX);
    WITH_QEMU_LOCK_GUARD(&maps.lock) {
        if (maps.total + *len > MAP_TOTAL_MAX) {
            return NULL;
        }
        maps.total += *len;
    }
    map = g_new0(Mapping, 1);
    map->addr = ((TMEView *)mr->opaque)->base + ofs;
    map->len = *len;
    buf = qemu_memalign(TARGET_PAGE_SIZE, map->len);
    if (write) {
        memset(buf, 0, map->len);
    } else {
        view_rw(map->addr, buf, map->len, false, attrs);
    }
    WITH_QEMU_LOCK_GUARD(&maps.lock) {
        g_hash_table_insert(maps.by_buffer, buf, map);
    }
    return buf;
}

/* DMAViewOps: write back what the device wrote; false: not one of ours. */
static bool unmap_view(void *buf, bool write, hwaddr access_len)
{
    Mapping *map;

    WITH_QEMU_LOCK_GUARD(&maps.lock) {
        map = g_hash_table_lookup(maps.by_buffer, buf);
        if (!map) {
            return false;
        }
        g_hash_table_steal(maps.by_buffer, buf);
        maps.total -= map->len;
    }
    if (write) {
        view_rw(map->addr, buf, MIN(access_len, map->len), true,
                MEMTXATTRS_UNSPECIFIED);
    }
    qemu_vfree(buf);
    g_free(map);
    return true;
}

static const DMAViewOps dma_ops = {
    .map = map_view,
    .unmap = unmap_view,
};

/* Over whatever is there; reads of RAM are what is behind, by way of us. */
static void view_add(TMEView *view, const char *name, hwaddr base,
                     uint64_t size)
{
    view->base = base;
    memory_region_init_io(&view->mr, NULL, &view_ops, view, name, size);
    /*
     * A KeyID address with a device behind it is forwarded, and a device may
     * DMA to one while it is being accessed: neither is a recursion.
     */
    view->mr.disable_reentrancy_guard = true;
    view->mr.lockless_io = true;
    memory_region_add_subregion_overlap(get_system_memory(), base, &view->mr,
                                        1);
}

/**
 * tme_views_init: make KeyID addresses exist
 */
void tme_views_init(void)
{
    qemu_mutex_init(&maps.lock);
    maps.by_buffer = g_hash_table_new(NULL, NULL);
    dma_view_ops = &dma_ops;
    view_add(&tme.keyid_view, "tme-keyid", 1ULL << tme.shift,
             (uint64_t)tme.max_keys << tme.shift);
}

/**
 * tme_views_add_nv: let devices look into the cache for persistent memory
 */
void tme_views_add_nv(void)
{
    for (unsigned i = 0; i < tme.nv_count; i++) {
        TMENvRange *nv = &tme.nv[i];

        view_add(&nv->view, "tme-nv", nv->start, nv->end - nv->start);
    }
}
