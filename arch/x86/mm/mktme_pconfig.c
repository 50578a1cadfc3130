// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: program and clear a KeyID with PCONFIG
 *
 * The key table belongs to a package, so the instruction runs on one CPU of
 * each. It flushes neither caches nor TLBs: whoever gives a KeyID another key
 * has to do that, see mktme_slot.c.
 *
 * Source: SDM volume 2B PCONFIG; Intel 336907 rev. 1.3 chapter 6. They differ
 * in how bad input is reported (#GP there, a status in RAX here): both are
 * taken as an error.
 */
#define pr_fmt(fmt) "x86/mktme: " fmt

#include "mktme_private.h"

#include <linux/bitfield.h>
#include <linux/build_bug.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/printk.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/topology.h>

#include <asm/asm.h>

#define PCONFIG_KEY_PROGRAM		0

#define KEYID_CTRL_COMMAND		GENMASK(7, 0)
#define KEYID_CTRL_ALGORITHM		GENMASK(23, 8)
#define SET_KEY_DIRECT			0
#define CLEAR_KEY			2

#define PCONFIG_SUCCESS			0
#define PCONFIG_ENTROPY_ERROR		2
#define PCONFIG_DEVICE_BUSY		5

#define PCONFIG_TRIES			20

/*
 * MKTME_KEY_PROGRAM_STRUCT: the processor reads 192 bytes and wants 256-byte
 * alignment.
 */
struct key_program {
	u16 keyid;
	u32 keyid_ctrl;
	u8 reserved[58];
	u8 data[64];
	u8 tweak[64];
} __packed __aligned(256);

static_assert(offsetof(struct key_program, keyid_ctrl) == 2);
static_assert(offsetof(struct key_program, data) == 64);
static_assert(offsetof(struct key_program, tweak) == 128);
static_assert(sizeof(struct key_program) == 256);

/*
 * One for all packages, filled in and wiped under program_lock. Static: taking a
 * key out of the hardware must not fail for want of memory.
 */
static struct key_program program;
static DEFINE_MUTEX(program_lock);

/* For the end, when program_lock may be held by a CPU that is stopped. */
static DEFINE_PER_CPU(struct key_program, last_program);

/* Return: the status in RAX, -EFAULT if the instruction faulted. */
static long pconfig_key_program(const struct key_program *what)
{
	long status = PCONFIG_KEY_PROGRAM;
	int fault = -EFAULT;

	asm volatile("1: .byte 0x0f, 0x01, 0xc5\n"
		     "   xorl %[fault], %[fault]\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+a" (status), [fault] "+r" (fault)
		     : "b" (what), "c" (0), "d" (0)
		     : "cc", "memory");
	return fault ?: status;
}

static void pconfig_on_this_cpu(void *info)
{
	long *status = info;

	*status = pconfig_key_program(&program);
}

/* The key table's lock is held by another agent, or no random number is ready. */
static bool worth_another_try(long status)
{
	return status == PCONFIG_DEVICE_BUSY || status == PCONFIG_ENTROPY_ERROR;
}

/* Waits outside of the interrupt that runs PCONFIG. */
static int program_package(int cpu)
{
	unsigned int tries;
	long status = 0;
	int err;

	for (tries = 0; tries < PCONFIG_TRIES; tries++) {
		err = smp_call_function_single(cpu, pconfig_on_this_cpu,
					       &status, 1);
		if (err)
			return err;
		if (status == PCONFIG_SUCCESS)
			return 0;
		if (!worth_another_try(status))
			break;
		usleep_range(50, 200);
	}
	pr_err_ratelimited("PCONFIG for KeyID %u failed on CPU %d: %ld\n",
			   program.keyid, cpu, status);
	return -EIO;
}

/* The key table belongs to a package: is this the CPU that writes its own? */
bool mktme_leads_package(int cpu)
{
	return cpumask_first(topology_core_cpumask(cpu)) == cpu;
}

static unsigned int package_of(unsigned int cpu)
{
	return topology_get_logical_id(cpu_physical_id(cpu), TOPO_PKG_DOMAIN);
}

static bool package_is_online(unsigned int package)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (package_of(cpu) == package)
			return true;
	}
	return false;
}

/*
 * The memory of a package goes on to be used when all of its CPUs are offline,
 * and nobody is left there to run PCONFIG: data of the KeyID would lie in that
 * memory as plaintext.
 */
