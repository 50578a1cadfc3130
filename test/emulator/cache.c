// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which instruction brings a line to memory, and what the other aliases see
 *
 * Everywhere: with coherent engines the new value is seen at once; with the
 * cache engine only after the instruction under test.
 */
#include "lib.h"

#define NEW 0x55

static u8 ones[LINE] __attribute__((aligned(LINE)));

static void do_nothing(u8 *p) { (void)p; }
static void do_fence(u8 *p) { (void)p; mfence(); }
static void do_clwb(u8 *p) { clwb(p); sfence(); }
static void do_clflush(u8 *p) { clflush(p); }
static void do_clflushopt(u8 *p) { clflushopt(p); sfence(); }
static void do_clwb_last(u8 *p) { clwb(p + LINE - 1); sfence(); }
static void do_clwb_next(u8 *p) { clwb(p + LINE); sfence(); }
static void do_wbinvd(u8 *p) { (void)p; wbinvd(); }

static const struct {
	const char *name;
	void (*fn)(u8 *p);
	bool reaches;		/* memory */
} flushes[] = {
	{ "no flush", do_nothing, false },
	{ "a fence", do_fence, false },
	{ "CLWB", do_clwb, true },
	{ "CLWB of the last byte", do_clwb_last, true },
	{ "CLWB of the next line", do_clwb_next, false },
	{ "CLFLUSH", do_clflush, true },
	{ "CLFLUSHOPT, SFENCE", do_clflushopt, true },
	{ "WBINVD", do_wbinvd, true },
};

static bool in_memory(u64 bus, unsigned n)
{
	u8 raw[LINE];

	raw_read(bus, raw, n);
	return same(raw, ones, n);
}

static void write_backs(const char *name, unsigned keyid, u64 bus, bool cached)
{
	u8 *p = alias(keyid, bus);
	unsigned i;

	for (i = 0; i < sizeof(flushes) / sizeof(*flushes); i++) {
		memset(p, 0, 2 * LINE);
		flush(p, 2 * LINE);
		memset(p, NEW, LINE);
		flushes[i].fn(p);
		check(in_memory(bus, LINE) == (!cached || flushes[i].reaches),
		      "%s, %s: %s memory", name, flushes[i].name,
		      !cached || flushes[i].reaches ? "reaches" : "does not reach");
		check(same(p, ones, LINE), "%s, %s: own alias sees it", name, flushes[i].name);
	}
	if (!cached)
		return;
	/* the second is no longer in a TLB when its turn comes */
	memset(p, 0, 2 * LINE);
	flush(p, 2 * LINE);
	memset(p, NEW, 2 * LINE);
	clflush(p);
	clflush(p + LINE);
	check(in_memory(bus, LINE) && in_memory(bus + LINE, LINE),
	      "%s, CLFLUSH of two lines: both reach memory", name);
	/* what is fetched again is that line alone */
	memset(p, 0, 2 * LINE);
	flush(p, 2 * LINE);
	memset(p, NEW, 2 * LINE);
	clflush(p);
	check(same(p, ones, LINE) && same(p + LINE, ones, LINE) && !in_memory(bus + LINE, LINE),
	      "%s, CLFLUSH: the next line stays dirty", name);
	memset(p, 0, LINE);
	flush(p, LINE);
	memset(p, NEW, LINE);
	asm volatile("invd" : : : "memory");
	check(*(volatile u8 *)p == 0, "%s, INVD: own alias has lost it", name);
	check(!in_memory(bus, LINE), "%s, INVD: does not reach memory", name);
	flush(p, LINE);
}

