// SPDX-License-Identifier: GPL-2.0-only
/*
 * One command to a QEMU that runs: what vm/run.sh --qmp is for
 *
 *	qmp SOCKET COMMAND [ARGUMENTS]
 *
 * ARGUMENTS is a JSON object. Waits for the socket, up to two minutes. Prints
 * the answer; exit status 0 if it is a "return", 1 if it is an "error", 3 if QEMU
 * ends instead, as it does on power-cut.
 */
#include "host.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TRIES 12000

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, try;

	if (strlen(path) >= sizeof(address.sun_path))
		die("qmp: the name of the socket is too long");
	strcpy(address.sun_path, path);
	for (try = 0; try < TRIES; try++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			break;
		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		close(fd);
		usleep(10000);
	}
	die("qmp: nobody answers at the socket");
	return -1;
}

/* Events come in between at any time. NULL: the connection is closed. */
static char *next_answer(FILE *in)
{
	static char *line;
	static size_t size;

	while (getline(&line, &size, in) > 0) {
		if (!strncmp(line, "{\"return\"", 9) || !strncmp(line, "{\"error\"", 8))
			return line;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const char *answer;
	FILE *in;
	int fd;

	if (argc < 3 || argc > 4)
		die("qmp: usage: qmp SOCKET COMMAND [ARGUMENTS]");
	fd = open_socket(argv[1]);
	in = fdopen(fd, "r");
	if (!in)
		die("qmp: no memory");
	dprintf(fd, "{\"execute\": \"qmp_capabilities\"}\n");
	if (!next_answer(in))
		die("qmp: QEMU takes no commands");
	dprintf(fd, "{\"execute\": \"%s\", \"arguments\": %s}\n", argv[2], argc > 3 ? argv[3] : "{}");
	answer = next_answer(in);
	if (!answer)
		return 3;
	fputs(answer, stdout);
	return !!strncmp(answer, "{\"return\"", 9);
}
