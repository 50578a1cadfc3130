// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: find the KeyIDs at boot and keep them out of page frame numbers
 *
 * The firmware decides how many of the upper physical-address bits carry a
 * KeyID (IA32_TME_ACTIVATE, locked before the kernel starts). The kernel's
 * detect_tme_early() takes them off x86_phys_bits; here they also leave
 * physical_mask, so that pte_pfn() and its relatives give the page frame
 * whatever KeyID an entry has.
 *
 * Sources: Intel 336907 rev. 1.3 (Multi-Key Total Memory Encryption), chapters
 * 4 and 5; SDM volume 2A CPUID leaf 1BH, volume 2B PCONFIG.
 */
#define pr_fmt(fmt) "x86/mktme: " fmt

#include "mktme_private.h"

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/cpumask.h>
#include <linux/crash_dump.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/cpu_device_id.h>
#include <asm/intel-family.h>
#include <asm/mktme.h>
#include <asm/msr.h>
#include <asm/processor.h>

#define MSR_TME_CAPABILITY		0x981
#define TME_CAPABILITY_MAX_KEYS		GENMASK_ULL(50, 36)

#define MSR_TME_ACTIVATE		0x982
#define TME_ACTIVATE_LOCKED		BIT_ULL(0)
#define TME_ACTIVATE_ENABLED		BIT_ULL(1)
#define TME_ACTIVATE_KEYID_BITS		GENMASK_ULL(35, 32)
#define TME_ACTIVATE_ALGORITHMS		GENMASK_ULL(63, 48)

/* One-hot algorithm numbers, as activated and as given to PCONFIG */
#define TME_AES_XTS_128			BIT(0)
#define TME_AES_XTS_256			BIT(2)

#define MSR_ALIAS_CONTROL		0x6f
#define ALIASES_FORBIDDEN		BIT_ULL(8)

#define CPUID_PCONFIG			0x1b
#define CPUID_PCONFIG_TARGETS		1
#define PCONFIG_TARGET_MKTME		1

u64 mktme_keyid_mask __ro_after_init;
unsigned int mktme_keyid_shift __ro_after_init;

static unsigned int nr_keyids __ro_after_init;

/* IA32_TME_ACTIVATE of the boot CPU; 0 if KeyIDs are not used */
static u64 activation __ro_after_init;

/* Why KeyIDs are not used, or "ok"; for sysfs */
static const char *status __ro_after_init = "no TME-MK, or not enabled by the firmware";

static bool switched_off __initdata;

static int __init mktme_param(char *arg)
{
	if (!arg || strcmp(arg, "off"))
		return -EINVAL;
	switched_off = true;
	return 0;
}
early_param("mktme", mktme_param);

/**
 * mktme_nr_keyids() - number of KeyIDs that keys can be programmed into
 *
 * KeyIDs 1..n of this machine, with the part that firmware gave to TDX taken
 * off. Constant after boot.
 *
 * Return: the number; 0 without usable TME-MK or with mktme=off.
 */
unsigned int mktme_nr_keyids(void)
{
	return nr_keyids;
}

/* The algorithm in the hardware's encoding, or 0 if it is not activated. */
u16 mktme_algorithm_bit(u8 algorithm)
{
	u16 bit = 0;

	if (algorithm == MKTME_ALG_AES_XTS_128)
		bit = TME_AES_XTS_128;
	else if (algorithm == MKTME_ALG_AES_XTS_256)
		bit = TME_AES_XTS_256;
	return bit & FIELD_GET(TME_ACTIVATE_ALGORITHMS, activation);
}

/**
 * mktme_algorithm_usable() - can a KeyID be programmed with this algorithm?
 * @algorithm: MKTME_ALG_*
 *
 * Return: true if the firmware has activated @algorithm.
 */
bool mktme_algorithm_usable(u8 algorithm)
{
	return mktme_algorithm_bit(algorithm);
}

const char *mktme_algorithm_names(void)
{
	if (!nr_keyids)
		return "";
	if (!mktme_algorithm_bit(MKTME_ALG_AES_XTS_256))
		return "aes-xts-128";
	if (!mktme_algorithm_bit(MKTME_ALG_AES_XTS_128))
		return "aes-xts-256";
	return "aes-xts-128 aes-xts-256";
}

const char *mktme_status(void)
{
	return status;
}

/**
 * mktme_cpu_matches() - has this CPU the KeyIDs of the boot CPU?
 * @cpu: an online CPU, or the one that this runs on
 *
 * Return: true if the firmware has activated the same on @cpu.
 */
bool mktme_cpu_matches(unsigned int cpu)
{
	u64 activate;

	return !rdmsrl_safe_on_cpu(cpu, MSR_TME_ACTIVATE, &activate) &&
	       activate == activation;
}

/* CPUID leaf 1BH: sub-leaves of type 1 list up to three targets each. */
static bool __init pconfig_has_mktme(void)
{
	unsigned int eax, ebx, ecx, edx, n;

	if (!boot_cpu_has(X86_FEATURE_PCONFIG) ||
	    boot_cpu_data.cpuid_level < CPUID_PCONFIG)
		return false;
	for (n = 0; n < U8_MAX; n++) {
		cpuid_count(CPUID_PCONFIG, n, &eax, &ebx, &ecx, &edx);
		if ((eax & GENMASK(11, 0)) != CPUID_PCONFIG_TARGETS)
			return false;
		if (ebx == PCONFIG_TARGET_MKTME || ecx == PCONFIG_TARGET_MKTME ||
		    edx == PCONFIG_TARGET_MKTME)
			return true;
	}
	return false;
}

