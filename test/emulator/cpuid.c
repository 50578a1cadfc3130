// SPDX-License-Identifier: GPL-2.0-or-later
/* CPUID: TME_EN, PCONFIG, leaf 1BH, and MAXPHYADDR, which KeyIDs do not reduce. */
#include "lib.h"

void test_main(void)
{
	u32 r[4];

	cpuid(0, 0, r);
	check(!machine.tme || r[0] >= 0x1b, "the highest leaf reaches 1BH if there is TME");
	if (r[0] >= 0x1b) {
		cpuid(0x1b, 0, r);
		check((r[0] & 0xfff) == machine.tme, "leaf 1BH type of sub-leaf 0");
		check(r[1] == machine.tme && !r[2] && !r[3], "leaf 1BH targets");
		cpuid(0x1b, 1, r);
		check(!r[0] && !r[1] && !r[2] && !r[3], "leaf 1BH list ends at sub-leaf 1");
	}
	cpuid(7, 0, r);
	check((r[2] >> 13 & 1) == machine.tme, "7.0:ECX[13] TME_EN");
	check((r[3] >> 18 & 1) == machine.tme, "7.0:EDX[18] PCONFIG");
	cpuid(7, 1, r);
	check(!(r[3] >> 18 & 1), "sub-leaf 7.1 is left alone");
	cpuid(0x80000008, 0, r);
	check((r[0] & 0xff) == option("phys", 46), "MAXPHYADDR is not reduced");
}
