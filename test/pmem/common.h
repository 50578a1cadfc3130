/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Harness and fixture of the guest tests
 *
 * A test program is a list of TEST() functions and tap_main(). Each test runs
 * in a process of its own, so a SIGBUS, a leaked mapping or a dropped
 * capability ends with it; its name is "program: function".
 */
#ifndef TEST_COMMON_H
#define TEST_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include "../../include/uapi/linux/mktme_dax.h"
#include "pattern.h"

typedef int32_t key_serial_t;

#define KIB	1024UL
#define MIB	(1024UL * KIB)
#define PAGE	4096UL
#define PMD	(2 * MIB)

/* ---- tap.c ---- */

#define TEST(fn)							\
	static void fn(void);						\
	__attribute__((constructor)) static void register_##fn(void)	\
	{								\
		tap_add(#fn, fn);					\
	}								\
	static void fn(void)

/* A failed CHECK is noted and the test goes on; a failed NEED ends it. */
#define CHECK(cond, ...)						\
	((cond) ? true : (tap_fail(__FILE__, __LINE__, #cond, "" __VA_ARGS__), false))
#define NEED(cond, ...)							\
	do {								\
		if (!CHECK(cond, __VA_ARGS__))				\
			tap_end();					\
	} while (0)
#define CHECK_EQ(a, b)							\
	({								\
		long long a_ = (long long)(a), b_ = (long long)(b);	\
		a_ == b_ ? true : (tap_fail(__FILE__, __LINE__,		\
					    #a " == " #b, "%#llx, %#llx", a_, b_), false); \
	})
/* The call fails with exactly this errno. */
#define CHECK_ERRNO(call, wanted)					\
	({								\
		errno = 0;						\
		long long r_ = (long long)(call);			\
		int e_ = errno;						\
		r_ == -1 && e_ == (wanted) ? true :			\
			(tap_fail(__FILE__, __LINE__, #call, "returned %lld, %s; %s wanted", \
				  r_, errno_name(e_), errno_name(wanted)), false); \
	})

void tap_add(const char *name, void (*fn)(void));
int tap_main(const char *program, int argc, char **argv);
void tap_fail(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void tap_end(void) __attribute__((noreturn));
void tap_skip(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *tap_test_name(void);
const char *errno_name(int err);
/* The CPU has no TME-MK (MKTME_CONTROL=1): only refusals can be seen. */
bool control_run(void);
/* Ends the test as passed: in a control run there is nothing beyond this. */
void tap_pass_control(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* ---- key.c ---- */

int encrypt_mprotect(void *addr, size_t len, int prot, key_serial_t serial);
long keyctl_call(int op, unsigned long a, unsigned long b, unsigned long c,
		 unsigned long d);
key_serial_t add_key_raw(const char *type, const char *description,
			 const void *payload, size_t len);
void key_payload(unsigned int number, char *out, size_t size);
void key_payload_256(unsigned int number, char *out, size_t size);
key_serial_t add_test_key(unsigned int number);
void settle_keys(void);
/* As add_test_key(), or ends the test: in a control run with EOPNOTSUPP seen. */
key_serial_t need_key(unsigned int number);
void drop_capability(int cap);

/* ---- fixture.c ---- */

const char *fixture_dir(void);
void use_dir(const char *dir);
/* An empty file of this size, gone after the test; @path may be NULL. */
int new_file(off_t size, char *path);
int kept_file(const char *name, off_t size, char *path);
void *map_file(int fd, size_t len, int prot, int flags);
/* new_file() + mapping + bind: PROT_READ | PROT_WRITE, shared. */
void *bound_mapping(int fd, size_t len, key_serial_t key);
int read_text(const char *path, char *buf, size_t size);
int write_text(const char *path, const char *text);	/* 0 or an errno */
int open_secret_file(off_t size, unsigned int seed, key_serial_t key, char *path);
bool is_pattern(const void *buf, size_t len, unsigned int seed, uint64_t off);
bool is_zero(const void *buf, size_t len);
void read_all(int fd, void *buf, size_t len, off_t off);
void write_all(int fd, const void *buf, size_t len, off_t off);
bool has_record(int fd);
/* Runs fn(arg) and tells which signal it took, 0 for none. */
int signal_of(void (*fn)(void *), void *arg);
void load_byte(void *addr);
void store_byte(void *addr);
/* Two-process tests: a child with a pipe each way. */
struct peer {
	pid_t pid;
	int in, out;
};
bool spawn(struct peer *peer);		/* true in the child */
void tell(struct peer *peer, char what);
void await(struct peer *peer, char what);
void join(struct peer *peer);		/* the child's failures count here */

/* ---- ring.c: the calls on a file; as ioctl(2), or the test ends ---- */

int ioctl_add_key(int fd, key_serial_t key, struct mktme_dax_add_key_arg *out);
int ioctl_remove_key(int fd, const uint8_t *identifier,
		     struct mktme_dax_remove_key_arg *out);
int ioctl_bind(int fd, key_serial_t key);
struct mktme_dax_status_arg status_of(int fd);
struct mktme_dax_key_status_arg key_status(int fd, const uint8_t *identifier);
const uint8_t *need_ring_key(const char *dir, unsigned int number);
void remove_ring_key(const char *dir, const uint8_t *identifier);
void bound_directory(const char *path, unsigned int number);
bool path_has_record(const char *path);

/* ---- pause.c: races by handshake ---- */

/*
 * The next thread that comes to this place (fs/dax/pause.c) stays there; one that
 * is there goes on.
 */
void hold_next(const char *place);
pid_t await_held(const char *place);
void release_held(const char *place);
/* Returns when the thread sleeps, which is: waits for a lock of one that is held. */
void await_blocked(pid_t tid);

/* One call in a thread of its own. */
struct job {
	void *addr;
	size_t len;
	int prot;
	key_serial_t key;
	int fd;
	long (*fn)(struct job *);
	sem_t go;
	pthread_t thread;
	pid_t tid;
	long ret;
	int err;
};
/*
 * Made first and started later, if mmap_lock is held in between by a fault: a new
 * thread needs memory for its stack.
 */
void job_make(struct job *job, long (*fn)(struct job *));
void job_go(struct job *job);
void job_start(struct job *job, long (*fn)(struct job *));
long job_end(struct job *job);
long job_encrypt(struct job *job);
/* The signal that the access takes, 0 for none. */
long job_store(struct job *job);
long job_load(struct job *job);
/* Faults pages in for writing, with mmap_lock held for reading. */
long job_populate(struct job *job);

/* ---- scratch.c: a file system that a test may mount and unmount as it likes ---- */

#define SCRATCH		"/mnt/scratch"
#define SCRATCH_DEV	"/dev/pmem0.1"

const char *fs_type(void);
bool on_xfs(void);
/* Skips the test on any other type of file system. */
void only_on(const char *type);
void format(const char *device);
/* e2fsck or xfs_repair, which change nothing; not mounted. */
void check_sound(const char *device);
/* Formats, mounts and works there from now on; options as for mount -o. */
void scratch_new(const char *options);
/* What was in core is gone: bound files are locked. */
void scratch_cycle(const char *options);
/* XFS, not mounted: whether it has the feature "exchange range". */
void scratch_toggle_exchange(void);
void scratch_mount(const char *options);
void scratch_umount(void);
/* Nothing more is written; with @log at least the journal is. */
void scratch_shut_down(bool log);
int scratch_file(const char *name, int flags);
/* All blocks that are free go to a file of this name. */
void scratch_fill(const char *name);
/* ext4 only: quotas of users; a hard limit of blocks for one of them */
void scratch_new_with_quota(void);
void scratch_limit(uid_t uid, unsigned int kib);
int run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- nfs.c: a file system by way of a server ---- */

#define NFS		"/mnt/nfs"
#define NFS_DEV		"/dev/loop5"
#define NFS_DISK	"/run/disk-of-the-client"

struct nfs_count {
	unsigned long sent, failed;
};

void nfs_serve(const char *dir, bool layouts);
/* As the client sees it. */
int nfs_file(const char *name, int flags);
struct nfs_count nfs_count(const char *operation);

/* ---- watch.c: what the kernel tells ---- */

#define TRACE_LINE	200

struct fault_event {
	unsigned int major, minor, keyid, order;
	unsigned long ino, pgoff, pfn;
	char access[8];
};

void trace_on(void);
unsigned int trace_off(const char *event, char lines[][TRACE_LINE], unsigned int max);
unsigned int traced_faults(struct fault_event *out, unsigned int max);
unsigned long counter(const char *name);
int smaps_keyid(pid_t pid, const void *addr);
int log_open(void);
unsigned int log_lines(int fd, const char *text);

/* ---- place.c: where a page is, and who sees it how ---- */

struct pte {
	char level[8];
	unsigned long long raw, pfn;
	unsigned int keyid;
};

struct extent {
	uint64_t logical, physical, len;
	uint32_t flags;
};

struct pte pte_of(const void *addr);
unsigned long long pagemap_pfn(const void *addr);
unsigned int sysfs_number(const char *name);
unsigned long flushed_lines(void);
void peek(unsigned int keyid, uint64_t phys, char line[PATTERN_LINE]);
unsigned int fiemap(int fd, struct extent *out, unsigned int max);
/* Byte offset in the block device; 0 where there is no block. */
uint64_t block_of(int fd, uint64_t off);
/* Physical address of a byte of the file, from FIEMAP and sysfs. */
uint64_t phys_of(int fd, uint64_t off);
uint64_t device_base(int fd);
void namespace_uuid(int fd, char uuid[40]);
/* Blocks of data, an external xattr block not counted. */
unsigned long data_blocks(int fd);

/* Lines for the host, which looks at the DIMM file after power-off. */
void host_cipher(int fd, uint64_t off, size_t len, unsigned int key, unsigned int seed);
/* The same of key_payload_256() */
void host_cipher256(int fd, uint64_t off, size_t len, unsigned int key, unsigned int seed);
void host_zero(int fd, uint64_t off, size_t len, unsigned int key);
void host_clear(int fd, uint64_t off, size_t len, unsigned int seed);

#endif
