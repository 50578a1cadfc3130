// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file cut into segments: the library's answers are played by functions here (ld --wrap)
 */
#include "common.h"
#include "map.h"

static struct mktme_dax_extent extents[8];
static size_t extent_count;
static uint64_t base;
static struct file_map map = { .path = "played" };

int __wrap_mktme_dax_for_each_extent(int fd, int (*fn)(const struct mktme_dax_extent *, void *),
				     void *data);
int __wrap_mktme_dax_device_address(int fd, uint64_t *address);

int __wrap_mktme_dax_for_each_extent(int fd, int (*fn)(const struct mktme_dax_extent *, void *),
				     void *data)
{
	int err = 0;

	for (size_t i = 0; i < extent_count && !err; i++)
		err = fn(&extents[i], data);
	return err;
}

int __wrap_mktme_dax_device_address(int fd, uint64_t *address)
{
	*address = base;
	return 0;
}

static void extent(uint64_t logical, uint64_t physical, uint64_t length, bool unwritten)
{
	extents[extent_count++] = (struct mktme_dax_extent){ logical, physical, length, unwritten, 0 };
}

static void read_sized(uint64_t size)
{
	char name[] = "/tmp/map-XXXXXX";
	int fd = mkstemp(name);

	NEED(fd >= 0 && !unlink(name) && !ftruncate(fd, size));
	NEED(!read_map(fd, &map), "%s", mktme_dax_message());
	close(fd);
}

static void check_segment(size_t i, uint64_t logical, uint64_t length, enum page_state state,
			  enum page_order possible)
{
	NEED(i < map.count, "%zu segments", map.count);
	CHECK_EQ(map.segments[i].logical, logical);
	CHECK_EQ(map.segments[i].length, length);
	CHECK_EQ(map.segments[i].state, state);
	CHECK_EQ(map.segments[i].possible, possible);
	CHECK_EQ(map.segments[i].seen, ORDER_NONE);
}

TEST(empty_file)
{
	read_sized(0);
	CHECK_EQ(map.count, 0);
}

TEST(all_hole)
{
	read_sized(3 * MIB);
	CHECK_EQ(map.count, 1);
	check_segment(0, 0, 3 * MIB, PAGES_HOLE, ORDER_NONE);
}

TEST(size_is_of_whole_pages)
{
	read_sized(5);
	check_segment(0, 0, PAGE, PAGES_HOLE, ORDER_NONE);
}

TEST(aligned_extent_and_its_tail)
{
	base = 0x100200000;
	extent(0, 4 * MIB, 5 * MIB, false);
	read_sized(5 * MIB);
	CHECK_EQ(map.count, 2);
	check_segment(0, 0, 4 * MIB, PAGES_WRITTEN, ORDER_HUGE);
	check_segment(1, 4 * MIB, MIB, PAGES_WRITTEN, ORDER_SMALL);
	CHECK_EQ(map.segments[1].physical, base + 8 * MIB);
}

TEST(extent_at_an_odd_place)
{
	extent(0, 4 * MIB + PAGE, 4 * MIB, false);
	read_sized(4 * MIB);
	CHECK_EQ(map.count, 1);
	check_segment(0, 0, 4 * MIB, PAGES_WRITTEN, ORDER_SMALL);
}

TEST(device_at_an_odd_place)
{
	base = 0x100201000;
	extent(0, 4 * MIB, 4 * MIB, false);
	read_sized(4 * MIB);
	check_segment(0, 0, 4 * MIB, PAGES_WRITTEN, ORDER_SMALL);
	/* Two wrongs can make a right. */
	extent_count = 0;
	free_map(&map);
	extent(0, 4 * MIB - PAGE, 4 * MIB, false);
	read_sized(4 * MIB);
	check_segment(0, 0, 4 * MIB, PAGES_WRITTEN, ORDER_HUGE);
}

TEST(extents_that_follow_each_other_are_one)
{
	extent(0, 4 * MIB, MIB, false);
	extent(MIB, 5 * MIB, MIB, false);
	read_sized(2 * MIB);
	CHECK_EQ(map.count, 1);
	check_segment(0, 0, 2 * MIB, PAGES_WRITTEN, ORDER_HUGE);
}

