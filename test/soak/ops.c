// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations: made up at random, written and read as one line of text
 *
 *	NAME FILE OFFSET LENGTH HOW VALUE
 */
#include "soak.h"

static const struct {
	const char *name;
	unsigned int weight;
} kinds[NR_OPS] = {
	[OP_STORE] = { "store", 170 },
	[OP_LOAD] = { "load", 120 },
	[OP_WRITE] = { "write", 110 },
	[OP_READ] = { "read", 90 },
	[OP_COPY] = { "copy", 50 },
	[OP_TRUNCATE] = { "truncate", 50 },
	[OP_PUNCH] = { "punch", 50 },
	[OP_ZERO] = { "zero", 40 },
	[OP_COLLAPSE] = { "collapse", 25 },
	[OP_INSERT] = { "insert", 25 },
	[OP_ALLOCATE] = { "allocate", 40 },
	[OP_SYNC] = { "sync", 40 },
	[OP_REMAP] = { "remap", 15 },
	[OP_PROTECT] = { "protect", 15 },
	[OP_ADVISE] = { "advise", 20 },
	[OP_REOPEN] = { "reopen", 20 },
	[OP_DROP] = { "drop", 3 },
	[OP_REMOUNT] = { "remount", 3 },
	[OP_BIND] = { "bind", 12 },
	[OP_ADD_KEY] = { "add-key", 30 },
	[OP_REMOVE_KEY] = { "remove-key", 8 },
	[OP_GIVE_KEY] = { "give-key", 20 },
	[OP_SETTLE] = { "settle", 4 },
	[OP_CHECK] = { "check", 15 },
};

uint64_t random_number(struct model *m)
{
	m->random += 0x9e3779b97f4a7c15ULL;
	return pattern_mix(m->random);
}

static size_t below(struct model *m, size_t limit)
{
	return limit ? random_number(m) % limit : 0;
}

static enum op_kind random_kind(struct model *m)
{
	static unsigned int total;
	unsigned int pick, kind;

	if (!total)
		for (kind = 0; kind < NR_OPS; kind++)
			total += kinds[kind].weight;
	pick = below(m, total);
	for (kind = 0; pick >= kinds[kind].weight; kind++)
		pick -= kinds[kind].weight;
	return kind;
}

static size_t near(struct model *m, size_t where)
{
	size_t off = where + below(m, 200);

	return off < 100 ? 0 : off - 100;
}

/* Ends of files, of pages and of 2 MiB entries are where it goes wrong. */
static size_t random_offset(struct model *m, size_t size)
{
	size_t off;

	switch (below(m, 10)) {
	case 0:
		off = below(m, MAX_SIZE);
		break;
	case 1:
		off = near(m, size);
		break;
	case 2:
		off = near(m, below(m, MAX_SIZE / PAGE) * PAGE);
		break;
	case 3:
		off = near(m, PMD);
		break;
	case 4:
	case 5:
		off = below(m, size / PAGE + 1) * PAGE;
		break;
	default:
		off = below(m, size);
	}
	return off < MAX_SIZE ? off : MAX_SIZE - 1;
}

static size_t random_length(struct model *m)
{
	switch (below(m, 16)) {
	case 0:
		return 1 + below(m, MIB);
	case 1:
	case 2:
		return 1 + below(m, 64 * KIB);
	case 3:
	case 4:
		return (1 + below(m, 16)) * PAGE;
	case 5:
	case 6:
	case 7:
		return 1 + below(m, 2 * PAGE);
	default:
		return 1 + below(m, 200);
	}
}

static void whole_blocks(struct op *op)
{
	op->off &= ~(PAGE - 1);
	op->len = (op->len + PAGE - 1) & ~(PAGE - 1);
}

/* What changes blocks is about whole ones as often as not; some of it is large. */
static void choose_blocks(struct model *m, struct op *op)
{
	if (op->kind == OP_COLLAPSE || op->kind == OP_INSERT) {
		op->len %= 64 * KIB;
		op->len++;
	}
	if (!below(m, 8) && op->kind != OP_INSERT) {
		op->off &= ~(PMD - 1);
		op->len = PMD;
	}
	/* A block of which a part is left out is EINVAL: once in a while is enough. */
	if (op->kind == OP_COLLAPSE || op->kind == OP_INSERT ? below(m, 20) : below(m, 2))
		whole_blocks(op);
}

struct op random_op(struct model *m)
{
	struct op op = { .kind = random_kind(m), .file = below(m, NR_FILES) };

	op.off = random_offset(m, m->files[op.file].size);
	op.len = random_length(m);
	op.how = below(m, 16);
	op.value = random_number(m);
	if (op.kind >= OP_TRUNCATE && op.kind <= OP_ALLOCATE)
		choose_blocks(m, &op);
	if (op.off + op.len > MAX_SIZE)
		op.len = MAX_SIZE - op.off;
	return op;
}

void print_op(const struct op *op, char *out, size_t size)
{
	snprintf(out, size, "%s %u %#x %#x %u %#x", kinds[op->kind].name, op->file, op->off,
		 op->len, op->how, op->value);
}

bool parse_op(const char *line, struct op *op)
{
	char name[16];

	if (sscanf(line, "%15s %u %i %i %u %i", name, &op->file, (int *)&op->off,
		   (int *)&op->len, &op->how, (int *)&op->value) != 6)
		return false;
	for (op->kind = 0; op->kind < NR_OPS; op->kind++)
		if (!strcmp(kinds[op->kind].name, name))
			break;
	return op->kind < NR_OPS && op->file < NR_FILES && op->off < MAX_SIZE && op->len &&
	       op->len <= MAX_SIZE - op->off;
}
