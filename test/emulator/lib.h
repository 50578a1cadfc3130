/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bare-metal tests of the emulated TME-MK CPU: common parts. */
#ifndef LIB_H
#define LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "pattern.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define LINE		64
#define PAGE		4096ul
#define ALG_128		(1u << 0)
#define ALG_256		(1u << 2)

enum { SET_DIRECT, SET_RANDOM, CLEAR, NO_ENCRYPT };
enum { ENTROPY_ERROR = 2, DEVICE_BUSY = 5 };
enum { VEC_BP = 3, VEC_UD = 6, VEC_GP = 13, VEC_PF = 14 };

/* The machine, from the command line: what each expectation is computed from. */
struct machine {
	bool tme;		/* TME-MK is there */
	bool encrypts;		/* what is stored under a key is ciphertext */
	bool cached;		/* aliases are not coherent */
	unsigned bits;		/* KeyID bits */
	unsigned keys;		/* highest KeyID */
	unsigned shift;		/* position of the KeyID */
	u64 dimm;		/* physical address of the DIMM */
	u64 dram;		/* free DRAM, 16 MiB */
};
extern struct machine machine;

/* One test program; calls check() for each thing it proves. */
void test_main(void);
void ap_main(void);
void start_ap(void);

__attribute__((format(printf, 2, 3)))
bool check(bool good, const char *format, ...);
__attribute__((format(printf, 1, 2))) void skip(const char *format, ...);
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
u64 option(const char *name, u64 otherwise);
bool option_is(const char *name, const char *value);
_Noreturn void finish(void);
_Noreturn void reset_machine(void);

/* A line for the program on the host, see check.c. */
void host_cipher(u64 bus, unsigned len, unsigned alg, u64 key_seed, u64 seed);
void host_plain(u64 bus, unsigned len, u64 seed);
void host_absent(u64 seed, unsigned len);
void host_ring(u64 bus, unsigned slots, unsigned len, bool lines, unsigned alg, u64 key_seed);

/* Exceptions. */
int try(void (*fn)(void *), void *arg);
extern u64 fault_code, fault_address;
static inline int vector(int tried) { return tried - 1; }
bool rdmsr_try(u32 msr, u64 *value);
bool wrmsr_try(u32 msr, u64 value);

/* Memory. */
void *alias(unsigned keyid, u64 bus);
void map_page(u64 linear, u64 entry);
#define PAGES_BASE	(1ul << 40)
extern u64 pages_pd[], pages_pt[], pml4[];
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
bool same(const void *a, const void *b, size_t n);
void flush(volatile void *p, size_t n);
void write_back(volatile void *p, size_t n);
void raw_read(u64 bus, void *to, size_t n);
u64 phys(unsigned keyid, u64 bus);
void fw_cfg_read(unsigned keyid, u64 bus, u32 len);

/* PCONFIG. */
struct key_program {
	u16 keyid;
	u32 ctrl;
	u8 ignored[58];
	u8 data[64];
	u8 tweak[64];
	u8 unused[64];
} __attribute__((packed, aligned(256)));
struct pconfig_result {
	u64 rax, flags;
};
void fill_key(struct key_program *p, unsigned keyid, unsigned command,
	      unsigned alg, u64 key_seed);
int pconfig(const void *p, struct pconfig_result *result);
bool program(unsigned keyid, unsigned command, unsigned alg, u64 key_seed);

static inline void out8(u16 port, u8 v)
{
	asm volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}
static inline void out16(u16 port, u16 v)
{
	asm volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}
static inline void out32(u16 port, u32 v)
{
	asm volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}
static inline u8 in8(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u16 in16(u16 port)
{
	u16 v;

	asm volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline u32 in32(u16 port)
{
	u32 v;

	asm volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}
static inline void cpuid(u32 leaf, u32 sub, u32 r[4])
{
	asm volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
		     : "a"(leaf), "c"(sub));
}
static inline void clflush(volatile void *p)
{
	asm volatile("clflush %0" : "+m"(*(volatile u8 *)p));
}
static inline void clflushopt(volatile void *p)
{
	asm volatile("clflushopt %0" : "+m"(*(volatile u8 *)p));
}
static inline void clwb(volatile void *p)
{
	asm volatile("clwb %0" : "+m"(*(volatile u8 *)p));
}
static inline void sfence(void) { asm volatile("sfence" : : : "memory"); }
static inline void mfence(void) { asm volatile("mfence" : : : "memory"); }
static inline void wbinvd(void) { asm volatile("wbinvd" : : : "memory"); }
static inline void pause(void) { asm volatile("pause" : : : "memory"); }
static inline void invlpg(u64 a) { asm volatile("invlpg (%0)" : : "r"(a) : "memory"); }
static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

#endif
