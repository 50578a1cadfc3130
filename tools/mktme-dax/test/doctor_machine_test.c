// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The doctor's judgement of CPU, kernel, regions and namespaces: a healthy machine, and
 * what is wrong in one thing each
 */
#include "findings.h"

/* The emulated machine with 6 KeyID bits, as it was recorded there */
static const struct cpu_facts healthy_cpu = {
	.has_tme = true, .has_pconfig = true, .is_guest = true, .msrs_read = true,
	.capability = 0x3f680000005, .activate = 0x5000680000003,
};

static const struct kernel_facts healthy_kernel = {
	.release = "6.12.117-mktme-dax",
	.machine = { .has_feature = true, .keyids_total = 63, .keyids_used = 2,
		     .algorithms = "aes-xts-128 aes-xts-256", .status = "ok" },
};

static const struct region_facts healthy_region = {
	.name = "region0", .dimms = "nmem0", .enabled = true, .has_label_area = true,
	.uses_labels = true, .size = 1ULL << 30, .align = 16 << 20, .namespaces = 1,
};

static const struct namespace_facts healthy_namespace = {
	.name = "namespace0.0", .region = "region0", .device = "pmem0", .mode = MODE_FSDAX,
	.enabled = true, .size = 1ULL << 30, .resource = 0x100200000, .align = 2 << 20,
};

static struct findings found_in_cpu(const struct cpu_facts *cpu)
{
	struct findings findings = {};

	judge_cpu(cpu, &findings);
	return findings;
}

static struct findings found_in_kernel(const struct kernel_facts *kernel)
{
	struct findings findings = {};

	judge_kernel(kernel, &findings);
	return findings;
}

static struct findings found_in_memory(struct region_facts region, struct namespace_facts ns)
{
	struct memory_facts memory = { .regions = &region, .region_count = 1, .namespaces = &ns,
				       .namespace_count = region.namespaces };
	struct findings findings = {};

	judge_memory(&memory, &findings);
	return findings;
}

#define CPU_IS(level, id, cause, next, ...)	do {			\
	struct cpu_facts cpu = healthy_cpu;				\
	FINDINGS findings;						\
									\
	__VA_ARGS__;							\
	findings = found_in_cpu(&cpu);					\
	check_only(&findings, level, id, cause, next);			\
} while (0)

#define KERNEL_IS(level, id, cause, next, ...)	do {			\
	struct kernel_facts kernel = healthy_kernel;			\
	FINDINGS findings;						\
									\
	__VA_ARGS__;							\
	findings = found_in_kernel(&kernel);				\
	check_only(&findings, level, id, cause, next);			\
} while (0)

#define MEMORY_IS(level, id, cause, next, ...)	do {			\
	struct region_facts region = healthy_region;			\
	struct namespace_facts ns = healthy_namespace;			\
	FINDINGS findings;						\
									\
	__VA_ARGS__;							\
	findings = found_in_memory(region, ns);				\
	check_only(&findings, level, id, cause, next);			\
} while (0)

TEST(healthy_machine_is_ok)
{
	FINDINGS cpu = found_in_cpu(&healthy_cpu);
	FINDINGS kernel = found_in_kernel(&healthy_kernel);
	FINDINGS memory = found_in_memory(healthy_region, healthy_namespace);

	CHECK(cpu.count && worst_level(&cpu) == LEVEL_OK);
	CHECK(kernel.count && worst_level(&kernel) == LEVEL_OK);
	CHECK(memory.count && worst_level(&memory) == LEVEL_OK);
}

TEST(cpu_without_tme)
{
	CPU_IS(LEVEL_FAIL, "cpu-tme", "no TME", "TME-MK", cpu.has_tme = false);
	CPU_IS(LEVEL_FAIL, "cpu-tme", "hypervisor", "TME-MK", cpu.has_tme = false);
	CPU_IS(LEVEL_FAIL, "cpu-tme", "one key only", "TME-MK", cpu.has_pconfig = false);
}

TEST(msrs_that_cannot_be_read)
{
	CPU_IS(LEVEL_WARN, "cpu-msr", "/dev/cpu/0/msr", "modprobe msr", cpu.msrs_read = false);
}