static bool packages_are_online(void)
{
	unsigned int cpu;

	for_each_present_cpu(cpu) {
		if (!package_is_online(package_of(cpu)))
			return false;
	}
	return true;
}

static int program_packages(bool *touched)
{
	int cpu, err;

	for_each_online_cpu(cpu) {
		if (!mktme_leads_package(cpu))
			continue;
		err = program_package(cpu);
		if (err)
			return err;
		*touched = true;
	}
	return 0;
}

static void compose(struct key_program *what, unsigned int keyid,
		    unsigned int command, u16 algorithm)
{
	what->keyid = keyid;
	what->keyid_ctrl = FIELD_PREP(KEYID_CTRL_COMMAND, command) |
			   FIELD_PREP(KEYID_CTRL_ALGORITHM, algorithm);
}

/**
 * mktme_pconfig_set_key() - program a KeyID on every package
 * @keyid: 1..mktme_nr_keyids()
 * @material: the AES keys
 * @touched: set if at least one package has taken the key. With an error that
 *	means that packages differ: the KeyID must not be used.
 *
 * Context: Process context, cpus_read_lock() held. Sleeps.
 * Return: 0; -EOPNOTSUPP if the algorithm is not activated; -EIO if all CPUs of a
 * package are offline or the hardware refused (logged).
 */
int mktme_pconfig_set_key(unsigned int keyid,
			  const struct mktme_material *material, bool *touched)
{
	u16 algorithm = mktme_algorithm_bit(material->algorithm);
	int err;

	lockdep_assert_cpus_held();
	*touched = false;
	if (!algorithm)
		return -EOPNOTSUPP;
	if (!packages_are_online()) {
		pr_err_ratelimited("no key for KeyID %u: all CPUs of a package are offline\n",
				   keyid);
		return -EIO;
	}

	mutex_lock(&program_lock);
	compose(&program, keyid, SET_KEY_DIRECT, algorithm);
	/* What an algorithm does not use is ignored, or has to be zero. */
	memcpy(program.data, material->data, sizeof(material->data));
	memcpy(program.tweak, material->tweak, sizeof(material->tweak));
	err = program_packages(touched);
	memzero_explicit(&program, sizeof(program));
	mutex_unlock(&program_lock);
	return err;
}

/**
 * mktme_pconfig_clear_key() - take the key out of a KeyID on every package
 * @keyid: 1..mktme_nr_keyids()
 * @algorithm: MKTME_ALG_* of the key; the hardware wants one that is activated
 *
 * CLEAR_KEY, after which the KeyID does what KeyID 0 does: it bypasses encryption
 * or has the key of TME. NO_ENCRYPT would say as much of accesses, but not that
 * the old key is gone. Who went on to use the KeyID would see ciphertext, and
 * write plaintext, which is why nothing may lead to it.
 *
 * Context: As mktme_pconfig_set_key().
 * Return: 0; -EIO if some package may still hold the key (logged).
 */
int mktme_pconfig_clear_key(unsigned int keyid, u8 algorithm)
{
	bool touched = false;
	int err;

	lockdep_assert_cpus_held();
	mutex_lock(&program_lock);
	compose(&program, keyid, CLEAR_KEY, mktme_algorithm_bit(algorithm));
	err = program_packages(&touched);
	memset(&program, 0, sizeof(program));
	mutex_unlock(&program_lock);
	return err;
}

/**
 * mktme_pconfig_clear_here() - take the key out of a KeyID, this package only
 * @keyid: as above
 * @algorithm: as above
 *
 * For the way down, when there is nobody left to report an error to.
 *
 * Context: Any that cannot migrate; waits with interrupts as they are.
 */
void mktme_pconfig_clear_here(unsigned int keyid, u8 algorithm)
{
	struct key_program *what = this_cpu_ptr(&last_program);
	unsigned int tries;
	long status;

	compose(what, keyid, CLEAR_KEY, mktme_algorithm_bit(algorithm));
	for (tries = 0; tries < PCONFIG_TRIES; tries++) {
		status = pconfig_key_program(what);
		if (!worth_another_try(status))
			break;
		udelay(50);
	}
	if (status != PCONFIG_SUCCESS)
		pr_err("KeyID %u was not cleared: %ld\n", keyid, status);
}
