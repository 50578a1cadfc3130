// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ext4 whose blocks change their places. Tools that do that to an unmounted file
 * system know nothing of keys: what they have moved is lost, and has to be refused.
 * What moves nothing must not be.
 */
#include <linux/falloc.h>
#include <linux/types.h>
#include <signal.h>
#include <sys/ioctl.h>
#include "common.h"

#define SIZE	(72 * MIB)
#define FREE	(8 * MIB)
#define WRITTEN	256
#define RW	(PROT_READ | PROT_WRITE)
#define SEED	490

/* Groups of 1 MiB: 64 of them fill a block of descriptors; without "64bit", 128. */
#define MKFS		"mkfs.ext4 -q -F -b 4096 "
#define SMALL_GROUPS	MKFS "-g 256 "

/* linux/ext4.h is not for user space. */
#define RESIZE_FS	_IOW('f', 16, __u64)

static key_serial_t key;
static size_t pages;
static uint64_t places[SIZE / PAGE];

/* Of each page, as block_of() says it, but asked for once. */
static void blocks_of(int fd, uint64_t blocks[SIZE / PAGE])
{
	static struct extent extents[256];
	unsigned int n = fiemap(fd, extents, 256);

	NEED(n < 256, "more extents than can be told");
	memset(blocks, 0, SIZE / PAGE * sizeof(*blocks));
	for (struct extent *e = extents; e < extents + n; e++)
		for (uint64_t off = 0; off < e->len; off += PAGE)
			blocks[(e->logical + off) / PAGE] = e->physical + off;
}

static unsigned int pages_moved(int fd)
{
	static uint64_t now[SIZE / PAGE];
	unsigned int moved = 0;

	blocks_of(fd, now);
	for (size_t i = 0; i < pages; i++)
		moved += now[i] != places[i];
	return moved;
}

static void punch(int fd, size_t from, size_t to)
{
	NEED(to == from || !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from * PAGE,
				      (to - from) * PAGE), "%s", errno_name(errno));
}

/*
 * All blocks are the file's, wherever a tool wants room, but for the last ones of the
 * file system, where it may find it. In whole runs: there is no block left for the
 * file's own tree.
 */
static void fill_all_but_the_end(int fd)
{
	size_t run = 0, i;
	struct stat st;

	NEED(!fstat(fd, &st));
	pages = st.st_size / PAGE;
	blocks_of(fd, places);
	for (i = 0; i < pages; i++) {
		if (places[i] >= SIZE - FREE) {
			places[i] = 0;
		} else {
			punch(fd, run, i);
			run = i + 1;
		}
	}
	punch(fd, run, i);
}

/* Page by page, by write(): a fault may fill 2 MiB, and what has been punched. */
static void fill_first_pages(int fd)
{
	char buf[PAGE];

	for (size_t i = 0; i < WRITTEN; i++) {
		pattern_fill(buf, PAGE, SEED, i * PAGE);
		write_all(fd, buf, PAGE, i * PAGE);
	}
}

/*
 * Beside the file there is a bound directory. @prepare is for the new file system, which is
 * not mounted.
 */
static void make_file_after(const char *mkfs, const char *prepare)
{
	int fd;

	only_on("ext4");
	key = need_key(1);
	scratch_new("dax=always");
	scratch_umount();
	NEED(!run("%s " SCRATCH_DEV " %lu", mkfs, SIZE / PAGE) && !run("%s", prepare));
	scratch_mount("dax=always");
	need_ring_key(SCRATCH, 1);
	NEED(!mkdir(SCRATCH "/dir", 0700));
	fd = scratch_file("dir", O_RDONLY);
	NEED(!ioctl_bind(fd, key) && !close(fd), "%s", errno_name(errno));
	scratch_fill("file");
	fd = scratch_file("file", O_RDWR);
	fill_all_but_the_end(fd);
	NEED(!ioctl_bind(fd, key), "%s", errno_name(errno));
	fill_first_pages(fd);
	NEED(places[WRITTEN - 1] && !pages_moved(fd) && !close(fd));
}

