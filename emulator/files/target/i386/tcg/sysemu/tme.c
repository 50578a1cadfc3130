/*
 * Intel TME-MK for TCG: properties, start-up, reset, and what a TLB maps
 *
 * See tme-internal.h for words and locks, emulator/README.md of the project for
 * the model as a whole.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "tme-internal.h"

hwaddr tme_first = UINT64_MAX;
bool tme_caching;
TMEState tme;

/**
 * tme_find_nv: the persistent memory at an address
 * @bus: bus address
 */
TMENvRange *tme_find_nv(hwaddr bus)
{
    for (unsigned i = 0; i < tme.nv_count; i++) {
        if (bus >= tme.nv[i].start && bus < tme.nv[i].end) {
            return &tme.nv[i];
        }
    }
    return NULL;
}

/* How often the memory map has begun or ended to change: odd, it does so now. */
static unsigned map_changes = 2;

static void map_changing(MemoryListener *listener)
{
    qatomic_set(&map_changes, (map_changes | 1) + 2);
    smp_mb();
}

static void map_changed(MemoryListener *listener)
{
    qatomic_store_release(&map_changes, (map_changes | 1) + 1);
}

/* As tme_find_ram(); *@len becomes what is left of it behind @bus, if less. */
static bool look_up_ram(hwaddr bus, hwaddr *len, TMERam *ram)
{
    TMENvRange *nv = tme_find_nv(bus);
    MemoryRegion *mr;
    hwaddr ofs;

    if (nv) {
        ram->host = nv->ram.host + (bus - nv->start);
        ram->addr = nv->ram.addr + (bus - nv->start);
        return true;
    }
    mr = address_space_translate(&address_space_memory, bus, &ofs, len, true,
                                 MEMTXATTRS_UNSPECIFIED);
    if (!tme_is_writable_ram(mr)) {
        return false;
    }
    ram->host = qemu_map_ram_ptr(mr->ram_block, ofs);
    ram->addr = memory_region_get_ram_addr(mr) + ofs;
    return true;
}

/**
 * tme_find_ram: the RAM at an address
 * @bus: bus address
 * @ram: result, good up to the end of the page
 *
 * Each thread remembers the last page, until the memory map changes. Memory
 * that the map loses exists as long as somebody holds the RCU read lock, which
 * the caller does.
 *
 * Return: false if there is no writable RAM
 */
bool tme_find_ram(hwaddr bus, TMERam *ram)
{
    static __thread struct {
        hwaddr page;
        unsigned map;
        TMERam ram;
    } last;
    hwaddr page = bus & TARGET_PAGE_MASK, len = TARGET_PAGE_SIZE;
    unsigned map = qatomic_load_acquire(&map_changes);

    if (last.map != map || last.page != page) {
        last.map = 0;
        if ((map & 1) || !look_up_ram(page, &len, &last.ram) ||
            len < TARGET_PAGE_SIZE) {
            return look_up_ram(bus, &len, ram);
        }
        last.page = page;
        last.map = map;
    }
    ram->host = last.ram.host + (bus - page);
    ram->addr = last.ram.addr + (bus - page);
    return true;
}

/**
 * tme_ram_changed: RAM was written behind the back of TCG
 * @addr: where
 * @len: how much, in one page
 *
 * Code translated from it is stale. (The other users of dirty bits are display
 * and migration; neither exists here.) Called with the RCU read lock.
 */
void tme_ram_changed(ram_addr_t addr, hwaddr len)
{
    unsigned long page = addr >> TARGET_PAGE_BITS;
    DirtyMemoryBlocks *blocks =
        qatomic_rcu_read(&ram_list.dirty_memory[DIRTY_MEMORY_CODE]);

    if (!test_bit(page % DIRTY_MEMORY_BLOCK_SIZE,
                  blocks->blocks[page / DIRTY_MEMORY_BLOCK_SIZE])) {
        tme_invalidate_code(addr, len);
    }
}

hwaddr tme_map_slow(hwaddr paddr)
{
    bool alias = paddr >> tme.shift;

    /* Already mapped: a nested page walk comes by twice. */
    if (paddr >= TME_CACHE_BASE) {
        return paddr;
    }
    if (tme_directory) {
        tme_directory_touch(paddr);
    }
    if (!alias && !tme_find_nv(paddr)) {
        return paddr;
    }
    switch (tme.engine) {
    case TME_ENGINE_CACHE:
        return tme_cache_map(paddr & TARGET_PAGE_MASK) |
               (paddr & ~TARGET_PAGE_MASK);
    case TME_ENGINE_NONE:
        return paddr & tme.bus_mask;
    default:
        return paddr;
    }
}

/* Reset and power-off look the same to keys and caches: both are gone. */
static void tme_reset(void *opaque)
{
    tme_evict_power_fails();
    tme_msr_reset();
    tme_keys_reset();
    tme_directory_flush_all();
    if (tme.engine == TME_ENGINE_CACHE) {
        tme_cache_reset();
        for (unsigned i = 0; i < tme.vcpus->len; i++) {
            tme_vcpu_reset(g_ptr_array_index(tme.vcpus, i));
        }
    }
}

/* The NVDIMM's region is an alias of its backend; only a section tells. */
static bool is_nonvolatile(hwaddr addr)
{
    MemoryRegionSection section = memory_region_find(get_system_memory(), addr,
                                                     1);

    memory_region_unref(section.mr);
    return section.mr && section.nonvolatile;
}

