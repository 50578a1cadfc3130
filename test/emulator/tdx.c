// SPDX-License-Identifier: GPL-2.0-or-later
/* tme-tdx-bits: the topmost KeyIDs belong to TDX, nobody else may touch them. */
#include "lib.h"

static void do_read(void *arg)
{
	*(volatile u8 *)arg;
}

void test_main(void)
{
	unsigned bits = option("tdx", 0), ours = machine.keys >> bits, keyid;
	struct key_program p;
	struct pconfig_result r;
	u64 v;

	check(rdmsr_try(0x87, &v) && (u32)v == ours, "87H: KeyIDs for MKTME");
	check(v >> 32 == machine.keys - ours, "87H: KeyIDs for TDX");
	check(rdmsr_try(0x982, &v) && (v >> 36 & 0xf) == bits, "982H: KeyID bits for TDX");
	check((v >> 32 & 0xf) == machine.bits, "982H: KeyID bits in all");
	fill_key(&p, ours, SET_DIRECT, ALG_128, 1);
	check(!pconfig(&p, &r) && !r.rax, "PCONFIG: the last KeyID of MKTME");
	check(try(do_read, alias(ours, machine.dram)) == 0, "and an access");
	for (keyid = ours + 1; keyid <= machine.keys; keyid += ours + 1) {
		fill_key(&p, keyid, SET_DIRECT, ALG_128, 1);
		check(vector(pconfig(&p, &r)) == VEC_GP, "PCONFIG: #GP for KeyID %d", keyid);
		check(vector(try(do_read, alias(keyid, machine.dram))) == VEC_PF &&
		      (fault_code & 8), "#PF, reserved bit, for KeyID %d", keyid);
	}
}
