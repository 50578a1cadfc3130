// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Secrets in memory: locked, in no core dump, in no child, and gone when they are done with
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "keyfixture.h"

/* Is there if all is built with it. */
extern void __asan_init(void) __attribute__((weak));

static void not_sanitized(void)
{
	if (__asan_init)
		tap_skip("the sanitizer locks no memory, and keeps what was freed");
}

/* VmFlags of the mapping that has this address. */
static bool has_flag(const void *p, const char *flag)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	char line[512];
	bool here = false, found = false;

	NEED(smaps);
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	fclose(smaps);
	return found;
}

TEST(memory_is_locked_and_not_dumped)
{
	char *secret = secret_alloc(10000);

	not_sanitized();
	NEED(secret);
	CHECK(has_flag(secret, " lo") && has_flag(secret + 9999, " lo"));
	CHECK(has_flag(secret, " dd") && has_flag(secret, " wf"));
	CHECK(is_zero(secret, 10000));
	secret_free(secret);
	secret_free(NULL);
}

TEST(no_memory_that_can_be_locked)
{
	const struct rlimit none = { 0, 0 };

	not_sanitized();
	drop_capability(14);	/* CAP_IPC_LOCK */
	NEED(!setrlimit(RLIMIT_MEMLOCK, &none));
	CHECK(!secret_alloc(100));
}

TEST(children_have_no_secrets)
{
	char *secret = secret_alloc(16);
	int status;
	pid_t pid;

	strcpy(secret, "of the parent");
	pid = fork();
	if (!pid)
		_exit(*secret ? 1 : 0);
	NEED(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	CHECK(*secret == 'o');
}

TEST(process_is_guarded)
{
	struct rlimit core;

	CHECK_EQ(guard_memory(), 0);
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
	NEED(!getrlimit(RLIMIT_CORE, &core));
	CHECK_EQ(core.rlim_max, 0);
}

/* Looks through all memory of the process for these bytes, which are kept inverted. */
static unsigned int find_in_memory(const uint8_t *inverted, size_t size)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long from, to;
	unsigned int found = 0;
	char line[512], mode[5], name[64];

	NEED(maps);
	while (fgets(line, sizeof(line), maps)) {
		*name = 0;
		NEED(sscanf(line, "%lx-%lx %4s %*s %*s %*s %63s", &from, &to, mode, name) >= 3);
		if (mode[0] != 'r' || mode[1] != 'w' || !strcmp(name, "[vvar]"))
			continue;
		for (const uint8_t *p = (uint8_t *)from; p + size <= (uint8_t *)to; p++) {
			size_t i = 0;

			while (i < size && p[i] == (uint8_t)~inverted[i])
				i++;
			found += i == size;
		}
	}
	fclose(maps);
	return found;
}

/* A stack frame that is entered later overwrites nothing of what lies below it. */
static void __attribute__((noinline)) open_and_end(int pipe)
{
	struct open_key *open = secret_alloc(sizeof(*open));
	struct sources sources = { .passphrase_file = text_file("a passphrase of some length\n") };
	struct new_protector from = { .passphrase_file = sources.passphrase_file, .cost = CHEAP };
	struct keyfile keyfile;
	uint8_t inverted[16 + 16 + 32 + 16];

	NEED(open);
	open->key.version = MKTME_DAX_API_V1;
	open->key.algorithm = MKTME_DAX_AES_XTS_256;
	NEED(!mktme_dax_key_generate(&open->key) && !new_keyfile("k", open, &keyfile));
	NEED(add_protector(&keyfile, open, &from, 0) == 1 && !seal_keyfile(&keyfile, open));
	NEED(!open_keyfile(&keyfile, &sources, 0, open, NULL), "%s", noted());
	for (int i = 0; i < 16; i++) {
		inverted[i] = ~open->key.data[i];
		inverted[16 + i] = ~open->key.tweak[16 + i];
	}
	for (int i = 0; i < 32; i++)
		inverted[32 + i] = ~open->wrapping[i];
	for (int i = 0; i < 16; i++)
		inverted[64 + i] = ~"a passphrase of some length"[8 + i];
	NEED(write(pipe, inverted, sizeof(inverted)) == sizeof(inverted));
	drop_file(sources.passphrase_file);
	end_sources(&sources);
	secret_free(open);
}

/* guard_memory() is not called here: what is locked is secret_alloc()'s. */
static unsigned int locked_memory(void)
{
	char status[4096], *found;

	NEED(read_text("/proc/self/status", status, sizeof(status)) > 0);
	found = strstr(status, "VmLck:");
	NEED(found);
	return strtoul(found + 6, NULL, 10);
}

TEST(nothing_is_left_in_memory)
{
	uint8_t inverted[80];
	int ends[2];

	not_sanitized();
	NEED(!pipe(ends));
	open_and_end(ends[1]);
	CHECK_EQ(locked_memory(), 0);
	NEED(read(ends[0], inverted, sizeof(inverted)) == sizeof(inverted));
	CHECK_EQ(find_in_memory(inverted, 16), 0);
	CHECK_EQ(find_in_memory(inverted + 16, 16), 0);
	CHECK_EQ(find_in_memory(inverted + 32, 16), 0);
	CHECK_EQ(find_in_memory(inverted + 48, 16), 0);
	CHECK_EQ(find_in_memory(inverted + 64, 16), 0);
}

TEST(the_search_finds_what_is_there)
{
	uint8_t inverted[19];
	char *text;

	not_sanitized();
	text = strdup("a text that is here");
	for (size_t i = 0; i < sizeof(inverted); i++)
		inverted[i] = ~text[i];
	CHECK_EQ(find_in_memory(inverted, sizeof(inverted)), 1);
	free(text);
}

int main(int argc, char **argv)
{
	return tap_main("secret", argc, argv);
}
