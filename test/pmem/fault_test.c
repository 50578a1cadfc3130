// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fault handler puts in the page table, and that nothing done to the
 * mapping afterwards takes the KeyID out again
 */
#include <sys/resource.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define PHYS_ADDR_BITS	0x000ffffffffff000ULL

static int file;

/* Bound to key 1, @len long, nothing in it yet. */
static char *bound(size_t len, key_serial_t key)
{
	file = new_file(len, NULL);
	return bound_mapping(file, len, key);
}

/* The entry's address bits are the block's address plus a KeyID above it. */
static void check_keyed(const char *p, uint64_t off, const char *level)
{
	uint64_t phys = phys_of(file, off);
	struct pte pte = pte_of(p);
	uint64_t bits = pte.raw & PHYS_ADDR_BITS;

	CHECK(!strcmp(pte.level, level), "%s, not %s", pte.level, level);
	if (!strcmp(level, "pmd")) {
		phys &= ~(PMD - 1);
		bits &= ~(PMD - 1);	/* bit 12 is PAT here */
	}
	CHECK(pte.keyid > 0 && pte.keyid < 64, "KeyID %u", pte.keyid);
	CHECK(bits > phys && (bits & ((1ULL << 40) - 1)) == phys,
	      "raw %#llx, block at %#llx", pte.raw, (unsigned long long)phys);
	CHECK_EQ(bits >> 40, pte.keyid);
	CHECK_EQ(pagemap_pfn(p), phys_of(file, off) / PAGE);
}

TEST(write_fault_4k)
{
	char *p = bound(LEN, need_key(1));

	store_byte(p + PAGE);
	check_keyed(p + PAGE, PAGE, "pte");
	CHECK(pte_of(p + PAGE).raw & 2, "not writable");
}

TEST(read_fault_4k)
{
	char *p = bound(LEN, need_key(1)), *q;

	pattern_fill(p, LEN, 1, 0);
	q = map_file(file, LEN, PROT_READ, MAP_SHARED);
	CHECK(is_pattern(q, LEN, 1, 0));
	check_keyed(q + 3 * PAGE, 3 * PAGE, "pte");
	CHECK(!(pte_of(q).raw & 2), "writable");
}

TEST(write_fault_2m)
{
	char *p = bound(2 * PMD, need_key(1));

	store_byte(p + PMD + 5 * PAGE);
	check_keyed(p + PMD + 5 * PAGE, PMD + 5 * PAGE, "pmd");
}

TEST(read_fault_2m)
{
	char *p = bound(PMD, need_key(1)), *q;

	pattern_fill(p, PMD, 2, 0);
	q = map_file(file, PMD, PROT_READ, MAP_SHARED);
	CHECK(is_pattern(q, PMD, 2, 0));
	check_keyed(q, 0, "pmd");
	check_keyed(q + PMD - PAGE, PMD - PAGE, "pmd");
}

TEST(read_then_write_fault_2m)
{
	char *p = bound(PMD, need_key(1)), *q;

	pattern_fill(p, PMD, 3, 0);
	NEED(!msync(p, PMD, MS_SYNC));
	q = map_file(file, PMD, RW, MAP_SHARED);
	CHECK(is_pattern(q, PMD, 3, 0));
	pattern_fill(q, PAGE, 4, 0);
	check_keyed(q, 0, "pmd");
	CHECK(is_pattern(p, PAGE, 4, 0) && is_pattern(p + PAGE, PMD - PAGE, 3, PAGE));
}

TEST(hole_is_the_zero_page_without_a_keyid)
{
	char *p = bound(LEN, need_key(1));

	CHECK(is_zero(p, LEN));
	CHECK_EQ(pte_of(p).keyid, 0);
	CHECK_EQ(data_blocks(file), 0);
	pattern_fill(p, PAGE, 5, 0);
	check_keyed(p, 0, "pte");
	CHECK_EQ(pte_of(p + PAGE).keyid, 0);
	CHECK(is_pattern(p, PAGE, 5, 0) && is_zero(p + PAGE, LEN - PAGE));
}

TEST(huge_hole_is_the_zero_page_without_a_keyid)
{
	char *p = bound(PMD, need_key(1));
	struct pte pte;

	CHECK(is_zero(p, PMD));
	pte = pte_of(p);
	CHECK(!strcmp(pte.level, "pmd"), "%s", pte.level);
	CHECK_EQ(pte.keyid, 0);
	pattern_fill(p, PMD, 6, 0);
	check_keyed(p, 0, "pmd");
	CHECK(is_pattern(p, PMD, 6, 0));
}

static void protection_cycles(size_t len, const char *level)
{
	static const int prot[] = { PROT_NONE, RW, PROT_READ, RW, PROT_READ, PROT_NONE, RW };
	char *p = bound(len, need_key(1));

	pattern_fill(p, len, 7, 0);
	check_keyed(p, 0, level);
	for (unsigned int i = 0; i < sizeof(prot) / sizeof(*prot); i++) {
		NEED(!mprotect(p, len, prot[i]));
		CHECK_EQ(signal_of(load_byte, p) != 0, prot[i] == PROT_NONE);
		if (prot[i] == PROT_NONE)
			continue;
		check_keyed(p, 0, level);
		CHECK(is_pattern(p, len, 7, 0), "after protection %d", prot[i]);
		if (prot[i] == RW)
			pattern_fill(p, PAGE, 7, 0);
	}
	check_keyed(p, 0, level);
}

TEST(mprotect_cycles_keep_the_keyid_4k)
{
	protection_cycles(LEN, "pte");
}

TEST(mprotect_cycles_keep_the_keyid_2m)
{
	protection_cycles(PMD, "pmd");
}

