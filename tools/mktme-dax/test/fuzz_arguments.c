// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of the command line: words of the tool in any order, and words that are none
 *
 * Each run is a call of main(). It has to end with an exit code of the manual, and with
 * a cause if that is not 0. Whoever is root becomes nobody: what is typed at random shall
 * neither lock filesystems nor format anything.
 */
#include "fuzz.h"
#include "tool.h"
#include "verbs.h"
#include <argon2.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BATCH		50
#define WORDS_MAX	12

int tool_main(int argc, char **argv);
int __real_argon2id_ctx(argon2_context *context);
int __wrap_argon2id_ctx(argon2_context *context);

static char scratch[64];
static struct {
	unsigned long run, codes[6];
	int argc;
	char argv[WORDS_MAX + 1][512];
} *now;				/* what the child is at, for who finds it dead */

/* Gigabytes are not the subject here. */
int __wrap_argon2id_ctx(argon2_context *context)
{
	return context->m_cost > 1024 ? ARGON2_MEMORY_ALLOCATION_ERROR :
	       __real_argon2id_ctx(context);
}

static const char *const values[] = {
	"", "-", "--", "a", "b", "A.b_c-9", ".", "..", "../a", "a/b", "a.key", "name with blanks",
	"0", "1", "2", "8", "9", "64", "-1", "+1", "1x", "0x40", "4294967296", "99999999999999999999",
	"00112233445566778899aabbccddeeff", "0011", "aes-xts-128", "aes-xts-256", "aes",
	"passphrase", "passphrases", "random", "material", "copy", "keys", "none/none", "/proc",
	"/proc/self/mem", "/dev/null", "/nonexistent", ".", "keys/a.key", "%s%n", "\xff\xfe",
	"\xc3\xa4", "\n", "--help", "--version", "--list-verbs", "help", "-h", "-x", "--x=1", "---",
};

static const struct verb *any_verb(void)
{
	return &verbs[chance(ARRAY_SIZE(verbs))];
}

static void any_value(char *out, size_t size)
{
	size_t length;

	if (chance(20)) {
		snprintf(out, size, "%s", values[chance(ARRAY_SIZE(values))]);
		return;
	}
	length = chance(size - 1) + 1;
	for (size_t i = 0; i < length; i++)
		out[i] = chance(255) + 1;
	out[length] = 0;
}

/* What fits the word that stands for it in the help, most of the time. */
static void fitting_value(const char *meta, char *out, size_t size)
{
	static const struct {
		const char *meta, *values[5];
	} fitting[] = {
		{ "FILE", { "passphrase", "passphrase", "random", "material", "copy" } },
		{ "DIR", { "keys", "keys", "keys", "other", "none/none" } },
		{ "KIB", { "64", "64", "64", "100", "1024" } },
		{ "N", { "1", "1", "2", "1", "3" } },
		{ "NAME", { "a", "a", "b", "aes-xts-128", "aes-xts-256" } },
		{ "NUMBER", { "1", "2", "1", "2", "3" } },
		{ "PATH", { ".", "keys", "/proc", "copy", "passphrase" } },
		{ "KEY", { "a", "b", "a", "b", "00112233445566778899aabbccddeeff" } },
	};

	for (size_t i = 0; chance(12) && i < ARRAY_SIZE(fitting); i++) {
		if (strncmp(meta, fitting[i].meta, strlen(fitting[i].meta)))
			continue;
		snprintf(out, size, "%s", fitting[i].values[chance(5)]);
		return;
	}
	any_value(out, size);
}

static char *new_word(void)
{
	return now->argc < WORDS_MAX ? now->argv[now->argc++] : now->argv[WORDS_MAX];
}

/* The options of a verb, in the order of its help, some of them. */
static void add_options(const struct verb *verb, size_t one_in)
{
	const char *line = verb->options;

	for (; line && *line; line = strchr(line, '\n') + 1) {
		size_t length = strspn(line + 2, "-abcdefghijklmnopqrstuvwxyz");
		const char *meta = line + 2 + length + 1;

		if (chance(one_in))
			continue;
		snprintf(new_word(), sizeof(now->argv[0]), "%.*s", (int)length, line + 2);
		if (*meta >= 'A' && *meta <= 'Z')
			fitting_value(meta, new_word(), sizeof(now->argv[0]));
		if (!chance(30))
			return;
	}
}

