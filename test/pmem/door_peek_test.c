// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who else looks at the memory of a process, or at memory as such: none of them
 * gets plaintext of a bound file, ciphertext in place of it, or a page to keep
 */
#include <elf.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	420

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

/* On the scratch file system: what is done to the page stays with the device. */
static char *scratch_secret(const char *name)
{
	key_serial_t key = need_key(1);
	char *p;

	scratch_new("dax=always");
	file = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	NEED(file >= 0 && !ftruncate(file, LEN));
	p = bound_mapping(file, LEN, key);
	pattern_fill(p, LEN, SEED, 0);
	NEED(!msync(p, LEN, MS_SYNC));
	return p;
}

/* ---- get_user_pages() of each kind ---- */

/* mm/gup_test.h */
struct gup_test {
	uint64_t get_usec, put_usec, addr, size;
	uint32_t per_call, gup_flags, test_flags, which[8];
};

static const struct {
	const char *name;
	unsigned long command;
	bool longterm;
} gups[] = {
	{ "get_user_pages_fast", _IOWR('g', 1, struct gup_test), false },
	{ "pin_user_pages_fast", _IOWR('g', 2, struct gup_test), false },
	{ "pin_user_pages for long", _IOWR('g', 3, struct gup_test), true },
	{ "get_user_pages", _IOWR('g', 4, struct gup_test), false },
	{ "pin_user_pages", _IOWR('g', 5, struct gup_test), false },
};

/* Bytes that were handed out */
static uint64_t got(unsigned int which, void *p, size_t len, uint32_t flags)
{
	struct gup_test gup = {
		.addr = (unsigned long)p,
		.size = len,
		.per_call = 1,
		.gup_flags = flags,
	};
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR);

	NEED(fd >= 0, "%s", errno_name(errno));
	NEED(!ioctl(fd, gups[which].command, &gup), "%s: %s", gups[which].name,
	     errno_name(errno));
	close(fd);
	return gup.size;
}

/* Flag 1 is FOLL_WRITE; a fresh mapping has no entry yet. */
static void check_refused(size_t len)
{
	char *p = secret(len), *fresh;

	for (unsigned int i = 0; i < sizeof(gups) / sizeof(*gups); i++)
		for (uint32_t flags = 0; flags < 2; flags++) {
			CHECK(!got(i, p, len, flags), "%s, flags %u", gups[i].name, flags);
			fresh = map_file(file, len, RW, MAP_SHARED);
			CHECK(!got(i, fresh, len, flags), "%s, flags %u, no entry yet",
			      gups[i].name, flags);
			munmap(fresh, len);
		}
	CHECK(is_pattern(p, len, SEED, 0));
}

TEST(no_kind_of_get_user_pages_4k)
{
	check_refused(LEN);
}

TEST(no_kind_of_get_user_pages_2m)
{
	check_refused(PMD);
}

/* Without a key DAX hands out pages, though not for long: the test sees them. */
TEST(every_kind_of_get_user_pages_without_a_key)
{
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, RW, MAP_SHARED);

	memset(p, 'p', LEN);
	for (unsigned int i = 0; i < sizeof(gups) / sizeof(*gups); i++)
		CHECK_EQ(got(i, p, LEN, 1), gups[i].longterm ? 0 : LEN);
}

/* What a private mapping has copied is ordinary memory, and can be had. */
TEST(get_user_pages_of_a_private_copy)
{
	char *p = secret(LEN), *private = map_file(file, LEN, RW, MAP_PRIVATE);

	CHECK_EQ(got(3, private, PAGE, 0), 0);
	store_byte(private);
	CHECK_EQ(got(3, private, PAGE, 0), PAGE);
	/* For writing it is copied first, without a store by the program. */
	CHECK_EQ(got(3, private + PAGE, PAGE, 1), PAGE);
	CHECK(is_pattern(private + PAGE, PAGE, SEED, PAGE));
	CHECK(is_pattern(p, LEN, SEED, 0));
}

/* ---- debuggers ---- */

