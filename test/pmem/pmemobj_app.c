// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program of the kind that persistent memory is for: an object pool of
 * libpmemobj, written by stores. It knows nothing of keys.
 *
 *	pmemobj_app create POOL TEXT...		makes POOL
 *	pmemobj_app read POOL
 */
#include <libpmemobj.h>
#include <stdio.h>
#include <string.h>

#define LAYOUT	"story"
#define NOTE	120
#define POOL_SIZE	(16UL << 20)

POBJ_LAYOUT_BEGIN(story);
POBJ_LAYOUT_ROOT(story, struct root);
POBJ_LAYOUT_TOID(story, struct note);
POBJ_LAYOUT_END(story);

struct note {
	TOID(struct note) next;
	char text[NOTE];
};

struct root {
	TOID(struct note) first;
	unsigned long count;
};

static int create(const char *path, int argc, char **argv)
{
	PMEMobjpool *pool = pmemobj_create(path, LAYOUT, POOL_SIZE, 0600);
	TOID(struct root) root;
	volatile int status = 0;

	if (!pool) {
		fprintf(stderr, "pmemobj_create: %s\n", pmemobj_errormsg());
		return 1;
	}
	root = POBJ_ROOT(pool, struct root);
	for (int i = argc - 1; i >= 0; i--) {
		TX_BEGIN(pool) {
			TOID(struct note) note = TX_ZNEW(struct note);

			TX_ADD(root);
			snprintf(D_RW(note)->text, NOTE, "%s", argv[i]);
			D_RW(note)->next = D_RO(root)->first;
			D_RW(root)->first = note;
			D_RW(root)->count++;
		} TX_ONABORT {
			status = 1;
		} TX_END
	}
	pmemobj_close(pool);
	return status;
}

static int read_notes(const char *path)
{
	PMEMobjpool *pool = pmemobj_open(path, LAYOUT);
	TOID(struct root) root;
	TOID(struct note) note;

	if (!pool) {
		fprintf(stderr, "pmemobj_open: %s\n", pmemobj_errormsg());
		return 1;
	}
	root = POBJ_ROOT(pool, struct root);
	for (note = D_RO(root)->first; !TOID_IS_NULL(note); note = D_RO(note)->next)
		puts(D_RO(note)->text);
	pmemobj_close(pool);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "create"))
		return create(argv[2], argc - 3, argv + 3);
	if (argc == 3 && !strcmp(argv[1], "read"))
		return read_notes(argv[2]);
	fputs("usage: pmemobj_app create POOL TEXT... | read POOL\n", stderr);
	return 2;
}
