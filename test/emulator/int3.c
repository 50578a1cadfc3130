// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A breakpoint that has gone from memory while its translation stays: the host changes the
 * byte in the DIMM file, which no translation notices, as none notices a store that another
 * CPU has checked before and does after the page is watched.
 *
 * poke=1	the host does so when it is told
 */
#include "lib.h"

#define INT3	0xcc
#define RET	0xc3

static void call(void *code)
{
	((void (*)(void))code)();
}

void test_main(void)
{
	u8 *code = alias(0, machine.dimm);
	volatile u8 *changed = alias(0, machine.dimm + PAGE);

	*changed = 0;
	code[0] = INT3;
	code[1] = RET;
	check(vector(try(call, code)) == VEC_BP, "a breakpoint");
	check(vector(try(call, code)) == VEC_BP, "a breakpoint, translated before");
	say("told");
	while (!*changed)
		asm volatile("pause");
	check(try(call, code) == 0, "a breakpoint that has gone is none");
	code[0] = INT3;
	check(vector(try(call, code)) == VEC_BP, "a breakpoint that has come back");
}
