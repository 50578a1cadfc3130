// SPDX-License-Identifier: GPL-2.0-or-later
/* Two CPUs: nothing one stores is lost while the other flushes or programs keys. */
#include "lib.h"

#define ROUNDS	20000

enum job { COUNT, LOCKED, READ, PROGRAM, ALTERNATE, REWRITE, QUIT };

static volatile enum job job;
static volatile u64 stop, begun, started, ended;
static volatile u64 *volatile target;
static volatile u64 stored, errors, programmed;
static u8 text[PAGE];

/* Rising numbers into the odd words of a line, ours alone; the cipher has two in a block. */
static void count(void)
{
	u64 n = 0;
	unsigned i;

	while (!stop) {
		n++;
		for (i = 1; i < 8; i += 2)
			target[i] = n;
		for (i = 1; i < 8; i += 2)
			errors += target[i] != n;
		stored = n;
	}
}

static void locked(void)
{
	u64 n;

	for (n = 0; !stop; stored = ++n)
		asm volatile("lock incq %0" : "+m"(target[0]));
}

static void read_all(void)
{
	while (!stop) {
		if (!same((void *)target, text, PAGE))
			errors++;
	}
}

static void program_all(void)
{
	while (!stop) {
		static struct key_program p;
		struct pconfig_result r;

		fill_key(&p, 3, SET_DIRECT, ALG_256, programmed);
		/* bare: try() belongs to the other CPU */
		asm volatile(".byte 0x0f, 0x01, 0xc5" : "=a"(r.rax) : "0"(0ul), "b"(&p)
			     : "memory", "cc");
		if (r.rax && r.rax != DEVICE_BUSY)
			errors++;
		programmed++;
	}
}

/* KeyID 3 has one key, then another, and so on. */
static void alternate(void)
{
	static struct key_program p[2];
	u64 n, rax;

	fill_key(&p[0], 3, SET_DIRECT, ALG_128, 70);
	fill_key(&p[1], 3, SET_DIRECT, ALG_256, 72);
	for (n = 0; !stop; n++) {
		asm volatile(".byte 0x0f, 0x01, 0xc5" : "=a"(rax) : "0"(0ul), "b"(&p[n % 2])
			     : "memory", "cc");
		programmed = n;
	}
}

#define ACCESSED	(1ul << 5)
#define DIRTY		(1ul << 6)

/* One page table entry, each time without its accessed bit and with other bits for software. */
static void rewrite(void)
{
	u64 n, entry = target[0] & ~(ACCESSED | DIRTY | 7 << 9);

	for (n = 0; !stop; n++) {
		u64 wanted = entry | (n & 7) << 9;

		target[0] = wanted;
		errors += (target[0] & ~ACCESSED) != wanted;
		stored = n;
	}
}

void ap_main(void)
{
	u64 n;

	for (n = 1;; n++) {
		while (begun != n)
			pause();
		started = n;
		switch (job) {
		case COUNT: count(); break;
		case LOCKED: locked(); break;
		case READ: read_all(); break;
		case PROGRAM: program_all(); break;
		case ALTERNATE: alternate(); break;
		case REWRITE: rewrite(); break;
		default: return;
		}
		mfence();
		ended = n;
	}
}

static void begin(enum job which, void *where)
{
	target = where;
	stop = 0;
	job = which;
	mfence();
	begun++;
	while (started != begun)
		pause();
}

static void wait(void)
{
	stop = 1;
	while (ended != begun)
		pause();
	mfence();
}

static void do_clflush(volatile void *p) { clflush(p); }
static void do_clflushopt(volatile void *p) { clflushopt(p); mfence(); }
static void do_clwb(volatile void *p) { clwb(p); sfence(); }
static void do_wbinvd(volatile void *p) { (void)p; wbinvd(); }

static const struct {
	const char *name;
	void (*fn)(volatile void *p);
	unsigned rounds;
} flushes[] = {
	{ "CLFLUSH", do_clflush, ROUNDS / 10 },
	{ "CLFLUSHOPT", do_clflushopt, ROUNDS / 10 },
	{ "CLWB", do_clwb, ROUNDS },
	{ "WBINVD", do_wbinvd, ROUNDS / 40 },
};

/* The other CPU's last value is in all its words, ours in ours. */
static void stores_survive(const char *name, u64 *p)
{
	unsigned i, f, n, lost;

	for (f = 0; f < sizeof(flushes) / sizeof(*flushes); f++) {
		memset(p, 0, LINE);
		stored = 0;
		errors = 0;
		begin(COUNT, p);
		for (n = 1, lost = 0; n <= flushes[f].rounds || stored < ROUNDS; n++) {
			((volatile u64 *)p)[n % 4 * 2] = n;
			flushes[f].fn(p);
			lost += *(volatile u64 *)&p[n % 4 * 2] != n;
		}
		wait();
		check(lost == 0, "%s: own stores survive %s", name, flushes[f].name);
		flush(p, LINE);
		check(errors == 0, "%s: the other CPU sees its stores during %s", name,
		      flushes[f].name);
		for (i = 1, lost = 0; i < 8; i += 2)
			lost += p[i] != stored;
		check(lost == 0, "%s: the other CPU's stores survive %s", name,
		      flushes[f].name);
	}
}

