// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tme-audit: what is reported, and that nothing else is
 *
 * Each report that has to come is printed as "audit ..." in the emulator's own
 * words, to the last address. The host compares the two lists.
 *
 * evict=1	the write-backs come from tme-evict
 * stop=1	the first report stops the machine
 */
#include "lib.h"

/* Instructions with a name, called with one frame above them. */
extern u8 outer[], outer_end[];
extern u8 store_at[], store_again_at[], clwb_at[], clflush_at[], sfence_at[], wbinvd_end[];
extern u8 lock_at[], nt_at[], nt_end[];
asm(".text\n"
    "outer:	push %rbp\n	xor %ebp, %ebp\n	call inner\n"
    "outer_end:	pop %rbp\n	ret\n"
    "inner:	push %rbp\n	mov %rsp, %rbp\n	call *%rsi\n	pop %rbp\n	ret\n"
    "store_at:	movb $0x5a, (%rdi)\n	ret\n"
    "store_again_at: movb $0x5a, (%rdi)\n	ret\n"
    "clwb_at:	clwb (%rdi)\n	ret\n"
    "clflush_at: clflush (%rdi)\n	ret\n"
    "sfence_at:	sfence\n	ret\n"
    "wbinvd_at:	wbinvd\n"
    "wbinvd_end: ret\n"
    "lock_at:	lock incq (%rdi)\n	ret\n"
    "nt_at:	movnti %rdi, (%rdi)\n"
    "nt_end:	ret\n");
extern u8 wbinvd_at[];

static void run(u8 *instruction, void *p)
{
	asm volatile("call outer" : "+D"(p), "+S"(instruction) : : "rax", "rcx", "rdx", "memory");
}

static unsigned expected[3];
enum { TWO_DIRTY, OVER_NEWER, DEAD_KEY };

static void expect(unsigned kind, unsigned keyid, u64 bus, unsigned other, u8 *rip, u8 *stored)
{
	static const char *const name[] = { "two-dirty", "over-newer", "dead-key" };

	expected[kind]++;
	if (rip) {
		/* into the TLB, which knows the linear address */
		*(volatile u8 *)alias(keyid, bus);
		say("audit %s line=0x%lx keyid=%u other=%u linear=0x%lx rip=0x%lx stored=0x%lx "
		    "cpu=0 stack=0x%lx", name[kind], bus & -LINE, keyid, other,
		    (u64)alias(keyid, bus & -LINE), (u64)rip, (u64)stored, (u64)outer_end);
	} else {
		say("audit %s line=0x%lx keyid=%u other=%u linear=0x0 rip=0x0 stored=0x%lx "
		    "cpu=-1 stack=", name[kind], bus & -LINE, keyid, other, (u64)stored);
	}
}

/* The line in memory, in both aliases clean or absent. */
static void fresh(u64 bus, unsigned a, unsigned b)
{
	flush(alias(a, bus), LINE);
	flush(alias(b, bus), LINE);
}

static void fetch(unsigned keyid, u64 bus)
{
	*(volatile u8 *)alias(keyid, bus);
}

/* Everything a program may do. */
static void clean_program(unsigned a, unsigned b, u64 bus)
{
	u8 *p = alias(a, bus), *q = alias(b, bus);

	fresh(bus, a, b);
	run(store_at, p);
	run(clwb_at, p);
	run(store_at, p);
	run(clflush_at, p);
	run(store_at, q);
	run(nt_at, q + 8);
	run(sfence_at, q);
	run(lock_at, q);
	flush(q, LINE);
	fetch(a, bus);
	flush(p, LINE);
	/* dirty under one, another line of the page under the other */
	run(store_at, p);
	flush(q + LINE, LINE);
	run(store_at, q + LINE);
	flush(p, LINE);
	flush(q, 2 * LINE);
	check(*(volatile u8 *)p == 0x5a, "KeyIDs %d and %d: nothing to report", a, b);
	flush(p, PAGE);
	flush(q, PAGE);
}

static void two_dirty(unsigned a, unsigned b, u64 bus)
{
	u8 *p = alias(a, bus), *q = alias(b, bus);

	fresh(bus, a, b);
	run(store_at, p + 3);
	expect(TWO_DIRTY, b, bus, a, store_at, store_at);
	run(store_at, q + 17);
	run(store_at, q + 18);		/* dirty already */
	run(clwb_at, q);
	run(store_at, q);		/* told already */
	run(clwb_at, q);
	expect(TWO_DIRTY, b, bus, a, store_again_at, store_at);
	run(store_again_at, q);
	/* the same value is a store as well */
	expect(OVER_NEWER, a, bus, b, clwb_at, store_at);
	run(clwb_at, p);
	expect(OVER_NEWER, b, bus, a, clflush_at, store_again_at);
	run(clflush_at, q);
	fresh(bus, a, b);
	/* a line beside it; the first store is a locked one */
	bus += LINE;
	p += LINE;
	q += LINE;
	fresh(bus, a, b);
	run(lock_at, q + 8);
	expect(TWO_DIRTY, a, bus, b, store_again_at, lock_at);
	run(store_again_at, p);
	run(clwb_at, p);
	expect(OVER_NEWER, b, bus, a, clflush_at, lock_at);
	run(clflush_at, q);
	flush(p, LINE);
}

