// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is there after a power cut: which version is each line of each slot?
 *
 * A slot that was being written has lines of two versions, and may have a line that is
 * both: eight bytes are stored at a time. Nothing else is to be found.
 */
#include "promise.h"

#define WORD	8

struct slot {
	unsigned int oldest, newest, torn;
};

/* The version that a line says it is; VERSIONS if it is none, 0 for zeros. */
static unsigned int version_of(const struct writer *w, const char *line, uint64_t number)
{
	static const char zeros[PATTERN_LINE];
	char want[PATTERN_LINE];
	unsigned int seed;

	if (!memcmp(line, zeros, sizeof(zeros)))
		return 0;
	if (sscanf(line + 24, "%8x", &seed) != 1 || seed >> 24 != (unsigned int)(w - writers))
		return VERSIONS;
	pattern_line(want, promise_mark(w), seed, number);
	return memcmp(line, want, sizeof(want)) ? VERSIONS : seed & VERSIONS;
}

static bool made_of(const struct writer *w, const char *line, uint64_t number,
		    const unsigned int versions[4])
{
	char want[4][PATTERN_LINE] = {};

	for (int v = 0; v < 4; v++)
		if (versions[v])
			pattern_line(want[v], promise_mark(w), pattern_of(w, versions[v]), number);
	for (int at = 0; at < PATTERN_LINE; at += WORD) {
		bool found = false;

		for (int v = 0; v < 4; v++)
			found |= !memcmp(line + at, want[v] + at, WORD);
		if (!found)
			return false;
	}
	return true;
}

static struct slot scan(const struct writer *w, const char *p)
{
	struct slot s = { .oldest = VERSIONS };

	for (size_t i = 0; i < w->len / PATTERN_LINE; i++) {
		unsigned int version = version_of(w, p + i * PATTERN_LINE, i);

		if (version == VERSIONS) {
			s.torn++;
			continue;
		}
		s.oldest = version < s.oldest ? version : s.oldest;
		s.newest = version > s.newest ? version : s.newest;
	}
	return s;
}

/* NULL: the slot is not there. */
static char *read_slot(const struct writer *w, unsigned int slot)
{
	static char buf[PMD];
	char path[128];
	ssize_t got;
	int fd;

	slot_path(w, slot, path);
	fd = open(path, O_RDONLY);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	need(fd >= 0, path);
	if (w->key && status_of(fd).state != MKTME_DAX_FILE_UNLOCKED)
		fail("%s is not unlocked", path);
	got = pread(fd, buf, w->len, slot_offset(w, slot));
	need(got >= 0, path);
	close(fd);
	return got == (ssize_t)w->len ? buf : NULL;
}

unsigned int newest_version(const struct writer *w)
{
	unsigned int newest = 0;

	for (unsigned int slot = 0; slot < w->slots; slot++) {
		char *p = read_slot(w, slot);
		struct slot s = p ? scan(w, p) : (struct slot){};

		newest = s.newest > newest ? s.newest : newest;
	}
	return newest;
}

/*
 * A version that the power cut has left half done is made again: the slot that is being
 * written may be in pieces, but once the writer has gone on no other one.
 */
unsigned int next_version(const struct writer *w)
{
	unsigned int newest = newest_version(w);
	char *p = newest ? read_slot(w, newest % w->slots) : NULL;
	struct slot s = p ? scan(w, p) : (struct slot){};

	return newest && (s.torn || s.oldest != s.newest) ? newest : newest + 1;
}

static void check_slot(const struct writer *w, unsigned int slot, unsigned int newest)
{
	unsigned int number = w - writers;
	char *p = read_slot(w, slot);
	struct slot s = p ? scan(w, p) : (struct slot){};
	unsigned int versions[4] = { s.oldest == VERSIONS ? 0 : s.oldest, s.newest, newest,
				     newest + 1 };

	for (size_t i = 0; s.torn && i < w->len / PATTERN_LINE; i++) {
		char *line = p + i * PATTERN_LINE;

		if (version_of(w, line, i) == VERSIONS && !made_of(w, line, i, versions)) {
			report("garbage %u %u line %zu: %02x%02x%02x%02x", number, slot, i,
			       (uint8_t)line[0], (uint8_t)line[1], (uint8_t)line[2],
			       (uint8_t)line[3]);
			return;
		}
	}
	report("found %u %u %u %u %u", number, slot, versions[0], s.newest, s.torn);
}

void check_promises(void)
{
	for (unsigned int i = 0; i < nr_writers; i++) {
		const struct writer *w = &writers[i];
		unsigned int newest = newest_version(w);

		report("writer %u %s %u %s", i, w->name, w->slots, w->punch ? "punches" :
		       w->how == BY_APPEND ? "begins-anew" : "overwrites");
		for (unsigned int slot = 0; slot < w->slots; slot++)
			check_slot(w, slot, newest);
	}
	report("checked");
}
