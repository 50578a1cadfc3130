// SPDX-License-Identifier: GPL-2.0-only
/*
 * TME-MK: packages that this kernel has no CPU of
 *
 * Each package has its own key table and its own memory. nr_cpus=, or being a
 * crash kernel, keeps the CPUs of a package out of the kernel's sight, while its
 * memory is used like any other: data under a KeyID that nobody has programmed
 * there would lie in it as plaintext, or under an old key. What the kernel knows
 * of CPUs has no trace of those that it was told to leave out; the firmware's
 * table (MADT) has.
 */
#include "mktme_private.h"

#include <linux/acpi.h>
#include <linux/cpumask.h>
#include <linux/topology.h>

#include <asm/topology.h>

/* In an entry that is there for its place only (ACPI 6.5, 5.2.12) */
#define NO_APIC		0xff
#define NO_X2APIC	U32_MAX

static bool __init has_cpu_in_package_of(u32 apic_id)
{
	unsigned int shift = topology_get_domain_shift(TOPO_PKG_DOMAIN);
	unsigned int cpu;

	for_each_present_cpu(cpu) {
		if (cpu_physical_id(cpu) >> shift == apic_id >> shift)
			return true;
	}
	return false;
}

/* An error ends the walk. A CPU that is not enabled cannot have memory in use. */
static int __init check_entry(u32 apic_id, u32 flags)
{
	if (!(flags & ACPI_MADT_ENABLED) || has_cpu_in_package_of(apic_id))
		return 0;
	return -ENODEV;
}

static int __init check_apic(union acpi_subtable_headers *header,
			     const unsigned long end)
{
	const struct acpi_madt_local_apic *apic = (void *)header;

	if (BAD_MADT_ENTRY(apic, end))
		return -EINVAL;
	return apic->id == NO_APIC ? 0 :
	       check_entry(apic->id, apic->lapic_flags);
}

static int __init check_x2apic(union acpi_subtable_headers *header,
			       const unsigned long end)
{
	const struct acpi_madt_local_x2apic *apic = (void *)header;

	if (BAD_MADT_ENTRY(apic, end))
		return -EINVAL;
	return apic->local_apic_id == NO_X2APIC ? 0 :
	       check_entry(apic->local_apic_id, apic->lapic_flags);
}

/* A handler's error comes back as -EINVAL; that there is no table, as another one. */
static bool __init walk(enum acpi_madt_type type, acpi_tbl_entry_handler check)
{
	return acpi_table_parse_madt(type, check, 0) != -EINVAL;
}

/**
 * mktme_packages_have_cpus() - can each package be programmed?
 *
 * Of a machine without MADT nothing is known but what the kernel knows.
 *
 * Context: arch_initcall, all CPUs are up.
 * Return: false if a CPU that the firmware has enabled is of a package that has
 * no CPU in this kernel.
 */
bool __init mktme_packages_have_cpus(void)
{
	return walk(ACPI_MADT_TYPE_LOCAL_APIC, check_apic) &&
	       walk(ACPI_MADT_TYPE_LOCAL_X2APIC, check_x2apic);
}
