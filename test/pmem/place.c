// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a byte of a file lies: page-table entry, block, physical address
 */
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include "common.h"

#define DEBUGFS	"/sys/kernel/debug/mktme_dax/"
#define PFN_MASK	((1ULL << 55) - 1)
#define MAX_EXTENTS	256

/* The page must have been touched: this looks, it does not fault. */
struct pte pte_of(const void *addr)
{
	struct pte pte = {};
	char text[160] = "";
	ssize_t len;
	int fd;

	fd = open(DEBUGFS "pte", O_RDWR);
	NEED(fd >= 0, "%spte: %s", DEBUGFS, errno_name(errno));
	snprintf(text, sizeof(text), "%lx", (unsigned long)addr);
	NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	len = read(fd, text, sizeof(text) - 1);
	NEED(len > 0, "%s", errno_name(errno));
	text[len] = 0;
	close(fd);
	NEED(sscanf(text, "level=%7s raw=%llx keyid=%u pfn=%llx", pte.level,
		    &pte.raw, &pte.keyid, &pte.pfn) == 4 ||
	     !strncmp(text, "level=none", 10), "%s", text);
	return pte;
}

unsigned long long pagemap_pfn(const void *addr)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	NEED(fd >= 0);
	NEED(pread(fd, &entry, 8, (unsigned long)addr / PAGE * 8) == 8);
	close(fd);
	return entry & PFN_MASK;
}

/* A number in /sys/kernel/mm/mktme. */
unsigned int sysfs_number(const char *name)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/mm/mktme/%s", name);
	NEED(read_text(path, text, sizeof(text)) > 0, "%s: %s", path, errno_name(errno));
	return strtoul(text, NULL, 10);
}

unsigned long flushed_lines(void)
{
	char text[32];

	NEED(read_text(DEBUGFS "flushed_lines", text, sizeof(text)) > 0);
	return strtoul(text, NULL, 0);
}

/* What the hardware makes of a line in memory, seen through any KeyID. */
void peek(unsigned int keyid, uint64_t phys, char line[PATTERN_LINE])
{
	int fd = open(DEBUGFS "peek", O_RDWR);
	char text[2 * PATTERN_LINE + 1];

	NEED(fd >= 0, "%s", errno_name(errno));
	NEED(dprintf(fd, "%x %llx", keyid, (unsigned long long)phys) > 0, "%s",
	     errno_name(errno));
	NEED(read(fd, text, 2 * PATTERN_LINE) == 2 * PATTERN_LINE, "%s",
	     errno_name(errno));
	close(fd);
	text[2 * PATTERN_LINE] = 0;
	for (int i = 0; i < PATTERN_LINE; i++)
		NEED(sscanf(text + 2 * i, "%2hhx", (unsigned char *)line + i) == 1);
}

/* Without FIEMAP_FLAG_SYNC: that would write back what a test left dirty. */
unsigned int fiemap(int fd, struct extent *out, unsigned int max)
{
	struct {
		struct fiemap head;
		struct fiemap_extent extents[MAX_EXTENTS];
	} *map = calloc(1, sizeof(*map));
	unsigned int found;

	NEED(map && max <= MAX_EXTENTS);
	map->head.fm_length = FIEMAP_MAX_OFFSET;
	map->head.fm_extent_count = max;
	NEED(!ioctl(fd, FS_IOC_FIEMAP, map), "%s", errno_name(errno));
	found = map->head.fm_mapped_extents;
	for (unsigned int i = 0; i < found; i++)
		out[i] = (struct extent) {
			.logical = map->extents[i].fe_logical,
			.physical = map->extents[i].fe_physical,
			.len = map->extents[i].fe_length,
			.flags = map->extents[i].fe_flags,
		};
	free(map);
	return found;
}

uint64_t block_of(int fd, uint64_t off)
{
	static struct extent extents[MAX_EXTENTS];
	unsigned int n = fiemap(fd, extents, MAX_EXTENTS);

	for (unsigned int i = 0; i < n; i++)
		if (off >= extents[i].logical &&
		    off < extents[i].logical + extents[i].len)
			return extents[i].physical + off - extents[i].logical;
	return 0;
}

unsigned long data_blocks(int fd)
{
	static struct extent extents[MAX_EXTENTS];
	unsigned int n = fiemap(fd, extents, MAX_EXTENTS);
	unsigned long blocks = 0;

	for (unsigned int i = 0; i < n; i++)
		blocks += extents[i].len / PAGE;
	return blocks;
}

/* For an fsdax namespace "resource" is where its data begins. */
uint64_t device_base(int fd)
{
	char path[80], text[32];
	struct stat st;

	NEED(!fstat(fd, &st));
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/device/resource",
		 major(st.st_dev), minor(st.st_dev));
	NEED(read_text(path, text, sizeof(text)) > 0, "%s", path);
	return strtoull(text, NULL, 0);
}

/* Of the namespace, which is not that of the struct pages built on it. */
void namespace_uuid(int fd, char uuid[40])
{
	char path[128], name[40];
	struct stat st;

	NEED(!fstat(fd, &st));
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/device/namespace",
		 major(st.st_dev), minor(st.st_dev));
	NEED(read_text(path, name, sizeof(name)) > 0, "%s", path);
	name[strcspn(name, "\n")] = 0;
	snprintf(path, sizeof(path), "/sys/bus/nd/devices/%s/uuid", name);
	NEED(read_text(path, uuid, 40) > 0, "%s", path);
	uuid[strcspn(uuid, "\n")] = 0;
}

uint64_t phys_of(int fd, uint64_t off)
{
	uint64_t block = block_of(fd, off);

	NEED(block, "no block at offset %#lx", (unsigned long)off);
	return device_base(fd) + block;
}

static void host_lines(const char *kind, int fd, uint64_t off, size_t len,
		       unsigned int key, unsigned int seed)
{
	static struct extent extents[MAX_EXTENTS];
	unsigned int n = fiemap(fd, extents, MAX_EXTENTS);
	uint64_t base = device_base(fd), end = off + len, told = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t from = extents[i].logical, to = from + extents[i].len;

		from = from > off ? from : off;
		to = to < end ? to : end;
		if (from >= to)
			continue;
		report("host %s %#llx %llu %u %u %llu -- %s", kind,
		       (unsigned long long)(base + extents[i].physical + from - extents[i].logical),
		       (unsigned long long)(to - from), key, seed,
		       (unsigned long long)from, tap_test_name());
		told += to - from;
	}
	CHECK_EQ(told, len);
}

void host_cipher(int fd, uint64_t off, size_t len, unsigned int key, unsigned int seed)
{
	host_lines("cipher", fd, off, len, key, seed);
}

void host_cipher256(int fd, uint64_t off, size_t len, unsigned int key, unsigned int seed)
{
	host_lines("cipher256", fd, off, len, key, seed);
}

void host_zero(int fd, uint64_t off, size_t len, unsigned int key)
{
	host_lines("zero", fd, off, len, key, 0);
}

void host_clear(int fd, uint64_t off, size_t len, unsigned int seed)
{
	host_lines("clear", fd, off, len, 0, seed);
}
