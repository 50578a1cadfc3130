// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trace events: is what they tell true, and nothing said that must not be
 */
#include <linux/falloc.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define FRESH	70	/* a key that no other program uses */

static int file;
static struct fault_event event[8];

static char *bound(size_t len, int flags)
{
	key_serial_t key = need_key(1);
	char *p;

	file = new_file(len, NULL);
	p = map_file(file, len, PROT_NONE, MAP_SHARED_VALIDATE | flags);
	NEED(!encrypt_mprotect(p, len, RW, key), "%s", errno_name(errno));
	return p;
}

/* One event: of this file, of this page, and what is in the page table now. */
static void check_fault(const char *p, unsigned long pgoff, unsigned int order,
			const char *access)
{
	struct pte pte = pte_of(p);
	struct stat st;

	NEED(!fstat(file, &st));
	NEED(traced_faults(event, 8) == 1, "%u events", traced_faults(event, 8));
	CHECK(event->major == major(st.st_dev) && event->minor == minor(st.st_dev),
	      "dev %u:%u", event->major, event->minor);
	CHECK_EQ(event->ino, st.st_ino);
	CHECK_EQ(event->pgoff, pgoff);
	CHECK_EQ(event->order, order);
	CHECK_EQ(event->keyid, pte.keyid);
	CHECK(pte.keyid > 0, "KeyID 0");
	CHECK_EQ(event->pfn, phys_of(file, pgoff * PAGE) / PAGE);
	CHECK(!strcmp(event->access, access), "%s, not %s", event->access, access);
	CHECK(!strcmp(pte.level, order ? "pmd" : "pte"), "%s", pte.level);
}

TEST(fault_event_4k)
{
	char *p = bound(LEN, 0);

	trace_on();
	store_byte(p + 3 * PAGE);
	check_fault(p + 3 * PAGE, 3, 0, "write");
}

TEST(fault_event_4k_read)
{
	char *p = bound(LEN, 0);

	store_byte(p + PAGE);
	p = map_file(file, LEN, PROT_READ, MAP_SHARED);
	trace_on();
	load_byte(p + PAGE);
	check_fault(p + PAGE, 1, 0, "read");
}

TEST(fault_event_2m)
{
	char *p = bound(2 * PMD, 0);

	trace_on();
	store_byte(p + PMD + 5 * PAGE);
	check_fault(p + PMD, PMD / PAGE, 9, "write");
}

TEST(fault_event_map_sync)
{
	char *p = bound(LEN, MAP_SYNC);

	trace_on();
	store_byte(p + 2 * PAGE);
	check_fault(p + 2 * PAGE, 2, 0, "write");
}

TEST(fault_event_map_sync_2m)
{
	char *p = bound(PMD, MAP_SYNC);

	trace_on();
	store_byte(p + 5 * PAGE);
	check_fault(p, 0, 9, "write");
}

TEST(no_fault_event_without_a_keyid)
{
	char *p = bound(LEN, 0);
	int plain = new_file(LEN, NULL);
	char *q = map_file(plain, LEN, RW, MAP_SHARED);

	trace_on();
	load_byte(p);		/* the zero page */
	store_byte(q);		/* a file without a key */
	load_byte(q + PAGE);
	CHECK_EQ(traced_faults(event, 8), 0);
}

static unsigned int events(const char *name, char *first)
{
	char lines[8][TRACE_LINE] = {};
	unsigned int count = trace_off(name, lines, 8);

	memcpy(first, lines[0], TRACE_LINE);
	return count;
}

static void check_line(const char *name, const char *fmt, int fd, unsigned int keyid)
{
	char want[TRACE_LINE], line[TRACE_LINE];
	unsigned int count;
	struct stat st;

	NEED(!fstat(fd, &st));
	snprintf(want, sizeof(want), fmt, major(st.st_dev), minor(st.st_dev),
		 (unsigned long)st.st_ino, keyid);
	count = events(name, line);
	CHECK_EQ(count, 1);
	CHECK(!strcmp(line, want), "\"%s\", not \"%s\"", line, want);
}

TEST(bind_unlock_and_lock_events)
{
	key_serial_t key = need_key(1), other = need_key(2);
	unsigned int keyid;
	int fd;
	char *p;

	scratch_new("dax=always");
	fd = scratch_file("traced", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, LEN));
	trace_on();
	p = bound_mapping(fd, LEN, key);
	store_byte(p);
	keyid = pte_of(p).keyid;
	check_line("mktme_bind", "mktme_bind: dev %u:%u ino %lu keyid %u err 0", fd, keyid);
	munmap(p, LEN);
	close(fd);

	trace_on();
	scratch_cycle("dax=always");
	fd = scratch_file("traced", O_RDWR);
	check_line("mktme_lock", "mktme_lock: dev %u:%u ino %lu keyid %u", fd, keyid);

	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	trace_on();
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, other), EKEYREJECTED);
	check_line("mktme_bind", "mktme_bind: dev %u:%u ino %lu keyid %u err -129", fd, 0);

	trace_on();
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	check_line("mktme_unlock", "mktme_unlock: dev %u:%u ino %lu keyid %u", fd, keyid);
}

