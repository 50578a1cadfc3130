// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line "KeyID:" of /proc/PID/smaps
 */
#include "common.h"

#define LEN	(8 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

static int here(const void *addr)
{
	return smaps_keyid(getpid(), addr);
}

TEST(keyid_appears_with_the_bind)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, RW, MAP_SHARED), *q;

	CHECK_EQ(here(p), -1);
	store_byte(map_file(new_file(LEN, NULL), LEN, RW, MAP_SHARED));
	CHECK_EQ(here(p), -1);
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	store_byte(p);
	CHECK(pte_of(p).keyid > 0);
	CHECK_EQ(here(p), pte_of(p).keyid);
	/* Before a fault, and where the file is mapped privately, too. */
	q = map_file(fd, LEN, PROT_NONE, MAP_PRIVATE);
	CHECK_EQ(here(q), pte_of(p).keyid);
	NEED(!munmap(p, LEN));
	CHECK_EQ(here(p), -2);
}

TEST(mapping_of_another_process_shows_it)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, RW, MAP_SHARED);
	struct peer peer;

	if (spawn(&peer)) {
		await(&peer, 'b');
		CHECK_EQ(here(p), -1);
		NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
		store_byte(p);
		tell(&peer, 'd');
		await(&peer, 'e');
		exit(0);
	}
	CHECK_EQ(here(p), -1);
	tell(&peer, 'b');
	await(&peer, 'd');
	store_byte(p);
	CHECK_EQ(here(p), pte_of(p).keyid);
	CHECK_EQ(smaps_keyid(peer.pid, p), pte_of(p).keyid);
	tell(&peer, 'e');
	join(&peer);
}

TEST(child_of_fork_shows_it)
{
	char *p = bound_mapping(new_file(LEN, NULL), LEN, need_key(1));
	struct peer peer;

	store_byte(p);
	if (spawn(&peer)) {
		load_byte(p);
		CHECK_EQ(here(p), pte_of(p).keyid);
		exit(0);
	}
	join(&peer);
}

TEST(other_keys_show_other_numbers)
{
	key_serial_t key = need_key(1), other = need_key(2);
	char *p = bound_mapping(new_file(LEN, NULL), LEN, key);
	char *q = bound_mapping(new_file(LEN, NULL), LEN, other);

	CHECK(here(p) > 0 && here(q) > 0 && here(p) != here(q), "%d, %d",
	      here(p), here(q));
}

TEST(locked_file_shows_0)
{
	key_serial_t key = need_key(1);
	int fd;
	char *p;

	scratch_new("dax=always");
	fd = scratch_file("smaps", O_RDWR | O_CREAT);
	NEED(fd >= 0 && !ftruncate(fd, LEN));
	munmap(bound_mapping(fd, LEN, key), LEN);
	close(fd);
	scratch_cycle("dax=always");
	fd = scratch_file("smaps", O_RDWR);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	CHECK_EQ(here(p), 0);
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	CHECK(here(p) > 0, "%d", here(p));
}

TEST(memory_without_a_file_shows_nothing)
{
	void *p = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	NEED(p != MAP_FAILED);
	need_key(1);
	CHECK_EQ(here(p), -1);
}

/* Programs such as psutil take each line but VmFlags for "word: number". */
TEST(every_line_but_vmflags_is_a_number)
{
	char *p = bound_mapping(new_file(LEN, NULL), LEN, need_key(1)), line[512];
	FILE *smaps = fopen("/proc/self/smaps", "r");
	unsigned long number, start;
	unsigned int seen = 0;

	store_byte(p);
	NEED(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &number) == 2 ||
		    !strncmp(line, "VmFlags:", 8))
			continue;
		CHECK(sscanf(line, "%*[A-Za-z_]: %lu", &number) == 1, "%s", line);
		seen += !strncmp(line, "KeyID:", 6);
	}
	fclose(smaps);
	CHECK_EQ(seen, 1);
}

int main(int argc, char **argv)
{
	return tap_main("smaps", argc, argv);
}
