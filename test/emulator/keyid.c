// SPDX-License-Identifier: GPL-2.0-or-later
/* KeyID bits in page tables: what is stored, and every size of access to it. */
#include "lib.h"

#define BUF	(2 * PAGE)

static u8 expect[BUF], got[BUF];

static void do_read(void *arg)
{
	*(volatile u8 *)arg;
}

/* Bits from MAXPHYADDR up are reserved, KeyID bits are not. */
static void reserved_bits(void)
{
	unsigned bit;
	u64 where = PAGES_BASE;

	for (bit = option("phys", 46); bit < 52; bit++) {
		map_page(where, (1ull << bit) | machine.dram | 3);
		check(vector(try(do_read, (void *)where)) == VEC_PF && (fault_code & 8),
		      "address bit %d is reserved", bit);
	}
	map_page(where, (u64)1 << machine.shift | machine.dram | 3);
	check(try(do_read, (void *)where) == 0, "address bit %d is not", machine.shift);
	map_page(where, (u64)machine.keys << machine.shift | machine.dram | 3);
	check(try(do_read, (void *)where) == 0, "nor are all KeyID bits");
	map_page(where, 0);
}

/* One region through one KeyID: stored, read back, seen raw, under another key. */
static void stored(const char *name, u64 bus, unsigned alg)
{
	unsigned keys = alg == ALG_256 ? 256 : 128;
	u8 *p = alias(1, bus);

	check(program(1, SET_DIRECT, alg, 100), "%s, XTS-%d: key set", name, keys);
	pattern(bus, expect, BUF);
	memcpy(p, expect, BUF);
	check(same(p, expect, BUF), "%s, XTS-%d: what is written is read", name, keys);
	flush(p, BUF);
	check(same(p, expect, BUF), "%s, XTS-%d: and after a flush", name, keys);
	raw_read(bus, got, BUF);
	check(same(got, expect, BUF) == !machine.encrypts, "%s, XTS-%d: memory holds %s", name,
	      keys, machine.encrypts ? "something else" : "the same");
	flush(p, BUF);
	check(program(1, SET_DIRECT, alg, 102), "%s, XTS-%d: another key", name, keys);
	check(same(p, expect, BUF) == !machine.encrypts, "%s, XTS-%d: reads other data", name, keys);
	flush(p, BUF);
	check(program(1, SET_DIRECT, alg, 100), "%s, XTS-%d: the first key again", name, keys);
	check(same(p, expect, BUF), "%s, XTS-%d: reads the data again", name, keys);
	check(program(2, SET_DIRECT, alg, 100), "%s, XTS-%d: same key, other KeyID", name, keys);
	check(same(alias(2, bus), expect, BUF), "%s, XTS-%d: the KeyID is not in the tweak", name,
	      keys);
	flush(alias(2, bus), BUF);
	if (machine.encrypts) {
		flush(p, BUF);
		memset(expect, 0, BUF);
		memcpy(p, expect, BUF);
		flush(p, BUF);
		raw_read(bus, got, BUF);
		check(!same(got, got + 16, 16) && !same(got, got + LINE, LINE),
		      "%s, XTS-%d: equal plaintext, different ciphertext", name, keys);
	}
	flush(p, BUF);
}

/* A page is read through its own KeyID, and through those that differ in one bit. */
static void own_keys(u64 bus)
{
	unsigned k, bit, wrong = 0, last = machine.keys < 63 ? machine.keys : 63;

	for (k = 1; k <= last; k++) {
		program(k, SET_DIRECT, ALG_128, 200 + 2 * k);
		pattern(k, alias(k, bus), LINE);
		flush(alias(k, bus), LINE);
		pattern(k, expect, LINE);
		wrong += !same(alias(k, bus), expect, LINE);
		for (bit = 1; bit <= last; bit <<= 1) {
			u8 *other = alias(k ^ bit, bus);

			wrong += same(other, expect, LINE) == machine.encrypts;
			flush(other, LINE);
		}
		flush(alias(k, bus), LINE);
	}
	check(wrong == 0, "every KeyID has its own key");
	for (k = 1; k <= last; k++)
		program(k, CLEAR, ALG_128, 0);
}