TEST(tme_off_in_the_firmware)
{
	CPU_IS(LEVEL_FAIL, "bios-tme", "not activated", "firmware-setup", cpu.activate = 0);
	CPU_IS(LEVEL_FAIL, "bios-tme", "0x5000680000001", "firmware-setup",
	       cpu.activate &= ~2ULL);
	CPU_IS(LEVEL_FAIL, "bios-tme", "not activated", "firmware-setup",
	       cpu.activate &= ~1ULL);
}

TEST(tme_with_a_single_key)
{
	CPU_IS(LEVEL_FAIL, "bios-keyids", "single key", "Multi-Key",
	       cpu.activate &= ~(15ULL << 32));
}

TEST(no_algorithm_for_keyids)
{
	/* Integrity is another algorithm, that files cannot have. */
	CPU_IS(LEVEL_FAIL, "bios-algorithm", "AES-XTS", "AES-XTS-128",
	       cpu.activate = 0xa000680000003);
}

TEST(tdx_has_all_keyids)
{
	CPU_IS(LEVEL_FAIL, "bios-tdx", "all 63", "TDX", cpu.partitioning = 63ULL << 32);
}

TEST(tdx_leaves_some_keyids)
{
	struct cpu_facts cpu = healthy_cpu;
	FINDINGS findings;

	cpu.partitioning = 32ULL << 32 | 31;
	findings = found_in_cpu(&cpu);
	CHECK_EQ(worst_level(&findings), LEVEL_OK);
	for (size_t i = 0; i < findings.count; i++)
		if (!strcmp(findings.list[i].id, "bios-tdx"))
			CHECK(strstr(findings.list[i].cause, "31 "), "%s", findings.list[i].cause);
}

TEST(fewer_keys_than_keyids)
{
	struct cpu_facts cpu = healthy_cpu;
	FINDINGS findings;

	cpu.capability = 3ULL << 36 | 6ULL << 32;
	findings = found_in_cpu(&cpu);
	CHECK_EQ(worst_level(&findings), LEVEL_OK);
	for (size_t i = 0; i < findings.count; i++)
		if (!strcmp(findings.list[i].id, "bios-tdx"))
			CHECK(strstr(findings.list[i].cause, "3 KeyIDs"), "%s", findings.list[i].cause);
}

TEST(cpus_that_differ)
{
	CPU_IS(LEVEL_FAIL, "cpus-differ", "differently", "firmware", cpu.cpus_differ = true);
}

TEST(old_kernel)
{
	KERNEL_IS(LEVEL_FAIL, "kernel-feature", "5.10.0", "CONFIG_MKTME_DAX",
		  kernel = (struct kernel_facts){ .release = "5.10.0" });
}

