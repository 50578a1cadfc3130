// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holding a thread of the kernel at a named place, and seeing that another one
 * waits for it: races by handshake
 */
#include <stdarg.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include "common.h"

#define PAUSE_DIR	"/sys/kernel/debug/mktme_dax/pause/"

static int pause_open(const char *place)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), PAUSE_DIR "%s", place);
	fd = open(path, O_RDWR);
	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	return fd;
}

static void pause_write(const char *place, const char *what)
{
	int fd = pause_open(place);

	NEED(write(fd, what, 1) == 1, "%s: %s", place, errno_name(errno));
	close(fd);
}

/* Whoever is held there is let go. */
void hold_next(const char *place)
{
	pause_write(place, "1");
}

pid_t await_held(const char *place)
{
	int fd = pause_open(place);
	char text[16] = "";
	pid_t pid;

	NEED(read(fd, text, sizeof(text) - 1) > 0, "%s: %s", place, errno_name(errno));
	close(fd);
	pid = atoi(text);
	NEED(pid > 0, "nobody is held at %s", place);
	return pid;
}

void release_held(const char *place)
{
	pause_write(place, "0");
}

static char state_of(pid_t tid)
{
	char path[64], text[512], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (read_text(path, text, sizeof(text)) <= 0)
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

/*
 * Sleeps in the kernel, twice looked at: nobody else is there to wake it up but
 * the one that is held.
 */
void await_blocked(pid_t tid)
{
	unsigned int seen = 0;

	while (seen < 100) {
		char state = state_of(tid);

		NEED(state && state != 'Z', "thread %d has ended", tid);
		seen = state == 'D' || state == 'S' ? seen + 1 : 0;
		sched_yield();
	}
}

static void *job_main(void *arg)
{
	struct job *job = arg;

	__atomic_store_n(&job->tid, syscall(__NR_gettid), __ATOMIC_RELEASE);
	while (sem_wait(&job->go))
		;
	errno = 0;
	job->ret = job->fn(job);
	job->err = job->ret ? errno : 0;
	return NULL;
}

void job_make(struct job *job, long (*fn)(struct job *))
{
	job->fn = fn;
	job->tid = 0;
	NEED(!sem_init(&job->go, 0, 0));
	NEED(!pthread_create(&job->thread, NULL, job_main, job));
	while (!__atomic_load_n(&job->tid, __ATOMIC_ACQUIRE))
		sched_yield();
}

void job_go(struct job *job)
{
	NEED(!sem_post(&job->go));
}

void job_start(struct job *job, long (*fn)(struct job *))
{
	job_make(job, fn);
	job_go(job);
}

long job_end(struct job *job)
{
	NEED(!pthread_join(job->thread, NULL));
	return job->ret;
}

long job_encrypt(struct job *job)
{
	return encrypt_mprotect(job->addr, job->len, job->prot, job->key);
}

long job_store(struct job *job)
{
	return signal_of(store_byte, job->addr);
}

long job_load(struct job *job)
{
	return signal_of(load_byte, job->addr);
}

long job_populate(struct job *job)
{
	return madvise(job->addr, job->len, MADV_POPULATE_WRITE);
}
