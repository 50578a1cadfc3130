// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model checker: random operations on bound files, against a model in memory
 *
 *	model [--seed N] [--ops N] [--episode N] [--keep N] [--fault OPERATION]
 *	      [--stay-mounted]
 *	model --replay FILE [--tries N]
 *
 * Works in MKTME_DIR, on MKTME_DEVICE; reports TAP. What fails is made shorter, and
 * reported as lines "script: OPERATION": without that word they are a file to --replay.
 * --stay-mounted: others use the file system, too.
 * --fault: the model forgets what this operation does, and the test is whether that is noticed.
 */
#include <getopt.h>
#include <time.h>
#include "soak.h"

#define SHRINK_SECONDS	150
/* A script that is longer than this has not been made short. */
#define SHORT		10

static unsigned long long seed = 1;
static unsigned int total = 2000, length = 1000, keep, tries = 1;
static enum op_kind fault = NR_OPS;
static const char *replay;

static void usage(void)
{
	fputs("usage: model [--seed N] [--ops N] [--episode N] [--keep N] [--fault OPERATION]\n"
	      "       model --replay FILE [--tries N]\n", stderr);
	exit(2);
}

static enum op_kind kind_named(const char *name)
{
	char line[80];
	struct op op;

	snprintf(line, sizeof(line), "%s 0 0 1 0 0", name);
	if (!parse_op(line, &op))
		usage();
	return op.kind;
}

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "ops", required_argument, NULL, 'o' },
		{ "episode", required_argument, NULL, 'e' },
		{ "keep", required_argument, NULL, 'k' },
		{ "fault", required_argument, NULL, 'f' },
		{ "replay", required_argument, NULL, 'r' },
		{ "tries", required_argument, NULL, 't' },
		{ "stay-mounted", no_argument, NULL, 'm' },
		{ },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (opt) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'o':
			total = atoi(optarg);
			break;
		case 'e':
			length = atoi(optarg);
			break;
		case 'k':
			keep = atoi(optarg);
			break;
		case 'f':
			fault = kind_named(optarg);
			break;
		case 'r':
			replay = optarg;
			break;
		case 'm':
			stay_mounted = true;
			break;
		case 't':
			tries = atoi(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind < argc || !length || length > MAX_OPS)
		usage();
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void tell_script(const struct episode *e)
{
	char line[100];

	for (unsigned int i = 0; i < e->nr; i++) {
		print_op(&e->ops[i], line, sizeof(line));
		report("script: %s", line);
	}
}

static void tell_failure(struct episode *e)
{
	unsigned int left;

	report("#   operation %u %s: %s", e->done, e->phase, e->text);
	left = shrink(e, SHRINK_SECONDS);
	if (left)
		report("#   %u operations are enough, %s: %s", left, e->phase, e->text);
	else
		report("#   it does not fail again; all operations are in the report");
	tell_script(e);
}

/* Returns how many operations went well before the first failure. */
static unsigned int run_all(struct episode *e)
{
	unsigned int done = 0, number = 0;
	double start = seconds();

	while (done < total) {
		e->seed = pattern_mix(seed) + number++;
		e->nr = length < total - done ? length : total - done;
		/* Evenly spread over the run. */
		e->keep = keep && number * keep / (total / length + 1) !=
			(number - 1) * keep / (total / length + 1) ? number : 0;
		e->made_up = true;
		if (!run_episode(e))
			return done + e->done;
		done += e->nr;
		report("# model: %u of %u operations, %.0f a second, seed %llu", done, total,
		       done / (seconds() - start), seed);
	}
	return done;
}

static int check_model(struct episode *e)
{
	unsigned int done = run_all(e);
	bool agree = done == total;

	if (!agree)
		tell_failure(e);
	report("# model: %u operations agreed, seed %llu", done, seed);
	report("%s - model: operations agree", agree ? "ok" : "not ok");
	return !agree;
}

/* The other way round: what is wrong in the model has to be found, and made short. */
static int check_fault(struct episode *e)
{
	bool found = run_all(e) < total;

	if (found)
		tell_failure(e);
	found = found && e->nr <= SHORT;
	report("%s - model: a fault in the model is found and made short", found ? "ok" : "not ok");
	return !found;
}

/* Several tries for what needs the caches to be in the mood for it. */
static int check_replay(struct episode *e)
{
	FILE *in = fopen(replay, "re");
	char line[200];
	bool agree = true;

	if (!in)
		usage();
	while (e->nr < MAX_OPS && fgets(line, sizeof(line), in)) {
		if (!parse_op(line, &e->ops[e->nr++])) {
			fprintf(stderr, "model: not an operation: %s", line);
			return 2;
		}
	}
	while (agree && tries--)
		agree = run_episode(e);
	if (!agree)
		tell_failure(e);
	report("%s - model: operations agree", agree ? "ok" : "not ok");
	return !agree;
}

int main(int argc, char **argv)
{
	struct episode *e = new_episode();

	parse_options(argc, argv);
	e->fault = fault;
	if (replay)
		return check_replay(e);
	return fault == NR_OPS ? check_model(e) : check_fault(e);
}
