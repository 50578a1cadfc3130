// SPDX-License-Identifier: GPL-2.0-only
/*
 * A processor that takes no key: each PCONFIG says "busy"
 */
#include <signal.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

TEST(pconfig_fails_EIO_and_not_bound)
{
	key_serial_t key = need_key(1);
	int fd = kept_file("pconfig", LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(!run("echo 'x86/mktme: PCONFIG' >>/run/kmsg.allow"));
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, key), EIO);
	CHECK(!has_record(fd), "bound all the same");
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	/* An unbound file is as ever. */
	NEED(!mprotect(p, LEN, RW));
	pattern_fill_mark(p, LEN, CLEAR_MARK, 170, 0);
	CHECK_EQ(pte_of(p).keyid, 0);
	NEED(!msync(p, LEN, MS_SYNC));
	host_clear(fd, 0, LEN, 170);
}

/* KeyIDs are not used up by keys that never got in. */
TEST(pconfig_fails_often_and_EIO_each_time)
{
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	need_key(1);
	for (unsigned int i = 0; i < 70; i++)
		if (!CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, need_key(3000 + i)), EIO))
			break;
	CHECK(!has_record(fd));
}

/* Nor does the filesystem believe that it has the key. */
TEST(pconfig_fails_EIO_and_nothing_in_the_ring)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/dir", fixture_dir());
	NEED(!mkdir(path, 0755));
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CHECK_ERRNO(ioctl_add_key(fd, need_key(1), NULL), EIO);
	CHECK_ERRNO(ioctl_bind(fd, need_key(1)), ENOKEY);
	CHECK(!has_record(fd));
	NEED(!rmdir(path));
}

int main(int argc, char **argv)
{
	return tap_main("pconfig", argc, argv);
}
