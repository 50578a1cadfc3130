// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs of other packages: run to their end, or only shown
 */
#include "setup.h"
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	interrupted = signal;
}

void note_interrupts(void)
{
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

bool was_interrupted(void)
{
	return interrupted;
}

void add_word(struct command *command, const char *fmt, ...)
{
	va_list args;

	if (command->count == MAX_WORDS)
		abort();
	va_start(args, fmt);
	if (vasprintf(&command->words[command->count++], fmt, args) < 0) {
		fputs("mktme-dax: out of memory\n", stderr);
		exit(EXIT_MEMORY);
	}
	va_end(args);
}

void free_command(struct command *command)
{
	for (size_t i = 0; i < command->count; i++)
		free(command->words[i]);
	*command = (struct command){};
}

static bool needs_quotes(const char *word)
{
	return !*word || word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789/._-=,:+@^")];
}

static void print_word(FILE *out, const char *word)
{
	if (!needs_quotes(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (char[]){ *word, 0 }, out);
	fputc('\'', out);
}

void print_command(FILE *out, const struct command *command)
{
	for (size_t i = 0; i < command->count; i++) {
		if (i)
			fputc(' ', out);
		print_word(out, command->words[i]);
	}
	fputc('\n', out);
}

/* Signals that are ignored stay ignored in the program. */
static void become(const struct command *command, int out)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	execvp(command->words[0], command->words);
	_exit(errno == ENOENT ? 127 : 126);
}

static void read_all(int fd, char *out, size_t size)
{
	size_t used = 0;
	char rest[256];
	ssize_t len;

	/* What does not fit is read all the same: a full pipe would stop the program. */
	do {
		bool fits = used + 1 < size;

		len = read(fd, fits ? out + used : rest, fits ? size - 1 - used : sizeof(rest));
		if (len > 0 && fits)
			used += len;
	} while (len > 0 || (len < 0 && errno == EINTR));
	out[used] = 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return -ENOENT;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

int run_command(const struct command *command, char *output, size_t size)
{
	int pipes[2] = { -1, -1 };
	pid_t pid;

	if (output && pipe2(pipes, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		become(command, pipes[1]);
	if (output) {
		close(pipes[1]);
		read_all(pipes[0], output, size);
		close(pipes[0]);
	}
	return wait_for(pid);
}
