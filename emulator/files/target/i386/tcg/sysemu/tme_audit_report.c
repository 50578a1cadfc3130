/*
 * Intel TME-MK for TCG: what the audit says, and about whom
 *
 * One line on standard error for each line of memory, kind and instruction:
 *
 *   tme-audit: KIND line=BUS keyid=N other=N linear=ADDRESS rip=ADDRESS
 *              stored=ADDRESS cpu=N stack=ADDRESS,...
 *
 * "other" is the KeyID of the alias that it collides with. "stored" is the
 * store that made the old line dirty: of the other alias for two-dirty, of this
 * one else. "stack" are return addresses, found by way of RBP, and only for
 * CPL 0. 0 stands for what is not known: devices and evictions have no RIP.
 *
 * Findings come up with a line lock held, and guest memory cannot be read then.
 * So the CPU prints them itself before its next translated block; what is above
 * its stack pointer has not changed by then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "exec/cpu_ldst.h"
#include "qemu/lockable.h"
#include "tme-internal.h"

#define STACK_DEPTH     16
#define STACK_MAX       (64 * 1024)

typedef struct Finding {
    TMEAuditKind kind;
    hwaddr bus;
    unsigned keyid, other;
    uint64_t stored;
    vaddr linear, rip, rbp;
    bool kernel;            /* CPL 0, 64 bit */
} Finding;

static const char *const kinds[] = {
    [TME_AUDIT_TWO_DIRTY] = "two-dirty",
    [TME_AUDIT_OVER_NEWER] = "over-newer",
    [TME_AUDIT_DEAD_KEY] = "dead-key",
};

static struct {
    QemuMutex lock;
    GHashTable *told;       /* "kind line rip" */
    unsigned count[ARRAY_SIZE(kinds)];
    bool stop;
} report;

/**
 * tme_audit_store_rip: the store that this CPU executes
 *
 * The return address into translated code tells.
 */
uint64_t tme_audit_store_rip(void)
{
    CPUState *cs = current_cpu;
    uint64_t data[TARGET_INSN_START_WORDS];
    CPUX86State *env;
    vaddr pc;

    if (!cs || !cpu_unwind_state_data(cs, cs->mem_io_pc, data)) {
        return 0;
    }
    env = tme_env(cs);
    pc = tme_unwound_pc(env, data);
    return env->hflags & HF_CS64_MASK ? pc :
           (uint32_t)(pc - env->segs[R_CS].base);
}

/**
 * tme_audit_flush_rip: the cache control instruction that this CPU executes
 *
 * The translator has made RIP right before it called the helper.
 */
uint64_t tme_audit_flush_rip(void)
{
    return current_cpu ? tme_env(current_cpu)->eip : 0;
}

static bool maps(const CPUTLBEntry *entry, uintptr_t host)
{
    return entry->addr_read != -1 &&
           (entry->addr_read & TARGET_PAGE_MASK) + entry->addend == host;
}

/* Where this CPU has the page, if its TLB still knows it. */
static vaddr linear_page(CPUX86State *env, uintptr_t host)
{
    int mmu_idx = tme_mmu_index(env);
    CPUTLBDescFast *fast = &env_tlb(env)->f[mmu_idx];
    CPUTLBDesc *desc = &env_tlb(env)->d[mmu_idx];
    unsigned entries = (fast->mask >> CPU_TLB_ENTRY_BITS) + 1;

    for (unsigned i = 0; i < entries; i++) {
        if (maps(&fast->table[i], host)) {
            return fast->table[i].addr_read & TARGET_PAGE_MASK;
        }
    }
    for (unsigned i = 0; i < CPU_VTLB_SIZE; i++) {
        if (maps(&desc->vtable[i], host)) {
            return desc->vtable[i].addr_read & TARGET_PAGE_MASK;
        }
    }
    return 0;
}

static char *stack_text(CPUState *cs, vaddr rbp)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; i < STACK_DEPTH; i++) {
        uint64_t frame[2];

        if (!rbp || rbp % 8 ||
            cpu_memory_rw_debug(cs, rbp, frame, sizeof(frame), false) ||
            !frame[1]) {
            break;
        }
        g_string_append_printf(text, "%s0x%" PRIx64, i ? "," : "",
                               le64_to_cpu(frame[1]));
        frame[0] = le64_to_cpu(frame[0]);
        if (frame[0] <= rbp || frame[0] - rbp > STACK_MAX) {
            break;
        }
        rbp = frame[0];
    }
    return g_string_free(text, false);
}

