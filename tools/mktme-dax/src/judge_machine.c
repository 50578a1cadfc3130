// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the facts of CPU and kernel mean
 */
#include "doctor.h"

/* IA32_TME_ACTIVATE */
#define ACTIVATE_LOCKED		(1ULL << 0)
#define ACTIVATE_ENABLED	(1ULL << 1)

#define IN_FIRMWARE_SETUP	"systemctl reboot --firmware-setup, then "

static unsigned int keyid_bits(const struct cpu_facts *cpu)
{
	return cpu->activate >> 32 & 15;
}

/* Encodings of AES-XTS-128 and AES-XTS-256, without the ones with integrity */
static bool has_algorithm(const struct cpu_facts *cpu)
{
	return cpu->activate >> 48 & 5;
}

/* The part of the KeyIDs that TDX has is not for files. */
static unsigned int keyids_for_files(const struct cpu_facts *cpu)
{
	unsigned int most = (1U << keyid_bits(cpu)) - 1;
	unsigned int capable = cpu->capability >> 36 & 0x7fff;
	uint32_t partition = cpu->partitioning;

	if (capable < most)
		most = capable;
	return cpu->partitioning && partition < most ? partition : most;
}

static void judge_activation(const struct cpu_facts *cpu, struct findings *findings)
{
	const uint64_t on = ACTIVATE_LOCKED | ACTIVATE_ENABLED;

	if ((cpu->activate & on) != on) {
		remedy(find(findings, LEVEL_FAIL, "bios-tme", "",
			    "the firmware has not activated memory encryption (IA32_TME_ACTIVATE is %#llx)",
			    (unsigned long long)cpu->activate),
		       IN_FIRMWARE_SETUP "switch on \"Total Memory Encryption\" and its multi-key part");
		return;
	}
	find(findings, LEVEL_OK, "bios-tme", "", "the firmware has activated memory encryption");
	if (!keyid_bits(cpu)) {
		remedy(find(findings, LEVEL_FAIL, "bios-keyids", "",
			    "memory encryption is on, but with a single key: the firmware has set no KeyIDs aside"),
		       IN_FIRMWARE_SETUP "switch on \"Multi-Key Total Memory Encryption\" (TME-MK, MK-TME)");
		return;
	}
	find(findings, LEVEL_OK, "bios-keyids", "", "%u bits of an address are KeyID",
	     keyid_bits(cpu));
	if (!has_algorithm(cpu))
		remedy(find(findings, LEVEL_FAIL, "bios-algorithm", "",
			    "the firmware has not activated AES-XTS without integrity for KeyIDs"),
		       IN_FIRMWARE_SETUP "choose AES-XTS-128 or AES-XTS-256 without integrity");
	else
		find(findings, LEVEL_OK, "bios-algorithm", "", "AES-XTS is activated");
	if (!keyids_for_files(cpu))
		remedy(find(findings, LEVEL_FAIL, "bios-tdx", "",
			    "TDX has all %u KeyIDs", (1U << keyid_bits(cpu)) - 1),
		       IN_FIRMWARE_SETUP "give TDX fewer key bits (\"TME-MT/TDX key split\")");
	else
		find(findings, LEVEL_OK, "bios-tdx", "", "%u KeyIDs are for files",
		     keyids_for_files(cpu));
}

void judge_cpu(const struct cpu_facts *cpu, struct findings *findings)
{
	if (!cpu->has_tme || !cpu->has_pconfig) {
		remedy(find(findings, LEVEL_FAIL, "cpu-tme", "", "the CPU %s%s",
			    cpu->has_tme ? "encrypts memory, but with one key only (no PCONFIG)" :
			    "cannot encrypt memory (CPUID 7: no TME)",
			    cpu->is_guest ? "; this is a virtual machine, its hypervisor may hide it" : ""),
		       "use a server CPU with TME-MK, or to try it out, the emulated one: make run");
		return;
	}
	find(findings, LEVEL_OK, "cpu-tme", "", "the CPU encrypts memory, and takes keys from software");
	if (!cpu->msrs_read) {
		remedy(find(findings, LEVEL_WARN, "cpu-msr", "",
			    "the activation cannot be read from /dev/cpu/0/msr"),
		       "modprobe msr, and run this as root");
		return;
	}
	find(findings, LEVEL_OK, "cpu-msr", "", "the activation can be read");
	judge_activation(cpu, findings);
	if (cpu->cpus_differ)
		remedy(find(findings, LEVEL_FAIL, "cpus-differ", "",
			    "the firmware has activated memory encryption differently on some CPUs"),
		       "update the firmware");
	else
		find(findings, LEVEL_OK, "cpus-differ", "", "all CPUs are activated alike");
}

/* What the words of /sys/kernel/mm/mktme/status want. */
static const char *keyids_remedy(const char *status)
{
	static const struct {
		const char *status, *remedy;
	} known[] = {
		{ "switched off by mktme=off", "take mktme=off off the kernel's command line, and reboot" },
		{ "debug_pagealloc is on", "take debug_pagealloc off the kernel's command line, and reboot" },
		{ "platform forbids aliases of a page",
		  IN_FIRMWARE_SETUP "switch off \"directory mode\" if that can be done; this CPU model cannot have encrypted files with it" },
		{ "no KeyIDs left for software", IN_FIRMWARE_SETUP "give TDX fewer key bits" },
		{ "CPUs differ", "update the firmware" },
		{ "a package has no CPU here",
		  "take nr_cpus= and possible_cpus= off the kernel's command line, or raise them, and reboot" },
		{ "crash kernel", "boot the machine's own kernel; this one is there to save a dump" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(status, known[i].status))
			return known[i].remedy;
	return "dmesg | grep mktme, and the findings about CPU and firmware above";
}

void judge_kernel(const struct kernel_facts *kernel, struct findings *findings)
{
	const struct machine *machine = &kernel->machine;

	if (!machine->has_feature) {
		remedy(find(findings, LEVEL_FAIL, "kernel-feature", "",
			    "kernel %s does not know encrypted DAX files (no /sys/kernel/mm/mktme)",
			    kernel->release),
		       "boot a kernel with CONFIG_MKTME_DAX: make export, in the source of mktme-dax, has its patches");
		return;
	}
	find(findings, LEVEL_OK, "kernel-feature", "", "kernel %s knows encrypted DAX files",
	     kernel->release);
	if (!machine->keyids_total) {
		remedy(find(findings, LEVEL_FAIL, "kernel-keyids", "",
			    "the kernel uses no KeyIDs: %s", machine->status),
		       "%s", keyids_remedy(machine->status));
		return;
	}
	find(findings, LEVEL_OK, "kernel-keyids", "", "the kernel uses %u KeyIDs, with %s",
	     machine->keyids_total, machine->algorithms);
	if (machine->keyids_used >= machine->keyids_total)
		remedy(find(findings, LEVEL_WARN, "keyids-free", "",
			    "each of the %u KeyIDs holds a key; a new key waits for one that no file uses",
			    machine->keyids_total),
		       "keyctl show @u, and keyctl revoke N for a key that is not needed now");
	else
		find(findings, LEVEL_OK, "keyids-free", "", "%u KeyIDs hold no key",
		     machine->keyids_total - machine->keyids_used);
}