TEST(states_are_told_apart)
{
	extent(0, 4 * MIB, MIB, false);
	extent(MIB, 5 * MIB, 3 * MIB, true);
	read_sized(4 * MIB);
	CHECK_EQ(map.count, 2);
	check_segment(0, 0, MIB, PAGES_WRITTEN, ORDER_HUGE);
	check_segment(1, MIB, 3 * MIB, PAGES_UNWRITTEN, ORDER_HUGE);
}

TEST(extents_that_do_not_follow_each_other)
{
	extent(0, 4 * MIB, MIB, false);
	extent(MIB, 9 * MIB, MIB, false);
	read_sized(2 * MIB);
	CHECK_EQ(map.count, 2);
	check_segment(0, 0, MIB, PAGES_WRITTEN, ORDER_SMALL);
	check_segment(1, MIB, MIB, PAGES_WRITTEN, ORDER_SMALL);
}

TEST(holes_between)
{
	extent(MIB, 5 * MIB, 3 * MIB, false);
	extent(6 * MIB, 10 * MIB, PAGE, false);
	read_sized(7 * MIB);
	CHECK_EQ(map.count, 6);
	check_segment(0, 0, MIB, PAGES_HOLE, ORDER_NONE);
	check_segment(1, MIB, MIB, PAGES_WRITTEN, ORDER_SMALL);
	check_segment(2, 2 * MIB, 2 * MIB, PAGES_WRITTEN, ORDER_HUGE);
	check_segment(3, 4 * MIB, 2 * MIB, PAGES_HOLE, ORDER_NONE);
	check_segment(4, 6 * MIB, PAGE, PAGES_WRITTEN, ORDER_SMALL);
	check_segment(5, 6 * MIB + PAGE, MIB - PAGE, PAGES_HOLE, ORDER_NONE);
	CHECK_EQ(sum_of(&map, PAGES_HOLE, ORDER_NONE), 4 * MIB - PAGE);
	CHECK_EQ(sum_of(&map, PAGES_WRITTEN, ORDER_HUGE), 2 * MIB);
}

TEST(blocks_past_the_end_do_not_count)
{
	extent(0, 4 * MIB, 8 * MIB, true);
	extent(8 * MIB, 32 * MIB, MIB, true);
	read_sized(3 * MIB);
	CHECK_EQ(map.count, 2);
	check_segment(0, 0, 2 * MIB, PAGES_UNWRITTEN, ORDER_HUGE);
	check_segment(1, 2 * MIB, MIB, PAGES_UNWRITTEN, ORDER_SMALL);
}

/* Each byte of the file is drawn once; the rest is for the eye. */
static void check_drawing(uint64_t size)
{
	double width = 0, w;
	char *text, *at, class[16];
	uint64_t units = (size + UNIT_SIZE - 1) / UNIT_SIZE, cells = 0;
	size_t len;
	FILE *out;

	extent(0, 4 * MIB, size / 2 / PAGE * PAGE, false);
	read_sized(size);
	out = open_memstream(&text, &len);
	draw_map(out, &map);
	fclose(out);
	for (at = text; (at = strstr(at, "<rect class=\"")); at++) {
		double y;

		if (sscanf(at, "<rect class=\"%15[a-z]\" x=\"%*f\" y=\"%lf\" width=\"%lf\"", class, &y, &w) != 3 ||
		    y < 119)
			continue;	/* the legend */
		if (strcmp(class, "frame"))
			width += w;
		else
			cells++;
	}
	CHECK(cells && cells <= 64 * 40 && cells <= units, "%lu cells", (unsigned long)cells);
	if (units <= 40)
		CHECK(width > 767.9 * size / UNIT_SIZE && width < 768.1 * size / UNIT_SIZE, "%f", width);
	free(text);
}

TEST(picture_of_a_small_file)
{
	check_drawing(9 * MIB);
}

TEST(picture_of_a_big_file)
{
	check_drawing(900 * MIB);
}

TEST(picture_of_a_huge_file)
{
	check_drawing(300ULL << 30);
}

int main(int argc, char **argv)
{
	return tap_main("map", argc, argv);
}