static void nt_line(u8 *p, unsigned from)
{
	unsigned ofs;

	for (ofs = from; ofs < LINE; ofs += 8)
		run(nt_at, p + ofs);
}

static void over_newer(unsigned a, unsigned b, u64 bus)
{
	u8 *p = alias(a, bus), *q = alias(b, bus);

	/* a clean line that is stale, then stored to */
	fresh(bus, a, b);
	fetch(a, bus);
	*q = 4;
	run(clflush_at, q);
	run(store_at, p + 1);
	expect(OVER_NEWER, a, bus, b, clwb_at, store_at);
	run(clwb_at, p);
	/* what reaches memory is what was there: nothing is lost */
	fresh(bus, a, b);
	fetch(a, bus);
	run(store_again_at, q);
	*q = *p;
	run(clflush_at, q);
	run(store_at, p + 1);
	run(clwb_at, p);
	/* stale, but all of it is written anew */
	fresh(bus, a, b);
	fetch(a, bus);
	*q = 1;
	run(clflush_at, q);
	nt_line(p, 0);
	run(sfence_at, p);
	/* all of it but one word */
	fresh(bus, a, b);
	fetch(a, bus);
	*q = 2;
	run(clflush_at, q);
	nt_line(p, 8);
	expect(OVER_NEWER, a, bus, b, sfence_at, nt_at);
	run(sfence_at, p);
	/* all caches */
	fresh(bus, a, b);
	fetch(a, bus);
	*q = 3;
	run(clflush_at, q);
	run(store_at, p);
	expect(OVER_NEWER, a, bus, b, wbinvd_end, store_at);
	run(wbinvd_at, p);
}

static void dead_key(unsigned keyid, u64 bus)
{
	u8 *p = alias(keyid, bus);

	program(keyid, SET_DIRECT, ALG_128, 1);
	flush(p, LINE);
	run(store_at, p);
	program(keyid, SET_DIRECT, ALG_128, 1);
	run(clwb_at, p);		/* the key is the same */
	run(store_at, p);
	program(keyid, SET_DIRECT, ALG_128, 2);
	expect(DEAD_KEY, keyid, bus, keyid, clwb_at, store_at);
	run(clwb_at, p);
	run(store_at, p);
	run(clwb_at, p);		/* alive again */
	run(store_at, p + LINE);
	program(keyid, CLEAR, ALG_128, 0);
	expect(DEAD_KEY, keyid, bus + LINE, keyid, clflush_at, store_at);
	run(clflush_at, p + LINE);
	flush(p, LINE);
	program(keyid, NO_ENCRYPT, ALG_128, 0);
}

/* The device writes memory behind a dirty line of another KeyID. */
static void device(unsigned a, unsigned b, u64 bus)
{
	u8 *p = alias(a, bus);

	fresh(bus, a, b);
	run(store_at, p);
	fw_cfg_read(b, bus + 8, 4);
	expect(OVER_NEWER, a, bus, b, clwb_at, store_at);
	run(clwb_at, p);
	/* coherent with its own alias */
	fresh(bus, a, b);
	run(store_at, p);
	fw_cfg_read(a, bus + 8, 4);
	run(clwb_at, p);
	flush(p, LINE);
	fw_cfg_read(a, bus + 8, 4);
	fetch(a, bus);
	flush(p, LINE);
}

static void evicted(unsigned a, unsigned b, u64 bus)
{
	u8 *p = alias(a, bus), *q = alias(b, bus), raw = 0;

	*p = 0;
	fresh(bus, a, b);
	fetch(a, bus);
	*q = 1;
	flush(q, LINE);
	expect(OVER_NEWER, a, bus, b, NULL, store_at);
	run(store_at, p);
	while (raw != 0x5a)
		raw_read(bus, &raw, 1);
	check(true, "the line was evicted");
}

void test_main(void)
{
	u64 dram = machine.dram, dimm = machine.dimm;
	unsigned keyid;

	for (keyid = 1; keyid <= machine.keys; keyid++)
		program(keyid, NO_ENCRYPT, ALG_128, 0);
	clean_program(1, 2, dram);
	clean_program(0, 1, dimm);
	clean_program(2, 0, dimm);
	if (option("stop", 0))
		two_dirty(1, 2, dram);
	if (option("evict", 0)) {
		evicted(1, 2, dram + PAGE);
	} else {
		two_dirty(1, 2, dram + PAGE);
		two_dirty(1, 0, dimm + PAGE);
		two_dirty(0, 1, dimm + 2 * PAGE);
		over_newer(1, 2, dram + 2 * PAGE);
		over_newer(0, 3, dimm + 3 * PAGE);
		dead_key(1, dimm + 5 * PAGE);
		device(1, 2, dram + 6 * PAGE);
		device(1, 0, dimm + 6 * PAGE);
	}
	say("audit total two-dirty=%d over-newer=%d dead-key=%d", expected[TWO_DIRTY],
	    expected[OVER_NEWER], expected[DEAD_KEY]);
}
