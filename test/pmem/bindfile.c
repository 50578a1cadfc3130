// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds files to a key, or gives the key of bound ones, for programs that know
 * nothing of keys
 *
 *	bindfile FILE... --key SERIAL [--show] [--hold FIFO | --exec COMMAND...]
 *
 * A file stays unlocked while its inode is in memory, so the files are kept
 * open while COMMAND runs, or until somebody has written to FIFO. --show prints
 * the page-table entry and the physical address of each file's first page.
 */
#include <sys/wait.h>
#include "common.h"

#define MAX_FILES	32

struct request {
	const char *files[MAX_FILES];
	int nr_files;
	key_serial_t key;
	bool show;
	const char *fifo;
	char **command;
};

static void usage(void)
{
	fputs("usage: bindfile FILE... --key SERIAL [--show] [--hold FIFO | --exec COMMAND...]\n",
	      stderr);
	exit(2);
}

static void parse(struct request *r, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--key") && i + 1 < argc)
			r->key = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--hold") && i + 1 < argc)
			r->fifo = argv[++i];
		else if (!strcmp(argv[i], "--show"))
			r->show = true;
		else if (!strcmp(argv[i], "--exec") && i + 1 < argc) {
			r->command = argv + i + 1;
			break;
		} else if (argv[i][0] == '-' || r->nr_files == MAX_FILES)
			usage();
		else
			r->files[r->nr_files++] = argv[i];
	}
	if (!r->nr_files || !r->key || (r->fifo && r->command))
		usage();
}

static int fail(const char *file, const char *what)
{
	fprintf(stderr, "bindfile: %s: %s: %s (%s)\n", file, what, errno_name(errno),
		strerror(errno));
	return -1;
}

static void show(const char *file, int fd, const volatile char *p)
{
	struct pte pte;

	(void)*p;
	pte = pte_of((const void *)p);
	printf("file=%s level=%s keyid=%u entry=%#llx phys=%#llx\n", file, pte.level,
	       pte.keyid, pte.raw, (unsigned long long)phys_of(fd, 0));
	fflush(stdout);
}

/* The descriptor stays open, which is the point of it. */
static int bind_file(const struct request *r, const char *file)
{
	int fd = open(file, O_RDWR), prot = r->show ? PROT_READ : PROT_NONE;
	void *p;

	if (fd < 0)
		return fail(file, "open");
	p = mmap(NULL, PAGE, PROT_NONE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return fail(file, "mmap");
	if (encrypt_mprotect(p, PAGE, prot, r->key))
		return fail(file, "encrypt_mprotect");
	if (r->show)
		show(file, fd, p);
	munmap(p, PAGE);
	return 0;
}

static int run_command(char **command)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execvp(command[0], command);
		fprintf(stderr, "bindfile: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int hold(const char *fifo)
{
	char byte;
	int fd = open(fifo, O_RDONLY);

	if (fd < 0)
		return fail(fifo, "open") ? 1 : 0;
	return read(fd, &byte, 1) < 0;
}

int main(int argc, char **argv)
{
	struct request r = {};

	parse(&r, argc, argv);
	for (int i = 0; i < r.nr_files; i++)
		if (bind_file(&r, r.files[i]))
			return 1;
	if (r.command)
		return run_command(r.command);
	if (r.fifo)
		return hold(r.fifo);
	return 0;
}
