// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: the way to a crash kernel (kdump)
 *
 * Nothing is shut down on this way: the other CPUs are stopped where they are by
 * an NMI, and keys stay where they are. But for lines under a KeyID that is not
 * enough. The crash kernel mounts file systems and writes to blocks that were a
 * bound file's, through KeyID 0; a dirty line of the file that a stopped CPU still
 * holds is not coherent with that, and would land on the new data whenever it is
 * evicted. Only the CPU itself can write it back.
 *
 * So each CPU writes back its caches before it halts, and the crashing one when
 * the others have. What programs had stored is in memory then, under its key. The
 * crash kernel uses no KeyIDs (mktme.c).
 */
#define pr_fmt(fmt) "x86/mktme: " fmt

#include "mktme_private.h"

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/printk.h>

#include <asm/irqflags.h>
#include <asm/smp.h>
#include <asm/special_insns.h>

/* What these pointers of smp_ops were before they were ours */
static void (*stop_others)(void) __ro_after_init;
static void (*stop_this_cpu_then)(void);

static atomic_t written_back = ATOMIC_INIT(0);

/*
 * In the place of smp_ops.stop_this_cpu: the last thing that this CPU does, in the
 * NMI of nmi_shootdown_cpus() or wherever the reboot was that the crash has
 * overtaken. What can still end a halt (SMI, machine check) comes back here.
 */
static void write_back_and_halt(void)
{
	wbinvd();
	/* Pairs with all_have_written_back() */
	smp_mb__before_atomic();
	atomic_inc(&written_back);
	if (stop_this_cpu_then)
		stop_this_cpu_then();
	for (;;)
		native_halt();
}

static bool all_have_written_back(int others)
{
	unsigned int ms;

	for (ms = 0; ms < MKTME_ANSWER_TIMEOUT_MS; ms++) {
		if (atomic_read_acquire(&written_back) >= others)
			return true;
		mdelay(1);
	}
	return false;
}

/*
 * In the place of smp_ops.crash_stop_other_cpus. Once in the life of a kernel, on
 * the CPU that has won the race to crash, interrupts off; it may have died under
 * any lock, and takes none. The others are counted first: who is stopped by somebody
 * else at the same time leaves cpu_online_mask, and answers all the same.
 */
static void stop_and_write_back(void)
{
	int others = num_online_cpus() - 1;

	if (!mktme_slots_in_use()) {
		stop_others();
		return;
	}
	stop_this_cpu_then = smp_ops.stop_this_cpu;
	smp_ops.stop_this_cpu = write_back_and_halt;
	stop_others();
	if (!all_have_written_back(others))
		pr_emerg("a CPU has not written back its caches: data of DAX files under a key may come late\n");
	wbinvd();
}

/* Once, from mktme_init(). Without CONFIG_CRASH_DUMP there is nothing to replace. */
void __init mktme_crash_init(void)
{
	stop_others = smp_ops.crash_stop_other_cpus;
	if (stop_others)
		smp_ops.crash_stop_other_cpus = stop_and_write_back;
}
