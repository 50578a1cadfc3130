// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens between the two passes of encrypt_mprotect(): the file is bound,
 * the protection not yet set, and no lock is held
 *
 * The thread is held there (pause/passes) while another one changes the range.
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)
#ifndef __NR_mseal
#define __NR_mseal	462
#endif

static struct job call;
static int file;

/* A call that binds @file and is held; the range has no access rights yet. */
static char *half_done(void)
{
	call.key = need_key(1);
	file = new_file(LEN, NULL);
	call.addr = map_file(file, LEN, PROT_NONE, MAP_SHARED);
	call.len = LEN;
	call.prot = RW;
	hold_next("passes");
	job_start(&call, job_encrypt);
	CHECK_EQ(await_held("passes"), call.tid);
	CHECK(has_record(file), "not bound yet");
	CHECK_EQ(signal_of(load_byte, call.addr), SIGSEGV);
	return call.addr;
}

static void ends_with(int err)
{
	release_held("passes");
	job_end(&call);
	CHECK(call.err == err, "%s; %s wanted", errno_name(call.err), errno_name(err));
}

/* The file has its key: whoever maps it now gets entries with the KeyID. */
static void is_bound(int fd)
{
	char *p = map_file(fd, LEN, RW, MAP_SHARED);

	CHECK(has_record(fd));
	pattern_fill(p, LEN, 130, 0);
	CHECK(pte_of(p).keyid > 0);
	munmap(p, LEN);
}

TEST(nothing_in_between_0)
{
	char *p = half_done();

	ends_with(0);
	CHECK_EQ(signal_of(store_byte, p), 0);
	is_bound(file);
}

TEST(munmap_ENOMEM_and_bound)
{
	char *p = half_done();

	NEED(!munmap(p, LEN));
	ends_with(ENOMEM);
	is_bound(file);
}

/* A hole where a page was: the rest keeps its protection, too. */
TEST(munmap_of_a_part_ENOMEM_and_protection_kept)
{
	char *p = half_done();

	NEED(!munmap(p + PAGE, PAGE));
	ends_with(ENOMEM);
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	CHECK_EQ(signal_of(load_byte, p + 2 * PAGE), SIGSEGV);
	is_bound(file);
}

/* All begins again, with the file that is there now. */
TEST(another_file_is_bound_too)
{
	char *p = half_done();
	int other = new_file(LEN, NULL);

	NEED(mmap(p, LEN, PROT_NONE, MAP_SHARED | MAP_FIXED, other, 0) == p);
	ends_with(0);
	CHECK(has_record(other), "opened without the key");
	pattern_fill(p, LEN, 131, 0);
	CHECK(pte_of(p).keyid > 0);
	is_bound(file);
}

/* The same, but the second file cannot be bound: refused, and not opened. */
TEST(another_file_with_data_ENOTEMPTY_and_protection_kept)
{
	char *p = half_done();
	int other = new_file(LEN, NULL);

	write_all(other, "x", 1, 0);
	NEED(mmap(p, LEN, PROT_NONE, MAP_SHARED | MAP_FIXED, other, 0) == p);
	ends_with(ENOTEMPTY);
	CHECK(!has_record(other));
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	is_bound(file);
}

/* Another file each time: as often as somebody wants to make it begin again. */
TEST(another_file_ten_times)
{
	char *p = half_done();
	int other = -1;

	for (int i = 0; i < 10; i++) {
		other = new_file(LEN, NULL);
		NEED(mmap(p, LEN, PROT_NONE, MAP_SHARED | MAP_FIXED, other, 0) == p);
		hold_next("passes");
		CHECK_EQ(await_held("passes"), call.tid);
		CHECK(has_record(other));
	}
	ends_with(0);
	CHECK_EQ(signal_of(store_byte, p), 0);
	CHECK(pte_of(p).keyid > 0);
	is_bound(other);
}

TEST(two_files_EINVAL_and_protection_kept)
{
	char *p = half_done();
	int other = new_file(LEN, NULL);

	NEED(mmap(p + PAGE, PAGE, PROT_NONE, MAP_SHARED | MAP_FIXED, other, 0) != MAP_FAILED);
	ends_with(EINVAL);
	CHECK(!has_record(other));
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	CHECK_EQ(signal_of(load_byte, p + PAGE), SIGSEGV);
	is_bound(file);
}