/*
 * "Directory mode" of Ice Lake servers keeps coherency state beside the data
 * and does not stand two mappings of a page with different KeyIDs, even if one
 * of them is never used. The direct map and an alias are just that.
 */
static bool __init aliases_forbidden(void)
{
	static const struct x86_cpu_id with_directory_mode[] __initconst = {
		X86_MATCH_VFM(INTEL_ICELAKE_X, 0),
		X86_MATCH_VFM(INTEL_ICELAKE_D, 0),
		{}
	};
	u64 control;

	return x86_match_cpu(with_directory_mode) &&
	       !rdmsrl_safe(MSR_ALIAS_CONTROL, &control) &&
	       (control & ALIASES_FORBIDDEN);
}

/*
 * KeyIDs 1..n that belong to software. Parts with TDX tell in the partitioning
 * MSR how many; KeyIDs above are usable in SEAM mode only. The MSR is missing,
 * or reads as zero under some hypervisors, where there is no TDX.
 */
static unsigned int __init count_keyids(unsigned int bits)
{
	unsigned int keys = BIT(bits) - 1;
	u64 capability, partitioning;

	if (rdmsrl_safe(MSR_TME_CAPABILITY, &capability))
		return 0;
	keys = min_t(u64, keys, FIELD_GET(TME_CAPABILITY_MAX_KEYS, capability));

	if (!rdmsrl_safe(MSR_IA32_MKTME_KEYID_PARTITIONING, &partitioning) &&
	    partitioning)
		keys = min(keys, lower_32_bits(partitioning));

	return min(keys, MKTME_MAX_KEYIDS);
}

static bool __init cpus_match(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (!mktme_cpu_matches(cpu))
			return false;
	}
	return true;
}

/* Why KeyIDs cannot be used for files, or NULL. */
static const char * __init why_not(void)
{
	unsigned int bits = FIELD_GET(TME_ACTIVATE_KEYID_BITS, activation);

	if (switched_off)
		return "switched off by mktme=off";
	/* Caches and key tables are as the kernel left them that died. */
	if (is_kdump_kernel())
		return "crash kernel";
	if (!pconfig_has_mktme())
		return "no PCONFIG for KeyIDs";
	if (!(FIELD_GET(TME_ACTIVATE_ALGORITHMS, activation) &
	      (TME_AES_XTS_128 | TME_AES_XTS_256)))
		return "no known algorithm activated";
	if (!cpus_match())
		return "CPUs differ";
	if (!mktme_packages_have_cpus())
		return "a package has no CPU here";
	if (!count_keyids(bits))
		return "no KeyIDs left for software";
	if (boot_cpu_data.x86_phys_bits + bits > __PHYSICAL_MASK_SHIFT)
		return "KeyID bits outside page-table entries";
	if (aliases_forbidden())
		return "platform forbids aliases of a page";
	/*
	 * It has already unmapped the free pages: not-present entries hold the
	 * inverted page frame number (asm/pgtable-invert.h), inverted with the
	 * physical_mask of that time. With a smaller mask their upper bits
	 * would come back as a KeyID.
	 */
	if (debug_pagealloc_enabled_static())
		return "debug_pagealloc is on";
	return NULL;
}

static bool __init read_activation(void)
{
	u64 activate;

	/* detect_tme_early() clears the feature unless firmware enabled TME. */
	if (!boot_cpu_has(X86_FEATURE_TME) ||
	    rdmsrl_safe(MSR_TME_ACTIVATE, &activate) ||
	    !(activate & TME_ACTIVATE_LOCKED) ||
	    !(activate & TME_ACTIVATE_ENABLED) ||
	    !(activate & TME_ACTIVATE_KEYID_BITS))
		return false;
	activation = activate;
	return true;
}

/*
 * Runs with all CPUs up, but before the first user process and the first
 * page-table entry with a KeyID, hence nobody can see physical_mask change:
 * the bits that leave it are zero in every entry that exists. It is read-only
 * later on, so this cannot wait for the first key.
 */
static void __init set_masks(unsigned int bits)
{
	mktme_keyid_shift = boot_cpu_data.x86_phys_bits;
	mktme_keyid_mask = GENMASK_ULL(mktme_keyid_shift + bits - 1,
				       mktme_keyid_shift);
	physical_mask &= ~mktme_keyid_mask;
}

static int __init mktme_init(void)
{
	unsigned int bits;
	int err;

	if (!read_activation())
		return 0;
	status = why_not() ?: "ok";
	if (strcmp(status, "ok")) {
		pr_info("KeyIDs are not used: %s\n", status);
		activation = 0;
		return 0;
	}
	err = mktme_power_init();
	if (err) {
		status = "no callback for CPU hotplug";
		pr_err("KeyIDs are not used: error %d\n", err);
		activation = 0;
		return err;
	}

	mktme_crash_init();
	bits = FIELD_GET(TME_ACTIVATE_KEYID_BITS, activation);
	set_masks(bits);
	nr_keyids = count_keyids(bits);

	pr_info("%u KeyIDs for DAX files (%s), KeyID bits %u:%u\n", nr_keyids,
		mktme_algorithm_names(), mktme_keyid_shift + bits - 1,
		mktme_keyid_shift);
	return 0;
}
arch_initcall(mktme_init);
