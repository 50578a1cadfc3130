// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs and the kernel's memory management may do with a mapping: each
 * leaves the KeyID in the entry and the data as it was, or is refused
 */
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	400

/* Later than the headers */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif
#define FEATURE_WP_UNPOPULATED	(1 << 13)
#define FEATURE_WP_ASYNC	(1 << 15)

static int file;

static char *secret(size_t len)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(len, NULL);
	p = bound_mapping(file, len, key);
	pattern_fill(p, len, SEED, 0);
	return p;
}

/* Each page is there, under the KeyID, and what it was. */
static void check_intact(char *p, size_t len, const char *after)
{
	CHECK(is_pattern(p, len, SEED, 0), "after %s", after);
	for (size_t off = 0; off < len; off += len / 8)
		CHECK(pte_of(p + off).keyid > 0, "no KeyID at %#zx after %s", off, after);
}

/* ---- private mappings ---- */

static void private_copies(size_t len)
{
	char *shared = secret(len), *p;
	struct pte pte;

	p = map_file(file, len, RW, MAP_PRIVATE);
	CHECK(is_pattern(p, len, SEED, 0));
	CHECK(pte_of(p + PAGE).keyid > 0, "read through KeyID 0");
	/* Read first, then written: copied through the entry of the reader. */
	p[PAGE] = 'x';
	pte = pte_of(p + PAGE);
	CHECK_EQ(pte.keyid, 0);
	CHECK(pte.pfn != phys_of(file, PAGE) / PAGE, "written in place");
	pattern_fill(p + PAGE, PAGE, SEED, PAGE);
	CHECK(is_pattern(p, len, SEED, 0));
	munmap(p, len);
	/* Written first: copied by the fault, through the kernel's alias. */
	p = map_file(file, len, RW, MAP_PRIVATE);
	p[len - 1] = 'x';
	CHECK_EQ(pte_of(p + len - 1).keyid, 0);
	CHECK(is_pattern(p, len - 1, SEED, 0));
	CHECK(is_pattern(shared, len, SEED, 0));
	/* Another store to the file is seen where nothing was copied. */
	pattern_fill(shared, PAGE, SEED + 1, 0);
	CHECK(is_pattern(p, PAGE, SEED + 1, 0));
}

TEST(private_copy_is_the_data_without_a_keyid_4k)
{
	private_copies(LEN);
}

TEST(private_copy_is_the_data_without_a_keyid_2m)
{
	private_copies(PMD);
}

TEST(private_hole_is_copied_as_zeros)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(PMD, NULL);
	bound_mapping(file, PMD, key);
	p = map_file(file, PMD, RW, MAP_PRIVATE);
	CHECK(is_zero(p, PAGE));
	store_byte(p);
	store_byte(p + 5 * PAGE);
	CHECK(is_zero(p + 1, PAGE - 1) && is_zero(p + 5 * PAGE + 1, PAGE - 1));
	CHECK_EQ(pte_of(p).keyid, 0);
	CHECK_EQ(data_blocks(file), 0);
}

TEST(private_copy_of_a_child_is_its_own)
{
	char *shared = secret(LEN), *p = map_file(file, LEN, RW, MAP_PRIVATE);
	struct peer peer;

	p[0] = 'p';
	if (spawn(&peer)) {
		CHECK(p[0] == 'p' && is_pattern(p + PAGE, LEN - PAGE, SEED, PAGE));
		p[0] = p[PAGE] = 'c';
		tell(&peer, 'd');
		exit(0);
	}
	await(&peer, 'd');
	CHECK(p[0] == 'p' && is_pattern(p + PAGE, LEN - PAGE, SEED, PAGE));
	join(&peer);
	CHECK(is_pattern(shared, LEN, SEED, 0));
}

/* ---- madvise() ---- */

static const struct advice {
	const char *name;
	int value, err;
} advices[] = {
	{ "NORMAL", MADV_NORMAL, 0 },
	{ "RANDOM", MADV_RANDOM, 0 },
	{ "SEQUENTIAL", MADV_SEQUENTIAL, 0 },
	{ "WILLNEED", MADV_WILLNEED, 0 },
	{ "DONTNEED", MADV_DONTNEED, 0 },
	{ "FREE", MADV_FREE, EINVAL },
	{ "DONTFORK", MADV_DONTFORK, 0 },
	{ "DOFORK", MADV_DOFORK, 0 },
	{ "MERGEABLE", MADV_MERGEABLE, 0 },
	{ "UNMERGEABLE", MADV_UNMERGEABLE, 0 },
	{ "HUGEPAGE", MADV_HUGEPAGE, 0 },
	{ "NOHUGEPAGE", MADV_NOHUGEPAGE, 0 },
	{ "DONTDUMP", MADV_DONTDUMP, 0 },
	{ "DODUMP", MADV_DODUMP, 0 },
	{ "WIPEONFORK", MADV_WIPEONFORK, EINVAL },
	{ "KEEPONFORK", MADV_KEEPONFORK, 0 },
	{ "COLD", MADV_COLD, 0 },
	{ "PAGEOUT", MADV_PAGEOUT, 0 },
	{ "POPULATE_READ", MADV_POPULATE_READ, 0 },
	{ "POPULATE_WRITE", MADV_POPULATE_WRITE, 0 },
	{ "DONTNEED_LOCKED", 24, 0 },
	{ "COLLAPSE", 25, EINVAL },
	{ "HWPOISON", MADV_HWPOISON, EFAULT },
	{ "SOFT_OFFLINE", MADV_SOFT_OFFLINE, EFAULT },
};

