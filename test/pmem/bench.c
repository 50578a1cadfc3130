// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operations on bound files cost, compared with the same on plain ones
 *
 * Under -icount shift=0 the time stamp counter counts instructions, so that the
 * numbers repeat to the last digit; without it they are wall time, good for
 * ratios within one run only. Samples of the two kinds alternate. Prints lines
 * "figure NAME/KIND VALUE", medians; scripts/bench.sh makes a table of them.
 *
 *   bench off     on a kernel or at a time without bound files
 *   bench bound   plain and bound files side by side
 *   bench slab    memory per inode
 */
#include <linux/falloc.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include "common.h"

#define RW		(PROT_READ | PROT_WRITE)
#define MAX_SAMPLES	4096
#define ROUNDS		8
#define SMALL		(256 * PAGE)	/* too short for a 2 MiB entry */
#define HUGE_PAGES	4
#define IO		MIB

enum kind { PLAIN, BOUND, KINDS };

static const char *const kind_names[] = { "plain", "bound" };

/* With "off" in the name: hooks that nothing has turned on yet. */
static const char *prefix = "";
static int nr_kinds = KINDS;

struct samples {
	unsigned int count;
	uint64_t value[MAX_SAMPLES];
};

static uint64_t clock_now(void)
{
	uint32_t low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static void add(struct samples *samples, uint64_t value)
{
	if (samples->count < MAX_SAMPLES)
		samples->value[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void figure(const char *name, int kind, struct samples *samples)
{
	NEED(samples->count, "%s: no samples", name);
	qsort(samples->value, samples->count, sizeof(uint64_t), compare);
	report("figure %s%s/%s %llu", prefix, name, kind_names[kind],
	       (unsigned long long)samples->value[samples->count / 2]);
	samples->count = 0;
}

static void bind_if(int kind, int fd, size_t len)
{
	if (kind == BOUND)
		munmap(bound_mapping(fd, len, add_test_key(1)), len);
}

/* All blocks allocated and written, on 2 MiB boundaries where it is that long. */
static int full_file(int kind, size_t len)
{
	static char buf[MIB];
	int fd = new_file(len, NULL);

	bind_if(kind, fd, len);
	NEED(!fallocate(fd, 0, 0, len), "%s", errno_name(errno));
	for (size_t off = 0; off < len; off += sizeof(buf))
		write_all(fd, buf, len - off < sizeof(buf) ? len - off : sizeof(buf), off);
	NEED(!fsync(fd));
	return fd;
}

static void touch(char *p, size_t len, size_t step, struct samples *samples)
{
	uint64_t start;

	for (size_t off = 0; off < len; off += step) {
		start = clock_now();
		p[off] = 'x';
		add(samples, clock_now() - start);
	}
}

static void measure_faults(const char *name, size_t len, size_t step)
{
	static struct samples samples[KINDS];
	int fd[KINDS];

	for (int kind = 0; kind < nr_kinds; kind++)
		fd[kind] = full_file(kind, len);
	for (int round = 0; round <= ROUNDS; round++)
		for (int kind = 0; kind < nr_kinds; kind++) {
			char *p = map_file(fd[kind], len, RW, MAP_SHARED);

			touch(p, len, step, &samples[kind]);
			/* The first round makes the entries of the page cache. */
			if (!round)
				samples[kind].count = 0;
			munmap(p, len);
		}
	for (int kind = 0; kind < nr_kinds; kind++) {
		figure(name, kind, &samples[kind]);
		close(fd[kind]);
	}
}

static void measure_allocating_faults(const char *name, size_t len, size_t step)
{
	static struct samples samples[KINDS];

	for (int round = 0; round < ROUNDS; round++)
		for (int kind = 0; kind < nr_kinds; kind++) {
			int fd = new_file(len, NULL);
			char *p;

			bind_if(kind, fd, len);
			p = map_file(fd, len, RW, MAP_SHARED);
			touch(p, len, step, &samples[kind]);
			munmap(p, len);
			close(fd);
		}
	for (int kind = 0; kind < nr_kinds; kind++)
		figure(name, kind, &samples[kind]);
}

static void measure_io(void)
{
	static struct samples reads[KINDS], writes[KINDS];
	static char buf[IO] __attribute__((aligned(4096)));
	uint64_t start;
	int fd[KINDS];

	memset(buf, 'x', IO);
	for (int kind = 0; kind < nr_kinds; kind++)
		fd[kind] = full_file(kind, IO);
	for (int round = 0; round < 4 * ROUNDS; round++)
		for (int kind = 0; kind < nr_kinds; kind++) {
			start = clock_now();
			write_all(fd[kind], buf, IO, 0);
			add(&writes[kind], clock_now() - start);
			start = clock_now();
			read_all(fd[kind], buf, IO, 0);
			add(&reads[kind], clock_now() - start);
		}
	for (int kind = 0; kind < nr_kinds; kind++) {
		figure("read_1m", kind, &reads[kind]);
		figure("write_1m", kind, &writes[kind]);
		close(fd[kind]);
	}
}

/* 512 entries of 4 KiB: the mapping is not on a 2 MiB boundary. */
static char *populated(int fd)
{
	char *p = mmap(NULL, 2 * PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED);
	p = (char *)(((unsigned long)p + PMD - 1) & ~(PMD - 1)) + PAGE;
	p = mmap(p, PMD, RW, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	NEED(p != MAP_FAILED);
	for (size_t off = 0; off < PMD; off += PAGE)
		p[off] = 'x';
	return p;
}

static void sample_protect(char *p, size_t len, key_serial_t key, struct samples *samples)
{
	uint64_t start;

	for (int i = 0; i < 4 * ROUNDS; i++) {
		int prot = i & 1 ? RW : PROT_READ, err;

		start = clock_now();
		err = key ? encrypt_mprotect(p, len, prot, key) : mprotect(p, len, prot);
		add(samples, clock_now() - start);
		NEED(!err, "%s", errno_name(errno));
	}
}

static void measure_mprotect(void)
{
	static struct samples samples;
	char *p;

	for (int kind = 0; kind < nr_kinds; kind++) {
		p = populated(full_file(kind, PMD));
		sample_protect(p, PMD, 0, &samples);
		figure("mprotect_512", kind, &samples);
		if (kind != BOUND)
			continue;
		sample_protect(p, PMD, add_test_key(1), &samples);
		figure("encrypt_mprotect_512", kind, &samples);
	}
	p = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	NEED(p != MAP_FAILED);
	sample_protect(p, PAGE, 0, &samples);
	figure("mprotect_anonymous", PLAIN, &samples);
}

static void measure_bind(const char *name, off_t size)
{
	static struct samples samples;
	key_serial_t key = add_test_key(1);
	uint64_t start;

	for (int i = 0; i < 8 * ROUNDS; i++) {
		int fd = new_file(size, NULL);
		char *p = map_file(fd, PAGE, PROT_NONE, MAP_SHARED);
		int err;

		start = clock_now();
		err = encrypt_mprotect(p, PAGE, RW, key);
		add(&samples, clock_now() - start);
		NEED(!err, "%s", errno_name(errno));
		munmap(p, PAGE);
		close(fd);
	}
	figure(name, BOUND, &samples);
}

static void measure_empty(void)
{
	static struct samples samples;
	uint64_t start;

	for (int i = 0; i < 100; i++) {
		start = clock_now();
		add(&samples, clock_now() - start);
	}
	figure("nothing", PLAIN, &samples);
}

static void measure_all(void)
{
	measure_empty();
	measure_faults("fault_4k", SMALL, PAGE);
	measure_faults("fault_2m", HUGE_PAGES * PMD, PMD);
	measure_allocating_faults("allocating_fault_4k", SMALL, PAGE);
	measure_allocating_faults("allocating_fault_2m", HUGE_PAGES * PMD, PMD);
	measure_io();
	measure_mprotect();
}

/* ---- lines flushed ---- */

static unsigned long lines_before;

static void start_lines(void)
{
	sync();
	lines_before = counter("counters/flushed_lines");
}

static void lines(const char *name)
{
	report("figure lines/%s %lu", name,
	       counter("counters/flushed_lines") - lines_before);
	lines_before = counter("counters/flushed_lines");
}

static void measure_lines(size_t len, const char *size)
{
	char *p, name[40];
	int fd = new_file(len, NULL);

	p = bound_mapping(fd, len, add_test_key(1));
	start_lines();
	*p = 'x';
	snprintf(name, sizeof(name), "allocation_%s", size);
	lines(name);
	munmap(p, len);
	p = map_file(fd, len, RW, MAP_SHARED);
	*p = 'y';
	snprintf(name, sizeof(name), "fault_%s", size);
	lines(name);
	NEED(!ftruncate(fd, 0));
	snprintf(name, sizeof(name), "drop_written_%s", size);
	lines(name);
	NEED(!ftruncate(fd, len));
	*p = 'z';
	NEED(!fsync(fd));
	munmap(p, len);
	p = map_file(fd, len, PROT_READ, MAP_SHARED);
	load_byte(p);
	start_lines();
	NEED(!ftruncate(fd, 0));
	snprintf(name, sizeof(name), "drop_clean_%s", size);
	lines(name);
}

/* ---- memory ---- */

static unsigned long slab_bytes(void)
{
	char line[128];
	unsigned long kib = 0;
	FILE *file;

	NEED(!run("sync; echo 3 >/proc/sys/vm/drop_caches"));
	file = fopen("/proc/meminfo", "r");
	NEED(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Slab: %lu kB", &kib) == 1)
			break;
	fclose(file);
	return kib * KIB;
}

/* Open files, so that the inodes stay; what else can go has gone. */
static unsigned long slab_of(int kind, unsigned int count)
{
	int *fd = calloc(count, sizeof(int));
	unsigned long before = slab_bytes(), after;

	for (unsigned int i = 0; i < count; i++) {
		fd[i] = new_file(PAGE, NULL);
		bind_if(kind, fd[i], PAGE);
	}
	after = slab_bytes();
	for (unsigned int i = 0; i < count; i++)
		close(fd[i]);
	free(fd);
	return after - before;
}

TEST(off)
{
	prefix = "off/";
	nr_kinds = BOUND;
	measure_all();
}

TEST(bound)
{
	NEED(add_test_key(1) > 0);
	measure_all();
	measure_bind("bind_4k", PAGE);
	measure_bind("bind_2m", PMD);
	measure_bind("bind_128g", 128 * 1024 * MIB);
	measure_lines(PAGE, "4k");
	measure_lines(PMD, "2m");
}

TEST(slab)
{
	enum { COUNT = 2000 };
	unsigned long size[KINDS];

	NEED(add_test_key(1) > 0);
	bind_if(BOUND, new_file(PAGE, NULL), PAGE);
	slab_of(PLAIN, COUNT);	/* what is kept from the first time on */
	for (int kind = 0; kind < KINDS; kind++) {
		size[kind] = slab_of(kind, COUNT);
		report("figure slab_bytes/%s %lu", kind_names[kind], size[kind] / COUNT);
	}
}

/*
 * As pam_keyinit does it at login. In a process without a session keyring each look-up
 * of a key prints and searches for the name of the one that would be its user's.
 */
static void join_session(void)
{
	if (keyctl_call(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) < 0 ||
	    keyctl_call(KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING, 0, 0))
		perror("no session keyring");
}

int main(int argc, char **argv)
{
	join_session();
	return tap_main("bench", argc, argv);
}