static void movnti32(u8 *p)
{
	asm volatile("movnti %1, %0" : "=m"(*(u32 *)p) : "r"(*(u32 *)ones));
}
static void movnti64(u8 *p)
{
	asm volatile("movnti %1, %0" : "=m"(*(u64 *)p) : "r"(*(u64 *)ones));
}
static void movntdq(u8 *p)
{
	asm volatile("movdqa %1, %%xmm0; movntdq %%xmm0, %0"
		     : "=m"(*p) : "m"(ones) : "memory");
}
static void movntps(u8 *p)
{
	asm volatile("movdqa %1, %%xmm0; movntps %%xmm0, %0"
		     : "=m"(*p) : "m"(ones) : "memory");
}
static void movntpd(u8 *p)
{
	asm volatile("movdqa %1, %%xmm0; movntpd %%xmm0, %0"
		     : "=m"(*p) : "m"(ones) : "memory");
}
static void vmovntdq(u8 *p)
{
	asm volatile("vmovdqa %1, %%xmm0; vmovntdq %%xmm0, %0"
		     : "=m"(*p) : "m"(ones) : "memory");
}
static void vmovntdq256(u8 *p)
{
	asm volatile("vmovdqa %1, %%ymm0; vmovntdq %%ymm0, %0"
		     : "=m"(*p) : "m"(ones) : "memory");
}
static void vmovntps256(u8 *p)
{
	asm volatile("vmovdqa %1, %%ymm0; vmovntps %%ymm0, %0"
		     : "=m"(*p) : "m"(ones) : "memory");
}
static void vmovntpd256(u8 *p)
{
	asm volatile("vmovdqa %1, %%ymm0; vmovntpd %%ymm0, %0"
		     : "=m"(*p) : "m"(ones) : "memory");
}
static void movntq(u8 *p)
{
	asm volatile("movq %1, %%mm0; movntq %%mm0, %0; emms"
		     : "=m"(*p) : "m"(*ones) : "memory");
}
static void maskmovdqu(u8 *p)
{
	asm volatile("pcmpeqb %%xmm1, %%xmm1; movdqa %0, %%xmm0; maskmovdqu %%xmm1, %%xmm0"
		     : : "m"(ones), "D"(p) : "memory");
}
static void maskmovq(u8 *p)
{
	asm volatile("pcmpeqb %%mm1, %%mm1; movq %0, %%mm0; maskmovq %%mm1, %%mm0; emms"
		     : : "m"(*ones), "D"(p) : "memory");
}
static void mov64(u8 *p)
{
	*(volatile u64 *)p = *(u64 *)ones;
}

static const struct {
	const char *name;
	void (*fn)(u8 *p);
	unsigned size;
	bool reaches;
} stores[] = {
	{ "MOV", mov64, 8, false },
	{ "MOVNTI r32", movnti32, 4, true },
	{ "MOVNTI r64", movnti64, 8, true },
	{ "MOVNTDQ", movntdq, 16, true },
	{ "MOVNTPS", movntps, 16, true },
	{ "MOVNTPD", movntpd, 16, true },
	{ "VMOVNTDQ xmm", vmovntdq, 16, true },
	{ "VMOVNTDQ ymm", vmovntdq256, 32, true },
	{ "VMOVNTPS ymm", vmovntps256, 32, true },
	{ "VMOVNTPD ymm", vmovntpd256, 32, true },
	{ "MOVNTQ", movntq, 8, true },
	{ "MASKMOVDQU", maskmovdqu, 16, true },
	{ "MASKMOVQ", maskmovq, 8, true },
};

static void locked_add(void)
{
	static u64 n;

	asm volatile("lock incq %0" : "+m"(n));
}

/* In a buffer until one of these; two lines are one more than there is room for. */
static void fences(const char *name, unsigned keyid, u64 bus)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} fence[] = { { "SFENCE", sfence }, { "MFENCE", mfence }, { "LOCK", locked_add } };
	volatile u8 *memory = alias(machine.keys, bus);
	u8 *p = alias(keyid, bus);
	unsigned i;

	for (i = 0; i < sizeof(fence) / sizeof(*fence); i++) {
		memset(p, 0, 2 * LINE);
		flush(p, 2 * LINE);
		flush(memory, 2 * LINE);
		movnti64(p);
		movnti64(p + LINE);
		check(memory[0] == NEW && memory[LINE] == 0,
		      "%s, MOVNTI to two lines: nothing of the second before %s", name,
		      fence[i].name);
		flush(memory, 2 * LINE);
		movnti64(p + LINE + 8);
		fence[i].fn();
		check(same((void *)memory, ones, 8) && same((void *)memory + LINE, ones, 16),
		      "%s, MOVNTI, %s: reaches memory", name, fence[i].name);
		flush(memory, 2 * LINE);
	}
	flush(p, 2 * LINE);
}

/* One linear address after the other, but no longer the same page behind them. */
static void mapped_anew(const char *name, unsigned keyid, u64 bus)
{
	u64 entry = (u64)keyid << machine.shift | bus | 3;

	memset(alias(keyid, bus), 0, LINE);
	flush(alias(keyid, bus), LINE);
	memset(alias(keyid, bus + PAGE), 0, LINE);
	flush(alias(keyid, bus + PAGE), LINE);
	map_page(PAGES_BASE, entry);
	movnti64((u8 *)PAGES_BASE);
	map_page(PAGES_BASE, entry + PAGE);
	movnti64((u8 *)PAGES_BASE + 8);
	sfence();
	map_page(PAGES_BASE, 0);
	check(in_memory(bus, 8) && in_memory(bus + PAGE + 8, 8),
	      "%s, MOVNTI over a change of the mapping: both pages reach memory", name);
	flush(alias(keyid, bus), LINE);
	flush(alias(keyid, bus + PAGE), LINE);
}

