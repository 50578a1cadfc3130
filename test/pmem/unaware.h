/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that our kernel writes, one without the feature gets into its hands, and
 * ours reads again; on both file systems
 */
#ifndef TEST_UNAWARE_H
#define TEST_UNAWARE_H

#define ON_EXT4		"/mnt/main"
#define ON_XFS		"/mnt/scratch"

#define UNAWARE_KEY	31
#define UNAWARE_LEN	(16 * PAGE)

static const struct unaware_file {
	const char *name;
	size_t size;
	unsigned int seed;
} unaware_files[] = {
	{ "data",	UNAWARE_LEN,		501 },
	{ "partial",	UNAWARE_LEN - 100,	502 },
	{ "huge",	PMD,			503 },
	{ "keyed/kept",	UNAWARE_LEN,		504 },
};

#define UNAWARE_FILES	(sizeof(unaware_files) / sizeof(*unaware_files))

/* A file that the other kernel may delete, where it may. */
#define VICTIM		"victim"
/* What it creates in a directory with a key. */
#define STRANGER	"keyed/stranger"

#endif
