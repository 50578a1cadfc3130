// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key store: a crash at any call leaves the old key or the new one, and never half of
 * one. The calls that change the disk are counted here (ld --wrap), and end the process.
 */
#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "keyfixture.h"

#define CRASHED	77

static struct {
	int left;		/* calls until the crash; negative: none will come */
	int err;		/* in place of a crash */
	int dirty;		/* file that was written and not synced, or -1 */
	char log[64];		/* a letter for each call */
} disk = { .left = -1, .dirty = -1 };

ssize_t __real_write(int fd, const void *buf, size_t size);
ssize_t __wrap_write(int fd, const void *buf, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
int __real_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int __real_unlinkat(int dir, const char *path, int flags);
int __wrap_unlinkat(int dir, const char *path, int flags);
ssize_t __real_pwrite64(int fd, const void *buf, size_t size, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *buf, size_t size, off_t at);

/* What was not synced is lost, under whatever name it is by now. */
static void crash(void)
{
	if (disk.dirty >= 0 && ftruncate(disk.dirty, 0))
		_exit(1);
	_exit(CRASHED);
}

/* True if the call fails. */
static bool step(char what)
{
	size_t size = strlen(disk.log);

	if (size < sizeof(disk.log) - 1)
		disk.log[size] = what;
	if (disk.left < 0 || disk.left--)
		return false;
	if (!disk.err)
		crash();
	errno = disk.err;
	return true;
}

ssize_t __wrap_write(int fd, const void *buf, size_t size)
{
	if (fd <= STDERR_FILENO)
		return __real_write(fd, buf, size);
	disk.dirty = dup(fd);
	/* A crash in the middle of it */
	if (disk.left == 0 && !disk.err)
		__real_write(fd, buf, size / 2);
	return step('w') ? -1 : __real_write(fd, buf, size);
}

ssize_t __wrap_pwrite64(int fd, const void *buf, size_t size, off_t at)
{
	return step('o') ? -1 : __real_pwrite64(fd, buf, size, at);
}

int __wrap_fsync(int fd)
{
	struct stat stat;

	NEED(!fstat(fd, &stat));
	if (step(S_ISDIR(stat.st_mode) ? 'd' : 's'))
		return -1;
	disk.dirty = -1;
	return __real_fsync(fd);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return step('r') ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	return step('l') ? -1 : __real_linkat(from_dir, from, to_dir, to, flags);
}

int __wrap_unlinkat(int dir, const char *path, int flags)
{
	return step('u') ? -1 : __real_unlinkat(dir, path, flags);
}

static char path[64];

static void open_new_store(struct store *store)
{
	strcpy(path, "/tmp/store-test-XXXXXX");
	NEED(mkdtemp(path));
	strcat(path, "/keys");
	umask(0);
	NEED(!open_store(store, path, true), "%s", noted());
}

static void end_store(struct store *store)
{
	char command[128];

	close_store(store);
	*strrchr(path, '/') = 0;
	snprintf(command, sizeof(command), "rm -r %s", path);
	NEED(!system(command));
}

static int run_write(struct store *store, const struct keyfile *keyfile, bool replace)
{
	int status;
	pid_t pid = fork();

	NEED(pid >= 0);
	if (!pid)
		_exit(write_store(store, keyfile, replace) ? 2 : 0);
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static unsigned int count_files(const struct store *store)
{
	DIR *dir = opendir(store->path);
	struct dirent *entry;
	unsigned int count = 0;

	while ((entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(dir);
	return count;
}

static bool same(const struct keyfile *a, const struct keyfile *b)
{
	return !memcmp(a, b, sizeof(*a));
}

TEST(crash_at_any_call_of_a_change)
{
	struct keyfile old, new, read;
	struct store store;
	int status = CRASHED, crashes;
	bool seen_new = false;

	open_new_store(&store);
	make_known(MKTME_DAX_AES_XTS_128, &old);
	make_known(MKTME_DAX_AES_XTS_128, &new);
	for (crashes = 0; status == CRASHED; crashes++) {
		NEED(!write_store(&store, &old, true) || !write_store(&store, &old, false));
		disk.left = crashes;
		status = run_write(&store, &new, true);
		disk.left = -1;
		NEED(!read_store(&store, "known", &read), "after %d calls: %s", crashes, noted());
		CHECK(same(&read, &old) || same(&read, &new), "after %d calls", crashes);
		CHECK(!seen_new || same(&read, &new), "back again after %d calls", crashes);
		seen_new = same(&read, &new);
		CHECK(count_files(&store) <= 2);
		/* Whatever was left over is gone with the next change. */
		NEED(!write_store(&store, &old, true));
		CHECK_EQ(count_files(&store), 1);
		seen_new = false;
	}
	CHECK_EQ(status, 0);
	CHECK(crashes > 6, "%d", crashes);
	end_store(&store);
}

TEST(crash_at_any_call_of_a_creation)
{
	struct keyfile new, read;
	struct store store;
	int status = CRASHED, err;

	open_new_store(&store);
	make_known(MKTME_DAX_AES_XTS_128, &new);
	for (int crashes = 0; status == CRASHED; crashes++) {
		disk.left = crashes;
		status = run_write(&store, &new, false);
		disk.left = -1;
		err = read_store(&store, "known", &read);
		CHECK(err == -ENOENT || (!err && same(&read, &new)), "after %d calls: %s", crashes,
		      noted());
		CHECK_EQ(write_store(&store, &new, false), err ? 0 : -EEXIST);
		CHECK_EQ(count_files(&store), 1);
		NEED(!remove_from_store(&store, "known"));
		CHECK_EQ(count_files(&store), 0);
	}
	CHECK_EQ(status, 0);
	end_store(&store);
}

TEST(an_error_at_any_call_changes_nothing)
{
	struct keyfile old, new, read;
	struct store store;
	int err;

	open_new_store(&store);
	make_known(MKTME_DAX_AES_XTS_128, &old);
	make_known(MKTME_DAX_AES_XTS_128, &new);
	NEED(!write_store(&store, &old, false));
	disk.err = ENOSPC;
	/* The first call takes away what a crash may have left, and there is nothing. */
	for (int calls = 1; calls < 4; calls++) {
		disk.left = calls;
		err = write_store(&store, &new, true);
		disk.left = -1;
		CHECK_EQ(err, -ENOSPC);
		NEED(!read_store(&store, "known", &read), "%s", noted());
		CHECK(same(&read, &old));
		CHECK_EQ(count_files(&store), 1);
	}
	end_store(&store);
}

/* The data before the name, the name before the old data goes. */
TEST(order_of_calls)
{
	struct keyfile made;
	struct store store;

	open_new_store(&store);
	make_known(MKTME_DAX_AES_XTS_128, &made);
	memset(disk.log, 0, sizeof(disk.log));
	NEED(!write_store(&store, &made, false));
	CHECK(!strcmp(disk.log, "uwslud"), "%s", disk.log);
	memset(disk.log, 0, sizeof(disk.log));
	NEED(!write_store(&store, &made, true));
	CHECK(!strcmp(disk.log, "uwsrdos"), "%s", disk.log);
	memset(disk.log, 0, sizeof(disk.log));
	NEED(!remove_from_store(&store, "known"));
	CHECK(!strcmp(disk.log, "udos"), "%s", disk.log);
	end_store(&store);
}

static bool is_all_zero(int fd)
{
	char bytes[8192];
	ssize_t size = pread(fd, bytes, sizeof(bytes), 0), i = 0;

	while (i < size && !bytes[i])
		i++;
	return size > 0 && i == size;
}

TEST(what_is_replaced_is_overwritten)
{
	struct keyfile made, read;
	struct store store;
	int first, second;

	open_new_store(&store);
	make_known(MKTME_DAX_AES_XTS_128, &made);
	NEED(!write_store(&store, &made, false));
	first = openat(store.fd, "known.key", O_RDONLY);
	CHECK_EQ(write_store(&store, &made, false), -EEXIST);
	CHECK(!is_all_zero(first), "nothing was replaced");
	NEED(!write_store(&store, &made, true));
	CHECK(is_all_zero(first));
	second = openat(store.fd, "known.key", O_RDONLY);
	/* A hard link is a copy that somebody wants. */
	NEED(!linkat(store.fd, "known.key", store.fd, "copy", 0));
	NEED(!write_store(&store, &made, true));
	CHECK(!is_all_zero(second));
	NEED(!unlinkat(store.fd, "copy", 0));
	second = openat(store.fd, "known.key", O_RDONLY);
	NEED(!remove_from_store(&store, "known"));
	CHECK(is_all_zero(second));
	CHECK_EQ(read_store(&store, "known", &read), -ENOENT);
	end_store(&store);
}

TEST(modes)
{
	struct keyfile made, read;
	struct store store, again;
	struct stat stat;

	open_new_store(&store);
	make_known(MKTME_DAX_AES_XTS_128, &made);
	NEED(!write_store(&store, &made, false));
	NEED(!fstat(store.fd, &stat));
	CHECK_EQ(stat.st_mode & 07777, 0700);
	NEED(!fstatat(store.fd, "known.key", &stat, 0));
	CHECK_EQ(stat.st_mode & 07777, 0600);
	for (mode_t bit = 1; bit < 0100; bit <<= 1) {
		NEED(!fchmodat(store.fd, "known.key", 0600 | bit, 0));
		CHECK_EQ(read_store(&store, "known", &read), -EPERM);
		NEED(!fchmodat(store.fd, "known.key", 0600, 0));
		NEED(!fchmod(store.fd, 0700 | bit));
		CHECK_EQ(open_store(&again, path, false), -EPERM);
		NEED(!fchmod(store.fd, 0700));
	}
	CHECK_EQ(read_store(&store, "known", &read), 0);
	if (!geteuid()) {
		NEED(!fchownat(store.fd, "known.key", 1, 1, 0));
		CHECK_EQ(read_store(&store, "known", &read), -EPERM);
	}
	end_store(&store);
}

TEST(what_is_no_regular_file)
{
	struct keyfile made, read;
	struct store store, none;

	open_new_store(&store);
	make_known(MKTME_DAX_AES_XTS_128, &made);
	NEED(!write_store(&store, &made, false));
	NEED(!symlinkat("known.key", store.fd, "link.key"));
	CHECK_EQ(read_store(&store, "link", &read), -ELOOP);
	NEED(!mkfifoat(store.fd, "fifo.key", 0600));
	CHECK_EQ(read_store(&store, "fifo", &read), -EUCLEAN);
	NEED(!mkdirat(store.fd, "dir.key", 0700));
	CHECK_EQ(read_store(&store, "dir", &read), -EUCLEAN);
	/* A whole key, by the name of another */
	NEED(!linkat(store.fd, "known.key", store.fd, "other.key", 0));
	CHECK_EQ(read_store(&store, "other", &read), -EUCLEAN);
	CHECK_EQ(read_store(&store, "../keys/known", &read), -EINVAL);
	CHECK_EQ(open_store(&none, "/dev/null", false), -ENOTDIR);
	end_store(&store);
}

TEST(keys_are_found_by_name_and_by_identifier)
{
	struct keyfile made, read;
	struct store store;
	char **names;
	size_t count;

	open_new_store(&store);
	CHECK(!list_store(&store, &names, &count) && !count);
	free(names);
	make_known(MKTME_DAX_AES_XTS_128, &made);
	NEED(!write_store(&store, &made, false));
	close(openat(store.fd, "notes", O_CREAT | O_WRONLY, 0600));
	close(openat(store.fd, "bad name.key", O_CREAT | O_WRONLY, 0600));
	close(openat(store.fd, "empty.key", O_CREAT | O_WRONLY, 0600));
	CHECK(!list_store(&store, &names, &count) && count == 2);
	CHECK(!strcmp(names[0], "empty") && !strcmp(names[1], "known"));
	free(names[0]);
	free(names[1]);
	free(names);
	CHECK_EQ(find_key(&store, "known", &read), 0);
	CHECK_EQ(find_identifier(&store, made.identifier, &read), 0);
	CHECK(same(&read, &made));
	made.identifier[0] ^= 1;
	CHECK_EQ(find_identifier(&store, made.identifier, &read), -ENOENT);
	CHECK_EQ(find_key(&store, "empty", &read), -EUCLEAN);
	end_store(&store);
}

/* Nothing configured is no error. */
TEST(a_store_that_is_not_there_is_empty)
{
	struct keyfile read;
	struct store store;
	char **names;
	size_t count;

	CHECK_EQ(open_store(&store, "/nonexistent/keys", false), 0);
	CHECK_EQ(lock_store(&store), 0);
	CHECK(!list_store(&store, &names, &count) && !count);
	CHECK_EQ(read_store(&store, "any", &read), -ENOENT);
	close_store(&store);
	CHECK_EQ(open_store(&store, "", false), -EINVAL);
	CHECK_EQ(open_store(&store, "", true), -EINVAL);
}

int main(int argc, char **argv)
{
	return tap_main("store", argc, argv);
}