static void non_temporal(const char *name, unsigned keyid, u64 bus, bool cached)
{
	u8 *p = alias(keyid, bus);
	unsigned i, ofs;

	for (i = 0; i < sizeof(stores) / sizeof(*stores); i++) {
		bool reaches = !cached || stores[i].reaches;

		memset(p, 0, LINE);
		flush(p, LINE);
		stores[i].fn(p);
		sfence();
		check(in_memory(bus, stores[i].size) == reaches, "%s, %s, SFENCE: %s memory", name,
		      stores[i].name, reaches ? "reaches" : "does not reach");
		check(same(p, ones, stores[i].size), "%s, %s: own alias sees it", name,
		      stores[i].name);
	}
	if (!cached)
		return;
	/* a part of a line waits in its buffer, a full line does not */
	memset(p, 0, LINE);
	flush(p, LINE);
	in_memory(bus, 8);
	movnti64(p);
	check(*(volatile u8 *)alias(machine.keys, bus) == 0,
	      "%s, MOVNTI: nothing in memory before SFENCE", name);
	memset(p, 0, LINE);
	flush(p, LINE);
	in_memory(bus, LINE);
	for (ofs = 0; ofs < LINE; ofs += 8)
		movnti64(p + ofs);
	check(same(alias(machine.keys, bus), ones, LINE),
	      "%s, 8 x MOVNTI: a full line needs no fence", name);
	in_memory(bus, LINE);
	/* a store over the end of a line */
	memset(p, 0, 2 * LINE);
	flush(p, 2 * LINE);
	movnti64(p + LINE - 4);
	sfence();
	check(in_memory(bus + LINE - 4, 4) && in_memory(bus + LINE, 4),
	      "%s, MOVNTI over the end of a line: both reach memory", name);
	flush(p, 2 * LINE);
	fences(name, keyid, bus);
	mapped_anew(name, keyid, bus);
}

/* After the last owner's flush, and only then, the next alias sees the data. */
static void hand_over(const char *name, unsigned from, unsigned to, u64 bus)
{
	u8 *a = alias(from, bus), *b = alias(to, bus), old, fresh;

	memset(a, 1, LINE);
	flush(a, LINE);
	flush(b, LINE);
	old = *(volatile u8 *)b;
	memset(a, 2, LINE);
	check((*(volatile u8 *)b == old) == machine.cached, "%s: before a's flush b is %s", name,
	      machine.cached ? "stale" : "right");
	flush(a, LINE);
	check((*(volatile u8 *)b == old) == machine.cached, "%s: without b's flush b is %s", name,
	      machine.cached ? "stale" : "right");
	flush(b, LINE);
	fresh = *(volatile u8 *)b;
	check(fresh == 2, "%s: after both b is right", name);
	flush(b, LINE);
}

/*
 * A line that only was read, and is stale by now, may stay. Who stores there what it shows,
 * past the caches, changes memory all the same.
 */
static void over_stale_line(const char *name, unsigned from, unsigned to, u64 bus)
{
	u8 *a = alias(from, bus), *b = alias(to, bus);
	unsigned ofs;

	memset(b, NEW, LINE);
	flush(b, LINE);
	(void)*(volatile u8 *)b;
	memset(a, 1, LINE);
	flush(a, LINE);
	for (ofs = 0; ofs < LINE; ofs += 8)
		movnti64(b + ofs);
	sfence();
	check(in_memory(bus, LINE), "%s: MOVNTI of what a stale line shows reaches memory", name);
	flush(b, LINE);
}

/* Handing over every line of a page, with one exclusive flush of them all. */
static void whole_page(const char *name, unsigned from, unsigned to, u64 bus)
{
	u8 *a = alias(from, bus), *b = alias(to, bus);
	unsigned line, stale = 0;

	memset(a, 1, PAGE);
	flush(a, PAGE);
	flush(b, PAGE);
	for (line = 0; line < PAGE / LINE; line++)
		stale += ((volatile u8 *)b)[line * LINE] != 1;
	memset(a, 2, PAGE);
	for (line = 0; line < PAGE / LINE; line++)
		clwb(a + line * LINE);
	flush(b, PAGE);
	for (line = 0; line < PAGE / LINE; line++)
		stale += ((volatile u8 *)b)[line * LINE + 63] != 2;
	check(stale == 0, "%s: no line of a page is left behind", name);
	flush(a, PAGE);
	flush(b, PAGE);
}

