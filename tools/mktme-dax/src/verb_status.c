// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax status: machine and filesystems, or files and directories
 */
#include "tool.h"

struct file_status {
	struct mktme_dax_file_info info;
	struct mktme_dax_layout layout;
	bool has_layout;
	char identifier[MKTME_DAX_IDENTIFIER_TEXT_SIZE];
};

static int read_status(const char *path, struct file_status *status)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0) {
		err = -errno;
		return complain(err, NULL, "%s: %s", path, strerror(-err));
	}
	*status = (struct file_status){ .info.version = MKTME_DAX_API_V1,
					.layout.version = MKTME_DAX_API_V1 };
	err = mktme_dax_query(fd, &status->info);
	if (!err && !status->info.is_directory)
		status->has_layout = !mktme_dax_query_layout(fd, &status->layout);
	close(fd);
	if (err)
		return complain(err, err == -ENOTTY ?
				"mktme-dax doctor PATH, to see what is in the way" : NULL,
				"%s: %s", path, mktme_dax_message());
	if (status->info.algorithm)
		mktme_dax_identifier_text(status->info.identifier, status->identifier);
	return EXIT_OK;
}

static void put_layout(struct json_object *object, const struct mktme_dax_layout *layout)
{
	put_number(object, "size", layout->size);
	put_number(object, "allocated", layout->allocated);
	put_number(object, "extents", layout->extents);
	put_number(object, "huge_eligible", layout->eligible);
	put_string(object, "huge_obstacle", obstacle_text(layout->obstacle));
}

static void put_file(struct json_object *array, const char *path,
		     const struct file_status *status)
{
	const struct mktme_dax_file_info *info = &status->info;
	struct json_object *object = new_element(array);

	put_string(object, "path", path);
	put_string(object, "type", info->is_directory ? "directory" : "file");
	put_string(object, "state", state_name(info->state));
	put_string(object, "identifier", *status->identifier ? status->identifier : NULL);
	put_string(object, "algorithm", algorithm_name(info->algorithm));
	put_number(object, "keyid", info->keyid);
	put_string(object, "problem", problem_name(info->problem));
	put_bool(object, "dax", info->is_dax);
	if (status->has_layout)
		put_layout(object, &status->layout);
}

static void print_layout(const struct mktme_dax_layout *layout)
{
	char eligible[16], size[16];
	const char *obstacle = obstacle_text(layout->obstacle);

	printf("  2 MiB pages: %s of %s%s%s\n", human_size(layout->eligible, eligible),
	       human_size(layout->size, size), obstacle ? "; " : "", obstacle ? obstacle : "");
}

static void print_file(const char *path, const struct file_status *status)
{
	const struct mktme_dax_file_info *info = &status->info;
	const char *problem = problem_name(info->problem);

	printf("%s: %s", path, state_name(info->state));
	if (info->keyid)
		printf(", KeyID %u", info->keyid);
	if (info->algorithm)
		printf(", %s, key %s", algorithm_name(info->algorithm), status->identifier);
	if (problem)
		printf("; %s", problem);
	putchar('\n');
	if (status->has_layout)
		print_layout(&status->layout);
}

static int show_files(int count, char **paths, bool json)
{
	struct json_object *array = json ? new_array() : NULL;
	struct file_status status;
	int code = EXIT_OK;

	for (int i = 0; i < count; i++) {
		int one = read_status(paths[i], &status);

		code = code ? code : one;
		if (one)
			continue;
		if (json)
			put_file(array, paths[i], &status);
		else
			print_file(paths[i], &status);
	}
	if (json)
		print_array(array);
	return code;
}

static void put_mounts(struct json_object *array, const struct mount_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct json_object *object = new_element(array);

		put_string(object, "type", "filesystem");
		put_string(object, "directory", list->mounts[i].directory);
		put_string(object, "device", list->mounts[i].device);
		put_string(object, "filesystem", list->mounts[i].type);
		put_bool(object, "dax_always", strstr(list->mounts[i].options, "dax=always"));
	}
}

static int put_machine(const struct machine *machine, const struct mount_list *list)
{
	struct json_object *array = new_array(), *object = new_element(array);

	put_string(object, "type", "machine");
	put_string(object, "status", machine->status);
	put_number(object, "keyids_total", machine->keyids_total);
	put_number(object, "keyids_used", machine->keyids_used);
	put_string(object, "algorithms", machine->algorithms);
	put_mounts(array, list);
	return print_array(array);
}

static void print_machine(const struct machine *machine, const struct mount_list *list)
{
	printf("machine: %s", machine->status);
	if (machine->keyids_total)
		printf(", %u KeyIDs, %u with a key, %s", machine->keyids_total,
		       machine->keyids_used, machine->algorithms);
	puts(machine->keyids_total ? "" : "\n  next: mktme-dax doctor, to see what is in the way");
	for (size_t i = 0; i < list->count; i++)
		printf("%s: %s on %s%s\n", list->mounts[i].directory, list->mounts[i].type,
		       list->mounts[i].device, strstr(list->mounts[i].options, "dax=always") ?
		       ", all files with DAX" : "");
	if (!list->count)
		puts("no filesystem is mounted that can have encrypted files");
}

static int show_machine(bool json)
{
	struct mount_list list;
	struct machine machine;
	int err;

	read_machine(&machine);
	err = list_mounts(&list);
	if (err)
		return complain(err, NULL, "cannot list mounted filesystems: %s", strerror(-err));
	if (json)
		put_machine(&machine, &list);
	else
		print_machine(&machine, &list);
	free_mounts(&list);
	return EXIT_OK;
}

int run_status(int argc, char **argv)
{
	bool json = false;
	const struct option_spec specs[] = {
		{ "json", &json, NULL },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));

	if (first < 0)
		return EXIT_USAGE;
	if (first == argc)
		return show_machine(json);
	return show_files(argc - first, argv + first, json);
}
