// SPDX-License-Identifier: GPL-2.0-or-later
/* PCONFIG: each fault, each command, its flags, and injected errors. */
#include "lib.h"

#define CF 0x001
#define PF 0x004
#define AF 0x010
#define ZF 0x040
#define SF 0x080
#define OF 0x800
#define STATUS_FLAGS (CF | PF | AF | ZF | SF | OF)

static struct key_program prog;
static struct pconfig_result res;

/* Fresh and right; then one thing is broken. */
static struct key_program *good(void)
{
	fill_key(&prog, 1, SET_DIRECT, ALG_128, 1);
	return &prog;
}

static void expect_gp(const char *why)
{
	int v = pconfig(&prog, &res);

	check(vector(v) == VEC_GP && fault_code == 0, "#GP(0): %s", why);
}

static void bad_input(void)
{
	unsigned cmd;

	good()->keyid = 0;
	expect_gp("KeyID 0");
	good()->keyid = machine.keys + 1;
	expect_gp("KeyID above the last");
	good()->keyid = 0x8001;
	expect_gp("KeyID with a high bit");
	good()->ctrl = SET_DIRECT;
	expect_gp("no algorithm");
	good()->ctrl = (ALG_128 | ALG_256) << 8;
	expect_gp("two algorithms");
	good()->ctrl = 2 << 8;
	expect_gp("algorithm that is not activated (XTS-128 with integrity)");
	good()->ctrl = 0x8000 << 8;
	expect_gp("unknown algorithm");
	good()->ctrl |= 4;
	expect_gp("command 4");
	good()->ctrl |= 0xff;
	expect_gp("command 255");
	for (cmd = CLEAR; cmd <= NO_ENCRYPT; cmd++) {
		good()->ctrl = cmd;
		expect_gp("the algorithm is checked for CLEAR and NO_ENCRYPT too");
	}
	good()->ctrl |= 1u << 24;
	expect_gp("reserved bit 24 of the control word");
	good()->ctrl |= 1u << 31;
	expect_gp("reserved bit 31 of the control word");
	check(vector(pconfig((u8 *)good() + 64, &res)) == VEC_GP, "#GP(0): structure not aligned");
	check(vector(pconfig((u8 *)good() + 1, &res)) == VEC_GP, "#GP(0): structure at an odd address");
	check(vector(pconfig((void *)0x1234567800000000, &res)) == VEC_GP,
	      "#GP(0): non-canonical address");
}

static void do_leaf(void *arg)
{
	asm volatile(".byte 0x0f, 0x01, 0xc5" : : "a"(*(u64 *)arg), "b"(&prog) : "memory");
}

static void leaves(void)
{
	u64 leaf;

	good();
	for (leaf = 1; leaf < 4; leaf++)
		check(vector(try(do_leaf, &leaf)) == VEC_GP, "#GP(0): leaf %d", (int)leaf);
	leaf = 1ull << 32;
	check(try(do_leaf, &leaf) == 0, "the leaf is in EAX, not RAX");
}

#define PREFIXED(name, bytes) \
static void name(void *arg) \
{ \
	asm volatile(".byte " bytes "0x0f, 0x01, 0xc5" : : "a"(0), "b"(arg) : "memory"); \
}
PREFIXED(plain, "")
PREFIXED(lock, "0xf0, ")
PREFIXED(data16, "0x66, ")
PREFIXED(repne, "0xf2, ")
PREFIXED(rep, "0xf3, ")

static void user_code(void)
{
	asm volatile(".byte 0x0f, 0x01, 0xc5" : : "a"(0), "b"(&prog) : "memory");
}

/* Ring 3, by IRET; the exception brings us back to try()'s stack. */
static void to_user(void *arg)
{
	asm volatile("push $43\n\tpush %0\n\tpush $2\n\tpush $35\n\tpush %1\n\tiretq"
		     : : "r"(arg), "r"(user_code) : "memory");
}

static u8 user_stack[4096];
static u32 tss[26];

/* Let ring 3 in everywhere, and give exceptions from it a stack. */
static void allow_user(void)
{
	struct { u16 limit; u64 base; } __attribute__((packed)) gdt;
	static u64 copy[10];
	u64 *pdpt = (u64 *)(pml4[0] & ~0xffful);
	u64 base = (u64)tss;

	pml4[0] |= 4;
	pdpt[0] |= 4;
	asm volatile("mov %%cr3, %%rax; mov %%rax, %%cr3" : : : "rax", "memory");
	*(u64 *)&tss[1] = (u64)user_stack + sizeof(user_stack);
	asm volatile("sgdt %0" : "=m"(gdt));
	memcpy(copy, (void *)gdt.base, gdt.limit + 1);
	copy[6] = 0x0000890000000067 | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
	copy[7] = base >> 32;
	gdt.base = (u64)copy;
	gdt.limit = sizeof(copy) - 1;
	asm volatile("lgdt %0; ltr %w1" : : "m"(gdt), "r"(48));
}

