// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Secrets from files and from the terminal
 */
#include "keyfile.h"
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <termios.h>

#define PASSPHRASE_MAX	512
#define KEY_FILE_MIN	32

/* All of the file, or -EMSGSIZE. */
static int read_all(int fd, struct secret *out)
{
	ssize_t done;

	out->size = 0;
	do {
		done = read(fd, out->bytes + out->size, sizeof(out->bytes) - out->size);
		if (done > 0)
			out->size += done;
	} while (done < 0 ? errno == EINTR : done && out->size < sizeof(out->bytes));
	if (done < 0)
		return -errno;
	return out->size < sizeof(out->bytes) ? 0 : -EMSGSIZE;
}

/* "-" is standard input. */
static int read_file(const char *file, struct secret *out)
{
	bool is_stdin = !strcmp(file, "-");
	int fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY), err;

	if (fd < 0)
		return note(-errno, "%s: %s", file, strerror(errno));
	err = read_all(fd, out);
	if (!is_stdin)
		close(fd);
	if (err == -EMSGSIZE)
		return note(-EINVAL, "%s is longer than %zu bytes", file, sizeof(out->bytes) - 1);
	return err ? note(err, "%s: %s", file, strerror(-err)) : 0;
}

/* An editor's newline is no part of it; whoever has more lines means something else. */
int read_passphrase(const char *file, struct secret *out)
{
	int err = read_file(file, out);

	if (err)
		return err;
	if (out->size && out->bytes[out->size - 1] == '\n')
		out->size--;
	if (!out->size || out->size > PASSPHRASE_MAX || memchr(out->bytes, '\n', out->size) ||
	    memchr(out->bytes, 0, out->size))
		return note(-EINVAL, "%s is not a passphrase: one line of 1 to %u characters", file,
			    PASSPHRASE_MAX);
	return 0;
}

int read_key_file(const char *file, struct secret *out)
{
	int err = read_file(file, out);

	if (!err && out->size < KEY_FILE_MIN)
		return note(-EINVAL, "%s has %zu bytes; a key file has %u random ones or more", file,
			    out->size, KEY_FILE_MIN);
	return err;
}

static volatile sig_atomic_t caught;

static void catch(int signal)
{
	caught = signal;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

/* Signals are taken while it waits, and at no other time: none comes just too early. */
static bool wait_for_input(int fd, const sigset_t *mask)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (!caught && ppoll(&poll_fd, 1, NULL, mask) < 0)
		if (errno != EINTR)
			return false;
	return !caught;
}

/* One line, of which what is too long is read but not kept. */
static int read_line(int fd, const sigset_t *mask, struct secret *out)
{
	uint8_t c = 0;
	ssize_t done = 0;

	out->size = 0;
	while (wait_for_input(fd, mask) && (done = read(fd, &c, 1)) == 1 && c != '\n')
		if (out->size < sizeof(out->bytes))
			out->bytes[out->size++] = c;
	c = 0;
	if (done < 0 || caught)
		return note(-EINTR, "interrupted");
	if (!done && !out->size)
		return note(-ENODATA, "no passphrase");
	return 0;
}

/* The terminal gets its echo back, whatever signal comes; that is then taken as usual. */
static int read_without_echo(int fd, const char *prompt, struct secret *out)
{
	struct sigaction old[ARRAY_SIZE(signals)], action = { .sa_handler = catch };
	struct termios before, silent;
	sigset_t blocked, mask;
	int err;

	if (tcgetattr(fd, &before))
		return note(-ENOTTY, "there is no terminal to ask for a passphrase");
	caught = 0;
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, &old[i]);
	silent = before;
	silent.c_lflag &= ~(ECHO | ECHONL);
	tcsetattr(fd, TCSAFLUSH, &silent);
	dprintf(fd, "%s", prompt);
	err = read_line(fd, &mask, out);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &before);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (caught)
		raise(caught);
	return err;
}

int ask_passphrase(const char *prompt, struct secret *out)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return note(-ENOTTY, "there is no terminal to ask for a passphrase");
	err = read_without_echo(fd, prompt, out);
	close(fd);
	if (!err && (!out->size || out->size > PASSPHRASE_MAX))
		return note(-EINVAL, "a passphrase has 1 to %u characters", PASSPHRASE_MAX);
	return err;
}

int ask_new_passphrase(const char *name, struct secret *out)
{
	struct secret *again = secret_alloc(sizeof(*again));
	char prompt[KEY_NAME_MAX + 32];
	int err = again ? 0 : note(-ENOMEM, "no memory that can be locked");

	snprintf(prompt, sizeof(prompt), "New passphrase of key %s: ", name);
	if (!err)
		err = ask_passphrase(prompt, out);
	if (!err)
		err = ask_passphrase("Once more: ", again);
	if (!err && (again->size != out->size || memcmp(again->bytes, out->bytes, out->size)))
		err = note(-EINVAL, "the two passphrases differ");
	secret_free(again);
	return err;
}
