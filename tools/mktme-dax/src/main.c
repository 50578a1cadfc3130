// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax: the table of verbs, and help
 */
#include "tool.h"
#include "verbs.h"
#include <ctype.h>

static void print_help(void)
{
	puts("usage: mktme-dax VERB [OPTION...] [ARGUMENT...]\n"
	     "\n"
	     "Files on persistent memory that the memory controller encrypts.\n"
	     "\n"
	     "A new directory whose files are encrypted:\n"
	     "\n"
	     "  mktme-dax setup /mnt/pmem\n"
	     "  mktme-dax key create vault\n"
	     "  mktme-dax key load vault\n"
	     "  mktme-dax unlock /mnt/pmem vault\n"
	     "  mkdir /mnt/pmem/vault\n"
	     "  mktme-dax bind --key vault /mnt/pmem/vault\n"
	     "\n"
	     "Verbs:\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-22s %s\n", verbs[i].name, verbs[i].summary);
	puts("\n"
	     "\"mktme-dax help VERB\" has its options, mktme-dax(1) the manual. Exit codes: 1 wrong\n"
	     "parameters, 2 no permission or wrong key, 3 out of memory, 4 wrong or damaged\n"
	     "file, filesystem or machine, 5 exists already or in use.");
}

static void print_verb_help(const struct verb *verb)
{
	printf("usage: mktme-dax %s%s%s\n\n%c%s.\n", verb->name, *verb->arguments ? " " : "",
	       verb->arguments, toupper(verb->summary[0]), verb->summary + 1);
	if (verb->options)
		printf("\nOptions:\n%s", verb->options);
	fputs("\nManual: man mktme-dax", stdout);
	for (const char *c = verb->name; *c; c++)
		putchar(c == verb->name ? (putchar('-'), *c) : *c == ' ' ? '-' : *c);
	putchar('\n');
}

/* Of one or two words; *@words says how many. */
static const struct verb *find_verb(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		size_t first = strcspn(verbs[i].name, " ");
		const char *second = verbs[i].name[first] ? verbs[i].name + first + 1 : NULL;

		if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], verbs[i].name, first))
			continue;
		if (second && (argc < 2 || strcmp(argv[1], second)))
			continue;
		*words = second ? 2 : 1;
		return &verbs[i];
	}
	return NULL;
}

static int help(int argc, char **argv)
{
	const struct verb *verb;
	int words;

	if (!argc) {
		print_help();
		return EXIT_OK;
	}
	verb = find_verb(argc, argv, &words);
	if (!verb)
		return misuse("there is no verb \"%s%s%s\"", argv[0], argc > 1 ? " " : "",
			      argc > 1 ? argv[1] : "");
	print_verb_help(verb);
	return EXIT_OK;
}

/* For the shell's completion, and for the tests. */
static int list_verbs(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		puts(verbs[i].name);
	return EXIT_OK;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int dispatch(int argc, char **argv)
{
	int words;

	if (!argc || !strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))
		return help(0, NULL);
	if (!strcmp(argv[0], "help"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[0], "--version")) {
		printf("mktme-dax %s\n", mktme_dax_version());
		return EXIT_OK;
	}
	if (!strcmp(argv[0], "--list-verbs"))
		return list_verbs();
	this_verb = find_verb(argc, argv, &words);
	if (!this_verb)
		return misuse("there is no verb \"%s\"", argv[0]);
	if (wants_help(argc - words + 1, argv + words - 1)) {
		print_verb_help(this_verb);
		return EXIT_OK;
	}
	return this_verb->run(argc - words + 1, argv + words - 1);
}

int main(int argc, char **argv)
{
	int code = dispatch(argc - 1, argv + 1);

	if (fflush(stdout) || ferror(stdout))
		return complain(-EIO, NULL, "cannot write the output");
	return code;
}
