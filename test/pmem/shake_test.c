// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two at a time, by handshake: one thread of the kernel is held in the middle
 * of a bind, a fault, a punch or an eviction, and another one comes
 *
 * It has to wait, which is looked at, and has to do the right thing afterwards.
 */
#include <linux/falloc.h>
#include <signal.h>
#include <sys/wait.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

static struct job call, other;
static int file;

/* Hooks are on, @file is fresh, and nobody has looked at its blocks yet. */
static char *fresh_file(void)
{
	call = (struct job){ .key = need_key(1), .len = LEN, .prot = RW };
	bound_mapping(new_file(PAGE, NULL), PAGE, call.key);
	file = new_file(LEN, NULL);
	call.addr = map_file(file, LEN, PROT_NONE, MAP_SHARED);
	other = (struct job){ .fd = file, .len = LEN };
	other.addr = map_file(file, LEN, RW, MAP_SHARED);
	return other.addr;
}

static void held_then(const char *place, struct job *first, long (*fn)(struct job *),
		      struct job *second, long (*then)(struct job *))
{
	hold_next(place);
	job_make(first, fn);
	job_make(second, then);
	job_go(first);
	CHECK_EQ(await_held(place), first->tid);
	job_go(second);
	await_blocked(second->tid);
	release_held(place);
	job_end(first);
	job_end(second);
}

/* ---- a fault, then the bind ---- */

/* The store was first: the file has data, and keeps it where it is. */
TEST(store_held_then_bind_ENOTEMPTY)
{
	char *p = fresh_file();

	held_then("begin", &other, job_store, &call, job_encrypt);
	CHECK_EQ(other.ret, 0);
	CHECK(call.err == ENOTEMPTY, "%s", errno_name(call.err));
	CHECK(!has_record(file));
	CHECK_EQ(pte_of(p).keyid, 0);
	CHECK_EQ(*p, 'x');
}

/*
 * The hole's page was mapped by the fault, and is taken away by the bind. The load
 * itself is repeated after the fault, which may be after the bind: then there is an
 * entry again, and it has to give way to the data.
 */
TEST(load_held_then_bind)
{
	char *p = fresh_file();

	held_then("begin", &other, job_load, &call, job_encrypt);
	CHECK_EQ(other.ret, 0);
	CHECK(!call.ret, "%s", errno_name(call.err));
	*(char *)call.addr = 'y';
	CHECK_EQ(*p, 'y');
	CHECK(pte_of(p).keyid > 0);
}

/* ---- the bind, then somebody else ---- */

static const char *const in_bind[] = { "dropped", "transaction", "recorded" };

#define FOR_PLACES_IN_BIND(place)					\
	for (const char *const *place = in_bind; place < in_bind + 3; place++)

TEST(bind_held_then_store)
{
	FOR_PLACES_IN_BIND(place) {
		char *p = fresh_file();

		held_then(*place, &call, job_encrypt, &other, job_store);
		CHECK(!call.ret, "%s: %s", *place, errno_name(call.err));
		CHECK_EQ(other.ret, 0);
		CHECK(pte_of(p).keyid > 0, "%s: stored without the key", *place);
		CHECK_EQ(*p, 'x');
	}
}

TEST(bind_held_then_load)
{
	FOR_PLACES_IN_BIND(place) {
		char *p = fresh_file();

		held_then(*place, &call, job_encrypt, &other, job_load);
		CHECK(!call.ret, "%s: %s", *place, errno_name(call.err));
		pattern_fill(call.addr, LEN, 150, 0);
		CHECK(is_pattern(p, LEN, 150, 0));
	}
}

static long job_write(struct job *job)
{
	char buf[PAGE];

	pattern_fill(buf, PAGE, 151, 0);
	return pwrite(job->fd, buf, PAGE, 0) != PAGE;
}

TEST(bind_held_then_write)
{
	FOR_PLACES_IN_BIND(place) {
		char *p = fresh_file();

		held_then(*place, &call, job_encrypt, &other, job_write);
		CHECK(!call.ret, "%s: %s", *place, errno_name(call.err));
		CHECK(!other.ret, "%s", errno_name(other.err));
		CHECK(is_pattern(p, PAGE, 151, 0));
		CHECK(pte_of(p).keyid > 0);
		NEED(!fsync(file));
	}
}

static long job_read(struct job *job)
{
	char buf[PAGE];

	return pread(job->fd, buf, PAGE, 0) != PAGE || !is_zero(buf, PAGE);
}

