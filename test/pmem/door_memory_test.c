// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readers of memory that only some kernels have: /proc/kcore, and devices that walk
 * page tables (HMM). `make test-debug` has both; elsewhere the tests are skipped.
 */
#include <elf.h>
#include <linux/ioctl.h>
#include <sys/ioctl.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	430

/* ---- /proc/kcore ---- */

/* Where @addr is in kcore, or -1. */
static off_t kcore_offset(int fd, uint64_t addr)
{
	Elf64_Ehdr head;
	Elf64_Phdr part;

	read_all(fd, &head, sizeof(head), 0);
	for (int i = 0; i < head.e_phnum; i++) {
		read_all(fd, &part, sizeof(part), head.e_phoff + i * sizeof(part));
		if (part.p_type == PT_LOAD && addr >= part.p_vaddr &&
		    addr - part.p_vaddr < part.p_memsz)
			return part.p_offset + (addr - part.p_vaddr);
	}
	return -1;
}

static uint64_t namespace_start(void)
{
	FILE *file = fopen("/proc/iomem", "re");
	unsigned long long start = 0;
	char line[128];

	NEED(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "namespace0.0"))
			sscanf(line, "%llx", &start);
	fclose(file);
	NEED(start);
	return start;
}

static uint64_t address_of_kernel_text(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long addr = 0, found;
	char line[256];

	NEED(file);
	while (!addr && fgets(line, sizeof(line), file))
		if (strstr(line, " _text\n") && sscanf(line, "%llx", &found) == 1)
			addr = found;
	fclose(file);
	NEED(addr);
	return addr;
}

/* The next area of the size of a namespace in /proc/vmallocinfo; 0: no more */
static uint64_t next_alias(FILE *areas)
{
	unsigned long long from, to;
	char line[256];

	while (fgets(line, sizeof(line), areas))
		if (strstr(line, " ioremap") && sscanf(line, "%llx-%llx", &from, &to) == 2 &&
		    to - from > 512ULL << 20)
			return from;
	return 0;
}

/*
 * Also of the alias through which the kernel itself would find the data. What
 * kcore has of the kernel's own text shows that reading works at all.
 */
TEST(kcore_has_zeros_of_every_alias)
{
	key_serial_t key = need_key(1);
	int kcore = open("/proc/kcore", O_RDONLY), fd, aliases = 0;
	char buf[PAGE], *p;
	uint64_t inside, alias;
	FILE *areas;

	if (kcore < 0)
		tap_skip("no /proc/kcore in this kernel");
	fd = new_file(LEN, NULL);
	p = bound_mapping(fd, LEN, key);
	pattern_fill(p, LEN, SEED, 0);
	inside = phys_of(fd, 0) - namespace_start();
	/* Addresses as they are, for whoever may see them */
	NEED(!write_text("/proc/sys/kernel/kptr_restrict", "1"));
	areas = fopen("/proc/vmallocinfo", "re");
	NEED(areas);
	while ((alias = next_alias(areas))) {
		off_t off = kcore_offset(kcore, alias + inside);

		aliases++;
		NEED(off >= 0, "%#lx is not in kcore", alias);
		read_all(kcore, buf, PAGE, off);
		CHECK(is_zero(buf, PAGE), "alias at %#lx", alias);
	}
	fclose(areas);
	CHECK(aliases > 0);
	read_all(kcore, buf, PAGE, kcore_offset(kcore, address_of_kernel_text()));
	CHECK(!is_zero(buf, PAGE));
}

/* ---- HMM: lib/test_hmm.c plays the device ---- */

struct dmirror_cmd {
	uint64_t addr, ptr, npages, cpages, faults;
};

#define DMIRROR_READ		_IOWR('H', 0x00, struct dmirror_cmd)
#define DMIRROR_WRITE		_IOWR('H', 0x01, struct dmirror_cmd)
#define DMIRROR_SNAPSHOT	_IOWR('H', 0x04, struct dmirror_cmd)

static int dmirror(unsigned long what, void *addr, void *buf)
{
	int fd = open("/dev/hmm_dmirror0", O_RDWR), err;
	struct dmirror_cmd cmd = {
		.addr = (uintptr_t)addr,
		.ptr = (uintptr_t)buf,
		.npages = LEN / PAGE,
	};

	if (fd < 0)
		tap_skip("no device that uses HMM (CONFIG_TEST_HMM)");
	err = ioctl(fd, what, &cmd) ? errno : 0;
	close(fd);
	return err;
}

/* An unbound file of the same filesystem shows that the device can do it. */
static void hmm(bool bound)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL), wanted = bound ? EFAULT : 0;
	char data[LEN], buf[LEN] = "", *p;

	pattern_fill_mark(data, LEN, bound ? SECRET_MARK : CLEAR_MARK, SEED, 0);
	p = bound ? bound_mapping(fd, LEN, key) : map_file(fd, LEN, RW, MAP_SHARED);
	memcpy(p, data, LEN);
	CHECK_EQ(dmirror(DMIRROR_SNAPSHOT, p, buf), wanted);
	CHECK_EQ(dmirror(DMIRROR_READ, p, buf), wanted);
	CHECK(bound ? is_zero(buf, LEN) : !memcmp(buf, data, LEN));
	CHECK_EQ(dmirror(DMIRROR_WRITE, p, buf), wanted);
	CHECK(!memcmp(p, data, LEN));
}

TEST(hmm_of_an_unbound_file)
{
	hmm(false);
}

TEST(hmm_EFAULT)
{
	hmm(true);
}

TEST(hmm_of_a_range_that_ends_in_a_bound_file_EFAULT)
{
	key_serial_t key = need_key(1);
	int fd = new_file(PAGE, NULL);
	char buf[LEN] = "", *p;

	memset(bound_mapping(fd, PAGE, key), 'x', PAGE);
	p = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(p != MAP_FAILED);
	memset(p, 'a', LEN);
	CHECK_EQ(dmirror(DMIRROR_READ, p, buf), 0);
	memset(buf, 0, sizeof(buf));
	NEED(mmap(p + LEN - PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	CHECK_EQ(dmirror(DMIRROR_READ, p, buf), EFAULT);
	CHECK(is_zero(buf + LEN - PAGE, PAGE));
}

int main(int argc, char **argv)
{
	return tap_main("door-memory", argc, argv);
}
