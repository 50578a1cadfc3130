// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys of a file system, from the shell
 *
 *	filekey add DIR SERIAL		give the key to DIR's file system; prints
 *					its identifier
 *	filekey remove DIR IDENTIFIER	take it away, and lock what is under it
 *	filekey bind PATH SERIAL	put an empty file or directory under the key
 *	filekey status PATH...		state, KeyID and key identifier
 *	filekey entry FILE...		page-table entry of the first page of each
 *					file, and its physical address
 */
#include "common.h"

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "filekey: %s: %s: %s (%s)\n", path, what, errno_name(errno),
		strerror(errno));
	return 1;
}

static int usage(void)
{
	fputs("usage: filekey add DIR SERIAL | remove DIR IDENTIFIER | bind PATH SERIAL |\n"
	      "       status PATH... | entry FILE...\n", stderr);
	return 2;
}

static void print_identifier(const uint8_t *identifier)
{
	for (int i = 0; i < MKTME_DAX_IDENTIFIER_SIZE; i++)
		printf("%02x", identifier[i]);
}

static int add(int fd, const char *path, const char *serial)
{
	struct mktme_dax_add_key_arg arg;

	if (ioctl_add_key(fd, atoi(serial), &arg))
		return fail(path, "add");
	print_identifier(arg.identifier);
	putchar('\n');
	if (arg.refused)
		fprintf(stderr, "filekey: %s: %u files stay locked, see the kernel log\n",
			path, arg.refused);
	return 0;
}

static int take_away(int fd, const char *path, const char *text)
{
	struct mktme_dax_remove_key_arg arg;
	uint8_t identifier[MKTME_DAX_IDENTIFIER_SIZE];

	for (int i = 0; i < MKTME_DAX_IDENTIFIER_SIZE; i++)
		if (sscanf(text + 2 * i, "%2hhx", &identifier[i]) != 1)
			return usage();
	if (ioctl_remove_key(fd, identifier, &arg))
		return fail(path, "remove");
	printf("%u files locked%s\n", arg.locked, arg.status & MKTME_DAX_KEY_STILL_USED ?
	       "; another file system still has the key" : "");
	return 0;
}

static int bind_path(int fd, const char *path, const char *serial)
{
	return ioctl_bind(fd, atoi(serial)) ? fail(path, "bind") : 0;
}

static int status(int fd, const char *path)
{
	static const char *const states[] = { "?", "unbound", "locked", "unlocked" };
	static const char *const records[] = {
		"", "", " written-elsewhere", " record-of-later-version", " record-damaged",
	};
	struct mktme_dax_status_arg arg = status_of(fd);

	printf("%s: %s%s", path, states[arg.state & 3],
	       records[arg.record <= 4 ? arg.record : 0]);
	if (arg.keyid)
		printf(" KeyID %u", arg.keyid);
	if (arg.state != MKTME_DAX_FILE_UNBOUND) {
		printf(" key ");
		print_identifier(arg.identifier);
	}
	putchar('\n');
	return 0;
}

static int entry(int fd, const char *path)
{
	volatile char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	struct pte pte;

	if (p == MAP_FAILED)
		return fail(path, "mmap");
	(void)*p;
	pte = pte_of((const void *)p);
	printf("file=%s level=%s keyid=%u entry=%#llx phys=%#llx\n", path, pte.level,
	       pte.keyid, pte.raw, (unsigned long long)phys_of(fd, 0));
	munmap((void *)p, PAGE);
	return 0;
}

/* Binding a file without a record takes the right to write it. */
static int open_path(const char *path)
{
	int fd = open(path, O_RDWR);

	return fd < 0 ? open(path, O_RDONLY) : fd;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*with_argument)(int fd, const char *path, const char *argument);
		int (*each)(int fd, const char *path);
	} verbs[] = {
		{ "add", add, NULL }, { "remove", take_away, NULL },
		{ "bind", bind_path, NULL },
		{ "status", NULL, status }, { "entry", NULL, entry },
	};
	int fd, err = 0;

	for (unsigned int v = 0; argc > 2 && v < sizeof(verbs) / sizeof(verbs[0]); v++) {
		if (strcmp(argv[1], verbs[v].name))
			continue;
		if (verbs[v].with_argument && argc != 4)
			break;
		for (int i = 2; i < (verbs[v].with_argument ? 3 : argc); i++) {
			fd = open_path(argv[i]);
			if (fd < 0)
				return fail(argv[i], "open");
			err |= verbs[v].each ? verbs[v].each(fd, argv[i]) :
				verbs[v].with_argument(fd, argv[i], argv[3]);
			close(fd);
		}
		return err;
	}
	return usage();
}
