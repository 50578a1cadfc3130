// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Facts of the CPU and the kernel
 */
#include "doctor.h"
#include <cpuid.h>
#include <sys/utsname.h>

#define MSR_KEYID_PARTITIONING	0x87
#define MSR_TME_CAPABILITY	0x981
#define MSR_TME_ACTIVATE	0x982

static void probe_cpuid(struct cpu_facts *cpu)
{
	unsigned int eax, ebx, ecx, edx;

	if (__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		cpu->is_guest = ecx >> 31 & 1;
	if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
		return;
	cpu->has_tme = ecx >> 13 & 1;
	cpu->has_pconfig = edx >> 18 & 1;
}

static bool read_msr(unsigned int cpu, unsigned int msr, uint64_t *value)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/dev/cpu/%u/msr", cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = pread(fd, value, sizeof(*value), msr);
	close(fd);
	return len == sizeof(*value);
}

static void compare_cpus(struct cpu_facts *cpu)
{
	long count = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t activate;

	for (long i = 1; i < count; i++)
		if (read_msr(i, MSR_TME_ACTIVATE, &activate) && activate != cpu->activate)
			cpu->cpus_differ = true;
}

void probe_cpu(struct cpu_facts *cpu)
{
	*cpu = (struct cpu_facts){};
	probe_cpuid(cpu);
	if (!cpu->has_tme || !read_msr(0, MSR_TME_CAPABILITY, &cpu->capability) ||
	    !read_msr(0, MSR_TME_ACTIVATE, &cpu->activate))
		return;
	cpu->msrs_read = true;
	/* There with TDX only. */
	if (!read_msr(0, MSR_KEYID_PARTITIONING, &cpu->partitioning))
		cpu->partitioning = 0;
	compare_cpus(cpu);
}

void probe_kernel(struct kernel_facts *kernel)
{
	struct utsname name;

	*kernel = (struct kernel_facts){};
	if (!uname(&name))
		snprintf(kernel->release, sizeof(kernel->release), "%s", name.release);
	read_machine(&kernel->machine);
}