/* What stands for arguments is in capitals, and options are in brackets. */
static void add_arguments(const struct verb *verb)
{
	const char *at = verb->arguments;

	while (*at) {
		if (*at == '[')
			at += strcspn(at, "]");
		else if (*at >= 'A' && *at <= 'Z' && chance(16))
			fitting_value(at, new_word(), sizeof(now->argv[0]));
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
}

static void make_words(unsigned long run)
{
	const struct verb *verb;
	char *second;

	begin_run(run);
	now->run = run;
	now->argc = 0;
	verb = any_verb();
	strcpy(new_word(), "mktme-dax");
	strcpy(new_word(), verb->name);
	second = strchr(now->argv[1], ' ');
	if (second) {
		*second = 0;
		strcpy(new_word(), second + 1);
	}
	if (chance(8))
		add_options(verb, 2);
	add_arguments(verb);
	while (!chance(4))
		any_value(new_word(), sizeof(now->argv[0]));
	if (!chance(10))
		add_options(any_verb(), 6);
	if (!chance(16))
		any_value(now->argv[1 + chance(now->argc - 1)], sizeof(now->argv[0]));
}

static void print_words(const char *what)
{
	printf("run %lu of seed %llu: %s:", now->run, (unsigned long long)fuzz.seed, what);
	for (int i = 0; i < now->argc; i++) {
		printf(" $'");
		for (const char *c = now->argv[i]; *c; c++)
			printf(*c >= ' ' && *c <= '~' && *c != '\'' && *c != '\\' ? "%c" : "\\x%02x",
			       (unsigned char)*c);
		putchar('\'');
	}
	putchar('\n');
}

/* What is printed goes to @output: doctor says on standard output what is wrong. */
static void run_once(int output)
{
	char *argv[WORDS_MAX + 2] = {};
	int code;

	for (int i = 0; i < now->argc; i++)
		argv[i] = now->argv[i];
	if (ftruncate(output, 0) || lseek(output, 0, SEEK_SET))
		_exit(2);
	this_verb = NULL;
	code = tool_main(now->argc, argv);
	fflush(NULL);
	if (code < 0 || code > 5)
		_exit(101);
	if (code && !lseek(output, 0, SEEK_CUR))
		_exit(102);
	now->codes[code]++;
}

/* Something to work with, unless it is still there. */
static void make_key(const char *name)
{
	char *argv[] = { "mktme-dax", "key", "create", "--memory", "64", "--passes", "1",
			 "--passphrase-file", "passphrase", (char *)name, NULL };

	tool_main(ARRAY_SIZE(argv) - 1, argv);
}

static void run_batch(unsigned long first, unsigned long last, int output)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || setsid() < 0)
		_exit(2);
	dup2(null, 0);
	dup2(output, 1);
	dup2(output, 2);
	begin_run(~first);
	make_key("a");
	make_key("b");
	for (unsigned long run = first; run < last; run++) {
		make_words(run);
		if (fuzz.only == ~0UL || fuzz.only == run)
			run_once(output);
	}
	/* The sanitizer looks for leaks at exit, and has to be let in. */
	prctl(PR_SET_DUMPABLE, 1);
	exit(0);
}

static void become_nobody(void)
{
	if (geteuid())
		return;
	if (chown(scratch, 65534, 65534) || setresgid(65534, 65534, 65534) ||
	    setresuid(65534, 65534, 65534))
		exit(2);
}

static void make_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		exit(2);
}

static void prepare(void)
{
	strcpy(scratch, "/tmp/fuzz-arguments-XXXXXX");
	if (!mkdtemp(scratch))
		exit(2);
	become_nobody();
	if (chdir(scratch))
		exit(2);
	make_file("passphrase", "a word\n");
	make_file("passphrases", "two\nwords\n");
	make_file("random", "0123456789abcdef0123456789abcdef01234567");
	make_file("material", "0123456789abcdefFEDCBA9876543210");
	setenv("MKTME_DAX_KEYS", "keys", 1);
	now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (now == MAP_FAILED)
		exit(2);
}

static void print_output(int output)
{
	char text[4096];
	ssize_t size = pread(output, text, sizeof(text), 0);

	printf("%.*s\n", (int)(size < 0 ? 0 : size), text);
}

static int check_batch(unsigned long first, int output)
{
	unsigned long last = first + BATCH < fuzz.runs ? first + BATCH : fuzz.runs;
	int status;
	pid_t pid = fork();

	if (!pid)
		run_batch(first, last, output);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(2);
	if (!status)
		return 0;
	print_words(WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) :
		    WEXITSTATUS(status) == 101 ? "an exit code of no manual" :
		    WEXITSTATUS(status) == 102 ? "it fails, and does not say why" : "it was ended");
	print_output(output);
	return 1;
}

/* Random words that are all refused as such would test nothing but that. */
static int print_codes(void)
{
	int missing = 0;

	for (int code = 0; code < 6; code++) {
		printf("exit code %d: %lu\n", code, now->codes[code]);
		missing |= code != EXIT_MEMORY && !now->codes[code];
	}
	return fuzz.runs > 1000 && missing;
}

int main(int argc, char **argv)
{
	char command[128];
	int failed = 0, output = memfd_create("output", 0);

	fuzz_options(argc, argv);
	prepare();
	for (unsigned long first = 0; first < fuzz.runs && !failed; first += BATCH) {
		fflush(stdout);
		failed = check_batch(first, output);
	}
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return system(command) || failed || print_codes();
}