static void advise(char *p, size_t len)
{
	for (unsigned int i = 0; i < sizeof(advices) / sizeof(*advices); i++) {
		const struct advice *a = &advices[i];
		int ret = madvise(p, len, a->value);

		CHECK(a->err ? ret == -1 && errno == a->err : !ret, "MADV_%s: %d, %s",
		      a->name, ret, errno_name(errno));
		check_intact(p, len, a->name);
	}
	CHECK(!madvise(p + PAGE, PAGE, MADV_REMOVE), "%s", errno_name(errno));
	CHECK(is_zero(p + PAGE, PAGE) && is_pattern(p, PAGE, SEED, 0));
	CHECK(is_pattern(p + 2 * PAGE, len - 2 * PAGE, SEED, 2 * PAGE));
}

TEST(every_madvise_4k)
{
	advise(secret(LEN), LEN);
}

TEST(every_madvise_2m)
{
	advise(secret(PMD), PMD);
}

/* ---- what looks at page-table entries, and changes them ---- */

TEST(mincore_and_pagemap_know_no_keyid)
{
	char *p = secret(LEN);
	unsigned char in[LEN / PAGE];

	NEED(!mincore(p, LEN, in), "%s", errno_name(errno));
	for (size_t i = 0; i < LEN / PAGE; i++) {
		CHECK_EQ(in[i] & 1, 1);
		CHECK_EQ(pagemap_pfn(p + i * PAGE), phys_of(file, i * PAGE) / PAGE);
	}
}

static void write_clear_refs(const char *what)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	NEED(fd >= 0 && write(fd, what, 1) == 1, "%s", errno_name(errno));
	close(fd);
}

/* 1: referenced bits; 4: soft-dirty bits, by write-protecting all entries. */
static void clear_references(size_t len)
{
	char *p = secret(len);

	write_clear_refs("1");
	check_intact(p, len, "clear_refs 1");
	write_clear_refs("4");
	check_intact(p, len, "clear_refs 4");
	pattern_fill(p, len, SEED, 0);
	check_intact(p, len, "a store");
}

TEST(clear_refs_keeps_the_keyid_4k)
{
	clear_references(LEN);
}

TEST(clear_refs_keeps_the_keyid_2m)
{
	clear_references(PMD);
}

TEST(remap_file_pages_finds_the_keyid)
{
	char *p = secret(LEN);

	NEED(!syscall(__NR_remap_file_pages, p, PAGE, 0, 3, 0), "%s", errno_name(errno));
	CHECK(is_pattern(p, PAGE, SEED, 3 * PAGE));
	CHECK(pte_of(p).keyid > 0 && pte_of(p).pfn == phys_of(file, 3 * PAGE) / PAGE);
}

