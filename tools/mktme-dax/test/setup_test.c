// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which memory mktme-dax setup takes, and what it refuses; and how it runs programs
 */
#include <signal.h>
#include "common.h"
#include "setup.h"

static const struct region_facts region0 = {
	.name = "region0", .enabled = true, .uses_labels = true, .has_label_area = true,
	.size = 1ULL << 30, .available = 1ULL << 30, .align = 16 << 20,
};

static const struct namespace_facts good = {
	.name = "namespace0.0", .region = "region0", .device = "pmem0", .mode = MODE_FSDAX,
	.enabled = true, .size = 1ULL << 30, .align = 2 << 20,
};

static struct region_facts regions[2];
static struct namespace_facts namespaces[2];
static struct content contents[2];
static struct memory_facts memory;
static struct choice choice;

/* A region, and so many good namespaces that fill it. */
static void have(unsigned int count)
{
	regions[0] = regions[1] = region0;
	strcpy(regions[1].name, "region1");
	namespaces[0] = namespaces[1] = good;
	strcpy(namespaces[1].name, "namespace0.1");
	strcpy(namespaces[1].device, "pmem0.1");
	memset(contents, 0, sizeof(contents));
	memory = (struct memory_facts){ .regions = regions, .region_count = 1,
					.namespaces = namespaces, .namespace_count = count };
	if (count)
		regions[0].available = 0;
}

static int choose(const char *device, bool force)
{
	struct setup_options options = { .device = device, .force = force };

	return choose_memory(&memory, contents, &options, &choice);
}

static int choose_size(uint64_t size)
{
	struct setup_options options = { .size = size };

	return choose_memory(&memory, contents, &options, &choice);
}

#define REFUSED(err, word, call)	do {				\
	CHECK_EQ(call, err);						\
	CHECK(strstr(choice.why, word), "%s", choice.why);		\
	CHECK(*choice.next);						\
} while (0)

TEST(free_region_gets_a_namespace)
{
	have(0);
	CHECK_EQ(choose(NULL, false), 0);
	CHECK_EQ(choice.way, MAKE_NAMESPACE);
	CHECK(choice.region == &regions[0]);
	CHECK_EQ(choose_size(512 << 20), 0);
	CHECK(choice.region == &regions[0]);
}

TEST(region_with_the_most_room)
{
	have(0);
	memory.region_count = 2;
	regions[0].available = 512 << 20;
	CHECK_EQ(choose(NULL, false), 0);
	CHECK(choice.region == &regions[1]);
}

TEST(regions_that_cannot_be_used)
{
	have(0);
	regions[0].enabled = false;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(0);
	regions[0].read_only = true;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(0);
	regions[0].dimm_locked = true;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(0);
	regions[0].size = 0x10e00000;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(0);
	regions[0].available = 2 << 20;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(0);
	REFUSED(-ENOSPC, "is free", choose_size(2ULL << 30));
	memory.region_count = 0;
	REFUSED(-ENOSPC, "there is no", choose(NULL, false));
}

TEST(empty_namespace_is_used)
{
	have(1);
	CHECK_EQ(choose(NULL, false), 0);
	CHECK_EQ(choice.way, USE_DEVICE);
	CHECK(choice.ns == &namespaces[0]);
	/* The other one has data: no question which is meant. */
	have(2);
	strcpy(contents[0].type, "ext4");
	CHECK_EQ(choose(NULL, false), 0);
	CHECK(choice.ns == &namespaces[1]);
}

TEST(two_empty_namespaces_are_a_question)
{
	have(2);
	REFUSED(-EINVAL, "both empty", choose(NULL, false));
	CHECK_EQ(choose("/dev/pmem0.1", false), 0);
	CHECK(choice.ns == &namespaces[1]);
}

TEST(nothing_with_data_is_taken_by_itself)
{
	have(1);
	strcpy(contents[0].type, "crypto_LUKS");
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(1);
	contents[0].in_use = true;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(1);
	namespaces[0].mode = MODE_RAW;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(1);
	namespaces[0].mode = MODE_SECTOR;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(1);
	namespaces[0].enabled = false;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
}