TEST(bind_held_then_read)
{
	FOR_PLACES_IN_BIND(place) {
		fresh_file();
		held_then(*place, &call, job_encrypt, &other, job_read);
		CHECK(!call.ret, "%s: %s", *place, errno_name(call.err));
		CHECK_EQ(other.ret, 0);
	}
}

static long job_truncate(struct job *job)
{
	return ftruncate(job->fd, PAGE + 100);
}

TEST(bind_held_then_truncate)
{
	FOR_PLACES_IN_BIND(place) {
		struct stat st;

		fresh_file();
		held_then(*place, &call, job_encrypt, &other, job_truncate);
		CHECK(!call.ret, "%s: %s", *place, errno_name(call.err));
		CHECK(!other.ret, "%s", errno_name(other.err));
		CHECK(!fstat(file, &st) && st.st_size == PAGE + 100);
		CHECK(has_record(file));
	}
}

static char path[4096];

static long job_unlink(struct job *job)
{
	return unlink(path);
}

TEST(bind_held_then_unlink)
{
	FOR_PLACES_IN_BIND(place) {
		char *p;

		fresh_file();
		file = new_file(LEN, path);
		call.addr = map_file(file, LEN, PROT_NONE, MAP_SHARED);
		held_then(*place, &call, job_encrypt, &other, job_unlink);
		CHECK(!call.ret, "%s: %s", *place, errno_name(call.err));
		CHECK(!other.ret, "%s", errno_name(other.err));
		p = call.addr;
		pattern_fill(p, LEN, 152, 0);
		CHECK(pte_of(p).keyid > 0);
	}
}

/* Once there is a record, another key is refused by it, and need not wait. */
TEST(bind_held_then_another_key_EKEYREJECTED)
{
	key_serial_t key = need_key(2);

	FOR_PLACES_IN_BIND(place) {
		fresh_file();
		other.addr = map_file(file, LEN, PROT_NONE, MAP_SHARED);
		other.prot = RW;
		other.key = key;
		hold_next(*place);
		job_start(&call, job_encrypt);
		await_held(*place);
		job_start(&other, job_encrypt);
		if (has_record(file))
			job_end(&other);
		else
			await_blocked(other.tid);
		release_held(*place);
		job_end(&call);
		if (place == in_bind)
			job_end(&other);
		CHECK(!call.ret, "%s: %s", *place, errno_name(call.err));
		CHECK(other.err == EKEYREJECTED, "%s", errno_name(other.err));
		CHECK_EQ(signal_of(load_byte, other.addr), SIGSEGV);
	}
}

TEST(bind_held_then_the_same_key)
{
	FOR_PLACES_IN_BIND(place) {
		fresh_file();
		other.addr = map_file(file, LEN, PROT_NONE, MAP_SHARED);
		other.prot = RW;
		other.key = call.key;
		held_then(*place, &call, job_encrypt, &other, job_encrypt);
		CHECK(!call.ret && !other.ret, "%s, %s", errno_name(call.err),
		      errno_name(other.err));
		CHECK_EQ(signal_of(store_byte, other.addr), 0);
		CHECK(pte_of(other.addr).keyid > 0);
	}
}

/* All or nothing, also for who does not live to see it. */
TEST(bind_held_then_killed)
{
	FOR_PLACES_IN_BIND(place) {
		char *p = fresh_file();
		struct peer peer;
		int status;

		hold_next(*place);
		if (spawn(&peer)) {
			encrypt_mprotect(call.addr, LEN, RW, call.key);
			exit(9);
		}
		CHECK_EQ(await_held(*place), peer.pid);
		NEED(!kill(peer.pid, SIGKILL));
		NEED(waitpid(peer.pid, &status, 0) == peer.pid);
		CHECK(WIFSIGNALED(status), "%#x", status);
		CHECK(has_record(file));
		pattern_fill(p, LEN, 153, 0);
		CHECK(pte_of(p).keyid > 0, "%s", *place);
		CHECK(!encrypt_mprotect(call.addr, LEN, RW, call.key), "%s", errno_name(errno));
	}
}

/* ---- a fault of a bound file, then somebody else ---- */

static unsigned long long old_pfn;

/* A bound file with data, of which no page is mapped. */
static char *bound_file(void)
{
	char *p = fresh_file();

	NEED(!encrypt_mprotect(call.addr, LEN, RW, call.key), "%s", errno_name(errno));
	pattern_fill(p, LEN, 154, 0);
	old_pfn = pte_of(p).pfn;
	NEED(!munmap(p, LEN) && !munmap(call.addr, LEN));
	other.addr = map_file(file, LEN, RW, MAP_SHARED);
	return other.addr;
}

