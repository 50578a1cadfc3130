// SPDX-License-Identifier: GPL-2.0-only
/*
 * A terminal at which somebody types passphrases
 *
 *	terminal DIRECTORY TRANSCRIPT COMMAND...
 *
 * Runs COMMAND on a new terminal. What is asked there without echo is answered with the
 * next line of DIRECTORY/STEP.typed, where STEP is what DIRECTORY/step has at that
 * moment; the question is appended to TRANSCRIPT. Ends as COMMAND has.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define LINE	256

static const char *directory, *transcript;

static void die(const char *what)
{
	perror(what);
	exit(99);
}

/* Line @number of a file, from 0, without its end; false if there is none. */
static bool read_line(const char *name, int number, char line[LINE])
{
	char path[LINE];
	FILE *file;
	bool found = false;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "re");
	for (int i = 0; file && i <= number; i++)
		found = fgets(line, LINE, file);
	if (file)
		fclose(file);
	if (found)
		line[strcspn(line, "\n")] = 0;
	return found;
}

/* With the end of line that the person types, and that is not echoed. */
static void note(const char *text)
{
	int fd = open(transcript, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || dprintf(fd, "%s\n", text) < 0)
		die(transcript);
	close(fd);
}

static void answer(int terminal, char *prompt)
{
	static char step[LINE];
	static int number;
	char now[LINE] = "", name[LINE + 8], line[LINE];

	read_line("step", 0, now);
	number = strcmp(step, now) ? 0 : number + 1;
	strcpy(step, now);
	snprintf(name, sizeof(name), "%s.typed", step);
	note(prompt + strspn(prompt, "\r\n"));
	if (!read_line(name, number, line)) {
		note("(the tutorial types nothing here)");
		line[0] = 0;
	}
	dprintf(terminal, "%s\n", line);
}

static bool has_echo(int terminal)
{
	struct termios termios;

	if (tcgetattr(terminal, &termios))
		die("tcgetattr");
	return termios.c_lflag & ECHO;
}

/* Lines that are complete ask nothing. They go to the console. */
static void follow(int terminal)
{
	char text[4096];
	size_t used = 0;
	ssize_t got;

	while ((got = read(terminal, text + used, sizeof(text) - 1 - used)) > 0) {
		char *end;

		if (write(STDOUT_FILENO, text + used, got) != got)
			die("console");
		used += got;
		text[used] = 0;
		end = strrchr(text, '\n');
		if (used > 2 && !strcmp(text + used - 2, ": ") && !has_echo(terminal)) {
			answer(terminal, end ? end : text);
			used = 0;
		} else if (end || used == sizeof(text) - 1) {
			used = end ? strlen(end + 1) : 0;
			memmove(text, end ? end + 1 : text, used);
		}
	}
}

int main(int argc, char **argv)
{
	int terminal, status;
	pid_t pid;

	if (argc < 4) {
		fputs("usage: terminal DIRECTORY TRANSCRIPT COMMAND...\n", stderr);
		return 2;
	}
	directory = argv[1];
	transcript = argv[2];
	pid = forkpty(&terminal, NULL, NULL, NULL);
	if (pid < 0)
		die("forkpty");
	if (!pid) {
		execvp(argv[3], argv + 3);
		die(argv[3]);
	}
	follow(terminal);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
