// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: what comes and goes: CPUs, suspend, reboot, kexec
 *
 * Keys live in the packages, and nowhere else once a KeyID is programmed. So no
 * package can join or leave while there are keys, the machine cannot sleep where
 * they would be lost, and they are taken out before another kernel runs.
 */
#define pr_fmt(fmt) "x86/mktme: " fmt

#include "mktme_private.h"

#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/suspend.h>
#include <linux/syscore_ops.h>
#include <linux/topology.h>

#include <asm/processor.h>
#include <asm/special_insns.h>

static bool alone_in_package(unsigned int cpu)
{
	unsigned int other;

	for_each_online_cpu(other) {
		if (other != cpu && topology_logical_package_id(other) ==
				    topology_logical_package_id(cpu))
			return false;
	}
	return true;
}

/*
 * A package that comes late has not got the keys, and they are not kept to be
 * programmed again: data read through it would be noise.
 */
static int cpu_comes_online(unsigned int cpu)
{
	const char *reason;

	if (!mktme_cpu_matches(cpu))
		reason = "its KeyIDs differ from the boot CPU's";
	else if (mktme_slots_in_use() && alone_in_package(cpu))
		reason = "its package does not have the keys of DAX files";
	else
		return 0;
	pr_warn("CPU %u refused: %s\n", cpu, reason);
	return -EIO;
}

/*
 * Without a CPU there is nobody to program or clear the package's KeyIDs, while
 * its memory controller goes on to serve others.
 */
static int cpu_goes_offline(unsigned int cpu)
{
	if (!mktme_slots_in_use() || !alone_in_package(cpu))
		return 0;
	pr_warn("CPU %u stays: it is the last of its package, which has keys of DAX files\n",
		cpu);
	return -EBUSY;
}

static int refuse_sleep(const char *what)
{
	if (!mktme_slots_in_use())
		return 0;
	pr_warn("no %s: the keys of DAX files would be lost\n", what);
	return -EBUSY;
}

/*
 * Hibernation, and the return from it, which would bring back a table of slots
 * that knows nothing of the keys of now. Asked before anything is frozen or
 * memory is set aside for the image, which can fail for other reasons first. At
 * this step suspend does not say yet whether it is to RAM or to idle.
 */
static int sleep_begins(struct notifier_block *nb, unsigned long event,
			void *data)
{
	if (event != PM_HIBERNATION_PREPARE && event != PM_RESTORE_PREPARE)
		return NOTIFY_DONE;
	return notifier_from_errno(refuse_sleep("hibernation"));
}

static struct notifier_block sleep_nb = { .notifier_call = sleep_begins };

/* Suspend to RAM loses the keys; suspend to idle does not come here. */
static int refuse_suspend(void *data)
{
	return refuse_sleep("suspend");
}

/*
 * Shutdown goes through these steps on all CPUs at a time. The rebooting CPU
 * says which one, the others answer.
 */
enum step {
	STEP_GATHER,		/* nobody stores any more */
	STEP_WRITE_BACK,	/* no cache holds a line */
	STEP_CLEAR,		/* no package holds a key */
	STEP_HALT,
};

static enum step step;
static atomic_t answers = ATOMIC_INIT(0);

/* What was done before is seen by those who wait for the step. */
static void go_to_step(enum step next)
{
	/* Pairs with step_now() */
	smp_store_release(&step, next);
}

static enum step step_now(void)
{
	/* Pairs with go_to_step() */
	return smp_load_acquire(&step);
}

static void wait_for_step(enum step wanted)
{
	while (step_now() < wanted)
		cpu_relax();
}

static void go_down(void *unused)
{
	atomic_inc(&answers);
	wait_for_step(STEP_WRITE_BACK);
	wbinvd();
	atomic_inc(&answers);
	wait_for_step(STEP_CLEAR);
	/* Without an answer from everybody, nothing is cleared. */
	if (step_now() == STEP_CLEAR && mktme_leads_package(smp_processor_id()))
		mktme_slots_clear_package();
	atomic_inc(&answers);
	wait_for_step(STEP_HALT);
	stop_this_cpu(NULL);
}

static bool all_answer(int wanted)
{
	unsigned int us;

	for (us = 0; us < MKTME_ANSWER_TIMEOUT_MS * USEC_PER_MSEC; us++) {
		if (atomic_read_acquire(&answers) >= wanted)
			return true;
		udelay(1);
	}
	return false;
}

/*
 * Before reset, power-off or kexec. What user programs have stored under a KeyID
 * must reach memory before its key goes, and they must not store after that:
 * through a cleared KeyID that would leave plaintext on the DIMM. They may still
 * run. So all other CPUs are stopped here, a moment before machine_shutdown()
 * would do it: first they gather with interrupts off, then caches are written
 * back, then each package is cleared.
 *
 * A CPU that does not come is left to machine_shutdown(). Keys stay then, until
 * reset or until the next kernel programs its own.
 */
static void take_keys_out(void *data)
{
	int others;
	bool all;

	if (!mktme_slots_in_use())
		return;
	/* Nor must a program get this CPU on the rest of the way. */
	sched_set_fifo(current);
	get_cpu();
	others = num_online_cpus() - 1;
	smp_call_function(go_down, NULL, 0);
	all = all_answer(others);
	go_to_step(STEP_WRITE_BACK);
	wbinvd();
	all = all && all_answer(2 * others);
	if (all) {
		go_to_step(STEP_CLEAR);
		if (mktme_leads_package(smp_processor_id()))
			mktme_slots_clear_package();
		all = all_answer(3 * others);
	}
	go_to_step(STEP_HALT);
	put_cpu();
	if (all)
		pr_info("keys of DAX files are cleared\n");
	else
		pr_warn("keys of DAX files stay: a CPU does not answer\n");
}

static const struct syscore_ops power_syscore_ops = {
	.suspend = refuse_suspend,
	.shutdown = take_keys_out,
};

static struct syscore power_syscore = {
	.ops = &power_syscore_ops,
};

/*
 * Once, from mktme_init(). Return: 0, or the error of cpuhp_setup_state() or
 * register_pm_notifier().
 */
int __init mktme_power_init(void)
{
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "x86/mktme:online",
					cpu_comes_online, cpu_goes_offline);
	if (err < 0)
		return err;
	register_syscore(&power_syscore);
	return register_pm_notifier(&sleep_nb);
}
