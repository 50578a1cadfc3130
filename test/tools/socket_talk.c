// SPDX-License-Identifier: GPL-2.0-only
/*
 * Standard input to a Unix socket, and what comes back to standard output, until the
 * other side ends it: what nc -U is on machines that have it
 *
 *	socket_talk SOCKET
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* All of it; 0 at the end of input, -1 on an error. */
static ssize_t pass_on(int from, int to)
{
	char buf[16384];
	ssize_t got = read(from, buf, sizeof(buf)), done = 0, n = 0;

	while (done < got && (n = write(to, buf + done, got - done)) > 0)
		done += n;
	return n < 0 ? -1 : got;
}

/* Both ways at a time: neither side has to wait for the other to read. */
static int talk(int fd)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = fd, .events = POLLIN } };
	ssize_t n = 1;

	while (n > 0) {
		if (poll(fds, 2, -1) < 0)
			return fail("poll");
		if (fds[0].revents && pass_on(STDIN_FILENO, fd) <= 0)
			fds[0].fd = -1;
		if (fds[1].revents)
			n = pass_on(fd, STDOUT_FILENO);
	}
	return n ? fail("socket") : 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fputs("usage: socket_talk SOCKET\n", stderr);
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fail(argv[1]);
	return talk(fd);
}
