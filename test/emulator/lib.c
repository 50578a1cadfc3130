// SPDX-License-Identifier: GPL-2.0-or-later
/* Bare-metal tests of the emulated TME-MK CPU: output, memory, keys. */
#include <stdarg.h>
#include "lib.h"

#define PORT_TEXT	0x402	/* isa-debugcon */
#define PORT_EXIT	0x501	/* isa-debug-exit */
#define PORT_RESET	0xcf9
#define APIC_ICR	((volatile u32 *)0xfee00300)

struct machine machine;

extern u64 idt[], aliases[];
extern u64 start_info;
extern u8 ap_start[], ap_start_end[];
extern u8 vector_0[], vector_3[], vector_6[], vector_8[], vector_13[], vector_14[], vector_18[];

static void put_char(char c)
{
	out8(PORT_TEXT, c);
}

static void put_number(u64 v, unsigned base, bool negative)
{
	char text[24];
	int n = 0;

	do {
		text[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		put_char('-');
	while (n)
		put_char(text[--n]);
}

/* %s %d %u %x, with l for 64 bits */
static void put_args(const char *f, va_list args)
{
	for (; *f; f++) {
		bool wide = false;
		u64 v;

		if (*f != '%') {
			put_char(*f);
			continue;
		}
		if (*++f == 'l') {
			wide = true;
			f++;
		}
		if (*f == 's') {
			const char *s = va_arg(args, const char *);

			while (*s)
				put_char(*s++);
		} else if (*f == 'd' && !wide) {
			int d = va_arg(args, int);

			put_number(d < 0 ? -(u64)d : (u64)d, 10, d < 0);
		} else {
			v = wide ? va_arg(args, u64) : va_arg(args, u32);
			put_number(v, *f == 'x' ? 16 : 10, false);
		}
	}
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_args(format, args);
	va_end(args);
	put_char('\n');
}

static void put(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_args(format, args);
	va_end(args);
}

bool check(bool good, const char *format, ...)
{
	va_list args;

	put(good ? "ok - " : "not ok - ");
	va_start(args, format);
	put_args(format, args);
	va_end(args);
	put_char('\n');
	return good;
}

void skip(const char *format, ...)
{
	va_list args;

	put("ok - ");
	va_start(args, format);
	put_args(format, args);
	va_end(args);
	put_char('\n');
}

/* "done" is the last word; without it the run counts as failed. */
_Noreturn void finish(void)
{
	say("done");
	for (;;)
		out8(PORT_EXIT, 0);
}

_Noreturn void reset_machine(void)
{
	for (;;)
		out8(PORT_RESET, 6);
}

void stray_fault(int tried, u64 rip)
{
	check(false, "no unexpected exception (vector %d, code %lx, at %lx, cr2 %lx)",
	      vector(tried), fault_code, rip, fault_address);
	finish();
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *ret = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return ret;
}

void *memset(void *to, int c, size_t n)
{
	void *ret = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
	return ret;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

bool same(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

static bool starts_with(const char *s, const char *with)
{
	while (*with) {
		if (*s++ != *with++)
			return false;
	}
	return true;
}

u64 phys(unsigned keyid, u64 bus)
{
	return (u64)keyid << machine.shift | bus;
}

/* A device that writes "QEMU" to memory: fw_cfg by DMA. */
void fw_cfg_read(unsigned keyid, u64 bus, u32 len)
{
	static volatile struct {
		u32 control, length;
		u64 address;
	} __attribute__((packed)) access;
	u64 a = (u64)&access;

	access.control = __builtin_bswap32(2 | 8);	/* read, select item 0 */
	access.length = __builtin_bswap32(len);
	access.address = __builtin_bswap64(phys(keyid, bus));
	mfence();
	out32(0x514, __builtin_bswap32(a >> 32));
	out32(0x518, __builtin_bswap32(a));
	while (access.control & ~__builtin_bswap32(1))
		pause();
}

/* "name=value" in the command line that PVH hands over */
static const char *find_option(const char *name)
{
	const char *s = *(const char **)(uintptr_t)(start_info + 24);
	const char *begin = s;

	for (; s && *s; s++) {
		if (s != begin && s[-1] != ' ')
			continue;
		if (starts_with(s, name)) {
			const char *v = s;

			while (*v != '=' && *v != ' ' && *v)
				v++;
			if (*v == '=')
				return v + 1;
		}
	}
	return NULL;
}

u64 option(const char *name, u64 otherwise)
{
	const char *s = find_option(name);
	u64 v = 0;

	if (!s)
		return otherwise;
	for (; *s && *s != ' '; s++) {
		unsigned digit = *s <= '9' ? *s - '0' : *s - 'a' + 10;

		v = v * 16 + digit;
	}
	return v;
}

bool option_is(const char *name, const char *value)
{
	const char *s = find_option(name);

	return s && starts_with(s, value);
}

static void set_vector(int n, void *handler)
{
	u64 a = (u64)handler;

	idt[2 * n] = (a & 0xffff) | 8ull << 16 | 0x8e00ull << 32 |
		     (a >> 16 & 0xffff) << 48;
	idt[2 * n + 1] = a >> 32;
}

/* The KeyID is the top of the physical address; linear, it is 8 GiB each. */
void *alias(unsigned keyid, u64 bus)
{
	return (void *)((1ul << 39) + ((u64)(keyid & 63) << 33) + bus);
}

static void map_aliases(void)
{
	unsigned i, windows = machine.tme ? machine.keys + 1 : 64;

	for (i = 0; i < 512 && i < windows * 8; i++)
		aliases[i] = (u64)(i / 8) << machine.shift |
			     (u64)(i % 8) << 30 | 0x83;
}

void map_page(u64 linear, u64 entry)
{
	pages_pt[linear >> 12 & 511] = entry;
	invlpg(linear);
}

void start_c(void)
{
	u32 r[4];

	set_vector(0, vector_0);
	set_vector(3, vector_3);
	set_vector(6, vector_6);
	set_vector(8, vector_8);
	set_vector(13, vector_13);
	set_vector(14, vector_14);
	set_vector(18, vector_18);

	machine.bits = option("bits", 0);
	machine.tme = machine.bits;
	machine.encrypts = machine.tme && !option_is("engine", "none");
	machine.cached = machine.tme && option_is("engine", "cache");
	machine.keys = (1u << machine.bits) - 1;
	machine.dimm = option("dimm", 0);
	machine.dram = 0x2000000;
	cpuid(0x80000008, 0, r);
	machine.shift = (r[0] & 0xff) - (machine.tme ? machine.bits : 6);
	map_aliases();
	test_main();
	finish();
}

/* A test with one CPU needs no ap_main(). */
__attribute__((weak)) void ap_main(void)
{
}

void ap_c(void)
{
	ap_main();
}

/* INIT, then STARTUP at 0x8000, to all but us; no need to wait for TCG. */
void start_ap(void)
{
	memcpy((void *)0x8000, ap_start, ap_start_end - ap_start);
	*APIC_ICR = 0xc4500;
	*APIC_ICR = 0xc4608;
	*APIC_ICR = 0xc4608;
}

void flush(volatile void *p, size_t n)
{
	volatile u8 *c = (void *)((u64)p & ~(LINE - 1ul));

	mfence();
	for (; c < (volatile u8 *)p + n; c += LINE)
		clflushopt(c);
	mfence();
}

void write_back(volatile void *p, size_t n)
{
	volatile u8 *c = (void *)((u64)p & ~(LINE - 1ul));

	for (; c < (volatile u8 *)p + n; c += LINE)
		clwb(c);
	sfence();
}

/*
 * What is in memory, by way of the last KeyID, which tests leave unencrypted
 * and read-only for others: its lines are dropped before and after.
 */
void raw_read(u64 bus, void *to, size_t n)
{
	void *p = alias(machine.tme ? machine.keys : 0, bus);

	if (machine.tme)
		flush(p, n);
	memcpy(to, p, n);
	if (machine.tme)
		flush(p, n);
}

static void do_rdmsr(void *arg)
{
	u32 *a = arg;

	asm volatile("rdmsr" : "=a"(a[1]), "=d"(a[2]) : "c"(a[0]));
}

bool rdmsr_try(u32 msr, u64 *value)
{
	u32 a[3] = { msr };

	if (try(do_rdmsr, a))
		return false;
	*value = (u64)a[2] << 32 | a[1];
	return true;
}

static void do_wrmsr(void *arg)
{
	u32 *a = arg;

	asm volatile("wrmsr" : : "a"(a[1]), "d"(a[2]), "c"(a[0]));
}

bool wrmsr_try(u32 msr, u64 value)
{
	u32 a[3] = { msr, value, value >> 32 };

	return !try(do_wrmsr, a);
}

void fill_key(struct key_program *p, unsigned keyid, unsigned command,
	      unsigned alg, u64 key_seed)
{
	unsigned len = alg == ALG_256 ? 32 : 16;

	memset(p, 0, sizeof(*p));
	p->keyid = keyid;
	p->ctrl = command | alg << 8;
	pattern(key_seed, p->data, len);
	pattern(key_seed + 1, p->tweak, len);
}

struct pconfig_call {
	const void *program;
	struct pconfig_result *result;
};

static void do_pconfig(void *arg)
{
	struct pconfig_call *c = arg;

	/* arithmetic flags set before, to see which are cleared */
	asm volatile("mov $0x8d5, %%ecx\n\tpush %%rcx\n\tpopf\n\t"
		     ".byte 0x0f, 0x01, 0xc5\n\tpushf\n\tpop %1"
		     : "=a"(c->result->rax), "=r"(c->result->flags)
		     : "0"(0ul), "b"(c->program) : "rcx", "memory", "cc");
}

int pconfig(const void *p, struct pconfig_result *result)
{
	struct pconfig_call c = { p, result };

	return try(do_pconfig, &c);
}

bool program(unsigned keyid, unsigned command, unsigned alg, u64 key_seed)
{
	struct key_program p;
	struct pconfig_result r;

	fill_key(&p, keyid, command, alg, key_seed);
	do {
		if (pconfig(&p, &r))
			return false;
	} while (r.rax == DEVICE_BUSY);
	return r.rax == 0;
}

static void put_key(u64 seed, unsigned len)
{
	u8 key[32];
	unsigned i;

	pattern(seed, key, len);
	for (i = 0; i < len; i++)
		put("%x%x", key[i] >> 4, key[i] & 15);
}

/* Cipher and keys, as check.c wants them. */
static void put_cipher(unsigned alg, u64 key_seed)
{
	unsigned n = alg == ALG_256 ? 32 : 16;

	put(" %s ", n == 32 ? "aes-256-xts" : "aes-128-xts");
	put_key(key_seed, n);
	put_key(key_seed + 1, n);
}

void host_cipher(u64 bus, unsigned len, unsigned alg, u64 key_seed, u64 seed)
{
	if (!machine.encrypts) {
		host_plain(bus, len, seed);
		return;
	}
	put("host cipher %lx %x %lx", bus - machine.dimm, len, bus);
	put_cipher(alg, key_seed);
	say(" %lx", seed);
}

void host_plain(u64 bus, unsigned len, u64 seed)
{
	say("host plain %lx %x %lx", bus - machine.dimm, len, seed);
}

/* Slots of records whose numbers are told; lines go as a whole; alg 0: plaintext. */
void host_ring(u64 bus, unsigned slots, unsigned len, bool lines, unsigned alg, u64 key_seed)
{
	put("host ring %lx %x %x %x %lx", bus - machine.dimm, slots, len, lines, bus);
	if (alg)
		put_cipher(alg, key_seed);
	say(alg ? "" : " - -");
}

void host_absent(u64 seed, unsigned len)
{
	say("host absent %lx %x", seed, len);
}