static bool add_nv(Int128 start, Int128 len, const MemoryRegion *mr,
                   hwaddr ofs, void *opaque)
{
    MemoryRegion *ram = (MemoryRegion *)mr;
    TMENvRange *nv = &tme.nv[tme.nv_count];

    if (!memory_region_is_ram(ram) || !is_nonvolatile(int128_get64(start))) {
        return false;
    }
    if (tme.nv_count == TME_MAX_NV) {
        error_setg(&error_fatal, "tme: more than %d NVDIMMs", TME_MAX_NV);
    }
    nv->start = int128_get64(start);
    nv->end = nv->start + int128_get64(len);
    nv->ram.host = memory_region_get_ram_ptr(ram) + ofs;
    nv->ram.addr = memory_region_get_ram_addr(ram) + ofs;
    memory_region_ref(ram);
    tme.nv_count++;
    tme_first = MIN(tme_first, nv->start);
    return false;
}

/* All DIMMs of the command line are plugged. One added later stays uncached. */
static void tme_machine_done(Notifier *notifier, void *data)
{
    WITH_RCU_READ_LOCK_GUARD() {
        flatview_for_each_range(
            address_space_to_flatview(&address_space_memory), add_nv, NULL);
    }
    tme_views_add_nv();
}

static bool parse_engine(const char *name, Error **errp)
{
    if (!name || !strcmp(name, "cache")) {
        tme.engine = TME_ENGINE_CACHE;
    } else if (!strcmp(name, "direct")) {
        tme.engine = TME_ENGINE_DIRECT;
    } else if (!strcmp(name, "none")) {
        tme.engine = TME_ENGINE_NONE;
    } else {
        error_setg(errp, "tme-engine '%s' is unknown: use cache, direct or none",
                   name);
        return false;
    }
    return true;
}

/* @cpu is the first: set up the one model that all CPUs share. */
static bool setup(X86CPU *cpu, Error **errp)
{
    static Notifier machine_done = { .notify = tme_machine_done };
    static MemoryListener map_listener = {
        .name = "tme",
        .begin = map_changing,
        .commit = map_changed,
    };
    Error *blocker = NULL;
    TMEConfig *cfg = &cpu->tme;

    if (!tcg_enabled()) {
        error_setg(errp, "tme-keyid-bits needs -accel tcg");
        return false;
    }
    if (cfg->keyid_bits > TME_MAX_KEYID_BITS ||
        cpu->phys_bits < 36 + cfg->keyid_bits) {
        error_setg(errp, "tme-keyid-bits=%u: at most %d, and phys-bits=%u must"
                   " leave 36 bits of address", cfg->keyid_bits,
                   TME_MAX_KEYID_BITS, cpu->phys_bits);
        return false;
    }
    if (cfg->tdx_bits >= cfg->keyid_bits) {
        error_setg(errp, "tme-tdx-bits=%u leaves no KeyID", cfg->tdx_bits);
        return false;
    }
    if (!cfg->cache_mb || cfg->cache_mb > 1024 * 1024) {
        error_setg(errp, "tme-cache-mb=%u is out of range", cfg->cache_mb);
        return false;
    }
    if (!parse_engine(cfg->engine, errp) ||
        !tme_power_promise_holds(cfg->eadr, errp) ||
        !tme_audit_init(cfg->audit, errp) ||
        !tme_directory_init(cfg->directory_mode, errp)) {
        return false;
    }
    error_setg(&blocker, "TME-MK keys and caches cannot be migrated");
    if (tme_block_migration(blocker, errp) < 0) {
        return false;
    }

    tme.max_bits = cfg->keyid_bits;
    tme.phys_bits = cpu->phys_bits;
    tme.max_keys = (1u << tme.max_bits) - 1;
    tme.tdx_bits = cfg->tdx_bits;
    tme.mktme_keys = tme.max_keys >> tme.tdx_bits;
    tme.shift = tme.phys_bits - tme.max_bits;
    tme.bus_mask = (1ULL << tme.shift) - 1;
    tme.host_aes = cfg->host_aes && tme_aes_host_supported();
    tme.busy_every = cfg->pconfig_busy;
    tme.entropy_every = cfg->pconfig_entropy;
    tme.vcpus = g_ptr_array_new();
    for (unsigned i = 0; i < ARRAY_SIZE(tme.line_lock); i++) {
        qemu_mutex_init(&tme.line_lock[i]);
    }

    memory_listener_register(&map_listener, &address_space_memory);
    tme_msr_reset();
    tme_sockets_init();
    tme_views_init();
    if (tme.engine == TME_ENGINE_CACHE) {
        tme_cache_init(cfg->cache_mb);
        tme.eadr = cfg->eadr;
        tme_evict_init(cfg->evict, cfg->evict_seed);
        tme_caching = true;
        qemu_add_machine_init_done_notifier(&machine_done);
    }
    tme_first = tme_directory ? 0 : 1ULL << tme.shift;
    qemu_register_reset(tme_reset, NULL);
    return true;
}

/**
 * tme_realize: a CPU is realized and its phys-bits are settled
 * @cpu: the CPU
 * @errp: why the properties do not do
 */
bool tme_realize(X86CPU *cpu, Error **errp)
{
    if (!cpu->tme.keyid_bits) {
        if (cpu->tme.tdx_bits) {
            error_setg(errp, "tme-tdx-bits needs tme-keyid-bits");
        }
        return !cpu->tme.tdx_bits;
    }
    if (!tme.max_bits && !setup(cpu, errp)) {
        return false;
    }
    if (cpu->tme.keyid_bits != tme.max_bits ||
        cpu->tme.tdx_bits != tme.tdx_bits ||
        cpu->phys_bits != tme.phys_bits) {
        error_setg(errp, "all CPUs must have the same tme-keyid-bits,"
                   " tme-tdx-bits and phys-bits");
        return false;
    }
    cpu->tme.vcpu = tme_vcpu_new(&cpu->tme);
    return true;
}
