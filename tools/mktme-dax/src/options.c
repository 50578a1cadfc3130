// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options of a verb: long ones, each for once
 */
#include "tool.h"

static int take_option(const struct option_spec *spec, bool *seen)
{
	if (*seen) {
		misuse("--%s is there twice", spec->name);
		return -1;
	}
	*seen = true;
	if (spec->flag)
		*spec->flag = true;
	else
		*spec->value = optarg;
	return 0;
}

int parse_options(int argc, char **argv, const struct option_spec *specs, int count)
{
	struct option options[25] = {};
	bool seen[25] = {};
	int found;

	if ((size_t)count >= ARRAY_SIZE(options))
		abort();
	for (int i = 0; i < count; i++) {
		options[i].name = specs[i].name;
		options[i].has_arg = specs[i].value ? required_argument : no_argument;
		options[i].val = 256 + i;
	}
	opterr = 0;
	optind = 0;	/* glibc: start anew */
	while ((found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

		if (found == ':') {
			misuse("%s needs a value", word);
			return -1;
		}
		if (found < 256) {
			misuse("there is no option %s", word);
			return -1;
		}
		if (take_option(&specs[found - 256], &seen[found - 256]))
			return -1;
	}
	return optind;
}
