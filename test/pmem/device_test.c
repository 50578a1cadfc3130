// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device under bound files goes away, comes back, or is of another mode
 */
#include <dirent.h>
#include <signal.h>
#include <sys/mount.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define NAMESPACE	"namespace0.1"
#define LARGE	(64 * MIB)

/* Alias areas: nothing else in the kernel's address space is as large. */
static unsigned int alias_areas(void)
{
	FILE *info = fopen("/proc/vmallocinfo", "r");
	unsigned int count = 0;
	unsigned long size;
	char line[256];

	NEED(info);
	while (fgets(line, sizeof(line), info))
		count += sscanf(line, "%*s %lu", &size) == 1 && size >= LARGE &&
			 strstr(line, "ioremap");
	fclose(info);
	return count;
}

static void disable_namespace(void)
{
	NEED(!run("ndctl disable-namespace " NAMESPACE " >/dev/null 2>&1"));
}

static void enable_namespace(void)
{
	NEED(!run("ndctl enable-namespace " NAMESPACE " >/dev/null 2>&1"));
}

/* A file of pattern 160 under key 1, and another one under key 2. */
static int two_keys(char **p)
{
	int fd;

	bound_mapping(new_file(LEN, NULL), LEN, need_key(2));
	fd = kept_file("bound", LEN, NULL);
	*p = bound_mapping(fd, LEN, need_key(1));
	pattern_fill(*p, LEN, 160, 0);
	return fd;
}

/* An alias is an open door to memory that may be somebody else's next. */
TEST(aliases_go_with_the_namespace)
{
	unsigned int before;
	struct peer peer;
	char *p;
	int fd;

	need_key(1);
	scratch_new("dax=always");
	scratch_umount();
	disable_namespace();
	before = alias_areas();
	enable_namespace();
	/* In a process of its own: what it has mapped would keep the file system busy. */
	if (spawn(&peer)) {
		scratch_new("dax=always");
		two_keys(&p);
		CHECK_EQ(alias_areas(), before + 2);
		exit(0);
	}
	join(&peer);
	scratch_umount();
	disable_namespace();
	CHECK(alias_areas() == before, "%u areas, %u before", alias_areas(), before);
	enable_namespace();
	scratch_mount("dax=always");
	fd = scratch_file("bound", O_RDWR);
	NEED(fd >= 0);
	p = bound_mapping(fd, LEN, need_key(1));
	CHECK(is_pattern(p, LEN, 160, 0));
	munmap(p, LEN);
	close(fd);
	scratch_umount();
}

/*
 * Taken away under a mounted file system, as from a driver's sysfs directory. No
 * page of a file has been touched: what DAX keeps of those would make unmounting
 * fall over the missing struct pages, key or no key.
 */
TEST(removed_under_the_mount_ENXIO)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	scratch_new("dax=always");
	fd = new_file(LEN, NULL);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	NEED(!run("echo 'pmem0[.]1' >>/run/kmsg.allow"));
	NEED(!run("d=$(basename $(readlink -f /sys/block/pmem0.1/device)) && "
		  "echo $d >/run/scratch-device && "
		  "echo $d >/sys/bus/nd/drivers/nd_pmem/unbind"));
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, key), ENXIO);
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	munmap(p, LEN);
	close(fd);
	scratch_umount();
	NEED(!run("cat /run/scratch-device >/sys/bus/nd/drivers/nd_pmem/bind"));
}

/* The first /dev/dax there is: its name depends on the namespace's. */
static int open_device_dax(void)
{
	DIR *dir = opendir("/dev");
	struct dirent *entry;
	int fd = -1;

	NEED(dir);
	while (fd < 0 && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "dax", 3))
			fd = openat(dirfd(dir), entry->d_name, O_RDWR);
	closedir(dir);
	return fd;
}

TEST(device_dax_EOPNOTSUPP)
{
	key_serial_t key = need_key(1);
	char *p;
	int fd;

	while (!umount(SCRATCH))
		;
	NEED(!run("ndctl create-namespace -f -e " NAMESPACE " -m devdax -M mem >/dev/null"));
	fd = open_device_dax();
	if (CHECK(fd >= 0, "no Device DAX")) {
		p = map_file(fd, PMD, RW, MAP_SHARED);
		CHECK_ERRNO(encrypt_mprotect(p, PMD, PROT_NONE, key), EOPNOTSUPP);
		CHECK_EQ(signal_of(load_byte, p), 0);
		munmap(p, PMD);
		close(fd);
	}
	NEED(!run("ndctl create-namespace -f -e " NAMESPACE " -m fsdax -M mem >/dev/null"));
}

int main(int argc, char **argv)
{
	return tap_main("device", argc, argv);
}
