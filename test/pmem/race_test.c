// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bind, fault, truncate and unlink at the same time, from several processes
 *
 * No schedule is forced: whatever comes first, the outcome is one of those that
 * the rules allow, and in the end the data is what was written last.
 */
#include <linux/falloc.h>
#include <signal.h>
#include "common.h"

#define LEN	(16 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define ROUNDS	60

static volatile int *turn;

static void make_turn(void)
{
	turn = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(turn != MAP_FAILED);
	*turn = 0;
}

/*
 * One process reads a hole over and over while the other binds the file and
 * stores. After the store the reader must see it, in every round.
 */
TEST(reader_against_bind)
{
	key_serial_t key = need_key(1);
	struct peer peer;

	for (int round = 1; round <= ROUNDS; round++) {
		int fd = new_file(LEN, NULL);
		volatile char *p = map_file(fd, LEN, RW, MAP_SHARED);

		if (spawn(&peer)) {
			alarm(30);	/* a reader left behind would never end */
			tell(&peer, 'r');
			while (!*p)
				;
			CHECK(pte_of((char *)p).keyid > 0);
			CHECK_EQ(*p, 'S');
			exit(0);
		}
		await(&peer, 'r');
		NEED(!encrypt_mprotect((char *)p, LEN, RW, key), "%s", errno_name(errno));
		*p = 'S';
		join(&peer);
		munmap((char *)p, LEN);
		close(fd);
		close(peer.in);
		close(peer.out);
	}
}

/*
 * A writer stores while the other one binds: either its store came first, the
 * file has data and the bind is refused, or it went through the key.
 */
TEST(writer_against_bind)
{
	key_serial_t key = need_key(1);
	unsigned int refused = 0;
	struct peer peer;

	make_turn();
	for (int round = 1; round <= ROUNDS; round++) {
		int fd = new_file(LEN, NULL), err;
		char *p = map_file(fd, LEN, RW, MAP_SHARED);

		if (spawn(&peer)) {
			tell(&peer, 'r');
			while (*turn != round)
				;
			p[PAGE] = 'S';
			exit(0);
		}
		await(&peer, 'r');
		*turn = round;
		err = encrypt_mprotect(p, LEN, RW, key) ? errno : 0;
		join(&peer);
		CHECK_EQ(p[PAGE], 'S');
		CHECK(!err || err == ENOTEMPTY, "%s", errno_name(err));
		CHECK_EQ(pte_of(p + PAGE).keyid != 0, !err);
		CHECK_EQ(has_record(fd), !err);
		refused += err != 0;
		munmap(p, LEN);
		close(fd);
		close(peer.in);
		close(peer.out);
	}
	diag("%u of %d binds came too late", refused, ROUNDS);
}

/* Two keys at once: one wins, the other one is rejected. */
TEST(two_keys_at_once)
{
	key_serial_t key[2] = { need_key(1), need_key(2) };
	struct peer peer;

	make_turn();
	for (int round = 1; round <= ROUNDS; round++) {
		int fd = new_file(LEN, NULL), won = 0;
		char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
		volatile int *result = turn + 1;

		if (spawn(&peer)) {
			tell(&peer, 'r');
			while (*turn != round)
				;
			*result = encrypt_mprotect(p, LEN, RW, key[1]) ? errno : 0;
			exit(0);
		}
		await(&peer, 'r');
		*turn = round;
		won = encrypt_mprotect(p, LEN, RW, key[0]) ? errno : 0;
		join(&peer);
		CHECK((!won && *result == EKEYREJECTED) || (!*result && won == EKEYREJECTED),
		      "%s and %s", errno_name(won), errno_name(*result));
		munmap(p, LEN);
		close(fd);
		close(peer.in);
		close(peer.out);
	}
}

static void punch_forever(int fd)
{
	for (;;)
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, LEN);
}

/* A page that was punched away reads as zeros or as what was written since. */
TEST(stores_against_punch)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = bound_mapping(fd, LEN, key);
	struct peer peer;

	if (spawn(&peer)) {
		tell(&peer, 'r');
		punch_forever(fd);
	}
	await(&peer, 'r');
	for (int round = 0; round < 40 * ROUNDS; round++) {
		volatile char *q = p + round % 16 * PAGE + round % 4000;
		char got;

		*q = 'S';
		got = *q;
		if (!CHECK(!got || got == 'S', "%02x", (unsigned char)got))
			break;
	}
	NEED(!kill(peer.pid, SIGKILL));
}

/* Stores into a mapping whose file is written and synced by somebody else. */
TEST(stores_against_fsync)
{
	key_serial_t key = need_key(1);
	int fd = kept_file("race-fsync", LEN, NULL);
	char *p = bound_mapping(fd, LEN, key);
	struct peer peer;

	if (spawn(&peer)) {
		tell(&peer, 'r');
		for (;;)
			fsync(fd);
	}
	await(&peer, 'r');
	for (int round = 0; round < ROUNDS; round++)
		pattern_fill(p, LEN, 200 + round, 0);
	NEED(!kill(peer.pid, SIGKILL));
	CHECK(is_pattern(p, LEN, 200 + ROUNDS - 1, 0));
	NEED(!fsync(fd));
	host_cipher(fd, 0, LEN, 1, 200 + ROUNDS - 1);
}

int main(int argc, char **argv)
{
	return tap_main("race", argc, argv);
}