static void other_commands(u64 bus)
{
	u8 *p = alias(1, bus);

	pattern(5, expect, PAGE);
	check(program(1, SET_RANDOM, ALG_128, 100), "random key set");
	memcpy(p, expect, PAGE);
	flush(p, PAGE);
	check(same(p, expect, PAGE), "random key: read back");
	flush(p, PAGE);
	program(1, SET_RANDOM, ALG_128, 100);
	check(same(p, expect, PAGE) == !machine.encrypts, "random key: another one each time");
	flush(p, PAGE);
	program(1, NO_ENCRYPT, ALG_128, 0);
	memcpy(p, expect, PAGE);
	flush(p, PAGE);
	raw_read(bus, got, PAGE);
	check(same(got, expect, PAGE), "NO_ENCRYPT: memory holds plaintext");
	program(1, SET_DIRECT, ALG_128, 100);
	program(1, CLEAR, ALG_128, 0);
	check(same(p, expect, PAGE), "CLEAR_KEY: as KeyID 0, not encrypted");
	flush(p, PAGE);
}

/* Every integer size at every offset around a line and a page boundary. */
static void sizes(const char *name, u8 *p)
{
	static const unsigned around[] = { LINE, PAGE };
	unsigned i, ofs, size, bad = 0;

	pattern(9, expect, BUF);
	memcpy(p, expect, BUF);
	for (i = 0; i < 2; i++) {
		for (ofs = around[i] - 17; ofs < around[i] + 17; ofs++) {
			u64 v = (u64)ofs * 0x0123456789abcdefull;

			*(volatile u8 *)(p + ofs) = v;
			*(u8 *)(expect + ofs) = v;
			bad += *(volatile u8 *)(p + ofs) != (u8)v;
			*(volatile u16 *)(p + ofs) = v;
			*(u16 *)(expect + ofs) = v;
			bad += *(volatile u16 *)(p + ofs) != (u16)v;
			*(volatile u32 *)(p + ofs) = v;
			*(u32 *)(expect + ofs) = v;
			bad += *(volatile u32 *)(p + ofs) != (u32)v;
			*(volatile u64 *)(p + ofs) = v;
			*(u64 *)(expect + ofs) = v;
			bad += *(volatile u64 *)(p + ofs) != v;
		}
	}
	check(bad == 0, "%s: 1 to 8 bytes at every offset", name);
	check(same(p, expect, BUF), "%s: and nothing beside them changed", name);
	for (size = 1, bad = 0; size < 200; size += 7) {
		memcpy(p + PAGE - size / 2, p + 3, size);
		memcpy(expect + PAGE - size / 2, expect + 3, size);
		bad += !same(p, expect, BUF);
	}
	check(bad == 0, "%s: string moves over the end of a page", name);
}

static void locked(const char *name, u8 *p)
{
	u64 *q = (u64 *)(p + 2 * LINE), a, d;
	u8 ok;

	q[0] = 5;
	q[1] = 6;
	asm volatile("lock addq $3, %0" : "+m"(q[0]));
	check(q[0] == 8, "%s: lock add", name);
	a = 2;
	asm volatile("lock xaddq %1, %0" : "+m"(q[0]), "+r"(a));
	check(q[0] == 10 && a == 8, "%s: lock xadd", name);
	a = 77;
	asm volatile("xchgq %1, %0" : "+m"(q[0]), "+r"(a));
	check(q[0] == 77 && a == 10, "%s: xchg", name);
	asm volatile("lock btsq $3, %0" : "+m"(q[0]));
	check(q[0] == (77 | 8), "%s: lock bts", name);
	a = 77 | 8;
	asm volatile("lock cmpxchgq %3, %0; sete %2"
		     : "+m"(q[0]), "+a"(a), "=q"(ok) : "r"(4ull));
	check(ok && q[0] == 4, "%s: lock cmpxchg", name);
	a = 4;
	d = 6;
	asm volatile("lock cmpxchg16b %0; sete %3"
		     : "+m"(*(unsigned __int128 *)q), "+a"(a), "+d"(d), "=q"(ok)
		     : "b"(11ull), "c"(12ull));
	check(ok && q[0] == 11 && q[1] == 12, "%s: lock cmpxchg16b", name);
}