/* Work of the CPU, or called at once if it was none. */
static void print(CPUState *cs, run_on_cpu_data data)
{
    g_autofree Finding *f = data.host_ptr;
    g_autofree char *stack = stack_text(cs, f->kernel ? f->rbp : 0);

    fprintf(stderr, "tme-audit: %s line=0x%" HWADDR_PRIx " keyid=%u other=%u"
            " linear=0x%" VADDR_PRIx " rip=0x%" VADDR_PRIx " stored=0x%" PRIx64
            " cpu=%d stack=%s\n", kinds[f->kind], f->bus, f->keyid, f->other,
            f->linear, f->rip, f->stored, cs ? cs->cpu_index : -1, stack);
    if (report.stop && cs) {
        vm_stop(RUN_STATE_DEBUG);
    } else if (report.stop) {
        qemu_system_vmstop_request_prepare();
        qemu_system_vmstop_request(RUN_STATE_DEBUG);
    }
}

/* Once for each line, kind and instruction. */
static bool is_new(const Finding *f)
{
    char *key = g_strdup_printf("%d %" PRIx64 " %" PRIx64, f->kind, f->bus,
                                (uint64_t)f->rip);

    QEMU_LOCK_GUARD(&report.lock);
    if (!g_hash_table_add(report.told, key)) {
        return false;
    }
    report.count[f->kind]++;
    return true;
}

/* What only the CPU itself can tell, and only now. */
static void look_at_cpu(Finding *f, CPUX86State *env, const TMEPage *page)
{
    vaddr linear = linear_page(env, (uintptr_t)tme_page_data(page));

    f->linear = linear ? linear | (f->bus & ~TARGET_PAGE_MASK) : 0;
    f->kernel = (env->hflags & HF_CS64_MASK) && !(env->hflags & HF_CPL_MASK);
    f->rbp = env->regs[R_EBP];
}

/**
 * tme_audit_report: an alias bug has been found
 * @kind: what has happened
 * @page: alias it has happened to
 * @line: number of the line in the page
 * @other: KeyID of the alias it collides with
 * @stored: instruction that made the old line dirty
 * @rip: instruction that is executed; 0 for none
 *
 * Called with the line lock, by the CPU that is to blame or by no CPU.
 */
void tme_audit_report(TMEAuditKind kind, const TMEPage *page, unsigned line,
                      unsigned other, uint64_t stored, uint64_t rip)
{
    Finding *f = g_new0(Finding, 1);

    f->kind = kind;
    f->bus = (page->alias & tme.bus_mask) + line * TME_LINE;
    f->keyid = page->alias >> tme.shift;
    f->other = other;
    f->stored = stored;
    f->rip = rip;
    if (!is_new(f)) {
        g_free(f);
    } else if (!current_cpu) {
        print(NULL, RUN_ON_CPU_HOST_PTR(f));
    } else {
        look_at_cpu(f, tme_env(current_cpu), page);
        async_run_on_cpu(current_cpu, print, RUN_ON_CPU_HOST_PTR(f));
    }
}

static void print_total(Notifier *notifier, void *data)
{
    fprintf(stderr, "tme-audit: total");
    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        fprintf(stderr, " %s=%u", kinds[i], report.count[i]);
    }
    fputc('\n', stderr);
}

/**
 * tme_audit_init: read the property, before the cache is made
 * @mode: of tme-audit; NULL stands for "off"
 * @errp: why it cannot be
 */
bool tme_audit_init(const char *mode, Error **errp)
{
    static Notifier exit_notifier = { .notify = print_total };

    if (!mode || !strcmp(mode, "off")) {
        return true;
    }
    if (strcmp(mode, "on") && strcmp(mode, "stop")) {
        error_setg(errp, "tme-audit '%s' is unknown: use off, on or stop",
                   mode);
        return false;
    }
    if (tme.engine != TME_ENGINE_CACHE) {
        error_setg(errp, "tme-audit needs tme-engine=cache");
        return false;
    }
    tme_auditing = true;
    report.stop = !strcmp(mode, "stop");
    report.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    qemu_mutex_init(&report.lock);
    qemu_add_exit_notifier(&exit_notifier);
    return true;
}