TEST(mprotect_of_a_part_splits_2m)
{
	char *p = bound(PMD, need_key(1));

	pattern_fill(p, PMD, 8, 0);
	NEED(!mprotect(p + PMD / 2, PAGE, PROT_READ));
	CHECK(is_pattern(p, PMD, 8, 0));
	check_keyed(p + PMD / 2, PMD / 2, "pte");
	CHECK(signal_of(store_byte, p + PMD / 2));
}

TEST(pkey_mprotect_keeps_the_keyid)
{
	char *p = bound(LEN, need_key(1));
	int pkey = pkey_alloc(0, 0);

	if (pkey < 0)
		tap_skip("no protection keys on this CPU: %s", errno_name(errno));
	pattern_fill(p, LEN, 9, 0);
	NEED(!pkey_mprotect(p, LEN, RW, pkey));
	CHECK(is_pattern(p, LEN, 9, 0));
	check_keyed(p, 0, "pte");
	CHECK_EQ(pte_of(p).raw >> 59 & 15, pkey);
	NEED(!pkey_set(pkey, PKEY_DISABLE_ACCESS));
	CHECK(signal_of(load_byte, p));
	NEED(!pkey_set(pkey, 0));
	CHECK(!encrypt_mprotect(p, LEN, PROT_READ, need_key(1)));
	check_keyed(p, 0, "pte");
}

TEST(mremap_keeps_the_keyid)
{
	char *p = bound(LEN, need_key(1)), *q;

	pattern_fill(p, LEN, 10, 0);
	q = mremap(p, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED,
		   map_file(file, LEN, PROT_NONE, MAP_SHARED));
	NEED(q != MAP_FAILED);
	load_byte(q);
	check_keyed(q, 0, "pte");
	CHECK(is_pattern(q, LEN, 10, 0));
}

TEST(child_of_fork_has_the_keyid)
{
	char *p = bound(LEN, need_key(1));
	struct peer peer;

	pattern_fill(p, LEN, 11, 0);
	if (spawn(&peer)) {
		CHECK(is_pattern(p, LEN, 11, 0));
		check_keyed(p, 0, "pte");
		pattern_fill(p, PAGE, 12, 0);
		exit(0);
	}
	join(&peer);
	CHECK(is_pattern(p, PAGE, 12, 0));
	check_keyed(p, 0, "pte");
}

TEST(half_of_2m_unmapped)
{
	char *p = bound(PMD, need_key(1));

	pattern_fill(p, PMD, 13, 0);
	check_keyed(p, 0, "pmd");
	NEED(!munmap(p + PMD / 2, PMD / 2));
	CHECK(is_pattern(p, PMD / 2, 13, 0));
	check_keyed(p, 0, "pte");
	p = map_file(file, PMD, PROT_READ, MAP_SHARED);
	CHECK(is_pattern(p, PMD, 13, 0));
}

TEST(map_sync_keeps_the_keyid)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(LEN, NULL);
	p = mmap(NULL, LEN, PROT_NONE, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0);
	NEED(p != MAP_FAILED, "MAP_SYNC: %s", errno_name(errno));
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	pattern_fill(p, LEN, 14, 0);
	check_keyed(p, 0, "pte");
	check_keyed(p + LEN - PAGE, LEN - PAGE, "pte");
}

TEST(map_sync_keeps_the_keyid_2m)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(PMD, NULL);
	p = map_file(file, PMD, RW, MAP_SHARED_VALIDATE | MAP_SYNC);
	NEED(!encrypt_mprotect(p, PMD, RW, key), "%s", errno_name(errno));
	pattern_fill(p, PMD, 15, 0);
	check_keyed(p, 0, "pmd");
}

static long faults(void)
{
	struct rusage usage;

	NEED(!getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt;
}

/*
 * fsync() write-protects what it wrote back, so that the next store is noticed.
 * That finds the entry by its page number, KeyID not included.
 */
TEST(store_after_fsync_faults_again)
{
	char *p = bound(LEN, need_key(1));
	long before;

	store_byte(p);
	store_byte(p);
	NEED(!fsync(file));
	before = faults();
	store_byte(p);
	CHECK(faults() > before, "the entry stayed writable");
	check_keyed(p, 0, "pte");
	before = faults();
	store_byte(p);
	CHECK_EQ(faults(), before);
}

TEST(fsync_flushes_lines_of_the_alias)
{
	char *p = bound(LEN, need_key(1));
	unsigned long before;

	pattern_fill(p, LEN, 16, 0);
	before = flushed_lines();
	NEED(!fsync(file));
	CHECK(flushed_lines() - before >= LEN / 64, "%lu lines", flushed_lines() - before);
	before = flushed_lines();
	NEED(!fsync(file));
	CHECK_EQ(flushed_lines(), before);
}

TEST(one_key_one_keyid)
{
	key_serial_t key = need_key(1), other = need_key(2);
	char *a = bound(LEN, key), *b = bound(LEN, other), *c = bound(LEN, key);

	store_byte(a);
	store_byte(b);
	store_byte(c);
	CHECK_EQ(pte_of(a).keyid, pte_of(c).keyid);
	CHECK(pte_of(a).keyid != pte_of(b).keyid);
}

TEST(file_without_a_key_has_keyid_0)
{
	char *p;

	need_key(1);
	file = new_file(PMD, NULL);
	p = map_file(file, PMD, RW, MAP_SHARED);
	store_byte(p);
	CHECK_EQ(pte_of(p).keyid, 0);
	CHECK_EQ(pagemap_pfn(p), phys_of(file, 0) / PAGE);
}

int main(int argc, char **argv)
{
	return tap_main("fault", argc, argv);
}
