// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: what comes and goes: CPUs, suspend
 *
 * Keys live in the packages, and nowhere else once a KeyID is programmed. So no
 * package can join while there are keys, and the machine cannot sleep where they
 * would be lost.
 */
#define pr_fmt(fmt) "x86/mktme: " fmt

#include "mktme_private.h"

#include <linux/cpuhotplug.h>
#include <linux/printk.h>
#include <linux/syscore_ops.h>
#include <linux/topology.h>

static bool first_of_package(unsigned int cpu)
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
	else if (mktme_slots_in_use() && first_of_package(cpu))
		reason = "its package does not have the keys of DAX files";
	else
		return 0;
	pr_warn("CPU %u refused: %s\n", cpu, reason);
	return -EIO;
}

/* Suspend to RAM and hibernation lose the keys; suspend to idle does not. */
static int refuse_suspend(void *data)
{
	if (!mktme_slots_in_use())
		return 0;
	pr_warn("no suspend: the keys of DAX files would be lost\n");
	return -EBUSY;
}

static const struct syscore_ops power_syscore_ops = {
	.suspend = refuse_suspend,
};

static struct syscore power_syscore = {
	.ops = &power_syscore_ops,
};

/* Once, from mktme_init(). Return: 0, or the error of cpuhp_setup_state(). */
int __init mktme_power_init(void)
{
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "x86/mktme:online",
					cpu_comes_online, NULL);
	if (err < 0)
		return err;
	register_syscore(&power_syscore);
	return 0;
}
