// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys from the store of mktme-dax against the kernel: load, bind, unlock, lock
 */
#include <linux/keyctl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "common.h"

#define FILE_SIZE	(2 * MIB)
#define USER		1000
#define CHEAP		"--memory 64 --passes 1 --passphrase-file /run/passphrase"

static char output[4096];

/* Runs the tool; its output, errors too, is in @output. Returns the exit code. */
static int tool(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int tool(const char *fmt, ...)
{
	char command[512];
	va_list args;
	size_t len;
	FILE *pipe;
	int status;

	len = sprintf(command, "exec mktme-dax ");
	va_start(args, fmt);
	len += vsnprintf(command + len, sizeof(command) - len, fmt, args);
	va_end(args);
	strcpy(command + len, " 2>&1 </dev/null");
	pipe = popen(command, "r");
	NEED(pipe);
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = 0;
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define TOOL(wanted, ...)						\
	({								\
		int code_ = tool(__VA_ARGS__);				\
		CHECK(code_ == (wanted), "exit code %d: %s", code_, output); \
	})

/* A store of its own for each test; scratch has no keys and no files. */
static void begin(void)
{
	scratch_new("dax=always");
	NEED(!run("rm -rf /run/keys; echo word >/run/passphrase; echo other >/run/wrong"));
	setenv("MKTME_DAX_KEYS", "/run/keys", 1);
}

/* Makes a key, gives it to scratch and makes a directory under it. */
static void make_vault(const char *key, const char *directory)
{
	TOOL(0, "key create " CHEAP " %s", key);
	TOOL(0, "key load --passphrase-file /run/passphrase %s", key);
	TOOL(0, "unlock " SCRATCH " %s", key);
	NEED(!run("mkdir " SCRATCH "/%s", directory));
	TOOL(0, "bind --key %s " SCRATCH "/%s", key, directory);
}

static int make_file(const char *name, unsigned int seed)
{
	int fd = scratch_file(name, O_RDWR | O_CREAT | O_EXCL);
	char *p;

	NEED(fd >= 0 && !ftruncate(fd, FILE_SIZE), "%s: %s", name, errno_name(errno));
	p = map_file(fd, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	pattern_fill(p, FILE_SIZE, seed, 0);
	NEED(!msync(p, FILE_SIZE, MS_SYNC) && !munmap(p, FILE_SIZE));
	return fd;
}

static void plain_file(void)
{
	int fd = scratch_file("plain", O_RDWR | O_CREAT | O_EXCL);

	NEED(fd >= 0 && !ftruncate(fd, FILE_SIZE), "%s", errno_name(errno));
	close(fd);
}

static void check_contents(const char *name, unsigned int seed)
{
	static char bytes[FILE_SIZE];
	int fd = scratch_file(name, O_RDONLY);

	NEED(fd >= 0, "%s", errno_name(errno));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
	read_all(fd, bytes, sizeof(bytes), 0);
	CHECK(is_pattern(bytes, sizeof(bytes), seed, 0), "%s", name);
	close(fd);
}

static void check_locked(const char *name)
{
	int fd = scratch_file(name, O_RDONLY);
	char byte;

	NEED(fd >= 0, "%s", errno_name(errno));
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	CHECK_ERRNO(read(fd, &byte, 1), ENOKEY);
	close(fd);
}

static bool is_in_keyrings(const char *type)
{
	char line[256];
	FILE *keys = fopen("/proc/keys", "re");
	bool found = false;

	NEED(keys);
	while (fgets(line, sizeof(line), keys))
		found |= strstr(line, type) && strstr(line, "mktme-dax:");
	fclose(keys);
	return found;
}

TEST(vault_survives_lock_unmount_and_unload)
{
	begin();
	make_vault("vault", "vault");
	close(make_file("vault/a", 70));
	TOOL(0, "key list --json");
	CHECK(strstr(output, "\"loaded\":true") && strstr(output, "\"directory\":\"" SCRATCH "\""),
	      "%s", output);
	TOOL(0, "key unload vault");
	settle_keys();
	CHECK(!is_in_keyrings("mktme"));
	check_contents("vault/a", 70);
	TOOL(0, "lock " SCRATCH);
	CHECK(strstr(output, "key vault taken away, 1 files locked"), "%s", output);
	check_locked("vault/a");
	TOOL(0, "lock " SCRATCH);
	CHECK(!*output, "%s", output);
	scratch_cycle("dax=always");
	check_locked("vault/a");
	TOOL(0, "unlock --passphrase-file /run/passphrase " SCRATCH);
	CHECK(strstr(output, "unlocked with key vault"), "%s", output);
	check_contents("vault/a", 70);
	settle_keys();
	CHECK(!is_in_keyrings("mktme"), "unlock leaves the key in a keyring");
	TOOL(0, "unlock " SCRATCH "/vault");
	CHECK(!*output, "nobody is asked for a key that is there: %s", output);
}

TEST(wrong_passphrase_unlocks_nothing)
{
	begin();
	make_vault("vault", "vault");
	close(make_file("vault/a", 71));
	TOOL(0, "key unload vault");
	TOOL(0, "lock " SCRATCH);
	TOOL(2, "unlock --passphrase-file /run/wrong " SCRATCH);
	CHECK(strstr(output, "vault: wrong passphrase"), "%s", output);
	check_locked("vault/a");
	TOOL(1, "unlock " SCRATCH);
	CHECK(strstr(output, "no terminal"), "%s", output);
	check_locked("vault/a");
	TOOL(4, "unlock " SCRATCH " nokey");
	TOOL(4, "unlock /proc vault");
}

/* Loads a key of the tests under the name of the vault, whose file is not unlocked by it. */
static void load_under_the_name_of(const char *key, unsigned int number)
{
	char payload[160], list[sizeof(output)], name[64], *identifier;

	TOOL(0, "key list --json");
	strcpy(list, output);
	identifier = strstr(list, key);
	identifier = identifier ? strstr(identifier, "\"identifier\":\"") : NULL;
	NEED(identifier, "%s", list);
	snprintf(name, sizeof(name), "mktme-dax:%.32s", identifier + strlen("\"identifier\":\""));
	key_payload(number, payload, sizeof(payload));
	NEED(add_key_raw("mktme", name, payload, strlen(payload)) > 0, "%s", errno_name(errno));
}

TEST(a_key_under_the_name_of_another_is_not_given)
{
	uint8_t foreign[MKTME_DAX_IDENTIFIER_SIZE];
	int fd;

	begin();
	make_vault("vault", "vault");
	close(make_file("vault/a", 79));
	TOOL(0, "key unload vault");
	TOOL(0, "lock " SCRATCH);
	fd = scratch_file("foreign", O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, FILE_SIZE) && !ioctl_bind(fd, need_key(4)));
	memcpy(foreign, status_of(fd).identifier, sizeof(foreign));
	NEED(!ioctl_remove_key(fd, foreign, NULL));
	load_under_the_name_of("vault", 4);
	TOOL(2, "unlock " SCRATCH "/vault");
	CHECK(strstr(output, "another key than its name says"), "%s", output);
	CHECK(strstr(output, "next: mktme-dax key unload"), "%s", output);
	CHECK_EQ(key_status(fd, foreign).status, MKTME_DAX_KEY_ABSENT);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	check_locked("vault/a");
	TOOL(0, "key unload vault");
	TOOL(0, "unlock --passphrase-file /run/passphrase " SCRATCH "/vault");
	check_contents("vault/a", 79);
	close(fd);
}

/* Of two keys in the store, and one that is not in it */
TEST(unlock_finds_the_keys_that_are_needed)
{
	begin();
	make_vault("one", "one");
	make_vault("two", "two");
	TOOL(0, "key create " CHEAP " unused");
	close(make_file("one/a", 72));
	close(make_file("two/a", 73));
	TOOL(0, "key unload one");
	TOOL(0, "key unload two");
	TOOL(0, "lock " SCRATCH);
	check_locked("one/a");
	TOOL(0, "unlock --passphrase-file /run/passphrase " SCRATCH "/one/a");
	check_contents("one/a", 72);
	check_locked("two/a");
	TOOL(0, "lock " SCRATCH "/one");
	NEED(!run("mv /run/keys/one.key /run/one.away"));
	TOOL(2, "unlock --passphrase-file /run/passphrase " SCRATCH);
	CHECK(strstr(output, "is not in the store"), "%s", output);
	CHECK(!strstr(output, "unused"), "%s", output);
	check_contents("two/a", 73);
	check_locked("one/a");
	TOOL(0, "key restore /run/one.away");
	TOOL(0, "unlock --all --passphrase-file /run/passphrase");
	check_contents("one/a", 72);
}

/* A process with a file open and mapped, which is to be found by lock. */
static char *hold(struct peer *peer, const char *name)
{
	char *p;
	int fd;

	if (!spawn(peer))
		return NULL;
	fd = scratch_file(name, O_RDWR);
	p = map_file(fd, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	load_byte(p);
	tell(peer, 'h');
	return p;
}

static bool names(const struct peer *peer, const char *how)
{
	char text[64];

	snprintf(text, sizeof(text), "  process %d (", peer->pid);
	return strstr(output, text) && strstr(strstr(output, text), how);
}

TEST(lock_names_who_has_files_and_takes_them_away)
{
	struct peer user = {}, plain = {}, other = {};
	char *p;

	begin();
	make_vault("vault", "vault");
	make_vault("other", "other");
	close(make_file("vault/a", 74));
	close(make_file("other/a", 75));
	plain_file();
	if ((p = hold(&plain, "plain"))) {
		await(&plain, 'e');
		CHECK_EQ(signal_of(load_byte, p), 0);
		exit(0);
	}
	if ((p = hold(&other, "other/a"))) {
		await(&other, 'e');
		CHECK_EQ(signal_of(load_byte, p), 0);
		exit(0);
	}
	if ((p = hold(&user, "vault/a"))) {
		await(&user, 'l');
		CHECK_EQ(signal_of(load_byte, p), SIGBUS);
		tell(&user, 'b');
		await(&user, 'u');
		CHECK(is_pattern(p, FILE_SIZE, 74, 0));
		exit(0);
	}
	await(&plain, 'h');
	await(&other, 'h');
	await(&user, 'h');
	TOOL(5, "lock --check " SCRATCH " vault");
	CHECK(names(&user, "vault/a open and mapped"), "%s", output);
	CHECK(!names(&plain, "") && !names(&other, ""), "%s", output);
	check_contents("vault/a", 74);
	TOOL(5, "lock --check --json " SCRATCH);
	CHECK(strstr(output, "\"mapped\":true") && strstr(output, "other/a"), "%s", output);
	TOOL(0, "lock " SCRATCH " vault");
	CHECK(names(&user, "vault/a open and mapped"), "%s", output);
	CHECK(strstr(output, "still loaded"), "%s", output);
	CHECK(!names(&plain, "") && !names(&other, ""), "%s", output);
	tell(&user, 'l');
	await(&user, 'b');
	check_locked("vault/a");
	TOOL(0, "unlock " SCRATCH "/vault");
	tell(&user, 'u');
	tell(&other, 'e');
	tell(&plain, 'e');
	join(&user);
	join(&other);
	join(&plain);
	TOOL(0, "lock --check " SCRATCH);
}

TEST(keys_in_use_are_not_removed)
{
	begin();
	make_vault("vault", "vault");
	TOOL(5, "key remove vault");
	CHECK(strstr(output, SCRATCH " has the key"), "%s", output);
	TOOL(0, "lock " SCRATCH);
	TOOL(0, "key remove vault");
	make_vault("vault", "again");
	TOOL(0, "key remove --force vault");
	TOOL(0, "lock " SCRATCH);
	CHECK(strstr(output, "taken away"), "its directory names the key: %s", output);
}

/* As in a session of systemd: @u is there, but not reached from the session keyring. */
TEST(sessions_without_a_link_to_the_user_keyring)
{
	begin();
	NEED(keyctl_call(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) > 0);
	make_vault("vault", "vault");
	close(make_file("vault/a", 77));
	TOOL(0, "lock " SCRATCH);
	TOOL(0, "unlock " SCRATCH);
	check_contents("vault/a", 77);
	TOOL(0, "key unload vault");
	TOOL(0, "lock " SCRATCH);
	TOOL(0, "unlock --passphrase-file /run/passphrase " SCRATCH);
	check_contents("vault/a", 77);
}

TEST(a_key_of_the_kernel_opens_without_a_question)
{
	begin();
	NEED(!run("keyctl add user kmk 0123456789abcdef0123456789abcdef @u >/dev/null"));
	NEED(!run("keyctl add encrypted kek 'new enc32 user:kmk 32' @u >/dev/null"));
	TOOL(0, "key create --encrypted-key kek vault");
	TOOL(0, "key load vault");
	TOOL(0, "unlock " SCRATCH " vault");
	NEED(!run("mkdir " SCRATCH "/vault"));
	TOOL(0, "bind --key vault " SCRATCH "/vault");
	close(make_file("vault/a", 78));
	TOOL(0, "key unload vault");
	TOOL(0, "lock " SCRATCH);
	check_locked("vault/a");
	/* As after a reboot: only the master key is there. */
	NEED(!run("keyctl purge -s encrypted kek >/dev/null"));
	TOOL(0, "unlock " SCRATCH);
	check_contents("vault/a", 78);
	TOOL(0, "lock " SCRATCH);
	NEED(!run("keyctl purge -s user kmk >/dev/null"));
	TOOL(2, "unlock " SCRATCH);
	CHECK(strstr(output, "master key"), "%s", output);
}

static key_serial_t request(const char *name)
{
	return syscall(__NR_request_key, "mktme", name, "", KEY_SPEC_SESSION_KEYRING);
}

static void bind_as_user(int fd)
{
	char payload[160];

	NEED(keyctl_call(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) > 0);
	NEED(!setresgid(USER, USER, USER) && !setresuid(USER, USER, USER));
	key_payload(1, payload, sizeof(payload));
	CHECK_ERRNO(add_key_raw("mktme", "own", payload, strlen(payload)), EACCES);
	CHECK_ERRNO(request("no-such-line"), ENOKEY);
	CHECK_ERRNO(request("no-such-key"), ENOKEY);
	CHECK(!ioctl_bind(fd, request("vault")), "%s", errno_name(errno));
}

/* The lines of /etc/request-key.d are for "vault" and for "no-such-key" (guest-main.sh). */
TEST(a_user_without_privileges_requests_a_key)
{
	struct peer user = {};
	int fd;

	begin();
	setenv("MKTME_DAX_KEYS", "/etc/mktme-dax/keys", 1);
	NEED(!run("rm -rf /etc/mktme-dax"));
	NEED(!run("keyctl add user kmk 0123456789abcdef0123456789abcdef @u >/dev/null"));
	NEED(!run("keyctl add encrypted kek 'new enc32 user:kmk 32' @u >/dev/null"));
	TOOL(0, "key create --encrypted-key kek vault");
	fd = scratch_file("own", O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, FILE_SIZE) && !fchown(fd, USER, USER));
	if (spawn(&user)) {
		bind_as_user(fd);
		exit(0);
	}
	join(&user);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_UNLOCKED);
	TOOL(0, "key list");
	for (int i = 0; i < MKTME_DAX_IDENTIFIER_SIZE; i++) {
		char hex[3];

		snprintf(hex, sizeof(hex), "%02x", status_of(fd).identifier[i]);
		CHECK(!strncmp(strstr(output, "key ") + 4 + 2 * i, hex, 2), "%s", output);
	}
	TOOL(2, "key load --instantiate 1 vault");
	CHECK(strstr(output, "nobody has asked"), "%s", output);
	close(fd);
	NEED(!run("keyctl purge -s encrypted kek >/dev/null; keyctl purge -s user kmk >/dev/null"));
}

int main(int argc, char **argv)
{
	return tap_main("keys", argc, argv);
}
