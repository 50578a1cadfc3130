// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The steps of mktme-dax setup
 *
 * libndctl says what there is; namespaces are made by ndctl(1), which knows how to retry,
 * and what to clear of what was there before. So --dry-run can show exactly what is run.
 */
#include "setup.h"
#include <sys/stat.h>

enum { NAMESPACE, FILESYSTEM, MOUNT, STEPS };

static const char *const step_names[STEPS] = { "namespace", "filesystem", "mount" };

static void compose_namespace(const struct setup *setup, struct command *command)
{
	add_word(command, "ndctl");
	add_word(command, "create-namespace");
	if (setup->choice.way == REMAKE_NAMESPACE) {
		add_word(command, "-f");
		add_word(command, "-e");
		add_word(command, "%s", setup->choice.ns->name);
	} else {
		add_word(command, "-r");
		add_word(command, "%s", setup->choice.region->name);
	}
	add_word(command, "-m");
	add_word(command, "fsdax");
	add_word(command, "-a");
	add_word(command, "2M");
	if (setup->options.size) {
		add_word(command, "-s");
		add_word(command, "%llu", (unsigned long long)setup->options.size);
	}
}

static uint64_t memory_size(const struct setup *setup)
{
	if (setup->options.size)
		return setup->options.size;
	return setup->choice.ns ? setup->choice.ns->size : setup->choice.region->available;
}

/*
 * With a stripe mkfs.xfs makes many allocation groups; on a small device they would be
 * shorter than the log, which has to fit into one.
 */
static bool needs_few_groups(const struct setup *setup)
{
	return !strcmp(setup->options.filesystem, "xfs") && memory_size(setup) < 4ULL << 30;
}

/* Blocks as large as pages, and data that begins at multiples of 2 MiB. */
static void compose_filesystem(const struct setup *setup, struct command *command)
{
	static const char *const ext4[] = { "mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256",
					    "-O", "^inline_data",
					    "-E", "stride=512,stripe_width=512" };
	static const char *const xfs[] = { "mkfs.xfs", "-q", "-f", "-b", "size=4096", "-m",
					   "reflink=0", "-d", "su=2m,sw=1,extszinherit=512" };
	bool is_xfs = !strcmp(setup->options.filesystem, "xfs");
	const char *const *words = is_xfs ? xfs : ext4;
	size_t count = is_xfs ? ARRAY_SIZE(xfs) : ARRAY_SIZE(ext4);

	for (size_t i = 0; i < count; i++)
		add_word(command, "%s", words[i]);
	if (needs_few_groups(setup)) {
		add_word(command, "-d");
		add_word(command, "agcount=4");
	}
	add_word(command, "%s", setup->device);
}

static void compose_mount(const struct setup *setup, struct command *command)
{
	add_word(command, "mount");
	add_word(command, "-t");
	add_word(command, "%s", setup->options.filesystem);
	add_word(command, "-o");
	add_word(command, "dax=always");
	add_word(command, "%s", setup->device);
	add_word(command, "%s", setup->options.directory);
}

static void compose(const struct setup *setup, int step, struct command *command)
{
	*command = (struct command){};
	if (step == NAMESPACE)
		compose_namespace(setup, command);
	else if (step == FILESYSTEM)
		compose_filesystem(setup, command);
	else
		compose_mount(setup, command);
}

/* ndctl prints one object, with the name that the kernel has given. */
static int take_device(struct setup *setup, const char *text)
{
	struct json_object *object = json_tokener_parse(text), *name;
	int err = -EIO;

	if (object && json_object_object_get_ex(object, "blockdev", &name)) {
		snprintf(setup->device, sizeof(setup->device), "/dev/%s",
			 json_object_get_string(name));
		err = 0;
	}
	json_object_put(object);
	return err;
}

/* The node is made by udev, or by devtmpfs, before ndctl ends. */
static int run_step(struct setup *setup, int step)
{
	struct command command;
	char output[4096];
	int err;

	compose(setup, step, &command);
	printf("[%d/%d] %s: ", step + 1, STEPS, step_names[step]);
	print_command(stdout, &command);
	if (step == MOUNT && mkdir(setup->options.directory, 0755) && errno != EEXIST)
		err = -errno;
	else
		err = run_command(&command, step == NAMESPACE ? output : NULL, sizeof(output));
	if (!err && step == NAMESPACE)
		err = take_device(setup, output);
	if (err == -ENOENT)
		complain(err, "install the package that has it", "there is no program %s",
			 command.words[0]);
	free_command(&command);
	return err;
}

/* What was done stays; the rest of the way is one command. */
static void tell_how_to_go_on(const struct setup *setup, int next_step)
{
	struct command command;

	fflush(stdout);
	if (next_step == MOUNT) {
		fputs("  next: ", stderr);
		compose(setup, MOUNT, &command);
		print_command(stderr, &command);
		free_command(&command);
	} else if (next_step == FILESYSTEM) {
		fprintf(stderr, "  next: mktme-dax setup --filesystem %s --device %s%s %s\n",
			setup->options.filesystem, setup->device,
			setup->options.force ? " --force" : "", setup->options.directory);
	}
}

static int stop(const struct setup *setup, int next_step)
{
	complain(-EINTR, NULL, "stopped before step %d of %d (%s); what was done before it is complete",
		 next_step + 1, STEPS, step_names[next_step]);
	tell_how_to_go_on(setup, next_step);
	return EXIT_OBJECT;
}

static const char *failure_hint(int step)
{
	if (step == NAMESPACE)
		return "dmesg | grep -i nd; mktme-dax doctor";
	return step == FILESYSTEM ? "mktme-dax doctor" : "dmesg | tail; mktme-dax doctor DEVICE";
}

int run_setup_steps(struct setup *setup)
{
	int first = setup->choice.way == USE_DEVICE ? FILESYSTEM : NAMESPACE;

	note_interrupts();
	for (int step = first; step < STEPS; step++) {
		int err = run_step(setup, step);

		if (err) {
			complain(err, failure_hint(step), "step %d of %d (%s) has failed", step + 1,
				 STEPS, step_names[step]);
			return exit_code_of(err);
		}
		if (was_interrupted() && step + 1 < STEPS)
			return stop(setup, step + 1);
	}
	return EXIT_OK;
}

int show_setup_steps(const struct setup *setup)
{
	struct command command;

	if (setup->choice.way != USE_DEVICE)
		puts("# /dev/pmemN: the name that the first command prints as \"blockdev\"");
	for (int step = setup->choice.way == USE_DEVICE ? FILESYSTEM : NAMESPACE; step < STEPS; step++) {
		if (step == MOUNT && access(setup->options.directory, F_OK))
			printf("mkdir %s\n", setup->options.directory);
		compose(setup, step, &command);
		print_command(stdout, &command);
		free_command(&command);
	}
	return EXIT_OK;
}
