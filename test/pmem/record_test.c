// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records that are not what this kernel wrote here
 *
 * debugfs changes the xattr while the file system is unmounted, as damage, a
 * later kernel, or a move of the namespace would have.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

static key_serial_t key;
static struct mktme_dax_record_v1 record;

static void make_file(void)
{
	int fd;
	char *p;

	key = need_key(1);
	scratch_new("dax=always");
	fd = scratch_file("file", O_RDWR | O_CREAT | O_EXCL);
	NEED(fd >= 0 && !ftruncate(fd, LEN));
	p = bound_mapping(fd, LEN, key);
	pattern_fill(p, LEN, 81, 0);
	NEED(!fsync(fd));
	NEED(fgetxattr(fd, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) ==
	     sizeof(record));
	NEED(!munmap(p, LEN) && !close(fd));
}

static void replace_record(const void *value, size_t size)
{
	const char *const file = "/tmp/record";
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	NEED(fd >= 0 && write(fd, value, size) == (ssize_t)size && !close(fd));
	scratch_umount();
	/* There may be none. */
	run("debugfs -w -R 'ea_rm /file security.mktme' " SCRATCH_DEV " >/dev/null 2>&1");
	if (size)
		NEED(!run("debugfs -w -R 'ea_set -f %s /file security.mktme' " SCRATCH_DEV
			  " >/dev/null 2>&1", file));
	NEED(!run("mount -t ext4 -o dax=always " SCRATCH_DEV " " SCRATCH));
	use_dir(SCRATCH);
}

static unsigned int judgement(int wanted)
{
	switch (wanted) {
	case ESTALE:
		return MKTME_DAX_RECORD_OTHER_PLACE;
	case EOPNOTSUPP:
		return MKTME_DAX_RECORD_OTHER_VERSION;
	case EUCLEAN:
		return MKTME_DAX_RECORD_DAMAGED;
	default:
		return MKTME_DAX_RECORD_GOOD;
	}
}

/*
 * The key is refused with this errno, whichever way it comes in, and nothing of
 * the data is to be had. A key of the ring has no errno to tell: it counts.
 */
static void check_refused(int wanted)
{
	struct mktme_dax_add_key_arg added;
	char byte;
	int fd = scratch_file("file", O_RDWR);
	char *p;

	NEED(fd >= 0);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, key), wanted);
	CHECK_ERRNO(ioctl_bind(fd, key), wanted);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	CHECK_EQ(status_of(fd).record, judgement(wanted));
	NEED(!ioctl_add_key(fd, key, &added));
	CHECK_EQ(added.refused, wanted != EKEYREJECTED);
	close(scratch_file("file", O_RDONLY));
	CHECK_ERRNO(truncate(SCRATCH "/file", 100), ENOKEY);
	CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
	CHECK_ERRNO(pread(fd, &byte, 1, 0), ENOKEY);
	NEED(!mprotect(p, LEN, PROT_READ));
	CHECK_EQ(signal_of(load_byte, p), SIGBUS);
	NEED(!munmap(p, LEN) && !close(fd));
}

static void check_opens(void)
{
	int fd = scratch_file("file", O_RDWR);
	char *p;

	NEED(fd >= 0);
	p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	CHECK(is_pattern(p, LEN, 81, 0));
	NEED(!munmap(p, LEN) && !close(fd));
}

TEST(another_place_ESTALE)
{
	struct mktme_dax_record_v1 moved;

	make_file();
	moved = record;
	moved.place[0] ^= 1;
	replace_record(&moved, sizeof(moved));
	check_refused(ESTALE);
	replace_record(&record, sizeof(record));
	check_opens();
}

TEST(unknown_version_EOPNOTSUPP)
{
	unsigned char later[48] = { MKTME_DAX_RECORD_V1 + 1 };

	make_file();
	replace_record(later, sizeof(later));
	check_refused(EOPNOTSUPP);
	replace_record(later, 1);
	check_refused(EOPNOTSUPP);
}

TEST(damaged_record_EUCLEAN)
{
	unsigned char bytes[200] = {};
	struct mktme_dax_record_v1 bad;

	make_file();
	replace_record(&record, sizeof(record) - 1);
	check_refused(EUCLEAN);
	memcpy(bytes, &record, sizeof(record));
	replace_record(bytes, sizeof(record) + 1);
	check_refused(EUCLEAN);
	replace_record(bytes, sizeof(bytes));
	check_refused(EUCLEAN);
	bad = record;
	bad.state = 77;
	replace_record(&bad, sizeof(bad));
	check_refused(EUCLEAN);
	bad = record;
	bad.reserved = 1;
	replace_record(&bad, sizeof(bad));
	check_refused(EUCLEAN);
	bad = record;
	bad.algorithm = 0;
	replace_record(&bad, sizeof(bad));
	check_refused(EUCLEAN);
	bad = record;
	bad.version = 0;
	replace_record(&bad, sizeof(bad));
	check_refused(EUCLEAN);
}

TEST(missing_record_EUCLEAN)
{
	make_file();
	replace_record("", 0);
	check_refused(EUCLEAN);
	replace_record(&record, sizeof(record));
	check_opens();
}

TEST(another_identifier_EKEYREJECTED)
{
	struct mktme_dax_record_v1 other;

	make_file();
	other = record;
	other.identifier[15] ^= 0x80;
	replace_record(&other, sizeof(other));
	check_refused(EKEYREJECTED);
}

/* As for files, so for what is created under them. */
TEST(directory_with_a_bad_record)
{
	static const struct {
		int byte, err;
		unsigned char mask;
	} cases[] = {
		{ offsetof(struct mktme_dax_record_v1, version), EOPNOTSUPP, 2 },
		{ offsetof(struct mktme_dax_record_v1, state), EUCLEAN, 4 },
		{ offsetof(struct mktme_dax_record_v1, identifier), ENOKEY, 1 },
		{ offsetof(struct mktme_dax_record_v1, place), ESTALE, 1 },
	};
	struct mktme_dax_record_v1 bad;
	int fd;

	make_file();
	NEED(!unlink(SCRATCH "/file"));
	bound_directory(SCRATCH "/file", 1);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bad = record;
		((unsigned char *)&bad)[cases[i].byte] ^= cases[i].mask;
		replace_record(&bad, sizeof(bad));
		need_ring_key(SCRATCH, 1);
		CHECK_ERRNO(open(SCRATCH "/file/f", O_RDWR | O_CREAT, 0600), cases[i].err);
		CHECK_ERRNO(mkdir(SCRATCH "/file/d", 0700), cases[i].err);
		fd = open(SCRATCH "/file", O_RDONLY);
		CHECK_ERRNO(ioctl_bind(fd, key), cases[i].err == ENOKEY ?
			    EKEYREJECTED : cases[i].err);
		CHECK_EQ(status_of(fd).state, MKTME_DAX_FILE_LOCKED);
		close(fd);
	}
	replace_record(&record, sizeof(record));
	need_ring_key(SCRATCH, 1);
	CHECK(!mkdir(SCRATCH "/file/d", 0700), "%s", errno_name(errno));
}

int main(int argc, char **argv)
{
	return tap_main("record", argc, argv);
}
