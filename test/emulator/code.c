// SPDX-License-Identifier: GPL-2.0-or-later
/* Program text and page tables in encrypted pages; no stale translation. */
#include "lib.h"

/* mov $n, %eax; ret */
static void put_function(volatile u8 *p, u32 n)
{
	p[0] = 0xb8;
	*(volatile u32 *)(p + 1) = n;
	p[5] = 0xc3;
}

static u32 call(void *p)
{
	return ((u32 (*)(void))p)();
}

/* KeyIDs 1 and 2 have one key, so what one writes the other can execute. */
static void execute(const char *name, u64 bus)
{
	u8 *a = alias(1, bus), *b = alias(2, bus);
	unsigned i;

	put_function(a, 1);
	check(call(a) == 1, "%s: code in an encrypted page", name);
	put_function(a, 2);
	check(call(a) == 2, "%s: self-modified", name);
	flush(a, LINE);
	check(call(a) == 2, "%s: after a flush", name);
	check(call(b) == 2, "%s: by the other KeyID with the same key", name);
	for (i = 0; i < 3; i++) {
		flush(a, LINE);
		put_function(a, 10 + i);
		flush(a, LINE);
		if (machine.cached)
			check(call(b) == (i ? 9 + i : 2), "%s: stale until its own flush", name);
		flush(b, LINE);
		check(call(b) == 10 + i, "%s: changed in memory, then flushed", name);
	}
	/* the code's page itself flushed from inside a loop of calls */
	for (i = 0; i < 50; i++) {
		put_function(a, i);
		clflush(a);
		clflush(b);
		if (call(b) != i)
			break;
	}
	check(i == 50, "%s: rewritten and called 50 times", name);
	flush(a, LINE);
	flush(b, LINE);
}

/* KeyID 0 text, changed in memory through a KeyID without cipher. */
static void execute_keyid0(u64 bus)
{
	u8 *zero = alias(0, bus), *plain = alias(3, bus);

	put_function(zero, 1);
	flush(zero, LINE);
	check(call(zero) == 1, "KeyID 0 code");
	flush(plain, LINE);
	put_function(plain, 2);
	flush(plain, LINE);
	flush(zero, LINE);
	check(call(zero) == 2, "KeyID 0 code, changed by write-back of an alias");
}

/* A page table that is itself in an encrypted page. */
static void page_table(u64 bus)
{
	volatile u64 *table = alias(1, bus);
	u64 linear = PAGES_BASE + (1ul << 21);
	unsigned i;

	for (i = 0; i < 512; i++)
		table[i] = 0;
	table[0] = machine.dram | 3;
	pages_pd[1] = (u64)1 << machine.shift | bus | 3;
	invlpg(linear);
	*(volatile u64 *)machine.dram = 0xabcd;
	check(*(volatile u64 *)linear == 0xabcd, "page table in an encrypted page");
	*(volatile u64 *)linear = 0xbcde;
	check((table[0] & 0x60) == 0x60, "its accessed and dirty bits are set");
	table[0] = (machine.dram + PAGE) | 3;
	invlpg(linear);
	*(volatile u64 *)(machine.dram + PAGE) = 0xef01;
	check(*(volatile u64 *)linear == 0xef01, "and changed");
	pages_pd[1] = 0;
	invlpg(linear);
	flush(table, PAGE);
}

void test_main(void)
{
	if (!machine.tme) {
		put_function((u8 *)machine.dimm, 1);
		check(call((void *)machine.dimm) == 1, "code on the DIMM");
		put_function((u8 *)machine.dimm, 2);
		check(call((void *)machine.dimm) == 2, "code on the DIMM, changed");
		return;
	}
	program(1, SET_DIRECT, ALG_128, 8);
	program(2, SET_DIRECT, ALG_128, 8);
	program(3, NO_ENCRYPT, ALG_128, 0);
	execute("DRAM", machine.dram + 4 * PAGE);
	execute("DIMM", machine.dimm);
	execute_keyid0(machine.dram + 5 * PAGE);
	execute_keyid0(machine.dimm + PAGE);
	page_table(machine.dram + 6 * PAGE);
	page_table(machine.dimm + 2 * PAGE);
}