TEST(anonymous_memory_EOPNOTSUPP_and_protection_kept)
{
	char *p = half_done();

	NEED(mmap(p, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	ends_with(EOPNOTSUPP);
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	is_bound(file);
}

TEST(private_mapping_EINVAL_and_protection_kept)
{
	char *p = half_done();

	NEED(mmap(p, LEN, PROT_NONE, MAP_PRIVATE | MAP_FIXED, file, 0) == p);
	ends_with(EINVAL);
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	is_bound(file);
}

TEST(mseal_EPERM_and_protection_kept)
{
	char *p = half_done();

	NEED(!syscall(__NR_mseal, p + PAGE, PAGE, 0), "%s", errno_name(errno));
	ends_with(EPERM);
	CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
	CHECK_EQ(signal_of(load_byte, p + PAGE), SIGSEGV);
	is_bound(file);
}

/* The mapping is somewhere else now; the old address is a hole. */
TEST(mremap_ENOMEM_and_bound)
{
	char *p = half_done(), *to;

	to = mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(to != MAP_FAILED);
	NEED(mremap(p, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	ends_with(ENOMEM);
	CHECK_EQ(signal_of(load_byte, to), SIGSEGV);
	NEED(!mprotect(to, LEN, RW));
	pattern_fill(to, LEN, 132, 0);
	CHECK(pte_of(to).keyid > 0);
}

/* Who opens the protection now opens a bound file. The later call decides. */
TEST(mprotect_of_another_thread)
{
	char *p = half_done();

	NEED(!mprotect(p, LEN, RW));
	CHECK_EQ(signal_of(store_byte, p), 0);
	CHECK(pte_of(p).keyid > 0);
	NEED(!mprotect(p, LEN, PROT_READ));
	ends_with(0);
	CHECK_EQ(signal_of(store_byte, p), 0);
	CHECK(pte_of(p).keyid > 0);
}

TEST(pkey_mprotect_of_another_thread)
{
	char *p = half_done();
	int pkey = pkey_alloc(0, 0);

	NEED(pkey > 0, "%s", errno_name(errno));
	NEED(!pkey_mprotect(p, LEN, PROT_NONE, pkey));
	ends_with(0);
	CHECK_EQ(signal_of(store_byte, p), 0);
	CHECK(pte_of(p).keyid > 0);
	CHECK_EQ(pte_of(p).raw >> 59 & 15, pkey);
}

/* The child has the mapping as it was, closed; opening it is its own affair. */
TEST(fork_copies_a_closed_mapping)
{
	char *p = half_done();
	struct peer peer;

	if (spawn(&peer)) {
		CHECK_EQ(signal_of(load_byte, p), SIGSEGV);
		NEED(!mprotect(p, LEN, RW));
		pattern_fill(p, LEN, 133, 0);
		CHECK(pte_of(p).keyid > 0);
		exit(0);
	}
	join(&peer);
	ends_with(0);
	CHECK(is_pattern(p, LEN, 133, 0));
}

/* The key was needed for the bind, and that is done. */
TEST(revoked_key_0)
{
	char payload[160], *p;

	need_key(1);
	key_payload(1, payload, sizeof(payload));
	p = half_done();
	ends_with(0);
	file = new_file(LEN, NULL);
	call.key = add_key_raw("mktme", "between", payload, strlen(payload));
	call.addr = p = map_file(file, LEN, PROT_NONE, MAP_SHARED);
	hold_next("passes");
	job_start(&call, job_encrypt);
	await_held("passes");
	NEED(!keyctl_call(KEYCTL_REVOKE, call.key, 0, 0, 0));
	ends_with(0);
	CHECK_EQ(signal_of(store_byte, p), 0);
	is_bound(file);
}

/* The file was closed and unlinked: the call has a reference of its own. */
TEST(close_and_munmap_and_another_file)
{
	char *p = half_done();
	int other = new_file(LEN, NULL);

	NEED(!close(file));
	NEED(mmap(p, LEN, PROT_NONE, MAP_SHARED | MAP_FIXED, other, 0) == p);
	ends_with(0);
	is_bound(other);
}

static int encrypt_in_shared_memory(void *arg)
{
	return encrypt_mprotect(call.addr, call.len, call.prot, call.key) ? errno : 0;
}

/*
 * A process that shares the memory waits for mmap_lock in the second pass, which
 * a page fault has that is held. Killed, it ends, the lock not being free: EINTR,
 * which nobody is left to see.
 */
TEST(killed_while_waiting_EINTR)
{
	static char stack[64 * KIB] __attribute__((aligned(16)));
	struct job fault = { .key = need_key(1) };
	int status;
	pid_t pid;

	file = new_file(LEN, NULL);
	call = (struct job){ .addr = map_file(file, LEN, PROT_NONE, MAP_SHARED),
			     .len = LEN, .prot = RW, .key = fault.key };
	fault.len = PAGE;
	fault.addr = bound_mapping(new_file(PAGE, NULL), PAGE, call.key);
	hold_next("passes");
	pid = clone(encrypt_in_shared_memory, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	NEED(pid > 0);
	CHECK_EQ(await_held("passes"), pid);
	hold_next("device");
	job_start(&fault, job_populate);
	CHECK_EQ(await_held("device"), fault.tid);
	release_held("passes");
	await_blocked(pid);
	NEED(!kill(pid, SIGKILL));
	NEED(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%#x", status);
	release_held("device");
	job_end(&fault);
	CHECK_EQ(fault.err, 0);
	CHECK_EQ(signal_of(load_byte, call.addr), SIGSEGV);
	is_bound(file);
}

int main(int argc, char **argv)
{
	return tap_main("between", argc, argv);
}