static void undefined(void)
{
	good();
	check(vector(try(lock, &prog)) == VEC_UD, "#UD: LOCK");
	check(vector(try(data16, &prog)) == VEC_UD, "#UD: 66H");
	check(vector(try(repne, &prog)) == VEC_UD, "#UD: F2H");
	check(vector(try(rep, &prog)) == VEC_UD, "#UD: F3H");
	allow_user();
	check(vector(try(to_user, user_stack + 2048)) == VEC_UD, "#UD: CPL 3");
}

static void page_fault(void)
{
	u64 v;

	map_page(PAGES_BASE, 0);
	v = pconfig((void *)PAGES_BASE, &res);
	check(vector(v) == VEC_PF && fault_address == PAGES_BASE, "#PF: structure not mapped");
	/* 192 bytes are read: none of the next page is needed */
	map_page(PAGES_BASE, (u64)machine.dram | 3);
	map_page(PAGES_BASE + PAGE, 0);
	memcpy((void *)(PAGES_BASE + PAGE - 256), good(), 256);
	check(pconfig((void *)(PAGES_BASE + PAGE - 256), &res) == 0 && res.rax == 0,
	      "structure at the end of a page");
}

static void commands(void)
{
	static const char *const name[] = { "SET_KEY_DIRECT", "SET_KEY_RANDOM", "CLEAR_KEY",
					    "NO_ENCRYPT" };
	unsigned cmd, alg;

	for (cmd = SET_DIRECT; cmd <= NO_ENCRYPT; cmd++) {
		for (alg = ALG_128; alg <= ALG_256; alg <<= 2) {
			fill_key(&prog, 1, cmd, alg, 7);
			check(pconfig(&prog, &res) == 0 && res.rax == 0, "%s, XTS-%d: RAX = 0",
			      name[cmd], alg == ALG_128 ? 128 : 256);
			check((res.flags & STATUS_FLAGS) == 0, "%s, XTS-%d: flags cleared",
			      name[cmd], alg == ALG_128 ? 128 : 256);
		}
	}
	check(program(machine.keys, SET_DIRECT, ALG_128, 1), "the last KeyID");
	good();
	memset(prog.ignored, 0xff, sizeof(prog.ignored));
	memset(prog.unused, 0xff, sizeof(prog.unused));
	memset(prog.data + 16, 0xff, 48);
	memset(prog.tweak + 16, 0xff, 48);
	check(pconfig(&prog, &res) == 0 && res.rax == 0, "bytes that mean nothing are ignored");
}

/* tme-pconfig-busy=N, tme-pconfig-entropy=N: each Nth fails with that code. */
static void injected(const char *opt, unsigned cmd, u64 code)
{
	unsigned every = option(opt, 0), i, failed = 0;
	bool flags = true, period = true;

	for (i = 1; i <= 12; i++) {
		fill_key(&prog, 1, cmd, ALG_128, 1);
		if (pconfig(&prog, &res) || (res.rax && res.rax != code))
			period = false;
		if (res.rax) {
			failed++;
			flags = flags && (res.flags & STATUS_FLAGS) == ZF;
		} else {
			flags = flags && (res.flags & STATUS_FLAGS) == 0;
		}
	}
	check(period && failed == (every ? 12 / every : 0), "%s=%d: %d of 12 calls fail", opt,
	      every, every ? 12 / every : 0);
	check(flags, "%s=%d: ZF alone tells", opt, every);
}

/* Who tries again gets there. */
static void tried_again(void)
{
	unsigned i, failed = 0;

	for (i = 0; i < 12; i++)
		failed += !program(1, SET_DIRECT, ALG_128, 1);
	check(failed == 0, "a key is set by trying as long as DEVICE_BUSY comes");
}

/* A failed call leaves the table as it was. */
static void unchanged(void)
{
	u8 *p = alias(1, machine.dram + PAGE), text[64], back[64];
	unsigned every = option("busy", 0);

	do {
		fill_key(&prog, 1, SET_DIRECT, ALG_128, 1);
		pconfig(&prog, &res);
	} while (res.rax);
	pattern(3, text, 64);
	memcpy(p, text, 64);
	flush(p, 64);
	do {
		fill_key(&prog, 1, SET_DIRECT, ALG_128, 2);
		pconfig(&prog, &res);
		if (!res.rax) {
			program(1, SET_DIRECT, ALG_128, 1);
			program(2, SET_DIRECT, ALG_128, 1);	/* or the rhythm never meets */
		}
	} while (!res.rax && every);
	if (every) {
		memcpy(back, p, 64);
		check(same(text, back, 64), "DEVICE_BUSY leaves the key as it was");
	}
}

void test_main(void)
{
	good();
	if (!machine.tme) {
		check(vector(try(plain, &prog)) == VEC_UD, "#UD: no PCONFIG without TME");
		return;
	}
	if (option("busy", 0) || option("entropy", 0)) {
		injected(option("busy", 0) ? "busy" : "entropy", SET_RANDOM,
			 option("busy", 0) ? DEVICE_BUSY : ENTROPY_ERROR);
		if (!option("busy", 0))
			injected("busy", SET_DIRECT, DEVICE_BUSY);
		tried_again();
		unchanged();
		return;
	}
	bad_input();
	leaves();
	page_fault();
	commands();
	undefined();
}