static long job_punch(struct job *job)
{
	return fallocate(job->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
}

static void fault_then(long (*fault)(struct job *), long (*then)(struct job *))
{
	struct job second;

	bound_file();
	second = (struct job){ .fd = file };
	held_then("device", &other, fault, &second, then);
	CHECK_EQ(other.ret, 0);
	CHECK(!second.ret, "%s", errno_name(second.err));
}

/*
 * The entry that the fault made is gone. The instruction may have come too late
 * for it, and have faulted again after the punch: on a hole, or in a new block.
 */
TEST(load_held_then_punch)
{
	struct pte pte;

	fault_then(job_load, job_punch);
	pte = pte_of(other.addr);
	CHECK(!strcmp(pte.level, "none") || (pte.pfn != old_pfn && !pte.keyid),
	      "an entry outlives its block");
	CHECK(is_zero(other.addr, PAGE));
	CHECK(is_pattern((char *)other.addr + PAGE, LEN - PAGE, 154, PAGE));
}

TEST(store_held_then_punch)
{
	unsigned long before = flushed_lines();
	char *p;

	fault_then(job_store, job_punch);
	CHECK(flushed_lines() - before >= PAGE / 64, "%lu lines", flushed_lines() - before);
	p = other.addr;
	CHECK(!*p || (*p == 'x' && block_of(file, 0)), "%02x", *p);
	CHECK(is_zero(p + 1, PAGE - 1));
}

TEST(store_held_then_truncate)
{
	fault_then(job_store, job_truncate);
	CHECK_EQ(*(char *)other.addr, 'x');
	CHECK_EQ(signal_of(load_byte, (char *)other.addr + 2 * PAGE), SIGBUS);
	CHECK(is_zero((char *)other.addr + PAGE + 100, PAGE - 100));
}

/* Unlink waits for nobody; the fault finds its file all the same. */
TEST(store_held_then_unlink)
{
	struct job second = {};
	char *p;

	fresh_file();
	file = new_file(LEN, path);
	p = bound_mapping(file, LEN, call.key);
	other.addr = p;
	hold_next("device");
	job_make(&second, job_unlink);
	job_start(&other, job_store);
	await_held("device");
	job_go(&second);
	CHECK(!job_end(&second), "%s", errno_name(second.err));
	close(file);
	release_held("device");
	CHECK_EQ(job_end(&other), 0);
	CHECK(pte_of(p).keyid > 0);
}

/* ---- entries that are being dropped, then a fault ---- */

TEST(punch_held_then_store)
{
	struct job punch;
	char *p = bound_file();
	uint64_t before = block_of(file, PAGE);

	punch = (struct job){ .fd = file };
	held_then("forget", &punch, job_punch, &other, job_store);
	CHECK(!punch.ret, "%s", errno_name(punch.err));
	CHECK_EQ(other.ret, 0);
	CHECK_EQ(*p, 'x');
	CHECK(is_zero(p + 1, PAGE - 1));
	CHECK(pte_of(p).keyid > 0);
	CHECK_EQ(block_of(file, PAGE), before);
}

static struct file_handle *handle;

static long job_open_handle(struct job *job)
{
	int fd = open_by_handle_at(job->fd, handle, O_RDWR);

	if (fd >= 0)
		close(fd);
	return fd;
}

static long job_close(struct job *job)
{
	return close(job->fd);
}

/* Who looks for the inode by its number waits for its end, and finds nothing. */
TEST(eviction_held_then_open_by_handle_ESTALE)
{
	struct job second = {};
	int id;
	char *p;

	fresh_file();
	file = new_file(LEN, path);
	p = bound_mapping(file, LEN, call.key);
	pattern_fill(p, LEN, 155, 0);
	NEED(!munmap(p, LEN));
	handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	handle->handle_bytes = MAX_HANDLE_SZ;
	NEED(!name_to_handle_at(AT_FDCWD, path, handle, &id, 0), "%s", errno_name(errno));
	NEED(!unlink(path));
	other.fd = file;
	second.fd = open(fixture_dir(), O_RDONLY);
	held_then("forget", &other, job_close, &second, job_open_handle);
	CHECK_EQ(second.ret, -1);
	CHECK(second.err == ESTALE, "%s", errno_name(second.err));
}

int main(int argc, char **argv)
{
	return tap_main("shake", argc, argv);
}
