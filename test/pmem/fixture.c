// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files, mappings, patterns and a second process
 */
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "common.h"

static char directory[64];

/* The mounted DAX file system the test works in: MKTME_DIR or /mnt. */
const char *fixture_dir(void)
{
	const char *value = getenv("MKTME_DIR");

	if (*directory)
		return directory;
	return value ? value : "/mnt";
}

void use_dir(const char *dir)
{
	snprintf(directory, sizeof(directory), "%s", dir);
}

/* Without @path the file has no name by the time the caller gets it. */
int new_file(off_t size, char *path)
{
	static int count;
	char name[PATH_MAX];
	int fd;

	snprintf(name, sizeof(name), "%s/t-%d-%d", fixture_dir(), getpid(), count++);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	NEED(fd >= 0, "%s: %s", name, errno_name(errno));
	NEED(!ftruncate(fd, size), "%s", errno_name(errno));
	if (path)
		snprintf(path, PATH_MAX, "%s", name);
	else
		NEED(!unlink(name));
	return fd;
}

/* Stays on the DIMM, so that the host can look at it after power-off. */
int kept_file(const char *name, off_t size, char *path)
{
	char full[PATH_MAX];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", fixture_dir(), name);
	fd = open(full, O_RDWR | O_CREAT | O_EXCL, 0600);
	NEED(fd >= 0, "%s: %s", full, errno_name(errno));
	NEED(!ftruncate(fd, size), "%s", errno_name(errno));
	if (path)
		snprintf(path, PATH_MAX, "%s", full);
	return fd;
}

/* On a 2 MiB boundary of address space when it is long enough for that. */
void *map_file(int fd, size_t len, int prot, int flags)
{
	size_t room = len >= PMD ? len + PMD : len;
	char *p = mmap(NULL, room, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	NEED(p != MAP_FAILED);
	if (len >= PMD)
		p = (char *)(((unsigned long)p + PMD - 1) & ~(PMD - 1));
	p = mmap(p, len, prot, flags | MAP_FIXED, fd, 0);
	NEED(p != MAP_FAILED, "mmap: %s", errno_name(errno));
	return p;
}

void *bound_mapping(int fd, size_t len, key_serial_t key)
{
	void *p;

	len = (len + PAGE - 1) & ~(PAGE - 1);
	p = map_file(fd, len, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, len, PROT_READ | PROT_WRITE, key),
	     "encrypt_mprotect: %s", errno_name(errno));
	return p;
}

/* Bound, full of pattern @seed, synced. */
int open_secret_file(off_t size, unsigned int seed, key_serial_t key, char *path)
{
	int fd = new_file(size, path);
	char *p = bound_mapping(fd, size, key);

	pattern_fill(p, size, seed, 0);
	NEED(!msync(p, size, MS_SYNC), "%s", errno_name(errno));
	NEED(!munmap(p, size));
	return fd;
}

int read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, buf, size - 1);
	close(fd);
	if (len < 0)
		return -1;
	buf[len] = 0;
	return len;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err;

	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return err;
}

bool is_pattern(const void *buf, size_t len, unsigned int seed, uint64_t off)
{
	const char *p = buf;
	char want[PAGE];

	for (size_t done = 0; done < len; done += PAGE) {
		size_t n = len - done < PAGE ? len - done : PAGE;

		pattern_fill(want, n, seed, off + done);
		if (memcmp(p + done, want, n)) {
			diag("offset %#lx is not pattern %u: \"%.24s\"",
			     (unsigned long)(off + done), seed, p + done);
			return false;
		}
	}
	return true;
}

bool is_zero(const void *buf, size_t len)
{
	const unsigned char *p = buf;

	for (size_t i = 0; i < len; i++)
		if (p[i]) {
			diag("byte %#zx of %#zx is %02x, not zero", i, len, p[i]);
			return false;
		}
	return true;
}

void read_all(int fd, void *buf, size_t len, off_t off)
{
	ssize_t done = pread(fd, buf, len, off);

	NEED(done == (ssize_t)len, "pread gave %zd, %s", done, errno_name(errno));
}

void write_all(int fd, const void *buf, size_t len, off_t off)
{
	ssize_t done = pwrite(fd, buf, len, off);

	NEED(done == (ssize_t)len, "pwrite gave %zd, %s", done, errno_name(errno));
}

bool has_record(int fd)
{
	struct mktme_dax_record_v1 record;

	return fgetxattr(fd, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) ==
	       sizeof(record);
}

static __thread sigjmp_buf signal_exit;

static void on_signal(int sig)
{
	siglongjmp(signal_exit, sig);
}

int signal_of(void (*fn)(void *), void *arg)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigaction old_bus, old_segv;
	int sig;

	sigaction(SIGBUS, &action, &old_bus);
	sigaction(SIGSEGV, &action, &old_segv);
	sig = sigsetjmp(signal_exit, 1);
	if (!sig)
		fn(arg);
	sigaction(SIGBUS, &old_bus, NULL);
	sigaction(SIGSEGV, &old_segv, NULL);
	return sig;
}

void load_byte(void *addr)
{
	*(volatile char *)addr;
}

void store_byte(void *addr)
{
	*(volatile char *)addr = 'x';
}

bool spawn(struct peer *peer)
{
	int down[2], up[2];

	NEED(!pipe(down) && !pipe(up));
	fflush(NULL);
	peer->pid = fork();
	NEED(peer->pid >= 0);
	if (!peer->pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	peer->in = peer->pid ? up[0] : down[0];
	peer->out = peer->pid ? down[1] : up[1];
	close(peer->pid ? up[1] : down[1]);
	close(peer->pid ? down[0] : up[0]);
	return !peer->pid;
}

void tell(struct peer *peer, char what)
{
	NEED(write(peer->out, &what, 1) == 1);
}

void await(struct peer *peer, char what)
{
	char got = 0;

	NEED(read(peer->in, &got, 1) == 1 && got == what, "wanted %c, got %c",
	     what, got ? got : '-');
}

void join(struct peer *peer)
{
	int status = 0;

	NEED(waitpid(peer->pid, &status, 0) == peer->pid);
	CHECK(!status, "child ended with %#x", status);
}
