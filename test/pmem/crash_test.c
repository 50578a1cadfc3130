// SPDX-License-Identifier: GPL-2.0-only
/*
 * The crash kernel: it uses no KeyIDs, and what the kernel that died had in its
 * caches is in memory, under its keys
 */
#include <elf.h>
#include <signal.h>
#include "common.h"
#include "kexec.h"

#define RW	(PROT_READ | PROT_WRITE)
#define VMCORE	"/proc/vmcore"

TEST(no_keyids_in_a_crash_kernel)
{
	char status[32] = "";

	NEED(read_text("/sys/kernel/mm/mktme/status", status, sizeof(status)) > 0);
	CHECK(!strcmp(status, "crash kernel\n"), "%s", status);
	CHECK_EQ(sysfs_number("keyids_total"), 0);
}

TEST(bound_files_are_locked)
{
	int fd = open_left(KEXEC_FILE), plain = new_file(PAGE, NULL);
	char buf[PAGE];
	char *p = map_file(fd, PAGE, RW, MAP_SHARED);

	CHECK_ERRNO(pread(fd, buf, PAGE, 0), ENOKEY);
	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	CHECK_ERRNO(add_test_key(KEXEC_KEY), EOPNOTSUPP);
	CHECK_ERRNO(encrypt_mprotect(p, PAGE, RW, 1), EOPNOTSUPP);
	CHECK_ERRNO(ioctl_bind(plain, 1), EOPNOTSUPP);
}

/* The kernel that died has stopped; and of what it had stored nothing has to come yet. */
TEST(dirty_lines_are_in_memory_under_the_key)
{
	host_cipher(open_left(KEXEC_FILE), 0, KEXEC_SIZE, KEXEC_KEY, KEXEC_DIRTY);
}

/* Of the DIMM as a whole, labels and all */
static uint64_t region(const char *name)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/bus/nd/devices/region0/%s", name);
	NEED(read_text(path, text, sizeof(text)) > 0, "%s", path);
	return strtoull(text, NULL, 0);
}

static bool overlaps(const Elf64_Phdr *segment, uint64_t from, uint64_t to)
{
	return segment->p_paddr < to && segment->p_paddr + segment->p_memsz > from;
}

/* A dump is for many eyes: what is in it is RAM, and no file of persistent memory. */
TEST(dump_has_no_persistent_memory)
{
	uint64_t begin = region("resource"), end = begin + region("size");
	int fd = open(VMCORE, O_RDONLY);
	unsigned int loads = 0;
	Elf64_Phdr segment;
	Elf64_Ehdr header;

	NEED(fd >= 0, "%s: %s", VMCORE, errno_name(errno));
	NEED(pread(fd, &header, sizeof(header), 0) == sizeof(header));
	for (int i = 0; i < header.e_phnum; i++) {
		NEED(pread(fd, &segment, sizeof(segment),
			   header.e_phoff + i * sizeof(segment)) == sizeof(segment));
		if (segment.p_type != PT_LOAD)
			continue;
		loads++;
		CHECK(!overlaps(&segment, begin, end), "%#llx, %#llx bytes",
		      (unsigned long long)segment.p_paddr,
		      (unsigned long long)segment.p_memsz);
	}
	CHECK(loads > 0, "no memory in the dump");
}

int main(int argc, char **argv)
{
	return tap_main("crash", argc, argv);
}
