/*
 * Intel TME-MK for TCG: which socket's keys a piece of memory has
 *
 * PCONFIG programs the package that executes it (SDM vol. 2B). What encrypts a
 * line is the memory controller it belongs to, whichever CPU stored it, so each
 * range of memory has an owner.
 *
 * With more than one NUMA node, that is the socket of the node: of the backend
 * for RAM, of node= for DIMMs and NVDIMMs. A node without CPUs belongs to socket
 * node % sockets. With one node or none, the memory of the sockets is
 * interleaved by page, as firmware does it when asked for uniform memory: any
 * two pages then show a package that was forgotten.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/mem/memory-device.h"
#include "tme-internal.h"

typedef struct Owned {
    hwaddr start, end;
    unsigned socket;
} Owned;

static GArray *ranges;      /* empty: interleaved */

/**
 * tme_owner_slow: the socket that a bus address belongs to
 * @bus: bus address
 */
unsigned tme_owner_slow(hwaddr bus)
{
    for (unsigned i = 0; i < ranges->len; i++) {
        Owned *range = &g_array_index(ranges, Owned, i);

        if (bus >= range->start && bus < range->end) {
            return range->socket;
        }
    }
    return ranges->len ? 0 : (bus >> TARGET_PAGE_BITS) % tme.sockets;
}

static unsigned socket_of_node(unsigned node)
{
    const CPUArchIdList *cpus = MACHINE(qdev_get_machine())->possible_cpus;

    for (int i = 0; i < cpus->len; i++) {
        const CpuInstanceProperties *props = &cpus->cpus[i].props;

        if (props->has_node_id && props->node_id == node) {
            return props->socket_id;
        }
    }
    return node % tme.sockets;
}

static void add_range(hwaddr start, hwaddr len, unsigned node)
{
    Owned range = { start, start + len, socket_of_node(node) };

    g_array_append_val(ranges, range);
}

static bool add_ram(Int128 start, Int128 len, const MemoryRegion *mr,
                    hwaddr ofs, void *opaque)
{
    NumaState *numa = opaque;

    for (int node = 0; node < numa->num_nodes; node++) {
        HostMemoryBackend *backend = numa->nodes[node].node_memdev;

        if (backend && mr == host_memory_backend_get_memory(backend)) {
            add_range(int128_get64(start), int128_get64(len), node);
        }
    }
    return false;
}

static void add_dimms(void)
{
    MemoryDeviceInfoList *list = qmp_memory_device_list();

    for (MemoryDeviceInfoList *item = list; item; item = item->next) {
        PCDIMMDeviceInfo *dimm;

        if (item->value->type == MEMORY_DEVICE_INFO_KIND_NVDIMM) {
            dimm = item->value->u.nvdimm.data;
        } else if (item->value->type == MEMORY_DEVICE_INFO_KIND_DIMM) {
            dimm = item->value->u.dimm.data;
        } else {
            continue;
        }
        add_range(dimm->addr, dimm->size, dimm->node);
    }
    qapi_free_MemoryDeviceInfoList(list);
}

static void machine_done(Notifier *notifier, void *data)
{
    NumaState *numa = MACHINE(qdev_get_machine())->numa_state;

    if (!numa || numa->num_nodes < 2) {
        return;
    }
    WITH_RCU_READ_LOCK_GUARD() {
        flatview_for_each_range(
            address_space_to_flatview(&address_space_memory), add_ram, numa);
    }
    add_dimms();
}

/**
 * tme_sockets_init: an empty key table for each socket
 */
void tme_sockets_init(void)
{
    static Notifier notifier = { .notify = machine_done };

    tme.sockets = MACHINE(qdev_get_machine())->smp.sockets;
    tme.socket = g_new0(TMESocket, tme.sockets);
    for (unsigned i = 0; i < tme.sockets; i++) {
        tme.socket[i].key = g_new0(TMEKey *, tme.max_keys + 1);
        qemu_mutex_init(&tme.socket[i].lock);
    }
    ranges = g_array_new(false, false, sizeof(Owned));
    if (tme.sockets > 1) {
        qemu_add_machine_init_done_notifier(&notifier);
    }
}
