// SPDX-License-Identifier: GPL-2.0-or-later
/* tme-evict: dirty lines reach memory by themselves, sooner or later. */
#include "lib.h"

#define PATIENCE 3000000000ull	/* TSC ticks: about a second */

static bool comes(u64 bus, u8 value)
{
	u64 begin = rdtsc();
	u8 raw;

	do {
		raw_read(bus, &raw, 1);
		if (raw == value)
			return true;
	} while (rdtsc() - begin < PATIENCE);
	return false;
}

static void alone(const char *name, unsigned keyid, u64 bus)
{
	u8 *p = alias(keyid, bus);

	memset(p, 0, LINE);
	flush(p, LINE);
	*(volatile u8 *)p = 5;
	check(comes(bus, 5), "%s: a dirty line comes to memory without a flush", name);
	check(*(volatile u8 *)p == 5, "%s: and keeps its value", name);
	flush(p, LINE);
}

/* A line is forgotten under KeyID 1 while the memory gets newer data under KeyID 2. */
static bool overwritten(u64 bus)
{
	u8 *dead = alias(1, bus), *live = alias(2, bus);
	bool late;

	memset(dead, 0, LINE);
	flush(dead, LINE);
	*(volatile u8 *)dead = 6;
	flush(live, LINE);
	*(volatile u8 *)live = 7;
	flush(live, LINE);
	late = comes(bus, 6);
	flush(dead, LINE);
	return late;
}

/*
 * The bug this is for. Now and then the line leaves before the newer data comes, and is clean then:
 * that is no failure.
 */
static void too_late(u64 bus)
{
	bool late = false;
	int try;

	for (try = 0; try < 5 && !late; try++)
		late = overwritten(bus);
	check(late, "a forgotten line overwrites newer data");
}

void test_main(void)
{
	unsigned keyid;

	for (keyid = 1; keyid <= machine.keys; keyid++)
		program(keyid, NO_ENCRYPT, ALG_128, 0);
	alone("KeyID, DRAM", 1, machine.dram);
	alone("KeyID, DIMM", 1, machine.dimm);
	alone("KeyID 0, DIMM", 0, machine.dimm);
	too_late(machine.dimm);
}