static void counters_exact(const char *name, u64 *p)
{
	u64 n;

	memset(p, 0, LINE);
	stored = 0;
	begin(LOCKED, p);
	for (n = 0; n < ROUNDS || stored < ROUNDS; n++) {
		asm volatile("lock incq %0" : "+m"(p[0]));
		if (n % 16 == 0)
			clflush(p);
	}
	wait();
	check(p[0] == n + stored, "%s: locked increments of two CPUs add up, with flushes", name);
}

/* A page is fetched again and again while keys of others change. */
static void keys_and_fills(const char *name, u8 *p)
{
	unsigned n;

	pattern(4, text, PAGE);
	memcpy(p, text, PAGE);
	flush(p, PAGE);
	errors = 0;
	programmed = 0;
	begin(PROGRAM, p);
	for (n = 0; n < 200; n++) {
		if (!same(p, text, PAGE))
			errors++;
		flush(p, PAGE);
	}
	while (programmed < 200)
		pause();
	wait();
	check(errors == 0, "%s: fills are right while another KeyID is programmed", name);

	errors = 0;
	begin(READ, p);
	for (n = 0; n < 200; n++) {
		flush(p, PAGE);
		if (machine.tme)
			program(4, SET_DIRECT, ALG_128, n);
	}
	wait();
	check(errors == 0, "%s: a reader never sees a page half fetched", name);
}

/* What is fetched while its own key changes is as one of the two keys has it. */
static void key_changes_under_fill(const char *name, u8 *p)
{
	static u8 first[PAGE], second[PAGE];
	unsigned n, line, neither = 0, firsts = 0, seconds = 0;

	program(3, SET_DIRECT, ALG_128, 70);
	pattern(6, first, PAGE);
	memcpy(p, first, PAGE);
	flush(p, PAGE);
	program(3, SET_DIRECT, ALG_256, 72);
	memcpy(second, p, PAGE);
	flush(p, PAGE);
	begin(ALTERNATE, NULL);
	for (n = 0; n < 500 || programmed < 500 || (n < 50000 && !(firsts && seconds)); n++) {
		for (line = 0; line < PAGE; line += LINE) {
			if (same(p + line, first + line, LINE))
				firsts++;
			else if (same(p + line, second + line, LINE))
				seconds++;
			else
				neither++;
		}
		flush(p, PAGE);
	}
	wait();
	check(neither == 0, "%s: a line is fetched with the old key or the new", name);
	check(firsts && seconds, "%s: both were met", name);
}

/* A page walk, which sets a bit of an entry, is one thing to the other CPU. */
static void walks_and_stores(const char *name, unsigned k, u64 bus)
{
	volatile u64 *table = alias(k, bus);
	u64 linear = PAGES_BASE + (1ul << 21);
	unsigned n, walked = 0;

	memset((void *)table, 0, PAGE);
	table[0] = machine.dram | 3;
	pages_pd[1] = phys(k, bus) | 3;
	errors = 0;
	stored = 0;
	begin(REWRITE, (void *)table);
	for (n = 0; n < ROUNDS || stored < ROUNDS; n++) {
		invlpg(linear);
		*(volatile u64 *)linear;
		walked += (table[0] & ACCESSED) != 0;
	}
	wait();
	check(walked > 0, "%s: page walks set the accessed bit of an entry being stored to", name);
	check(errors == 0, "%s: no store to a page table entry is lost in a page walk", name);
	pages_pd[1] = 0;
	invlpg(linear);
	flush(table, PAGE);
}

/* Both want the key table at once: DEVICE_BUSY may happen, damage may not. */
static void both_program(void)
{
	static struct key_program p;
	struct pconfig_result r;
	unsigned n, other = 0;

	errors = 0;
	begin(PROGRAM, NULL);
	for (n = 0; n < ROUNDS / 10; n++) {
		fill_key(&p, 5, SET_RANDOM, ALG_128, n);
		pconfig(&p, &r);
		if (r.rax && r.rax != DEVICE_BUSY)
			other++;
	}
	wait();
	check(errors + other == 0, "PCONFIG on two CPUs: success or DEVICE_BUSY");
}

void test_main(void)
{
	unsigned k = machine.tme ? 1 : 0;

	start_ap();
	if (machine.tme)
		program(1, SET_DIRECT, ALG_128, 50);
	stores_survive("DRAM", alias(k, machine.dram));
	stores_survive("DIMM", alias(k, machine.dimm));
	stores_survive("DIMM, KeyID 0", alias(0, machine.dimm + PAGE));
	counters_exact("DRAM", alias(k, machine.dram));
	counters_exact("DIMM, KeyID 0", alias(0, machine.dimm + PAGE));
	if (machine.tme) {
		keys_and_fills("DRAM", alias(k, machine.dram));
		keys_and_fills("DIMM", alias(k, machine.dimm));
	}
	walks_and_stores("DRAM", k, machine.dram + 4 * PAGE);
	walks_and_stores("DIMM", k, machine.dimm + 4 * PAGE);
	/* in other engines each access is a fetch of its own */
	if (machine.cached) {
		key_changes_under_fill("DRAM", alias(3, machine.dram + 2 * PAGE));
		key_changes_under_fill("DIMM", alias(3, machine.dimm + 2 * PAGE));
	}
	if (machine.tme)
		both_program();
	job = QUIT;
	mfence();
	begun++;
}
