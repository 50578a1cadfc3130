// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: program a KeyID with PCONFIG
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
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include <asm/asm.h>

#define PCONFIG_KEY_PROGRAM		0

#define KEYID_CTRL_COMMAND		GENMASK(7, 0)
#define KEYID_CTRL_ALGORITHM		GENMASK(23, 8)
#define SET_KEY_DIRECT			0

#define PCONFIG_SUCCESS			0
#define PCONFIG_ENTROPY_ERROR		2
#define PCONFIG_DEVICE_BUSY		5

#define PCONFIG_TRIES			20

/*
 * MKTME_KEY_PROGRAM_STRUCT: the processor reads 192 bytes and wants 256-byte
 * alignment, which kmalloc() gives to a size that is a power of two.
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

struct pconfig_call {
	const struct key_program *program;
	long status;
};

/* Return: the status in RAX, -EFAULT if the instruction faulted. */
static long pconfig_key_program(const struct key_program *program)
{
	long status = PCONFIG_KEY_PROGRAM;
	int fault = -EFAULT;

	asm volatile("1: .byte 0x0f, 0x01, 0xc5\n"
		     "   xorl %[fault], %[fault]\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "+a" (status), [fault] "+r" (fault)
		     : "b" (program), "c" (0), "d" (0)
		     : "cc", "memory");
	return fault ?: status;
}

static void pconfig_on_this_cpu(void *info)
{
	struct pconfig_call *call = info;

	call->status = pconfig_key_program(call->program);
}

/*
 * "Busy" means that another agent held the key table's lock and the table is
 * unchanged.  Waits outside of the interrupt that runs PCONFIG.
 */
static int program_package(int cpu, const struct key_program *program)
{
	struct pconfig_call call = { .program = program };
	unsigned int tries;
	int err;

	for (tries = 0; tries < PCONFIG_TRIES; tries++) {
		err = smp_call_function_single(cpu, pconfig_on_this_cpu, &call, 1);
		if (err)
			return err;
		if (call.status == PCONFIG_SUCCESS)
			return 0;
		if (call.status != PCONFIG_DEVICE_BUSY &&
		    call.status != PCONFIG_ENTROPY_ERROR)
			break;
		usleep_range(50, 200);
	}
	pr_err_ratelimited("PCONFIG for KeyID %u failed on CPU %d: %ld\n",
			   program->keyid, cpu, call.status);
	return -EIO;
}

static bool leads_package(int cpu)
{
	return cpumask_first(topology_core_cpumask(cpu)) == cpu;
}

static int program_packages(const struct key_program *program, bool *touched)
{
	int cpu, err;

	*touched = false;
	for_each_online_cpu(cpu) {
		if (!leads_package(cpu))
			continue;
		err = program_package(cpu, program);
		if (err)
			return err;
		*touched = true;
	}
	return 0;
}

/**
 * mktme_pconfig_set_key() - program a KeyID on every package
 * @keyid: 1..mktme_nr_keyids()
 * @material: the AES keys
 * @touched: set if at least one package has taken the key. With an error that
 *	means that packages differ: the KeyID must not be used.
 *
 * Context: Process context, cpus_read_lock() held. Sleeps.
 * Return: 0; -EOPNOTSUPP if the algorithm is not activated; -ENOMEM; -EIO if
 * the hardware refused (logged).
 */
int mktme_pconfig_set_key(unsigned int keyid,
			  const struct mktme_material *material, bool *touched)
{
	u16 algorithm = mktme_algorithm_bit(material->algorithm);
	struct key_program *program;
	int err;

	lockdep_assert_cpus_held();
	*touched = false;
	if (!algorithm)
		return -EOPNOTSUPP;

	program = kzalloc(sizeof(*program), GFP_KERNEL);
	if (!program)
		return -ENOMEM;
	program->keyid = keyid;
	program->keyid_ctrl = FIELD_PREP(KEYID_CTRL_COMMAND, SET_KEY_DIRECT) |
			      FIELD_PREP(KEYID_CTRL_ALGORITHM, algorithm);
	/* What an algorithm does not use is ignored, or has to be zero. */
	memcpy(program->data, material->data, sizeof(material->data));
	memcpy(program->tweak, material->tweak, sizeof(material->tweak));

	err = program_packages(program, touched);

	kfree_sensitive(program);
	return err;
}
