/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files that one boot writes and the next one reads, power cut in between
 */
#ifndef TEST_PERSIST_H
#define TEST_PERSIST_H

#define PERSIST_KEY	11
#define PERSIST_WRONG	12
#define PERSIST_LEN	(16 * PAGE)

enum how {
	BY_MSYNC, BY_FSYNC, BY_FDATASYNC, BY_CLWB, BY_WRITE, BY_DSYNC, BY_SYNC,
	BY_APPEND, BY_EVICTION
};

static const struct persist_file {
	const char *name;
	size_t len;
	unsigned int seed;
	enum how how;
} persist_files[] = {
	{ "msync",	PERSIST_LEN,	101, BY_MSYNC },
	{ "fsync",	PERSIST_LEN,	102, BY_FSYNC },
	{ "fdatasync",	PERSIST_LEN,	103, BY_FDATASYNC },
	{ "clwb",	PERSIST_LEN,	104, BY_CLWB },
	{ "write",	PERSIST_LEN,	105, BY_WRITE },
	{ "dsync",	PERSIST_LEN,	106, BY_DSYNC },
	{ "huge",	PMD,		107, BY_FSYNC },
	{ "evicted",	PERSIST_LEN,	108, BY_EVICTION },
	{ "clwb-huge",	PMD,		112, BY_CLWB },
	{ "osync",	PERSIST_LEN,	113, BY_SYNC },
	{ "append",	PERSIST_LEN,	114, BY_APPEND },
};

#define PERSIST_FILES	(sizeof(persist_files) / sizeof(persist_files[0]))

/* Synced as pattern 110, then half overwritten with 111 and not synced. */
#define UNSYNCED	"unsynced"
#define UNSYNCED_OLD	110
#define UNSYNCED_NEW	111
/* Synced as pattern 115, all overwritten with 116, a part of that synced. */
#define PART		"part"
#define PART_OLD	115
#define PART_NEW	116
#define PART_FROM	(4 * PAGE)
#define PART_LEN	(4 * PAGE)
/* One line of pattern 118, zeros around it. */
#define ZEROS		"zeros"
#define ZEROS_SEED	118
/* Where the power was cut in the middle of a bind. */
#define CUT_DROPPED	"cut-dropped"
#define CUT_OPEN	"cut-transaction"
#define CUT_COMMITTED	"cut-committed"
/* The KeyID of the first boot, in decimal. */
#define KEYID_FILE	"keyid-of-first-boot"

/* A directory that gives its key to files; one is synced, the others are not. */
#define PERSIST_DIR	"keyed"
#define PERSIST_DIR_KEY	21
#define IN_DIR		"kept"
#define IN_DIR_SEED	112
#define IN_DIR_FILES	200

#endif
