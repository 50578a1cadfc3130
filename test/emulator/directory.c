// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tme-directory-mode: two KeyIDs for one page are a machine check, unless the
 * first has been flushed
 */
#include "lib.h"

#define VEC_MC		18
#define CR4_MCE		(1u << 6)
#define MCG_STATUS	0x17a
#define BANK		7
#define MCI(n)		(0x400 + 4 * BANK + (n))	/* CTL, STATUS, ADDR, MISC */
#define MCG_MCIP	(1u << 2)
#define STATUS_MUST	(1ull << 63 | 1ull << 61 | 1ull << 60 | 1ull << 59 | 1ull << 58 | 1ull << 57)
#define MCACOD		0x9f

static void do_load(void *p)
{
	*(volatile u8 *)p;
}
static void do_store(void *p)
{
	*(volatile u8 *)p = 1;
}
static void do_call(void *p)
{
	((void (*)(void))p)();
}

/* Touched, and no machine check. */
static bool quiet(void (*fn)(void *), void *p)
{
	return try(fn, p) == 0;
}

/* Touched, and the machine check has the address; the bank is cleared again. */
static bool alarm(void (*fn)(void *), unsigned keyid, u64 bus)
{
	u64 mcg = 0, status = 0, addr = 0, misc = 0;
	int v = vector(try(fn, alias(keyid, bus)));

	rdmsr_try(MCG_STATUS, &mcg);
	rdmsr_try(MCI(1), &status);
	rdmsr_try(MCI(2), &addr);
	rdmsr_try(MCI(3), &misc);
	wrmsr_try(MCI(1), 0);
	wrmsr_try(MCG_STATUS, 0);
	return v == VEC_MC && (mcg & MCG_MCIP) && (status & STATUS_MUST) == STATUS_MUST &&
	       (status & 0xffff) == MCACOD && addr == (phys(keyid, bus) & -LINE) &&
	       misc == (2 << 6 | 6);
}

static void forget(u64 bus, unsigned a, unsigned b)
{
	flush(alias(a, bus), PAGE);
	flush(alias(b, bus), PAGE);
}

static void pair(const char *name, unsigned a, unsigned b, u64 bus)
{
	u8 *p = alias(a, bus), *q = alias(b, bus);
	unsigned i;

	forget(bus, a, b);
	check(quiet(do_load, p) && quiet(do_store, p + 1) && quiet(do_load, p + PAGE / 2),
	      "%s: one KeyID may do as it likes", name);
	check(alarm(do_load, b, bus + 70), "%s: a load through the other is #MC", name);
	forget(bus, a, b);
	quiet(do_load, p);
	check(alarm(do_store, b, bus + PAGE - 1), "%s: so is a store", name);
	forget(bus, a, b);
	*(volatile u8 *)p = 0xc3;
	flush(p, PAGE);
	check(quiet(do_call, p) && alarm(do_call, b, bus), "%s: and a fetch", name);
	forget(bus, a, b);
	quiet(do_store, p);
	flush(p, PAGE);
	check(quiet(do_load, q), "%s: not after a flush of the page", name);
	check(alarm(do_load, a, bus), "%s: and it is the same the other way round", name);
	forget(bus, a, b);
	quiet(do_store, p);
	for (i = 0; i < PAGE; i += LINE) {
		if (i != 5 * LINE)
			clflush(p + i);
	}
	check(alarm(do_load, b, bus), "%s: one line was forgotten", name);
	wbinvd();
	check(quiet(do_load, p), "%s: not after WBINVD", name);
	forget(bus, a, b);
}

void test_main(void)
{
	u64 v = 0, cr4;

	check(rdmsr_try(0x6f, &v) && v == 0x100, "6FH says that aliases are forbidden");
	check(!wrmsr_try(0x6f, 0), "a write to 6FH is #GP");
	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	asm volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_MCE));
	program(1, SET_DIRECT, ALG_128, 1);
	program(2, SET_DIRECT, ALG_128, 1);
	pair("KeyIDs 1 and 2, DRAM", 1, 2, machine.dram);
	pair("KeyIDs 1 and 2, DIMM", 1, 2, machine.dimm);
	pair("KeyIDs 0 and 1, DRAM", 0, 1, machine.dram + PAGE);
	pair("KeyIDs 0 and 1, DIMM", 0, 1, machine.dimm + PAGE);
	pair("KeyIDs 2 and 0, DRAM", 2, 0, machine.dram + 2 * PAGE);
	pair("KeyIDs 2 and 0, DIMM", 2, 0, machine.dimm + 2 * PAGE);
}
