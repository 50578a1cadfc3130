// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices that put a KeyID into a DMA address: fw_cfg and virtio-blk (legacy)
 *
 * DMA is coherent with the alias it names and with no other, in every engine.
 */
#include "lib.h"

#define SECTOR		512
#define PIECES		6	/* data descriptors: mapped by the device all at once */
#define PIECE		1024
#define QUEUE		256

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};
#define F_NEXT	1
#define F_WRITE	2

struct request {
	u32 type, reserved;
	u64 sector;
	u8 status;
};

static u16 io;			/* BAR 0 of virtio-blk */
static u64 ring;		/* physical, maybe with KeyID */
static volatile u8 *ring_cpu;
static u16 used_before;

static u32 pci_read(unsigned dev, unsigned reg)
{
	out32(0xcf8, 1u << 31 | dev << 11 | reg);
	return in32(0xcfc);
}

static void pci_write16(unsigned dev, unsigned reg, u16 v)
{
	out32(0xcf8, 1u << 31 | dev << 11 | (reg & ~3u));
	out16(0xcfc + (reg & 2), v);
}

static bool find_disk(void)
{
	unsigned dev;

	for (dev = 0; dev < 32; dev++) {
		if (pci_read(dev, 0) == 0x10011af4) {
			io = pci_read(dev, 0x10) & ~3u;
			pci_write16(dev, 4, 7);
			return io != 0;
		}
	}
	return false;
}

static void start_queue(unsigned keyid, u64 bus)
{
	ring = phys(keyid, bus);
	ring_cpu = alias(keyid, bus);
	memset((void *)ring_cpu, 0, 3 * PAGE);
	used_before = 0;
	out8(io + 0x12, 0);
	out8(io + 0x12, 3);
	out32(io + 4, 0);
	out16(io + 0xe, 0);
	out32(io + 8, ring >> 12);
	out8(io + 0x12, 7);
}

/* One request of PIECES pieces, each in a page of its own, odd offsets. */
static bool transfer(bool to_disk, unsigned keyid, u64 bus, u64 sector)
{
	volatile struct desc *d = (void *)ring_cpu;
	volatile u16 *avail = (void *)(ring_cpu + 16 * QUEUE);
	volatile u16 *used = (void *)(ring_cpu + 2 * PAGE);
	volatile struct request *req = alias(keyid, bus);
	static bool hung;
	unsigned i;
	u64 spin = 0;

	/* A device that hangs once is not waited for again. */
	if (hung)
		return false;
	req->type = to_disk;
	req->reserved = 0;
	req->sector = sector;
	req->status = 0xff;
	d[0] = (struct desc){ phys(keyid, bus), 16, F_NEXT, 1 };
	for (i = 0; i < PIECES; i++)
		d[i + 1] = (struct desc){ phys(keyid, bus + (i + 1) * PAGE + 8 * i), PIECE,
					  F_NEXT | (to_disk ? 0 : F_WRITE), i + 2 };
	d[i + 1] = (struct desc){ phys(keyid, bus + 16), 1, F_WRITE, 0 };
	avail[2 + avail[1] % QUEUE] = 0;
	mfence();
	avail[1]++;
	mfence();
	out16(io + 0x10, 0);
	while (used[1] == used_before && spin++ < 20000000)
		pause();
	hung = used[1] == used_before;
	used_before = used[1];
	return req->status == 0;
}

static void fill(unsigned keyid, u64 bus, u64 seed)
{
	unsigned i;

	for (i = 0; i < PIECES; i++)
		pattern(seed + i, alias(keyid, bus + (i + 1) * PAGE + 8 * i), PIECE);
}

static bool is(unsigned keyid, u64 bus, u64 seed)
{
	u8 text[PIECE];
	unsigned i;

	for (i = 0; i < PIECES; i++) {
		pattern(seed + i, text, PIECE);
		if (!same(text, alias(keyid, bus + (i + 1) * PAGE + 8 * i), PIECE))
			return false;
	}
	return true;
}

static void fw_cfg(const char *name, unsigned keyid, u64 bus)
{
	u8 *p = alias(keyid, bus), raw[4];

	/* into lines that are dirty in the cache */
	memset(p, 1, LINE);
	fw_cfg_read(keyid, bus + 5, 4);
	check(same(p + 5, "QEMU", 4), "%s: fw_cfg into cached lines", name);
	check(p[4] == 1 && p[9] == 1, "%s: neighbours stay", name);
	flush(p, LINE);
	check(same(p + 5, "QEMU", 4), "%s: and after a flush", name);
	/* into lines that are not in the cache */
	memset(p, 2, LINE);
	flush(p, LINE);
	fw_cfg_read(keyid, bus + LINE - 2, 4);
	fw_cfg_read(keyid, bus + 5, 4);
	check(same(p + 5, "QEMU", 4) && same(p + LINE - 2, "QEMU", 4),
	      "%s: fw_cfg into memory", name);
	check(p[4] == 2 && p[9] == 2, "%s: neighbours stay in memory", name);
	flush(p, 2 * LINE);
	if (keyid) {
		raw_read(bus + 5, raw, 4);
		check(same(raw, "QEMU", 4) == !machine.encrypts, "%s: memory holds %s", name,
		      machine.encrypts ? "ciphertext" : "plaintext");
	}
}

