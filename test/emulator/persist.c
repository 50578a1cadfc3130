// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What survives power-off and reset: flushed lines, and nothing else
 *
 * stage=write	fill the DIMM, tell the host what must be in the file, power off
 * stage=read	no key, wrong key, right key
 * stage=reset	as write, but the machine is reset and reads in the same process
 */
#include "lib.h"

#define FLUSHED		(machine.dimm + 16 * PAGE)	/* 128, 256, plain: a page each */
#define FORGOTTEN	(machine.dimm + 32 * PAGE)	/* same, never flushed */
#define MARK		(machine.dimm + 48 * PAGE)
#define SEED_128	1000
#define SEED_256	1001
#define SEED_PLAIN	1002
#define SEED_BEFORE	2000
#define SEED_LOST	3000
#define KEY_128		70
#define KEY_256		80

static u8 text[PAGE];

/* Lines not flushed are lost. */
static bool loses(void)
{
	return machine.cached && !option("eadr", 0);
}

static void put(unsigned keyid, u64 bus, u64 seed, bool flushed)
{
	u8 *p = alias(keyid, bus);

	pattern(seed, text, PAGE);
	memcpy(p, text, PAGE);
	if (flushed)
		flush(p, PAGE);
}

static bool is(unsigned keyid, u64 bus, u64 seed)
{
	pattern(seed, text, PAGE);
	return same(alias(keyid, bus), text, PAGE);
}

static void set_keys(u64 change)
{
	program(1, SET_DIRECT, ALG_128, KEY_128 + change);
	program(2, SET_DIRECT, ALG_256, KEY_256 + change);
}

static void write_all(void)
{
	unsigned k1 = machine.tme ? 1 : 0, k2 = machine.tme ? 2 : 0;
	unsigned i;

	if (machine.tme)
		set_keys(0);
	put(k1, FLUSHED, SEED_128, true);
	put(k2, FLUSHED + PAGE, SEED_256, true);
	put(0, FLUSHED + 2 * PAGE, SEED_PLAIN, true);
	host_cipher(FLUSHED, PAGE, ALG_128, KEY_128, SEED_128);
	host_cipher(FLUSHED + PAGE, PAGE, ALG_256, KEY_256, SEED_256);
	host_plain(FLUSHED + 2 * PAGE, PAGE, SEED_PLAIN);
	if (machine.encrypts) {
		host_absent(SEED_128, 32);
		host_absent(SEED_256, 32);
	}
	/* all three were flushed once, changed, and then forgotten */
	for (i = 0; i < 3; i++) {
		unsigned k = machine.tme ? i : 0;

		put(k, FORGOTTEN + i * PAGE, SEED_BEFORE + i, true);
		put(k, FORGOTTEN + i * PAGE, SEED_LOST + i, false);
		if (!loses())
			continue;
		host_absent(SEED_LOST + i, 32);
		if (i == 0)
			host_plain(FORGOTTEN, PAGE, SEED_BEFORE);
		else
			host_cipher(FORGOTTEN + i * PAGE, PAGE, i == 1 ? ALG_128 : ALG_256,
				    i == 1 ? KEY_128 : KEY_256, SEED_BEFORE + i);
	}
	check(is(k1, FLUSHED, SEED_128) && is(k1, FORGOTTEN + PAGE, SEED_LOST + 1),
	      "before: all is read back");
}

static void read_all(const char *after)
{
	unsigned k1 = machine.tme ? 1 : 0, k2 = machine.tme ? 2 : 0;
	u64 seed = loses() ? SEED_BEFORE : SEED_LOST;
	unsigned i;

	if (machine.tme) {
		check(is(1, FLUSHED, SEED_128) == !machine.encrypts, "%s: no key, XTS-128 data %s",
		      after, machine.encrypts ? "unreadable" : "readable");
		check(is(2, FLUSHED + PAGE, SEED_256) == !machine.encrypts,
		      "%s: no key, XTS-256 data %s", after,
		      machine.encrypts ? "unreadable" : "readable");
		wbinvd();
		set_keys(1);
		check(is(1, FLUSHED, SEED_128) == !machine.encrypts, "%s: wrong key, XTS-128 data %s",
		      after, machine.encrypts ? "unreadable" : "readable");
		check(is(2, FLUSHED + PAGE, SEED_256) == !machine.encrypts,
		      "%s: wrong key, XTS-256 data %s", after,
		      machine.encrypts ? "unreadable" : "readable");
		wbinvd();
		set_keys(0);
	}
	check(is(k1, FLUSHED, SEED_128), "%s: right key, XTS-128 data is back", after);
	check(is(k2, FLUSHED + PAGE, SEED_256), "%s: right key, XTS-256 data is back", after);
	check(is(0, FLUSHED + 2 * PAGE, SEED_PLAIN), "%s: KeyID 0 data is back", after);
	for (i = 0; i < 3; i++)
		check(is(machine.tme ? i : 0, FORGOTTEN + i * PAGE, seed + i),
		      "%s: KeyID %d: lines not flushed are %s", after, i,
		      loses() ? "lost" : "there");
}

void test_main(void)
{
	volatile u64 *mark = alias(0, MARK);
	u64 value;

	if (option_is("stage", "write")) {
		write_all();
	} else if (option_is("stage", "read")) {
		read_all("after power-off");
	} else if (*mark != option("cookie", 1)) {
		write_all();
		*mark = option("cookie", 1);
		write_back(mark, 8);
		reset_machine();
	} else {
		*mark = 0;
		write_back(mark, 8);
		if (machine.tme)
			check(rdmsr_try(0x982, &value) && (value & 3) == 3,
			      "after reset: 982H is locked again");
		read_all("after reset");
	}
}
