// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes that have bound files open or mapped, from /proc
 *
 * What the kernel itself has open (loop devices, exports of nfsd) is not there.
 */
#include "keyfile.h"
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

/* What is looked for, and what was found. */
struct search {
	dev_t dev;
	const struct identifier_set *keys;
	struct user_list *list;
	pid_t pid;
	bool may_not_see;
	int err;
};

static void read_command(pid_t pid, char command[17])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(command, 17, file))
		*command = 0;
	command[strcspn(command, "\n")] = 0;
	if (file)
		fclose(file);
}

static struct user *find_user(const struct search *search, const struct stat *stat)
{
	for (size_t i = search->list->count; i; i--) {
		struct user *user = &search->list->users[i - 1];

		if (user->pid != search->pid)
			break;
		if (user->dev == stat->st_dev && user->ino == stat->st_ino)
			return user;
	}
	return NULL;
}

static struct user *add_user(struct search *search, const struct stat *stat, const char *link)
{
	struct user *bigger, *user;
	char path[PATH_MAX];
	ssize_t size = readlink(link, path, sizeof(path) - 1);

	path[size < 0 ? 0 : size] = 0;
	bigger = realloc(search->list->users, (search->list->count + 1) * sizeof(*bigger));
	if (!bigger) {
		search->err = note(-ENOMEM, "out of memory");
		return NULL;
	}
	search->list->users = bigger;
	user = &bigger[search->list->count++];
	*user = (struct user){ .pid = search->pid, .dev = stat->st_dev, .ino = stat->st_ino,
			       .path = strdup(path) };
	read_command(search->pid, user->command);
	return user;
}

/* A record that cannot be read may be that of the key: rather one too many. */
static bool is_wanted(const struct search *search, const char *link)
{
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];
	int found = recorded_identifier(link, true, identifier);

	return found < 0 || (found && has_identifier(search->keys, identifier));
}

static void take_link(struct search *search, const char *link, bool mapped)
{
	struct user *user;
	struct stat stat_buf;

	if (stat(link, &stat_buf) || stat_buf.st_dev != search->dev ||
	    !(S_ISREG(stat_buf.st_mode) || S_ISDIR(stat_buf.st_mode)))
		return;
	user = find_user(search, &stat_buf);
	if (!user && is_wanted(search, link))
		user = add_user(search, &stat_buf, link);
	if (user && mapped)
		user->mapped = true;
	else if (user)
		user->open = true;
}

/* A process may end meanwhile: then its directory is gone, and so are its files. */
static void take_links(struct search *search, const char *which, bool mapped)
{
	char path[64], link[64 + NAME_MAX + 2];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", search->pid, which);
	dir = opendir(path);
	if (!dir && (errno == EACCES || errno == EPERM))
		search->may_not_see = true;
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(link, sizeof(link), "%s/%s", path, entry->d_name);
		take_link(search, link, mapped);
	}
	if (dir)
		closedir(dir);
}

int list_users(dev_t dev, const struct identifier_set *keys, struct user_list *list)
{
	struct search search = { .dev = dev, .keys = keys, .list = list };
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	*list = (struct user_list){};
	if (!proc)
		return note(-errno, "/proc: %s", strerror(errno));
	while (!search.err && (entry = readdir(proc))) {
		search.pid = strtol(entry->d_name, NULL, 10);
		if (search.pid <= 0 || search.pid == getpid())
			continue;
		search.may_not_see = false;
		take_links(&search, "fd", false);
		take_links(&search, "map_files", true);
		list->unseen += search.may_not_see;
	}
	closedir(proc);
	return search.err;
}

void free_users(struct user_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->users[i].path);
	free(list->users);
	*list = (struct user_list){};
}