static void make_file(const char *mkfs)
{
	make_file_after(mkfs, "true");
}

/* The tools want a check first. */
static void unmounted(const char *command)
{
	scratch_umount();
	check_sound(SCRATCH_DEV);
	NEED(!run("e2fsck -fy " SCRATCH_DEV " >/dev/null 2>&1"));
	NEED(!run("%s >/run/tool 2>&1 || { tail -n 5 /run/tool; false; }", command));
	check_sound(SCRATCH_DEV);
	scratch_mount("dax=always");
}

static void grow_mounted(__u64 bytes)
{
	__u64 blocks = bytes / PAGE;
	int fd = open(SCRATCH, O_RDONLY);

	NEED(fd >= 0 && !ioctl(fd, RESIZE_FS, &blocks), "%s", errno_name(errno));
	close(fd);
}

static bool has_feature(const char *name)
{
	return !run("dumpe2fs -h " SCRATCH_DEV " 2>/dev/null | grep -qw %s", name);
}

static void check_opens(void)
{
	int fd = scratch_file("file", O_RDWR), new;
	char *p;

	NEED(fd >= 0);
	CHECK_EQ(pages_moved(fd), 0);
	p = bound_mapping(fd, WRITTEN * PAGE, key);
	CHECK(is_pattern(p, WRITTEN * PAGE, SEED, 0));
	NEED(!munmap(p, WRITTEN * PAGE) && !close(fd));
	need_ring_key(SCRATCH, 1);
	new = scratch_file("dir/new", O_RDWR | O_CREAT);
	CHECK(new >= 0, "%s", errno_name(errno));
	close(new);
}

/* Neither noise nor a new file that would mix with those of another layout */
static void check_refused(void)
{
	int fd = scratch_file("file", O_RDWR);
	char byte, *p;

	NEED(fd >= 0);
	CHECK(pages_moved(fd) > 0, "the tool has moved nothing of the file");
	p = map_file(fd, PAGE, RW, MAP_SHARED);
	CHECK_ERRNO(encrypt_mprotect(p, PAGE, RW, key), ESTALE);
	CHECK_ERRNO(ioctl_bind(fd, key), ESTALE);
	CHECK_EQ(status_of(fd).record, MKTME_DAX_RECORD_OTHER_PLACE);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	NEED(!munmap(p, PAGE) && !close(fd));
	need_ring_key(SCRATCH, 1);
	CHECK_ERRNO(scratch_file("dir/new", O_RDWR | O_CREAT), ESTALE);
}

/* No room for the descriptors of more groups: they take that of data. */
TEST(resize2fs_that_moves_blocks_ESTALE)
{
	make_file(SMALL_GROUPS "-O ^resize_inode");
	unmounted("resize2fs " SCRATCH_DEV " 200M");
	check_refused();
}

/* It destroys file systems that have checksums (1.47.0). */
TEST(tune2fs_that_moves_blocks_ESTALE)
{
	make_file(MKFS "-g 2048 -O ^flex_bg,^resize_inode,^metadata_csum");
	unmounted("tune2fs -I 512 " SCRATCH_DEV);
	check_refused();
}

/* Descriptors of 64 bytes want one block more than those of 32. */
TEST(resize2fs_to_64bit_ESTALE)
{
	make_file(SMALL_GROUPS "-O ^resize_inode,^64bit");
	unmounted("resize2fs -b " SCRATCH_DEV);
	check_refused();
}

/*
 * mke2fs puts bitmaps behind the first descriptors. Here they are somewhere else, as a file system of
 * another maker may have them, and do not have to move.
 */