TEST(named_device_with_data)
{
	have(1);
	strcpy(contents[0].type, "xfs");
	REFUSED(-EEXIST, "xfs", choose("/dev/pmem0", false));
	CHECK_EQ(choose("/dev/pmem0", true), 0);
	CHECK_EQ(choice.way, USE_DEVICE);
}

TEST(named_device_of_another_kind)
{
	have(1);
	namespaces[0].mode = MODE_RAW;
	REFUSED(-EEXIST, "not of mode fsdax", choose("/dev/pmem0", false));
	CHECK_EQ(choose("/dev/pmem0", true), 0);
	CHECK_EQ(choice.way, REMAKE_NAMESPACE);
	have(1);
	namespaces[0].align = 4096;
	REFUSED(-EEXIST, "alignment of 2 MiB", choose("/dev/pmem0", false));
	CHECK_EQ(choose("/dev/pmem0", true), 0);
	CHECK_EQ(choice.way, REMAKE_NAMESPACE);
}

TEST(device_in_use_cannot_be_forced)
{
	have(1);
	contents[0].in_use = true;
	REFUSED(-EBUSY, "in use", choose("/dev/pmem0", true));
}

TEST(devices_that_are_no_namespace)
{
	have(1);
	REFUSED(-EINVAL, "/dev/sda", choose("/dev/sda", true));
	REFUSED(-EINVAL, "/dev/pmem0p1", choose("/dev/pmem0p1", true));
	REFUSED(-EINVAL, "/dev/pmem7", choose("/dev/pmem7", true));
}

TEST(dimm_without_labels)
{
	have(1);
	regions[0].uses_labels = false;
	namespaces[0].mode = MODE_RAW;
	CHECK_EQ(choose(NULL, false), 0);
	CHECK_EQ(choice.way, REMAKE_NAMESPACE);
	/* It cannot be divided. */
	REFUSED(-ENOSPC, "is free", choose_size(64 << 20));
	strcpy(contents[0].type, "ext4");
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	*contents[0].type = 0;
	namespaces[0].mode = MODE_SECTOR;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
	have(0);
	regions[0].uses_labels = false;
	REFUSED(-ENOSPC, "is free", choose(NULL, false));
}

/* Ctrl-C reaches the whole group of the terminal; here the program sends it itself. */
TEST(interrupts_do_not_reach_programs)
{
	struct command command = {};
	char output[64];

	note_interrupts();
	add_word(&command, "sh");
	add_word(&command, "-c");
	add_word(&command, "kill -INT $$ $PPID; kill -TERM $$; echo complete");
	CHECK(!was_interrupted());
	CHECK_EQ(run_command(&command, output, sizeof(output)), 0);
	CHECK(!strcmp(output, "complete\n"), "%s", output);
	CHECK(was_interrupted());
	free_command(&command);
}

TEST(programs_that_fail)
{
	struct command missing = {}, failing = {};

	add_word(&missing, "there-is-no-such-program");
	add_word(&failing, "false");
	CHECK_EQ(run_command(&missing, NULL, 0), -ENOENT);
	CHECK_EQ(run_command(&failing, NULL, 0), -EIO);
	free_command(&missing);
	free_command(&failing);
}

TEST(output_that_is_too_long_is_cut)
{
	struct command command = {};
	char output[16];

	add_word(&command, "seq");
	add_word(&command, "100000");
	CHECK_EQ(run_command(&command, output, sizeof(output)), 0);
	CHECK(!strcmp(output, "1\n2\n3\n4\n5\n6\n7\n8"), "%s", output);
	free_command(&command);
}

TEST(commands_are_shown_as_a_shell_takes_them)
{
	struct command command = {};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	add_word(&command, "mount");
	add_word(&command, "dax=always");
	add_word(&command, "it's here");
	print_command(out, &command);
	fclose(out);
	CHECK(!strcmp(text, "mount dax=always 'it'\\''s here'\n"), "%s", text);
	free_command(&command);
	free(text);
}

int main(int argc, char **argv)
{
	return tap_main("setup", argc, argv);
}