static void disk(const char *name, unsigned keyid, u64 bus, u64 seed)
{
	u64 from = bus, to = bus + 16 * PAGE;

	fill(keyid, from, seed);
	check(transfer(true, keyid, from, 0), "%s: disk write completes", name);
	fill(keyid, to, seed + 50);
	check(transfer(false, keyid, to, 0), "%s: disk read completes", name);
	check(is(keyid, to, seed), "%s: read into cached lines", name);
	flush(alias(keyid, to), (PIECES + 1) * PAGE);
	check(is(keyid, to, seed), "%s: and after a flush", name);
	fill(keyid, from, seed + 9);
	flush(alias(keyid, from), (PIECES + 1) * PAGE);
	check(transfer(true, keyid, from, 32), "%s: disk write from memory", name);
	flush(alias(keyid, to), (PIECES + 1) * PAGE);
	check(transfer(false, keyid, to, 32), "%s: disk read into memory", name);
	check(is(keyid, to, seed + 9), "%s: data is right", name);
	flush(alias(keyid, to), (PIECES + 1) * PAGE);
	flush(alias(keyid, from), (PIECES + 1) * PAGE);
}

/* A device brings new code where old code was executed. */
static void code(const char *name, unsigned keyid, u64 bus)
{
	u64 from = bus, to = bus + 16 * PAGE;
	volatile u8 *text = alias(keyid, from + PAGE), *run = alias(keyid, to + PAGE);
	u32 i, got = 0;

	for (i = 1; i <= 4; i++) {
		text[0] = 0xb8;			/* mov $i, %eax; ret */
		*(volatile u32 *)(text + 1) = i;
		text[5] = 0xc3;
		transfer(true, keyid, from, 64);
		if (i > 2)			/* into memory, not into the cache */
			flush(run, LINE);
		transfer(false, keyid, to, 64);
		got = ((u32 (*)(void))run)();
		if (got != i)
			break;
	}
	check(got == 4, "%s: code that a device brings is executed", name);
	flush(run, LINE);
	flush(text, LINE);
}

/* The device names KeyID 1; KeyID 0 has old lines of the same page. */
static void other_alias(u64 bus)
{
	u8 *zero = alias(0, bus);

	program(1, NO_ENCRYPT, ALG_128, 0);
	memset(zero, 3, LINE);
	flush(zero, LINE);
	check(zero[0] == 3, "KeyID 0 line fetched");
	fw_cfg_read(1, bus, 4);
	check(same(zero, "QEMU", 4) == !machine.cached, "DMA to KeyID 1: KeyID 0 %s",
	      machine.cached ? "stays stale" : "sees it");
	flush(zero, LINE);
	check(same(zero, "QEMU", 4), "DMA to KeyID 1: KeyID 0 sees it after its flush");
	flush(alias(1, bus), LINE);
	program(1, SET_DIRECT, ALG_128, 30);
}

void test_main(void)
{
	u64 rings = machine.dram + 64 * PAGE;
	unsigned k = machine.tme ? 1 : 0;

	if (machine.tme) {
		program(1, SET_DIRECT, ALG_128, 30);
		program(2, SET_DIRECT, ALG_256, 40);
	}
	fw_cfg("KeyID, DRAM", k, machine.dram);
	fw_cfg("KeyID, DIMM", k, machine.dimm);
	fw_cfg("KeyID 0, DRAM", 0, machine.dram + PAGE);
	fw_cfg("KeyID 0, DIMM", 0, machine.dimm + PAGE);
	if (machine.tme)
		other_alias(machine.dimm + 2 * PAGE);
	if (!check(find_disk(), "there is a virtio-blk"))
		return;
	start_queue(0, rings);
	disk("KeyID, DRAM", k, machine.dram + 128 * PAGE, 100);
	disk("KeyID, DIMM", k, machine.dimm + 128 * PAGE, 200);
	disk("KeyID 0, DRAM", 0, machine.dram + 256 * PAGE, 300);
	disk("KeyID 0, DIMM", 0, machine.dimm + 256 * PAGE, 400);
	code("KeyID, DRAM", k, machine.dram + 128 * PAGE);
	code("KeyID 0, DRAM", 0, machine.dram + 256 * PAGE);
	code("KeyID 0, DIMM", 0, machine.dimm + 256 * PAGE);
	if (machine.tme) {
		start_queue(1, rings + 8 * PAGE);
		disk("ring and data under KeyIDs", 2, machine.dram + 512 * PAGE, 500);
		flush(alias(1, rings + 8 * PAGE), 3 * PAGE);
		start_queue(1, machine.dimm + 512 * PAGE);
		disk("ring on the DIMM under a KeyID", 2, machine.dimm + 600 * PAGE, 600);
	}
	start_queue(0, machine.dimm + 700 * PAGE);
	disk("ring on the DIMM, KeyID 0", 0, machine.dram + 600 * PAGE, 700);
	out8(io + 0x12, 0);
}