static const char move_bitmaps[] =
	"for g in 0 1 2; do"
	" dd if=" SCRATCH_DEV " of=" SCRATCH_DEV " bs=4096 count=1 skip=$((3 + g)) seek=$((248 + g))"
	" conv=notrunc,fsync status=none || exit 1;"
	" printf 'set_bg %u block_bitmap %u\nset_bg %u checksum calc\n' $g $((248 + g)) $g;"
	"done | debugfs -w " SCRATCH_DEV " >/dev/null 2>&1;"
	"printf 'setb 248 3\nfreeb 3 3\n' | debugfs -w " SCRATCH_DEV " >/dev/null 2>&1;"
	"e2fsck -fn " SCRATCH_DEV " >/dev/null 2>&1";

TEST(resize2fs_of_another_makers_layout_ESTALE)
{
	make_file_after(SMALL_GROUPS "-O ^resize_inode", move_bitmaps);
	unmounted("resize2fs " SCRATCH_DEV " 200M");
	check_refused();
}

/* All numbers of the superblock are as before, and the blocks are not. */
TEST(resize2fs_there_and_back_ESTALE)
{
	make_file(SMALL_GROUPS "-O ^resize_inode,^64bit");
	unmounted("resize2fs -b " SCRATCH_DEV);
	unmounted("resize2fs -s " SCRATCH_DEV);
	check_refused();
}

/* There, descriptors change their places and not their number. */
TEST(resize2fs_to_64bit_with_meta_bg_ESTALE)
{
	make_file(SMALL_GROUPS "-O meta_bg,^resize_inode,^64bit");
	unmounted("resize2fs -b " SCRATCH_DEV);
	check_refused();
}

TEST(resize2fs_that_moves_nothing)
{
	make_file(SMALL_GROUPS "-E resize=65536");
	unmounted("resize2fs " SCRATCH_DEV " 200M");
	check_opens();
}

TEST(growth_while_mounted)
{
	make_file(SMALL_GROUPS "-E resize=65536");
	grow_mounted(200 * MIB);
	scratch_cycle("dax=always");
	CHECK(!has_feature("meta_bg"));
	check_opens();
}

/* Room for one more block of descriptors, which is not enough */
TEST(growth_while_mounted_to_meta_bg)
{
	make_file(SMALL_GROUPS "-E resize=40960");
	grow_mounted(200 * MIB);
	check_opens();
	scratch_cycle("dax=always");
	CHECK(has_feature("meta_bg"));
	check_opens();
	grow_mounted(220 * MIB);
	scratch_cycle("dax=always");
	check_opens();
}

/*
 * After a crash the superblock of before the growth is on disk, and the one of after it
 * in the journal; what the kernel has read before it replayed the journal is of both.
 */
TEST(growth_that_is_in_the_journal_only)
{
	int fd;

	make_file(SMALL_GROUPS "-E resize=65536");
	scratch_umount();
	NEED(!run("dd if=" SCRATCH_DEV " of=/run/before bs=4096 count=1 status=none"));
	scratch_mount("dax=always");
	grow_mounted(200 * MIB);
	scratch_umount();
	NEED(!run("dd if=" SCRATCH_DEV " of=/run/after bs=4096 count=1 status=none && "
		  "dd if=/run/before of=" SCRATCH_DEV " bs=4096 conv=fsync status=none && "
		  "printf 'jo\njw -b 0 /run/after\njc\n' | debugfs -w " SCRATCH_DEV " >/dev/null 2>&1"));
	CHECK(has_feature("needs_recovery"));
	scratch_mount("dax=always");
	check_opens();
	fd = scratch_file("new", O_RDWR | O_CREAT);
	NEED(!ioctl_bind(fd, key) && !close(fd));
	scratch_cycle("dax=always");
	check_opens();
	fd = scratch_file("new", O_RDWR);
	CHECK(!ioctl_bind(fd, key), "%s", errno_name(errno));
	close(fd);
}

int main(int argc, char **argv)
{
	return tap_main("door-layout", argc, argv);
}