/* Not aligned: over the end of a line, and of a page */
static void split_locked(const char *name, u8 *p)
{
	static const unsigned where[] = { LINE - 3, PAGE - 3 };
	unsigned i;

	for (i = 0; i < 2; i++) {
		u64 *q = (u64 *)(p + where[i]), a = 9;

		*(volatile u64 *)q = 0x1122334455667788;
		asm volatile("lock addq $1, %0" : "+m"(*q));
		check(*(volatile u64 *)q == 0x1122334455667789, "%s: lock add over the end of a %s",
		      name, i ? "page" : "line");
		asm volatile("xchgq %1, %0" : "+m"(*q), "+r"(a));
		check(*(volatile u64 *)q == 9 && a == 0x1122334455667789,
		      "%s: xchg over the end of a %s", name, i ? "page" : "line");
	}
}

static void strings(const char *name, u8 *p)
{
	u8 *to = p + PAGE - 803, *from = to;
	u64 n = 200;

	memset(p, 0xee, BUF);
	memset(expect, 0xee, BUF);
	memset(expect + PAGE - 803, 0x5a, 1600);
	asm volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(0x5a5a5a5a5a5a5a5aull) : "memory");
	check(same(p, expect, BUF), "%s: rep stosq over the end of a page", name);
	memset(expect + 5, 0x5a, 8 * 150);
	to = p + 5;
	n = 150;
	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	check(same(p, expect, BUF), "%s: rep movsq, unaligned", name);
}

static void vectors(const char *name, u8 *p)
{
	pattern(21, expect, 256);
	memcpy(p, expect, 128);
	asm volatile("movdqu (%0), %%xmm0; movdqu %%xmm0, 0x105(%0)" : : "r"(p) : "memory");
	check(same(p + 0x105, expect, 16), "%s: SSE, unaligned", name);
	asm volatile("movaps (%0), %%xmm0; movaps %%xmm0, 0x140(%0)" : : "r"(p) : "memory");
	check(same(p + 0x140, expect, 16), "%s: SSE, aligned", name);
	asm volatile("vmovdqu (%0), %%ymm1; vmovdqu %%ymm1, 0xff1(%0)" : : "r"(p) : "memory");
	check(same(p + 0xff1, expect, 32), "%s: AVX over the end of a page", name);
	asm volatile("vmovaps 0x20(%0), %%ymm1; vmovaps %%ymm1, 0x1c0(%0)" : : "r"(p) : "memory");
	check(same(p + 0x1c0, expect + 0x20, 32), "%s: AVX, aligned", name);
	asm volatile("fninit; fldpi; fstpt 0x3a(%0); fldpi; fstpt 0xffc(%0)" : : "r"(p) : "memory");
	check(same(p + 0x3a, p + 0xffc, 10) && p[0x3a + 9] == 0x40,
	      "%s: x87, ten bytes over the end of a line and a page", name);
}

void test_main(void)
{
	static const char *const name[] = { "DRAM", "DIMM" };
	u64 bus[2] = { machine.dram, machine.dimm };
	unsigned i;

	if (!machine.tme) {
		u64 *p = (u64 *)machine.dram, *q = alias(1, machine.dram);

		*p = 0x1234;
		check(*(volatile u64 *)q != 0x1234, "without TME, bit %d is an address bit",
		      machine.shift);
		return;
	}
	reserved_bits();
	for (i = 0; i < 2; i++) {
		stored(name[i], bus[i], ALG_128);
		stored(name[i], bus[i], ALG_256);
		sizes(name[i], alias(1, bus[i]));
		locked(name[i], alias(1, bus[i]));
		split_locked(name[i], alias(1, bus[i]));
		strings(name[i], alias(1, bus[i]));
		vectors(name[i], alias(1, bus[i]));
	}
	other_commands(machine.dram);
	own_keys(machine.dram);
}
