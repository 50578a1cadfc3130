// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two packages, each with keys of its own: memory is encrypted with those of the
 * package it belongs to
 *
 * The second CPU is the second package. Without numa=1, pages belong to the two
 * in turn; with it, DRAM to the first and the DIMM to package node=N.
 */
#include "lib.h"

#define PAGES	4

static u8 text[PAGE], raw[PAGE];
static struct key_program other_program;
static volatile u64 ordered, done, other_rax;
static volatile u8 *volatile to_read;

/* PCONFIG, or a page to look at. Bare: try() belongs to the first CPU. */
void ap_main(void)
{
	u64 n;

	for (n = 1;; n++) {
		while (ordered != n)
			pause();
		if (to_read)
			memcpy(raw, (void *)to_read, PAGE);
		else
			asm volatile(".byte 0x0f, 0x01, 0xc5" : "=a"(other_rax)
				     : "0"(0ul), "b"(&other_program) : "memory", "cc");
		mfence();
		done = n;
	}
}

static void order(void)
{
	mfence();
	ordered++;
	while (done != ordered)
		pause();
}

/* What program() does, on the other package. */
static bool other_sets(unsigned keyid, unsigned command, unsigned alg, u64 key_seed)
{
	fill_key(&other_program, keyid, command, alg, key_seed);
	to_read = NULL;
	order();
	return other_rax == 0;
}

static unsigned owner(u64 bus)
{
	if (option("numa", 0))
		return bus >= machine.dimm ? option("node", 0) : 0;
	return bus / PAGE % 2;
}

static void put(u64 bus)
{
	pattern(bus, text, PAGE);
	memcpy(alias(1, bus), text, PAGE);
	flush(alias(1, bus), PAGE);
}

static bool is_text(u64 bus)
{
	bool good;

	pattern(bus, text, PAGE);
	good = same(alias(1, bus), text, PAGE);
	flush(alias(1, bus), PAGE);
	return good;
}

static bool other_sees_text(u64 bus)
{
	pattern(bus, text, PAGE);
	to_read = alias(1, bus);
	order();
	flush(alias(1, bus), PAGE);
	return same(raw, text, PAGE);
}

/* All pages of @bus are as @want says for their owner. */
static bool all(bool (*is)(u64 bus), u64 bus, bool want_0, bool want_1)
{
	unsigned i;

	for (i = 0; i < PAGES; i++) {
		u64 a = bus + i * PAGE;

		if (is(a) != (owner(a) ? want_1 : want_0))
			return false;
	}
	return true;
}

static bool is_raw(u64 bus)
{
	pattern(bus, text, PAGE);
	raw_read(bus, raw, PAGE);
	return same(raw, text, PAGE);
}

/* KeyID 1 has the key of seed 60, 62, .. in package 0, and what is said in 1. */
static void region(const char *name, u64 bus)
{
	bool none = !machine.encrypts;
	unsigned i;

	program(1, CLEAR, ALG_128, 0);
	other_sets(1, CLEAR, ALG_128, 0);
	check(program(1, SET_DIRECT, ALG_128, 60), "%s: key set on package 0 only", name);
	for (i = 0; i < PAGES; i++)
		put(bus + i * PAGE);
	check(all(is_raw, bus, none, true), "%s: memory of package 1 is not encrypted", name);
	check(all(other_sees_text, bus, true, true),
	      "%s: the key is that of the memory, not of the CPU that reads", name);
	check(other_sets(1, SET_DIRECT, ALG_128, 62), "%s: another key on package 1", name);
	check(all(is_text, bus, true, none), "%s: what it had is unreadable", name);
	for (i = 0; i < PAGES; i++)
		put(bus + i * PAGE);
	check(all(is_text, bus, true, true), "%s: with a key each, all is read back", name);
	check(all(is_raw, bus, none, none), "%s: and all is encrypted", name);
	if (bus >= machine.dimm) {
		for (i = 0; i < PAGES; i++)
			host_cipher(bus + i * PAGE, PAGE, ALG_128,
				    owner(bus + i * PAGE) ? 62 : 60, bus + i * PAGE);
	}
	check(program(1, SET_DIRECT, ALG_256, 64), "%s: a new key, package 1 forgotten", name);
	check(all(is_text, bus, none, true), "%s: only memory of package 0 changes", name);
	other_sets(1, SET_DIRECT, ALG_256, 64);
	check(all(is_text, bus, none, none), "%s: and then that of package 1", name);
	program(1, SET_DIRECT, ALG_128, 60);
	other_sets(1, SET_DIRECT, ALG_128, 62);
	check(all(is_text, bus, true, true), "%s: the first keys again", name);
}

void test_main(void)
{
	bool differ;

	start_ap();
	region("DRAM", machine.dram);
	region("DIMM", machine.dimm);
	/* the random part comes from each package's own generator */
	program(1, SET_RANDOM, ALG_128, 60);
	other_sets(1, SET_RANDOM, ALG_128, 60);
	put(machine.dimm + PAGES * PAGE);
	program(1, SET_DIRECT, ALG_128, 60);
	other_sets(1, SET_DIRECT, ALG_128, 60);
	differ = !is_text(machine.dimm + PAGES * PAGE);
	check(differ == machine.encrypts, "a random key is not the one that software gave");
}
