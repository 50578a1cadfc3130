// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the model costs: "time WHERE; WHAT; PICOSECONDS", per access or line.
 *
 * A second CPU is busy meanwhile, as in a running system. Plain RAM is measured
 * in the same run; bench.sh makes ratios of the two, and knows the limits.
 */
#include "lib.h"

#define MIB	(1024 * 1024ul)
#define LINES	(size / LINE)
#define PM_TIMER 0x608
#define PM_HZ	3579545
#define ROUNDS	50

static u64 tsc_per_ms;
static unsigned long size = MIB;
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

	for (i = 0; i < size / 8; i++)
		q[i];
}
static void write8(u8 *p)
{
	volatile u64 *q = (void *)p;
	unsigned i;

	for (i = 0; i < size / 8; i++)
		q[i] = i;
}
static void nt8(u8 *p)
{
	unsigned i;

	for (i = 0; i < size / 8; i++)
		asm volatile("movnti %1, %0" : "=m"(((u64 *)p)[i]) : "r"((u64)i));
	sfence();
}
/* The distance keeps the two out of one slot of TCG's TLB. */
static void copy(u8 *p)
{
	void *from = p + size + 33 * PAGE;
	u64 n = size / 8;

	asm volatile("rep movsq" : "+D"(p), "+S"(from), "+c"(n) : : "memory");
}
static void dirty(u8 *p)
{
	unsigned i;

	for (i = 0; i < size; i += LINE)
		*(volatile u64 *)(p + i) += 1;
}
static void nothing(u8 *p) { (void)p; }
static void fetch(u8 *p)
{
	unsigned i;

	for (i = 0; i < size; i += LINE)
		*(volatile u64 *)(p + i);
}
static void all_clwb(u8 *p) { write_back(p, size); }
static void all_opt(u8 *p) { flush(p, size); }
static void all_clflush(u8 *p)
{
	unsigned i;

	mfence();
	for (i = 0; i < size; i += LINE)
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

/* The best of many runs is the one that nothing else has disturbed. */
static void measure(const char *where, const char *what, void (*before)(u8 *), void (*fn)(u8 *),
		    u8 *p, u64 units)
{
	u64 best = ~0ull, t;
	unsigned i;

	for (i = 0; i < ROUNDS; i++) {
		before(p);
		t = rdtsc();
		fn(p);
		t = rdtsc() - t;
		if (t < best)
			best = t;
	}
	say("time %s; %s; %ld", where, what, best * 1000000000 / tsc_per_ms / units);
}

static void area(const char *where, u8 *p)
{
	memset(p, 1, 3 * size);
	write_back(p, 3 * size);
	measure(where, "8-byte load", nothing, read8, p, size / 8);
	measure(where, "8-byte store", nothing, write8, p, size / 8);
	measure(where, "rep movsq, 64 bytes", nothing, copy, p, LINES);
	measure(where, "MOVNTI, 8 bytes", nothing, nt8, p, size / 8);
	if (!machine.cached)
		return;
	measure(where, "8-byte store, clean lines", all_clwb, write8, p, size / 8);
	measure(where, "CLWB, clean line", nothing, all_clwb, p, LINES);
	measure(where, "CLWB, dirty line", dirty, all_clwb, p, LINES);
	measure(where, "CLFLUSHOPT, clean line", fetch, all_opt, p, LINES);
	measure(where, "CLFLUSHOPT, dirty line", dirty, all_opt, p, LINES);
	measure(where, "CLFLUSHOPT, absent line", nothing, all_opt, p, LINES);
	measure(where, "CLFLUSH, dirty line", dirty, all_clflush, p, LINES);
	measure(where, "fetch after a flush, line", all_opt, fetch, p, LINES);
	measure(where, "MFENCE", nothing, fences, p, LINES);
	measure(where, "lock inc", nothing, locks, p, LINES);
}

static void one_clflush(u8 *p)
{
	clflush(p);
	mfence();
}
static void dirty_one(u8 *p) { *(volatile u8 *)p += 1; }

void test_main(void)
{
	if (!machine.cached)
		size = MIB / 16;	/* slow; a short round is less often disturbed */
	calibrate();
	start_ap();
	while (!other)
		pause();
	area("plain", (u8 *)machine.dram);
	area("KeyID 0, DIMM", (u8 *)machine.dimm);
	if (machine.tme) {
		program(1, SET_DIRECT, ALG_128, 1);
		area("XTS-128, DIMM", alias(1, machine.dimm));
		program(1, SET_DIRECT, ALG_256, 1);
		area("XTS-256, DIMM", alias(1, machine.dimm + 4 * MIB));
	}
	if (machine.cached) {
		measure("XTS-256, DIMM", "one CLFLUSH alone", dirty_one, one_clflush,
			alias(1, machine.dimm), 1);
	}
	quiet = 1;
}
