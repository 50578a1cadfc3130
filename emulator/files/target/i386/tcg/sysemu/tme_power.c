/*
 * Intel TME-MK for TCG: loss of power, and what the machine promises about it
 *
 * What has reached memory is what counts, at an instant between any two
 * write-backs: not only where a translated block ends. So the CPUs are not
 * stopped; they are kept from writing back. Every line goes to memory under a
 * line lock. Once all of these are taken no CPU gets beyond its next write-back,
 * and the process ends with them held.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "hw/boards.h"
#include "hw/mem/nvdimm.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-tme-target.h"
#include "tme-internal.h"

/* Exit status that tells a power cut from every other end. */
#define EXIT_POWER_CUT      86

/* -machine nvdimm-persistence=cpu, as a bit of NVDIMMState.persistence */
#define PERSISTENCE_CPU     (1 << 0)

/**
 * tme_power_promise_holds: is what the firmware tells of NVDIMMs true?
 * @eadr: do caches survive a power failure?
 * @errp: why not
 *
 * A kernel that reads in the NFIT that caches are flushed when power fails
 * leaves the flushing to the machine. With the modelled cache all its data
 * would be lost, and it could not be blamed.
 */
bool tme_power_promise_holds(bool eadr, Error **errp)
{
    NVDIMMState *nvdimms = MACHINE(qdev_get_machine())->nvdimms_state;

    if (tme.engine == TME_ENGINE_CACHE && !eadr && nvdimms &&
        (nvdimms->persistence & PERSISTENCE_CPU)) {
        error_setg(errp, "nvdimm-persistence=cpu tells the guest that CPU"
                   " caches survive a power failure; with tme-engine=cache"
                   " they do so only with tme-eadr=on");
        return false;
    }
    return true;
}

/*
 * With eADR the stores themselves are what survives. They do not take a lock,
 * so here the CPUs have to stop before the first line is saved: else a later
 * store could survive an earlier one of the same CPU.
 */
void qmp_power_cut(Error **errp)
{
    if (!tme.max_bits) {
        error_setg(errp, "the CPUs have no TME-MK (tme-keyid-bits)");
        return;
    }
    if (tme.eadr) {
        pause_all_vcpus();
        tme_evict_power_fails();
    } else {
        for (unsigned i = 0; i < ARRAY_SIZE(tme.line_lock); i++) {
            qemu_mutex_lock(&tme.line_lock[i]);
        }
    }
    _exit(EXIT_POWER_CUT);
}
