// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the model costs, in ns per access or line and as a ratio to plain RAM of
 * the same run. A second CPU is busy meanwhile, as in a running system.
 *
 * "time NAME TENTHS-OF-NS RATIO*100"
 */
#include "lib.h"

#define MIB	(1024 * 1024ul)
#define SIZE	MIB
#define LINES	(SIZE / LINE)
#define PM_TIMER 0x608
#define PM_HZ	3579545

static u64 tsc_per_ms;
static u64 plain_access, plain_copy;
static volatile u64 quiet, other;

void ap_main(void)
{
	static volatile u64 area[512];

	while (!quiet) {
		area[other % 512]++;
		other++;
	}
}

static void calibrate(void)
{
	u32 start = in32(PM_TIMER) & 0xffffff;
	u64 tsc = rdtsc();

	while (((in32(PM_TIMER) - start) & 0xffffff) < PM_HZ / 50)
		;
	tsc_per_ms = (rdtsc() - tsc) / 20;
}

static void read8(u8 *p)
{
	volatile u64 *q = (void *)p;
	unsigned i;

	for (i = 0; i < SIZE / 8; i++)
		q[i];
}
static void write8(u8 *p)
{
	volatile u64 *q = (void *)p;
	unsigned i;

	for (i = 0; i < SIZE / 8; i++)
		q[i] = i;
}
static void nt8(u8 *p)
{
	unsigned i;

	for (i = 0; i < SIZE / 8; i++)
		asm volatile("movnti %1, %0" : "=m"(((u64 *)p)[i]) : "r"((u64)i));
	sfence();
}
/* The distance keeps the two out of one slot of TCG's TLB. */
static void copy(u8 *p)
{
	void *from = p + SIZE + 33 * PAGE;
	u64 n = SIZE / 8;

	asm volatile("rep movsq" : "+D"(p), "+S"(from), "+c"(n) : : "memory");
}
static void dirty(u8 *p)
{
	unsigned i;

	for (i = 0; i < SIZE; i += LINE)
		*(volatile u64 *)(p + i) += 1;
}
static void nothing(u8 *p) { (void)p; }
static void fetch(u8 *p)
{
	unsigned i;

	for (i = 0; i < SIZE; i += LINE)
		*(volatile u64 *)(p + i);
}
static void all_clwb(u8 *p) { write_back(p, SIZE); }
static void all_opt(u8 *p) { flush(p, SIZE); }
static void all_clflush(u8 *p)
{
	unsigned i;

	mfence();
	for (i = 0; i < SIZE; i += LINE)
		clflush(p + i);
	mfence();
}
static void fences(u8 *p)
{
	unsigned i;

	(void)p;
	for (i = 0; i < LINES; i++)
		mfence();
}
static void locks(u8 *p)
{
	unsigned i;

	for (i = 0; i < LINES; i++)
		asm volatile("lock incq %0" : "+m"(*(u64 *)p));
}

/* Best of five, in tenths of ns per unit. */
static u64 measure(const char *where, const char *name, void (*before)(u8 *), void (*fn)(u8 *),
		   u8 *p, u64 units, u64 base)
{
	u64 best = ~0ull, t;
	unsigned i;

	for (i = 0; i < 5; i++) {
		before(p);
		t = rdtsc();
		fn(p);
		t = rdtsc() - t;
		if (t < best)
			best = t;
	}
	best = best * 10000000 / tsc_per_ms / units;
	say("time %s, %s %ld %ld", where, name, best, base ? best * 100 / base : 100);
	return best;
}

static void area(const char *where, u8 *p, bool base)
{
	u64 t;

	memset(p, 1, 3 * SIZE);
	write_back(p, 3 * SIZE);
	t = measure(where, "8-byte load", nothing, read8, p, SIZE / 8, plain_access);
	if (base)
		plain_access = t;
	measure(where, "8-byte store", nothing, write8, p, SIZE / 8, plain_access);
	t = measure(where, "rep movsq, 64 bytes", nothing, copy, p, LINES, plain_copy);
	if (base)
		plain_copy = t;
	measure(where, "MOVNTI, 8 bytes", nothing, nt8, p, SIZE / 8, plain_access);
	measure(where, "CLWB, clean line", nothing, all_clwb, p, LINES, plain_access);
	measure(where, "CLWB, dirty line", dirty, all_clwb, p, LINES, plain_access);
	measure(where, "CLFLUSHOPT, clean line", fetch, all_opt, p, LINES, plain_access);
	measure(where, "CLFLUSHOPT, dirty line", dirty, all_opt, p, LINES, plain_access);
	measure(where, "CLFLUSHOPT, absent line", nothing, all_opt, p, LINES, plain_access);
	measure(where, "CLFLUSH, dirty line", dirty, all_clflush, p, LINES, plain_access);
	measure(where, "fetch after a flush, line", all_opt, fetch, p, LINES, plain_access);
	measure(where, "MFENCE", nothing, fences, p, LINES, plain_access);
	measure(where, "lock inc", nothing, locks, p, LINES, plain_access);
}

static void lone(u8 *p)
{
	u64 best = ~0ull, t, begin;
	unsigned i;

	for (i = 0; i < 200; i++) {
		*(volatile u8 *)p = i;
		begin = rdtsc();
		clflush(p);
		mfence();
		t = rdtsc() - begin;
		if (t < best)
			best = t;
	}
	best = best * 10000000 / tsc_per_ms;
	say("time one CLFLUSH alone %ld %ld", best, best * 100 / plain_access);
}

void test_main(void)
{
	calibrate();
	start_ap();
	while (!other)
		pause();
	area("plain DRAM", (u8 *)machine.dram, true);
	area("DIMM, KeyID 0", (u8 *)machine.dimm, false);
	if (machine.tme) {
		program(1, SET_DIRECT, ALG_128, 1);
		area("DIMM, KeyID 1", alias(1, machine.dimm), false);
		program(1, SET_DIRECT, ALG_256, 1);
		area("DIMM, KeyID 1, XTS-256", alias(1, machine.dimm + 4 * MIB), false);
		lone(alias(1, machine.dimm));
	}
	quiet = 1;
}