/* A dirty line that comes late overwrites what another alias has flushed. */
static void late_write_back(u64 bus)
{
	u8 *a = alias(1, bus), *b = alias(2, bus);

	memset(a, 1, LINE);
	flush(a, LINE);
	memset(a, 7, LINE);	/* dirty, forgotten */
	flush(b, LINE);
	memset(b, 8, LINE);
	flush(b, LINE);
	flush(a, LINE);
	check(*(volatile u8 *)b == (machine.cached ? 7 : 8), "a forgotten dirty line %s",
	      machine.cached ? "wins when it is evicted late" : "does no harm");
	flush(b, LINE);
}

static void do_clflush_at(void *arg)
{
	clflush(arg);
}
static void do_clflushopt_at(void *arg)
{
	clflushopt(arg);
}
static void do_clwb_at(void *arg)
{
	clwb(arg);
}

/* Cache control faults like a load; TCG knows no caches and lets it pass. */
static void faults(void)
{
	static const struct {
		const char *name;
		void (*fn)(void *arg);
	} them[] = {
		{ "CLFLUSH", do_clflush_at },
		{ "CLFLUSHOPT", do_clflushopt_at },
		{ "CLWB", do_clwb_at },
	};
	u8 *p = (u8 *)PAGES_BASE;
	unsigned i;

	for (i = 0; i < 3; i++) {
		if (!machine.cached) {
			skip("%s of an unmapped page is #PF # SKIP not in this engine", them[i].name);
			continue;
		}
		map_page(PAGES_BASE, 0);
		check(vector(try(them[i].fn, p + 70)) == VEC_PF && fault_address == PAGES_BASE + 70 &&
		      fault_code == 0, "%s of an unmapped page is #PF", them[i].name);
		map_page(PAGES_BASE, (u64)machine.dram | 1);
		check(try(them[i].fn, p) == 0, "%s of a read-only page is not", them[i].name);
		map_page(PAGES_BASE, 1ull << 51 | machine.dram | 1);
		check(vector(try(them[i].fn, p)) == VEC_PF && (fault_code & 8),
		      "%s of a page with a reserved bit is", them[i].name);
	}
	map_page(PAGES_BASE, 0);
}

/* KeyID of a dirty line re-programmed: it goes out under the new key. */
static void rekey_dirty(u64 bus)
{
	u8 *a = alias(1, bus);

	program(1, SET_DIRECT, ALG_128, 1);
	memset(a, 0, LINE);
	flush(a, LINE);
	memset(a, NEW, LINE);
	program(1, SET_DIRECT, ALG_128, 3);
	flush(a, LINE);
	check(same(a, ones, LINE) == (machine.cached || !machine.encrypts),
	      "a line dirty while PCONFIG changes the key is written with the %s key",
	      machine.cached ? "new" : "old");
	flush(a, LINE);
	program(1, NO_ENCRYPT, ALG_128, 0);
}

void test_main(void)
{
	u64 dram = machine.dram, dimm = machine.dimm;
	unsigned k = machine.tme ? 1 : 0;

	memset(ones, NEW, LINE);
	if (machine.tme) {
		/* three KeyIDs without cipher: only the caches are tested here */
		program(1, NO_ENCRYPT, ALG_128, 0);
		program(2, NO_ENCRYPT, ALG_128, 0);
		program(machine.keys, NO_ENCRYPT, ALG_128, 0);
	}
	write_backs("KeyID, DRAM", k, dram, machine.cached);
	write_backs("KeyID, DIMM", k, dimm, machine.cached);
	write_backs("KeyID 0, DRAM", 0, dram, false);
	write_backs("KeyID 0, DIMM", 0, dimm, machine.cached);
	non_temporal("KeyID, DRAM", k, dram, machine.cached);
	non_temporal("KeyID, DIMM", k, dimm, machine.cached);
	non_temporal("KeyID 0, DIMM", 0, dimm, machine.cached);
	if (machine.tme) {
		hand_over("KeyID to KeyID, DRAM", 1, 2, dram);
		hand_over("KeyID to KeyID, DIMM", 1, 2, dimm);
		hand_over("KeyID 0 to KeyID, DIMM", 0, 1, dimm);
		hand_over("KeyID to KeyID 0, DIMM", 1, 0, dimm);
		over_stale_line("KeyID to KeyID, DRAM", 1, 2, dram);
		over_stale_line("KeyID 0 to KeyID, DIMM", 0, 1, dimm);
		whole_page("KeyID to KeyID, DRAM", 1, 2, dram);
		whole_page("KeyID 0 to KeyID, DIMM", 0, 1, dimm);
		late_write_back(dram);
		late_write_back(dimm);
		rekey_dirty(dimm);
	}
	faults();
}
