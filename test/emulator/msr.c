// SPDX-License-Identifier: GPL-2.0-or-later
/* MSRs 6FH, 87H, 981H-984H, 9FFH: contents, and who may write them. */
#include "lib.h"

static const u32 ours[] = { 0x6f, 0x87, 0x981, 0x982, 0x983, 0x984, 0x9ff };

static void absent(void)
{
	unsigned i;
	u64 v;

	/* TCG reads MSRs it does not know as 0, and ignores writes. */
	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		check(rdmsr_try(ours[i], &v) && v == 0, "without TME, MSR %xH reads 0", ours[i]);
		check(wrmsr_try(ours[i], ~0ull), "without TME, MSR %xH takes a write", ours[i]);
		check(rdmsr_try(ours[i], &v) && v == 0, "without TME, MSR %xH keeps nothing", ours[i]);
	}
}

static void present(void)
{
	u64 v = 0;
	unsigned i;

	check(rdmsr_try(0x981, &v), "981H can be read");
	check(v & 1, "981H: AES-XTS-128");
	check(v >> 2 & 1, "981H: AES-XTS-256");
	check(!(v & 0xa), "981H: no integrity");
	check(v >> 31 & 1, "981H: bypass of KeyID 0");
	check((v >> 32 & 0xf) == machine.bits, "981H: KeyID bits");
	check((v >> 36 & 0x7fff) == machine.keys, "981H: keys");

	check(rdmsr_try(0x982, &v), "982H can be read");
	check((v & 3) == 3, "982H: locked and enabled");
	check(v >> 31 & 1, "982H: KeyID 0 bypasses encryption");
	check((v >> 32 & 0xf) == machine.bits, "982H: KeyID bits");
	check((v >> 36 & 0xf) == 0, "982H: no KeyID bits for TDX");
	check((v >> 48) == (ALG_128 | ALG_256), "982H: algorithms for PCONFIG");
	check((v & 0x7ffffffc) == 0, "982H: the rest is 0");

	check(rdmsr_try(0x6f, &v) && v == 0, "6FH: aliases are not forbidden");
	check(rdmsr_try(0x87, &v) && v == machine.keys, "87H: all KeyIDs are for MKTME");
	check(rdmsr_try(0x983, &v) && v == 0, "983H: no exclusion");
	check(rdmsr_try(0x984, &v) && v == 0, "984H: no exclusion");
	check(rdmsr_try(0x9ff, &v) && v == (u64)machine.bits << 32, "9FFH: KeyID bits of the core");

	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		check(!wrmsr_try(ours[i], 1ull << 32), "a write to %xH is #GP", ours[i]);
	check(wrmsr_try(0x9ff, 0), "a write of 0 to 9FFH is what the firmware does");
	check(fault_code == 0, "#GP has error code 0");
	check(rdmsr_try(0x982, &v) && (v >> 32 & 0xf) == machine.bits, "982H did not change");
}

void test_main(void)
{
	if (machine.tme)
		present();
	else
		absent();
}
