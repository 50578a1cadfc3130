// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sign of life for what may take more than two seconds
 */
#include "keyfile.h"
#include <pthread.h>
#include <time.h>

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	const char *what;
	bool running, done;
} progress = { .lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER };

/* False once it is done. */
static bool next_second(struct timespec *at)
{
	int err = 0;

	at->tv_sec++;
	while (!progress.done && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&progress.change, &progress.lock, at);
	return !progress.done;
}

static void *show_dots(void *arg)
{
	struct timespec at;
	unsigned int seconds = 0;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &at);
	pthread_mutex_lock(&progress.lock);
	while (next_second(&at)) {
		if (++seconds == 2)
			fprintf(stderr, "mktme-dax: %s ", progress.what);
		if (seconds > 2)
			fputc('.', stderr);
	}
	if (seconds >= 2)
		fputc('\n', stderr);
	pthread_mutex_unlock(&progress.lock);
	return NULL;
}

void progress_begin(const char *what)
{
	if (!isatty(STDERR_FILENO))
		return;
	progress.what = what;
	progress.done = false;
	progress.running = !pthread_create(&progress.thread, NULL, show_dots, NULL);
}

void progress_end(void)
{
	if (!progress.running)
		return;
	pthread_mutex_lock(&progress.lock);
	progress.done = true;
	pthread_cond_signal(&progress.change);
	pthread_mutex_unlock(&progress.lock);
	pthread_join(progress.thread, NULL);
	progress.running = false;
}