TEST(ptrace_EIO)
{
	char *p = secret(LEN);
	struct peer peer;
	int status;

	if (spawn(&peer)) {
		NEED(!ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		raise(SIGSTOP);
		CHECK(is_pattern(p, LEN, SEED, 0));
		exit(0);
	}
	NEED(waitpid(peer.pid, &status, 0) == peer.pid && WIFSTOPPED(status));
	CHECK_ERRNO(ptrace(PTRACE_PEEKDATA, peer.pid, p, NULL), EIO);
	CHECK_ERRNO(ptrace(PTRACE_POKEDATA, peer.pid, p, 0x1234L), EIO);
	NEED(!ptrace(PTRACE_CONT, peer.pid, NULL, NULL));
	join(&peer);
}

TEST(proc_mem_EIO)
{
	char *p = secret(LEN), copy[PAGE] = {};
	int fd = open("/proc/self/mem", O_RDWR);

	NEED(fd >= 0);
	CHECK_ERRNO(pread(fd, copy, PAGE, (off_t)p), EIO);
	CHECK_ERRNO(pwrite(fd, copy, PAGE, (off_t)p), EIO);
	CHECK(is_pattern(p, LEN, SEED, 0));
}

/* ---- core dumps ---- */

#define CORE	"/run/core"

static void dump_core(char *p, char *private, char *ordinary)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	NEED(!write_text("/proc/self/coredump_filter", "0x1ff"));
	NEED(!setrlimit(RLIMIT_CORE, &all));
	NEED(is_pattern(p, LEN, SEED, 0) && is_pattern(private, LEN, SEED, 0));
	strcpy(ordinary, "ordinary");
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* Offset in the core file of the memory at @addr, which it has to have. */
static off_t dumped_at(int core, void *addr)
{
	unsigned long want = (unsigned long)addr;
	Elf64_Ehdr head;
	Elf64_Phdr segment;

	NEED(pread(core, &head, sizeof(head), 0) == sizeof(head));
	for (int i = 0; i < head.e_phnum; i++) {
		NEED(pread(core, &segment, sizeof(segment),
			   head.e_phoff + i * sizeof(segment)) == sizeof(segment));
		if (want >= segment.p_vaddr && want < segment.p_vaddr + segment.p_filesz)
			return segment.p_offset + want - segment.p_vaddr;
	}
	return 0;
}

TEST(core_dump_has_zeros)
{
	char *p = secret(LEN), *private = map_file(file, LEN, PROT_READ, MAP_PRIVATE);
	char *ordinary = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char pattern[128] = "", copy[LEN];
	struct peer peer;
	int status, core;

	NEED(read_text("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern)) > 0);
	NEED(!write_text("/proc/sys/kernel/core_pattern", CORE));
	if (spawn(&peer))
		dump_core(p, private, ordinary);
	NEED(waitpid(peer.pid, &status, 0) == peer.pid && WCOREDUMP(status), "%#x", status);
	NEED(!write_text("/proc/sys/kernel/core_pattern", pattern));
	core = open(CORE, O_RDONLY);
	NEED(core >= 0);
	NEED(dumped_at(core, p) && dumped_at(core, private) && dumped_at(core, ordinary));
	read_all(core, copy, LEN, dumped_at(core, p));
	CHECK(is_zero(copy, LEN));
	read_all(core, copy, LEN, dumped_at(core, private));
	CHECK(is_zero(copy, LEN));
	read_all(core, copy, PAGE, dumped_at(core, ordinary));
	CHECK(!strcmp(copy, "ordinary"));
	unlink(CORE);
}

/* ---- physical memory, and the device ---- */

TEST(dev_mem_has_no_alias)
{
	char *p = secret(LEN), line[PATTERN_LINE], cipher[PATTERN_LINE], *mapped;
	uint64_t phys = phys_of(file, 0), alias = (uint64_t)pte_of(p).keyid << 40;
	int fd = open("/dev/mem", O_RDWR);

	NEED(fd >= 0, "%s", errno_name(errno));
	NEED(!msync(p, LEN, MS_SYNC));
	peek(0, phys, cipher);
	CHECK(memcmp(cipher, p, PATTERN_LINE));
	if (pread(fd, line, PATTERN_LINE, phys) == PATTERN_LINE)
		CHECK(!memcmp(line, cipher, PATTERN_LINE));
	CHECK_ERRNO(pread(fd, line, PATTERN_LINE, phys | alias), EFAULT);
	CHECK_ERRNO(pwrite(fd, line, PATTERN_LINE, phys | alias), EFAULT);
	mapped = mmap(NULL, PAGE, RW, MAP_SHARED, fd, phys | alias);
	CHECK(mapped == MAP_FAILED && errno == EINVAL, "%s", errno_name(errno));
	CHECK(is_pattern(p, LEN, SEED, 0));
}

/* Through the page cache of the block device as well as without it. */
TEST(raw_device_has_ciphertext)
{
	char *p = scratch_secret("raw"), *buf = aligned_alloc(PAGE, LEN);
	static const int flags[] = { O_DIRECT, 0 };
	uint64_t block = block_of(file, 0);

	for (unsigned int i = 0; i < 2; i++) {
		int raw = open(SCRATCH_DEV, O_RDONLY | flags[i]);

		NEED(raw >= 0);
		read_all(raw, buf, LEN, block);
		for (size_t off = 0; off < LEN; off += PATTERN_LINE)
			CHECK(memcmp(buf + off, p + off, PATTERN_LINE), "line at %#zx", off);
		close(raw);
	}
}

/* Not refused, as with any file: a store to the device replaces ciphertext. */
TEST(raw_write_is_never_plaintext_of_the_file)
{
	char *p = scratch_secret("overwritten"), *buf = aligned_alloc(PAGE, PAGE);
	uint64_t block = block_of(file, 0);
	int raw;

	NEED(!munmap(p, LEN) && !close(file));
	scratch_umount();
	raw = open(SCRATCH_DEV, O_RDWR | O_DIRECT);
	memset(buf, 'w', PAGE);
	NEED(raw >= 0 && pwrite(raw, buf, PAGE, block) == PAGE, "%s", errno_name(errno));
	NEED(!close(raw));
	scratch_mount("dax=always");
	file = scratch_file("overwritten", O_RDWR);
	p = bound_mapping(file, LEN, need_key(1));
	for (size_t off = 0; off < PAGE; off += PATTERN_LINE)
		CHECK(memcmp(p + off, buf, PATTERN_LINE), "line at %#zx", off);
	CHECK(is_pattern(p + PAGE, LEN - PAGE, SEED, PAGE));
}

/* ---- broken memory ---- */

static char *volatile failed_page;

static void on_failure(int sig, siginfo_t *info, void *context)
{
	bool right = sig == SIGBUS && info->si_addr == failed_page &&
		     (info->si_code == BUS_MCEERR_AO || info->si_code == BUS_MCEERR_AR);

	_exit(right ? 0 : 10 + info->si_code);
}

/* A process that wants to know is told where it was; all other pages stay. */
TEST(memory_failure_SIGBUS)
{
	char *p = scratch_secret("failed"), text[32];
	struct sigaction action = { .sa_sigaction = on_failure, .sa_flags = SA_SIGINFO };
	struct peer peer;

	failed_page = p + 2 * PAGE;
	if (spawn(&peer)) {
		sigaction(SIGBUS, &action, NULL);
		NEED(!prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
		load_byte(failed_page);
		tell(&peer, 'r');
		for (;;)
			pause();
	}
	await(&peer, 'r');
	/* Who asks for the failure is told without wanting it. */
	NEED(!munmap(p, LEN));
	snprintf(text, sizeof(text), "%#llx", (unsigned long long)phys_of(file, 2 * PAGE));
	NEED(!write_text("/sys/devices/system/memory/hard_offline_page", text));
	join(&peer);
	p = bound_mapping(file, LEN, need_key(1));
	CHECK(is_pattern(p, 2 * PAGE, SEED, 0));
	CHECK(is_pattern(p + 3 * PAGE, LEN - 3 * PAGE, SEED, 3 * PAGE));
}

/* The driver takes a block for bad: what a machine check would have told it. */
static void make_bad(uint64_t offset)
{
	char text[48];

	/* Sectors of the namespace's data, as the file system counts them */
	snprintf(text, sizeof(text), "%llu 8", (unsigned long long)offset / 512);
	NEED(!write_text("/sys/block/pmem0.1/badblocks", text));
}

/*
 * A write clears poison first. The emulated DIMM cannot, so it is refused as for
 * any DAX file then: EFAULT.
 */
TEST(poisoned_page_EIO_SIGBUS)
{
	char *p = scratch_secret("poisoned"), *buf = aligned_alloc(PAGE, LEN);

	make_bad(block_of(file, 2 * PAGE));
	NEED(!munmap(p, LEN));
	p = map_file(file, LEN, RW, MAP_SHARED);
	CHECK_ERRNO(pread(file, buf, PAGE, 2 * PAGE), EIO);
	CHECK_ERRNO(pwrite(file, buf, PAGE, 2 * PAGE), EFAULT);
	CHECK_EQ(signal_of(load_byte, p + 2 * PAGE), SIGBUS);
	CHECK_EQ(signal_of(store_byte, p + 2 * PAGE), SIGBUS);
	CHECK(is_pattern(p, 2 * PAGE, SEED, 0));
	CHECK(is_pattern(p + 3 * PAGE, LEN - 3 * PAGE, SEED, 3 * PAGE));
	NEED(!munmap(p, LEN) && !close(file));
	scratch_umount();
	NEED(!run("ndctl disable-namespace namespace0.1 >/dev/null && "
		  "ndctl enable-namespace namespace0.1 >/dev/null"));
}

int main(int argc, char **argv)
{
	return tap_main("door-peek", argc, argv);
}
