// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A journal in persistent memory, by libpmem2: lines are appended, and survive a
 * power cut once they were acknowledged
 *
 *	pmem2_journal [--plain] FILE	appends the lines of standard input
 *	pmem2_journal --print FILE
 *
 * libpmem2 maps an encrypted file as any other: there is nothing about keys in it.
 * What libmktmedax adds is a look before the first line is written: into a file that
 * is not encrypted nothing is written, unless --plain says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <mktme-dax.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE	(4UL << 20)		/* whole 2 MiB pages */
#define LINE	512

static const char magic[8] = "JOURNAL1";

/* What the file begins with. @used is 8 bytes, so that it changes as a whole. */
struct journal {
	char magic[8];
	uint64_t used;
	char text[];
};

static int fail(const char *path, const char *cause)
{
	fprintf(stderr, "pmem2_journal: %s: %s\n", path, cause);
	return -1;
}

/* Locked, there is nothing to be done: mktme-dax unlock is for the administrator. */
static int need_usable(const char *path, int fd, bool plain)
{
	struct mktme_dax_file_info info = { .version = MKTME_DAX_API_V1 };

	if (mktme_dax_query(fd, &info))
		return plain ? 0 : fail(path, mktme_dax_message());
	if (info.state == MKTME_DAX_UNBOUND && !plain)
		return fail(path, "it is not encrypted");
	if (info.state == MKTME_DAX_LOCKED)
		return fail(path, "it is locked");
	return 0;
}

/* A new file has its blocks from the start: 2 MiB pages can map it. */
static int open_file(const char *path, bool create)
{
	int fd = open(path, O_RDWR | (create ? O_CREAT : 0), 0600), err;

	if (fd < 0)
		return fail(path, strerror(errno));
	err = create ? posix_fallocate(fd, 0, SIZE) : 0;
	if (err) {
		close(fd);
		return fail(path, strerror(err));
	}
	return fd;
}

/* By cache lines, or not at all: a file in the page cache would need msync(). */
static struct pmem2_map *map_file(const char *path, int fd)
{
	struct pmem2_config *config = NULL;
	struct pmem2_source *source = NULL;
	struct pmem2_map *map = NULL;

	if (pmem2_config_new(&config) ||
	    pmem2_config_set_required_store_granularity(config, PMEM2_GRANULARITY_CACHE_LINE) ||
	    pmem2_source_from_fd(&source, fd) || pmem2_map_new(&map, config, source))
		fail(path, pmem2_errormsg());
	pmem2_source_delete(&source);
	pmem2_config_delete(&config);
	return map;
}

static bool is_journal(struct pmem2_map *map)
{
	const struct journal *journal = pmem2_map_get_address(map);

	return !memcmp(journal->magic, magic, sizeof(magic)) &&
	       journal->used <= pmem2_map_get_size(map) - sizeof(*journal);
}

/* The text is durable before the length that covers it. */
static int append(struct pmem2_map *map, const char *line)
{
	struct journal *journal = pmem2_map_get_address(map);
	size_t len = strlen(line), room = pmem2_map_get_size(map) - sizeof(*journal);

	if (len > room - journal->used)
		return -1;
	pmem2_get_memcpy_fn(map)(journal->text + journal->used, line, len, 0);
	journal->used += len;
	pmem2_get_persist_fn(map)(&journal->used, sizeof(journal->used));
	return 0;
}

static int append_all(const char *path, struct pmem2_map *map)
{
	struct journal *journal = pmem2_map_get_address(map);
	char line[LINE];

	if (!*journal->magic)
		pmem2_get_memcpy_fn(map)(journal->magic, magic, sizeof(magic), 0);
	else if (!is_journal(map))
		return fail(path, "it is not a journal");
	while (fgets(line, sizeof(line), stdin)) {
		if (append(map, line))
			return fail(path, "it is full");
		printf("%llu bytes are safe\n", (unsigned long long)journal->used);
		fflush(stdout);
	}
	return 0;
}

static int print_all(const char *path, struct pmem2_map *map)
{
	const struct journal *journal = pmem2_map_get_address(map);

	if (!is_journal(map))
		return fail(path, "it is not a journal");
	return fwrite(journal->text, 1, journal->used, stdout) == journal->used ? 0 : -1;
}

static int run(const char *path, bool print, bool plain)
{
	struct pmem2_map *map;
	int fd = open_file(path, !print), err;

	if (fd < 0)
		return -1;
	err = need_usable(path, fd, plain);
	map = err ? NULL : map_file(path, fd);
	if (map) {
		err = print ? print_all(path, map) : append_all(path, map);
		pmem2_map_delete(&map);
	} else {
		err = -1;
	}
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	bool print = argc == 3 && !strcmp(argv[1], "--print");
	bool plain = argc == 3 && !strcmp(argv[1], "--plain");

	if (argc < 2 || argc != 2 + (print || plain)) {
		fputs("usage: pmem2_journal [--plain | --print] FILE\n", stderr);
		return 2;
	}
	return run(argv[argc - 1], print, print || plain) ? 1 : 0;
}