TEST(mremap_that_leaves_the_old_range_finds_the_keyid)
{
	char *p = secret(PMD), *q;

	q = (char *)syscall(__NR_mremap, p, PMD, PMD, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	NEED(q != MAP_FAILED, "%s", errno_name(errno));
	check_intact(q, PMD, "mremap, new");
	check_intact(p, PMD, "mremap, old");
}

/* ---- userfaultfd ---- */

static int user_faults(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	NEED(fd >= 0, "%s", errno_name(errno));
	NEED(!ioctl(fd, UFFDIO_API, &api), "%s", errno_name(errno));
	return fd;
}

static int watch_faults(int fd, void *p, size_t len, uint64_t mode)
{
	struct uffdio_register reg = {
		.range = { (unsigned long)p, len },
		.mode = mode,
	};

	return ioctl(fd, UFFDIO_REGISTER, &reg);
}

TEST(userfaultfd_EINVAL)
{
	char *p = secret(LEN), *private = map_file(file, LEN, RW, MAP_PRIVATE);
	int fd = user_faults(0);

	CHECK_ERRNO(watch_faults(fd, p, LEN, UFFDIO_REGISTER_MODE_MISSING), EINVAL);
	CHECK_ERRNO(watch_faults(fd, p, LEN, UFFDIO_REGISTER_MODE_WP), EINVAL);
	CHECK_ERRNO(watch_faults(fd, p, LEN, UFFDIO_REGISTER_MODE_MINOR), EINVAL);
	CHECK_ERRNO(watch_faults(fd, private, LEN, UFFDIO_REGISTER_MODE_MISSING), EINVAL);
	check_intact(p, LEN, "userfaultfd");
}

/*
 * Asynchronous write protection is for memory of every kind. Of 2 MiB pages and
 * pages without an entry it makes markers, over which 6.12 maps no page of a DAX
 * file: a load faults for ever, with and without a key.
 */
TEST(asynchronous_write_protection_keeps_the_keyid)
{
	char *p = secret(LEN);
	int fd = user_faults(FEATURE_WP_UNPOPULATED | FEATURE_WP_ASYNC);
	struct uffdio_writeprotect wp = {
		.range = { (unsigned long)p, LEN },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	NEED(!watch_faults(fd, p, LEN, UFFDIO_REGISTER_MODE_WP), "%s", errno_name(errno));
	NEED(!ioctl(fd, UFFDIO_WRITEPROTECT, &wp), "%s", errno_name(errno));
	check_intact(p, LEN, "write protection");
	CHECK(!(pte_of(p).raw & 2), "writable");
	pattern_fill(p, LEN, SEED, 0);
	check_intact(p, LEN, "a store");
}

/* ---- memory management that moves and merges pages ---- */

TEST(pages_are_not_moved)
{
	char *p = secret(LEN);
	void *pages[] = { p, p + PAGE };
	int nodes[] = { 0, 0 }, status[] = { 1, 1 };
	unsigned long mask = 1;
	uint64_t before = phys_of(file, 0);

	CHECK(syscall(__NR_move_pages, 0, 2, pages, nodes, status, 2) >= 0, "%s",
	      errno_name(errno));
	CHECK(status[0] < 0 && status[1] < 0, "%d, %d", status[0], status[1]);
	/* Bind, strictly, and move what lies elsewhere: MPOL_BIND, MPOL_MF_MOVE_ALL. */
	CHECK(!syscall(__NR_mbind, p, LEN, 2, &mask, 8, 4 | 1) || errno == EIO, "%s",
	      errno_name(errno));
	CHECK(syscall(__NR_migrate_pages, 0, 8, &mask, &mask) >= 0, "%s", errno_name(errno));
	CHECK_EQ(phys_of(file, 0), before);
	check_intact(p, LEN, "migration");
}

static void write_ksm(const char *name, const char *value)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	fd = open(path, O_WRONLY);
	NEED(fd >= 0 && write(fd, value, strlen(value)) > 0, "%s: %s", path,
	     errno_name(errno));
	close(fd);
}

static unsigned long ksm_scans(void)
{
	char text[32];

	NEED(read_text("/sys/kernel/mm/ksm/full_scans", text, sizeof(text)) > 0);
	return strtoul(text, NULL, 10);
}

/* Equal pages in ordinary memory show that it is at work. */
TEST(equal_pages_are_not_merged)
{
	char *p = secret(LEN), *plain;
	unsigned long scans;

	for (size_t off = 0; off < LEN; off += PAGE)
		pattern_fill(p + off, PAGE, SEED, 0);
	plain = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(plain != MAP_FAILED);
	memset(plain, 'm', LEN);
	NEED(!madvise(plain, LEN, MADV_MERGEABLE) && !madvise(p, LEN, MADV_MERGEABLE));
	write_ksm("pages_to_scan", "1000");
	write_ksm("sleep_millisecs", "1");
	write_ksm("run", "1");
	scans = ksm_scans();
	while (ksm_scans() < scans + 3)
		sched_yield();
	write_ksm("run", "2");
	for (size_t off = 0; off < LEN; off += PAGE) {
		CHECK(is_pattern(p + off, PAGE, SEED, 0));
		CHECK_EQ(pte_of(p + off).pfn, phys_of(file, off) / PAGE);
	}
	CHECK(plain[LEN - 1] == 'm');
}

/* ---- a hole in the middle of a 2 MiB entry ---- */

TEST(hole_punched_in_a_2m_page)
{
	char *p = secret(PMD);

	NEED(!strcmp(pte_of(p).level, "pmd"), "%s", pte_of(p).level);
	NEED(!fallocate(file, 3 /* PUNCH_HOLE | KEEP_SIZE */, 5 * PAGE, PAGE), "%s",
	     errno_name(errno));
	CHECK(is_pattern(p, 5 * PAGE, SEED, 0) && is_zero(p + 5 * PAGE, PAGE));
	CHECK(is_pattern(p + 6 * PAGE, PMD - 6 * PAGE, SEED, 6 * PAGE));
	CHECK(pte_of(p + 4 * PAGE).keyid > 0 && pte_of(p + 6 * PAGE).keyid > 0);
	CHECK_EQ(pte_of(p + 5 * PAGE).keyid, 0);
	pattern_fill(p + 5 * PAGE, PAGE, SEED, 5 * PAGE);
	check_intact(p, PMD, "a store to the hole");
}

int main(int argc, char **argv)
{
	return tap_main("door-map", argc, argv);
}
