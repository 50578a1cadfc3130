// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mktme-dax map: the pages of a file, as text, JSON or a picture
 */
#include "map.h"

static const char *const state_words[] = {
	[PAGES_HOLE] = "hole",
	[PAGES_UNWRITTEN] = "unwritten",
	[PAGES_WRITTEN] = "written",
};

static const char *order_word(enum page_order order)
{
	static const char *const words[] = {
		[ORDER_NONE] = NULL,
		[ORDER_SMALL] = "4 KiB",
		[ORDER_HUGE] = "2 MiB",
	};

	return words[order];
}

static void print_title(const struct file_map *map)
{
	char size[16];

	printf("%s: %s", map->path, human_size(map->size, size));
	if (map->has_info)
		printf(", %s", state_name(map->info.state));
	if (map->info.keyid)
		printf(", KeyID %u", map->info.keyid);
	putchar('\n');
}

static void print_segment(const struct file_map *map, const struct segment *segment)
{
	const char *seen = order_word(segment->seen), *possible = order_word(segment->possible);
	char length[16], place[24] = "-";

	if (segment->state != PAGES_HOLE)
		snprintf(place, sizeof(place), "%#llx", (unsigned long long)segment->physical);
	printf("%#14llx %10s  %-10s %-8s %-8s %5u  %s\n", (unsigned long long)segment->logical,
	       human_size(segment->length, length), state_words[segment->state],
	       possible ? possible : "-", seen ? seen : "-",
	       segment->state == PAGES_HOLE ? 0 : map->info.keyid, place);
}

static void print_map(const struct file_map *map)
{
	print_title(map);
	printf("%14s %10s  %-10s %-8s %-8s %5s  %s\n", "offset", "length", "state", "pages up",
	       "pages", "KeyID", map->base ? "physical address" : "offset on the device");
	printf("%14s %10s  %-10s %-8s %s\n", "", "", "", "to", "seen");
	for (size_t i = 0; i < map->count; i++)
		print_segment(map, &map->segments[i]);
}

static void put_map(struct json_object *array, const struct file_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct segment *segment = &map->segments[i];
		struct json_object *object = new_element(array);
		bool hole = segment->state == PAGES_HOLE;

		put_string(object, "path", map->path);
		put_number(object, "offset", segment->logical);
		put_number(object, "length", segment->length);
		put_string(object, "state", state_words[segment->state]);
		put_string(object, "pages_possible", order_word(segment->possible));
		put_string(object, "pages_seen", order_word(segment->seen));
		put_number(object, "keyid", hole ? 0 : map->info.keyid);
		if (hole)
			put_member(object, map->base ? "physical" : "device_offset", NULL);
		else
			put_number(object, map->base ? "physical" : "device_offset", segment->physical);
	}
}

/* Complete or not there: a picture that is half written looks like a damaged file. */
static int write_svg(const char *path, const struct file_map *map)
{
	FILE *out = fopen(path, "we");
	int err;

	if (!out) {
		err = -errno;
		return complain(err, NULL, "%s: %s", path, strerror(-err));
	}
	draw_map(out, map);
	err = ferror(out) ? -EIO : 0;
	if (fclose(out) && !err)
		err = -errno;
	if (!err)
		return EXIT_OK;
	remove(path);
	return complain(err, NULL, "cannot write %s: %s", path, strerror(-err));
}

static int show_map(const char *path, const char *svg, bool json)
{
	struct file_map map = { .path = path };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err, code = EXIT_OK;

	if (fd < 0) {
		err = -errno;
		return complain(err, NULL, "%s: %s", path, strerror(-err));
	}
	err = read_map(fd, &map);
	close(fd);
	if (err) {
		code = complain(err, "mktme-dax doctor PATH", "%s: %s", path, mktme_dax_message());
	} else if (svg) {
		code = write_svg(svg, &map);
	} else if (json) {
		struct json_object *array = new_array();

		put_map(array, &map);
		print_array(array);
	} else {
		print_map(&map);
	}
	free_map(&map);
	return code;
}

int run_map(int argc, char **argv)
{
	const char *svg = NULL;
	bool json = false;
	const struct option_spec specs[] = {
		{ "json", &json, NULL },
		{ "svg", NULL, &svg },
	};
	int first = parse_options(argc, argv, specs, ARRAY_SIZE(specs));

	if (first < 0)
		return EXIT_USAGE;
	if (first + 1 != argc)
		return misuse("one file, please");
	if (json && svg)
		return misuse("--json or --svg, not both");
	return show_map(argv[first], svg, json);
}
