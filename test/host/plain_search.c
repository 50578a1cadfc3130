// SPDX-License-Identifier: GPL-2.0-only
/*
 * Searches the DIMM file for plaintext
 *
 *	plain_search DIMM TEXT...
 *
 * Exit status 0: none of the texts is anywhere in the file; 1: one is, and the
 * place is printed. Holes of a sparse file are skipped.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host.h"

#define CHUNK	(4 << 20)

static char buf[CHUNK];

/* Chunks overlap by the length of the text, so that none falls in between. */
static int search_range(int fd, off_t from, off_t to, const char *text)
{
	size_t len = strlen(text);

	while (from < to) {
		size_t want = to - from < CHUNK ? to - from : CHUNK;
		ssize_t got = pread(fd, buf, want, from);
		char *hit;

		if (got <= 0)
			die("read error");
		hit = memmem(buf, got, text, len);
		if (hit) {
			printf("\"%s\" is at %#llx of the DIMM file\n", text,
			       (unsigned long long)(from + (hit - buf)));
			return DIFFERENT;
		}
		if (from + got >= to)
			break;
		from += got - (len - 1);
	}
	return SAME;
}

static int search(int fd, const char *text)
{
	off_t end = lseek(fd, 0, SEEK_END), from = 0;

	if (strlen(text) < 4 || strlen(text) >= CHUNK)
		die("\"%s\" is too short to search for", text);
	while (from < end) {
		off_t to;

		from = lseek(fd, from, SEEK_DATA);
		if (from < 0)
			break;
		to = lseek(fd, from, SEEK_HOLE);
		if (search_range(fd, from, to, text))
			return DIFFERENT;
		from = to;
	}
	return SAME;
}

int main(int argc, char **argv)
{
	int found = SAME, fd;

	if (argc < 3)
		die("usage: plain_search DIMM TEXT...");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		die("cannot open %s", argv[1]);
	for (int i = 2; i < argc; i++)
		if (search(fd, argv[i]))
			found = DIFFERENT;
	return found;
}
