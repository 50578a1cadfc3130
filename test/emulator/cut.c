// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Power cut at any instant (QMP): told to be flushed is flushed
 *
 * The other CPU writes record after record, flushes each, fences, and only then
 * tells the host its number. The first CPU meanwhile flushes what it shares
 * lines with. The host cuts the power when it likes, and looks into the DIMM
 * file for the last records (check.c): all that were told, and, if what counts is
 * lines and not stores, of the next one whole lines or nothing.
 *
 * eadr=1	nothing is flushed, and the same is expected
 * evict=1	what is not flushed may be there all the same, half a line, too
 */
#include "lib.h"

#define RECORD		(4 * LINE)
#define SLOTS		16
#define RING_KEY	(machine.dimm + 16 * PAGE)
#define RING_PLAIN	(machine.dimm + 32 * PAGE)
#define FORGOTTEN	(machine.dimm + 48 * PAGE)
#define KEY		90

static u8 text[RECORD] __attribute__((aligned(LINE)));

static void nt_copy(u8 *to, const u8 *from, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i += 8)
		asm volatile("movnti %1, %0" : "=m"(*(u64 *)(to + i))
			     : "r"(*(const u64 *)(from + i)));
}

/* Each record goes another way to memory; the fence is the caller's. */
static void put(u8 *p, u64 n)
{
	unsigned i;

	pattern(n, text, RECORD);
	if (n % 4 == 3) {
		nt_copy(p, text, RECORD);
		return;
	}
	memcpy(p, text, RECORD);
	for (i = 0; i < RECORD && !option("eadr", 0); i += LINE) {
		if (n % 4 == 0)
			clwb(p + i);
		else if (n % 4 == 1)
			clflushopt(p + i);
		else
			clflush(p + i);
	}
}

void ap_main(void)
{
	unsigned k = machine.tme ? 1 : 0;
	volatile u64 *forgotten = alias(k, FORGOTTEN);
	u64 n;

	for (n = 1;; n++) {
		*forgotten = n;
		put(alias(k, RING_KEY + n % SLOTS * RECORD), n);
		put(alias(0, RING_PLAIN + n % SLOTS * RECORD), n);
		sfence();
		say("told %lx.", n);
	}
}

void test_main(void)
{
	volatile u8 *beside = alias(0, RING_PLAIN + SLOTS * RECORD);
	unsigned k = machine.tme ? 1 : 0, i;
	bool lines = machine.cached && !option("eadr", 0) && !option("evict", 0);

	if (machine.tme)
		program(1, SET_DIRECT, ALG_128, KEY);
	pattern(0, alias(k, FORGOTTEN), LINE);
	flush(alias(k, FORGOTTEN), LINE);
	host_ring(RING_KEY, SLOTS, RECORD, lines, machine.encrypts ? ALG_128 : 0, KEY);
	host_ring(RING_PLAIN, SLOTS, RECORD, lines, 0, 0);
	if (lines)
		host_cipher(FORGOTTEN, LINE, ALG_128, KEY, 0);
	start_ap();
	for (i = 0;; i++) {
		beside[i % PAGE] = i;
		clflush(beside + i % PAGE);
	}
}
