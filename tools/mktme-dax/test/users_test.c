// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has files open or mapped: any file, since records are played here (ld --wrap)
 */
#include <linux/mktme_dax.h>
#include <sys/xattr.h>
#include "keyfixture.h"

static const uint8_t key[16] = "the key of files", other[16] = "that of no other";

ssize_t __wrap_getxattr(const char *path, const char *name, void *value, size_t size);

static char dir[] = "/tmp/users-test-XXXXXX";

/* Of the files in @dir: those of one page are under the key, those of two under another. */
ssize_t __wrap_getxattr(const char *path, const char *name, void *value, size_t size)
{
	struct mktme_dax_record_v1 record = { .version = MKTME_DAX_RECORD_V1 };
	struct stat stat_buf;
	char target[256] = "";

	CHECK(!strcmp(name, MKTME_DAX_RECORD_NAME) && size == sizeof(record));
	if (readlink(path, target, sizeof(target) - 1) < 0 ||
	    strncmp(target, dir, strlen(dir)) || stat(path, &stat_buf) ||
	    stat_buf.st_size > 2 * (off_t)PAGE) {
		errno = ENODATA;
		return -1;
	}
	memcpy(record.identifier, stat_buf.st_size > (off_t)PAGE ? other : key, 16);
	memcpy(value, &record, sizeof(record));
	return sizeof(record);
}

/* A process with a file open, mapped, or both; ends when the pipe does. */
static void hold(struct peer *peer, const char *name, off_t size, bool keep_open, bool mapped)
{
	char path[64];
	void *p;
	int fd;

	if (!spawn(peer))
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	NEED(fd >= 0 && !ftruncate(fd, size));
	p = mapped ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : NULL;
	NEED(p != MAP_FAILED);
	if (!keep_open)
		close(fd);
	tell(peer, 'h');
	await(peer, 'e');
	exit(0);
}

static const struct user *find(const struct user_list *list, const struct peer *peer)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->users[i].pid == peer->pid)
			return &list->users[i];
	return NULL;
}

static void check_user(const struct user_list *list, const struct peer *peer, const char *name,
		       bool open, bool mapped)
{
	const struct user *user = find(list, peer);

	NEED(user, "%s", name);
	CHECK_EQ(user->open, open);
	CHECK_EQ(user->mapped, mapped);
	CHECK(!strncmp(user->path, dir, strlen(dir)) && strstr(user->path, name), "%s", user->path);
	CHECK(!strcmp(user->command, "users_test"), "%s", user->command);
}

TEST(who_has_files_open_or_mapped)
{
	struct peer peers[5] = {};
	struct identifier_set keys = {};
	struct user_list list;
	struct stat stat_buf;
	char command[64];

	NEED(mkdtemp(dir) && !stat(dir, &stat_buf));
	hold(&peers[0], "open", PAGE, true, false);
	hold(&peers[1], "mapped", PAGE, false, true);
	hold(&peers[2], "both", PAGE, true, true);
	hold(&peers[3], "other", 2 * PAGE, true, true);
	hold(&peers[4], "plain", 3 * PAGE, true, true);
	for (int i = 0; i < 5; i++)
		await(&peers[i], 'h');
	add_identifier(&keys, key);
	NEED(!list_users(stat_buf.st_dev, &keys, &list), "%s", noted());
	check_user(&list, &peers[0], "/open", true, false);
	check_user(&list, &peers[1], "/mapped", false, true);
	check_user(&list, &peers[2], "/both", true, true);
	CHECK(!find(&list, &peers[3]) && !find(&list, &peers[4]));
	free_users(&list);
	NEED(!list_users(stat_buf.st_dev + 1, &keys, &list));
	CHECK(!find(&list, &peers[0]), "another filesystem");
	free_users(&list);
	end_identifiers(&keys);
	for (int i = 0; i < 5; i++) {
		tell(&peers[i], 'e');
		join(&peers[i]);
	}
	snprintf(command, sizeof(command), "rm -r %s", dir);
	NEED(!system(command));
}

TEST(processes_of_others_are_counted)
{
	struct identifier_set keys = {};
	struct user_list list;

	if (geteuid())
		tap_skip("only root can be somebody else");
	NEED(!list_users(0, &keys, &list));
	CHECK_EQ(list.unseen, 0);
	free_users(&list);
	NEED(!setresgid(65534, 65534, 65534) && !setresuid(65534, 65534, 65534));
	NEED(!list_users(0, &keys, &list));
	CHECK(list.unseen);
	free_users(&list);
}

int main(int argc, char **argv)
{
	return tap_main("users", argc, argv);
}