TEST(keyids_that_the_kernel_does_not_use)
{
	static const char *const pairs[][2] = {
		{ "switched off by mktme=off", "command line" },
		{ "debug_pagealloc is on", "command line" },
		{ "platform forbids aliases of a page", "directory mode" },
		{ "no KeyIDs left for software", "TDX" },
		{ "CPUs differ", "firmware" },
		{ "a package has no CPU here", "nr_cpus" },
		{ "crash kernel", "own kernel" },
		{ "something new", "dmesg" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		KERNEL_IS(LEVEL_FAIL, "kernel-keyids", pairs[i][0], pairs[i][1],
			  kernel.machine.keyids_total = 0;
			  snprintf(kernel.machine.status, sizeof(kernel.machine.status), "%s",
				   pairs[i][0]));
}

TEST(all_keyids_hold_keys)
{
	KERNEL_IS(LEVEL_WARN, "keyids-free", "63", "keyctl revoke",
		  kernel.machine.keyids_used = 63);
}

TEST(no_persistent_memory)
{
	struct memory_facts memory = {};
	FINDINGS findings = {};

	judge_memory(&memory, &findings);
	check_only(&findings, LEVEL_FAIL, "region-none", "no persistent memory", "memmap=");
}

TEST(misaligned_region)
{
	/* QEMU: 272 MiB with a label area of 2 MiB */
	MEMORY_IS(LEVEL_FAIL, "region-align", "0x10e00000", "14 MiB smaller",
		  region.size = 0x10e00000);
}

TEST(disabled_region)
{
	MEMORY_IS(LEVEL_FAIL, "region-enabled", "disabled", "ndctl enable-region region0",
		  region.enabled = false; region.namespaces = 0);
}

TEST(locked_dimm)
{
	MEMORY_IS(LEVEL_FAIL, "dimm-locked", "nmem0", "ndctl load-keys",
		  region.dimm_locked = true; region.namespaces = 0);
}

TEST(read_only_region)
{
	MEMORY_IS(LEVEL_FAIL, "region-read-only", "read-only", "read_only", region.read_only = true);
}

TEST(no_label_area)
{
	MEMORY_IS(LEVEL_WARN, "region-labels", "no label area", "label-size",
		  region.uses_labels = false; region.has_label_area = false);
	MEMORY_IS(LEVEL_WARN, "region-labels", "nmem0 is empty", "ndctl init-labels nmem0",
		  region.uses_labels = false);
}

TEST(bad_blocks)
{
	MEMORY_IS(LEVEL_WARN, "bad-blocks", "errors", "ndctl list", region.has_bad_blocks = true);
	MEMORY_IS(LEVEL_WARN, "bad-blocks", "SIGBUS", "ndctl clear-errors namespace0.0",
		  ns.has_bad_blocks = true);
}

TEST(region_without_a_namespace)
{
	MEMORY_IS(LEVEL_FAIL, "namespace-none", "1 GiB", "mktme-dax setup", region.namespaces = 0;
		  region.available = 1ULL << 30);
}

TEST(disabled_namespace)
{
	MEMORY_IS(LEVEL_FAIL, "namespace-enabled", "disabled", "ndctl enable-namespace namespace0.0",
		  ns.enabled = false);
}

TEST(namespace_of_another_mode)
{
	MEMORY_IS(LEVEL_FAIL, "namespace-mode", "\"raw\"", "-e namespace0.0 -m fsdax",
		  ns.mode = MODE_RAW);
	MEMORY_IS(LEVEL_FAIL, "namespace-mode", "\"sector\"", "-e namespace0.0 -m fsdax",
		  ns.mode = MODE_SECTOR);
	MEMORY_IS(LEVEL_FAIL, "namespace-mode", "\"devdax\"", "-e namespace0.0 -m fsdax",
		  ns.mode = MODE_DEVDAX);
	MEMORY_IS(LEVEL_FAIL, "namespace-mode", "\"unknown\"", "-e namespace0.0 -m fsdax",
		  ns.mode = MODE_UNKNOWN);
}

TEST(misaligned_namespace)
{
	MEMORY_IS(LEVEL_WARN, "namespace-align", "below 2 MiB", "-a 2M", ns.align = 4096);
	MEMORY_IS(LEVEL_WARN, "namespace-align", "does not begin", "-a 2M",
		  ns.resource = 0x100101000);
}

TEST(what_only_root_may_know_is_not_judged)
{
	struct namespace_facts ns = healthy_namespace;
	FINDINGS findings;

	ns.resource = 0;
	findings = found_in_memory(healthy_region, ns);
	CHECK_EQ(worst_level(&findings), LEVEL_OK);
	CHECK(!was_asked(&findings, "namespace-align"));
}

TEST(device_finds_its_namespace)
{
	struct namespace_facts list[] = { healthy_namespace, healthy_namespace, healthy_namespace };
	struct memory_facts memory = { .namespaces = list, .namespace_count = 3 };

	strcpy(list[1].device, "pmem0.1");
	strcpy(list[2].device, "");
	CHECK(namespace_of(&memory, "pmem0") == &list[0]);
	CHECK(namespace_of(&memory, "pmem0p2") == &list[0]);
	CHECK(namespace_of(&memory, "pmem0.1") == &list[1]);
	CHECK(namespace_of(&memory, "pmem0.1p1") == &list[1]);
	CHECK(!namespace_of(&memory, "pmem01"));
	CHECK(!namespace_of(&memory, "sda"));
	CHECK(!namespace_of(&memory, ""));
}

int main(int argc, char **argv)
{
	return tap_main("doctor-machine", argc, argv);
}
