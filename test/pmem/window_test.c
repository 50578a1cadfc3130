// SPDX-License-Identifier: GPL-2.0-only
/*
 * There is no moment at which memory is usable without the key
 *
 * A mapping without access rights is given to encrypt_mprotect() while a second
 * thread stores into it over and over. The call is held at each step; no store
 * may succeed there. The first that does finds the KeyID in the page table, and
 * the host finds its ciphertext on the DIMM.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	140

static const char *const places[] = { "dropped", "transaction", "recorded", "passes" };

static struct {
	char *addr;
	volatile unsigned long faults, stores;
	struct pte first;
	sigjmp_buf again;
	pthread_t thread;
	int pkey;
} hammer;

static void on_segv(int sig)
{
	siglongjmp(hammer.again, sig);
}

static void *hammer_main(void *arg)
{
	struct sigaction action = { .sa_handler = on_segv };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	if (sigsetjmp(hammer.again, 1))
		hammer.faults++;
	/* A signal handler is entered without the rights of protection keys. */
	if (hammer.pkey)
		pkey_set(hammer.pkey, 0);
	pattern_fill(hammer.addr, PATTERN_LINE, SEED, 0);
	hammer.stores++;
	hammer.first = pte_of(hammer.addr);
	return NULL;
}

static void hammer_start(char *addr)
{
	hammer.addr = addr;
	NEED(!pthread_create(&hammer.thread, NULL, hammer_main, NULL));
}

/* Some more tries, and none of them a success. */
static void none_succeeds(const char *where)
{
	unsigned long before = hammer.faults;

	while (hammer.faults < before + 200 && !hammer.stores)
		sched_yield();
	CHECK_EQ(hammer.stores, 0);
	CHECK(hammer.faults >= before + 200, "%s", where);
}

static void hold_at(struct job *call, size_t i)
{
	CHECK_EQ(await_held(places[i]), call->tid);
	none_succeeds(places[i]);
	release_held(places[i]);
}

/* The call, held at each place in its turn. */
static void bind_under_fire(struct job *call, int fd, char *p, size_t len, int prot)
{
	*call = (struct job){ .addr = p, .len = len, .prot = prot, .fd = fd,
			      .key = need_key(1) };
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		hold_next(places[i]);
	hammer_start(p);
	none_succeeds("before the call");
	job_start(call, job_encrypt);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		hold_at(call, i);
	CHECK(!job_end(call), "%s", errno_name(call->err));
}

static void first_store_has_the_key(int fd, size_t len)
{
	NEED(!pthread_join(hammer.thread, NULL));
	CHECK(hammer.first.keyid > 0, "the first store went through KeyID 0");
	pattern_fill(hammer.addr, len, SEED, 0);
	NEED(!fsync(fd));
	host_cipher(fd, 0, len, 1, SEED);
	diag("%lu stores failed before the first one succeeded", hammer.faults);
}

static void one_call(const char *name, size_t len)
{
	struct job call;
	int fd = kept_file(name, len, NULL);

	bind_under_fire(&call, fd, map_file(fd, len, PROT_NONE, MAP_SHARED), len, RW);
	first_store_has_the_key(fd, len);
}

TEST(one_call_opens_under_the_key)
{
	one_call("window-one", LEN);
}

TEST(one_call_opens_2m_under_the_key)
{
	one_call("window-huge", PMD);
	CHECK(!strcmp(hammer.first.level, "pmd"), "%s", hammer.first.level);
}

TEST(bind_then_mprotect)
{
	struct job call;
	int fd = kept_file("window-two", LEN, NULL);

	bind_under_fire(&call, fd, map_file(fd, LEN, PROT_NONE, MAP_SHARED), LEN, PROT_NONE);
	none_succeeds("after the bind");
	NEED(!mprotect(hammer.addr, LEN, RW));
	first_store_has_the_key(fd, LEN);
}

TEST(bind_then_pkey_mprotect)
{
	struct job call;
	int fd = kept_file("window-pkey", LEN, NULL);

	hammer.pkey = pkey_alloc(0, 0);
	NEED(hammer.pkey > 0, "%s", errno_name(errno));
	bind_under_fire(&call, fd, map_file(fd, LEN, PROT_NONE, MAP_SHARED), LEN, PROT_NONE);
	none_succeeds("after the bind");
	NEED(!pkey_mprotect(hammer.addr, LEN, RW, hammer.pkey));
	first_store_has_the_key(fd, LEN);
	CHECK_EQ(hammer.first.raw >> 59 & 15, hammer.pkey);
}

/* The protection key is kept, and still shuts: that one is the thread's own. */
TEST(pkey_mprotect_then_bind)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL), pkey = pkey_alloc(0, PKEY_DISABLE_ACCESS);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(pkey > 0, "%s", errno_name(errno));
	NEED(!pkey_mprotect(p, LEN, PROT_NONE, pkey));
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	NEED(!pkey_set(pkey, 0));
	CHECK_EQ(signal_of(store_byte, p), 0);
	CHECK(pte_of(p).keyid > 0);
	CHECK_EQ(pte_of(p).raw >> 59 & 15, pkey);
}

/*
 * Another process may use its mapping all the time. What it sees is the hole,
 * and from the first store on the data: never anything in between, and it has
 * no entry without the KeyID after the bind.
 */
TEST(reader_in_another_process)
{
	struct job call = { .key = need_key(1), .len = LEN, .prot = RW };
	struct peer peer;
	int fd = new_file(LEN, NULL);

	call.addr = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	if (spawn(&peer)) {
		char *q = map_file(fd, LEN, PROT_READ, MAP_SHARED);

		CHECK(is_zero(q, LEN));
		tell(&peer, 'r');
		await(&peer, 'h');
		CHECK(!strcmp(pte_of(q).level, "none"), "an entry outlives the zap");
		tell(&peer, 'b');
		/* Waits in the fault until the bind is done. */
		CHECK(is_zero(q, LEN));
		tell(&peer, 'z');
		await(&peer, 's');
		CHECK(is_pattern(q, LEN, 141, 0));
		CHECK(pte_of(q).keyid > 0);
		exit(0);
	}
	await(&peer, 'r');
	hold_next("recorded");
	job_start(&call, job_encrypt);
	await_held("recorded");
	tell(&peer, 'h');
	await(&peer, 'b');
	await_blocked(peer.pid);
	release_held("recorded");
	CHECK(!job_end(&call), "%s", errno_name(call.err));
	await(&peer, 'z');
	pattern_fill(call.addr, LEN, 141, 0);
	tell(&peer, 's');
	join(&peer);
}

int main(int argc, char **argv)
{
	return tap_main("window", argc, argv);
}