TEST(refuse_event_names_the_cause)
{
	key_serial_t key = need_key(1);
	char byte;
	int fd;

	scratch_new("dax=always");
	fd = scratch_file("refused", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, LEN));
	munmap(bound_mapping(fd, LEN, key), LEN);
	close(fd);
	scratch_cycle("dax=always");
	fd = scratch_file("refused", O_RDWR);
	trace_on();
	CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	check_line("mktme_refuse", "mktme_refuse: dev %u:%u ino %lu locked", fd, 0);
}

TEST(slot_events_of_a_new_key)
{
	key_serial_t key = need_key(FRESH);
	char lines[8][TRACE_LINE];
	unsigned int keyid;
	char *p, want[3][TRACE_LINE];

	file = new_file(PAGE, NULL);
	trace_on();
	p = bound_mapping(file, PAGE, key);
	store_byte(p);
	keyid = pte_of(p).keyid;
	NEED(!munmap(p, PAGE) && !close(file));
	snprintf(want[0], TRACE_LINE, "mktme_slot: keyid %u programmed", keyid);
	snprintf(want[1], TRACE_LINE, "mktme_slot: keyid %u get", keyid);
	snprintf(want[2], TRACE_LINE, "mktme_slot: keyid %u put", keyid);
	NEED(trace_off("mktme_slot", lines, 8) == 3);
	for (int i = 0; i < 3; i++)
		CHECK(!strcmp(lines[i], want[i]), "\"%s\", not \"%s\"", lines[i], want[i]);
}

TEST(flush_events_of_allocation_sync_and_drop)
{
	char *p = bound(LEN, 0), lines[8][TRACE_LINE], want[3][TRACE_LINE];
	unsigned long phys;
	unsigned int keyid;

	trace_on();
	store_byte(p);
	keyid = pte_of(p).keyid;
	phys = phys_of(file, 0);
	NEED(!fsync(file));
	store_byte(p);
	NEED(!fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
	snprintf(want[0], TRACE_LINE, "mktme_flush: keyid 0 phys %#lx len 4096 allocate", phys);
	snprintf(want[1], TRACE_LINE, "mktme_flush: keyid %u phys %#lx len 4096 sync", keyid, phys);
	/* XFS writes back what it is going to drop, and drops it clean. */
	snprintf(want[2], TRACE_LINE, "mktme_flush: keyid %u phys %#lx len 4096 %s", keyid, phys,
		 on_xfs() ? "sync" : "drop");
	NEED(trace_off("mktme_flush", lines, 8) == 3);
	for (int i = 0; i < 3; i++)
		CHECK(!strcmp(lines[i], want[i]), "\"%s\", not \"%s\"", lines[i], want[i]);
}

/* The raw buffers, not the text made of them. */
TEST(trace_holds_no_key_and_no_identifier)
{
	static char raw[4 * MIB];
	struct mktme_dax_record_v1 record;
	uint8_t data[KEY_HALF], tweak[KEY_HALF];
	ssize_t len, got = 0;
	int fd, save;

	trace_on();
	save = new_file(PAGE, NULL);
	store_byte(bound_mapping(save, PAGE, need_key(FRESH)));
	NEED(!fsync(save));
	NEED(fgetxattr(save, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) > 0);
	for (int cpu = 0; cpu < 8; cpu++) {
		char path[80];

		snprintf(path, sizeof(path),
			 "/sys/kernel/tracing/per_cpu/cpu%d/trace_pipe_raw", cpu);
		fd = open(path, O_RDONLY | O_NONBLOCK);
		while (fd >= 0 && (len = read(fd, raw + got, PAGE)) > 0 &&
		       got < (ssize_t)(sizeof(raw) - PAGE))
			got += len;
		close(fd);
	}
	NEED(got > 100, "%zd bytes", got);
	test_key_bytes(FRESH, data, tweak);
	CHECK(!memmem(raw, got, data, KEY_HALF), "the data key");
	CHECK(!memmem(raw, got, tweak, KEY_HALF), "the tweak key");
	CHECK(!memmem(raw, got, record.identifier, sizeof(record.identifier)),
	      "the identifier");
	trace_off("mktme_bind", NULL, 0);
}

int main(int argc, char **argv)
{
	return tap_main("trace", argc, argv);
}
