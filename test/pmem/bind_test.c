// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding a file: the record, who sees it, and what had to be dropped for it
 */
#include <linux/falloc.h>
#include <sys/xattr.h>
#include "common.h"

#define LEN	(4 * PAGE)
#define RW	(PROT_READ | PROT_WRITE)

static void get_record(int fd, struct mktme_dax_record_v1 *record)
{
	ssize_t len = fgetxattr(fd, MKTME_DAX_RECORD_NAME, record, sizeof(*record));

	NEED(len == sizeof(*record), "record of %zd bytes, %s", len, errno_name(errno));
}

static uint64_t number_at(const unsigned char *bytes, unsigned int size)
{
	uint64_t number = 0;

	while (size--)
		number = number << 8 | bytes[size];
	return number;
}

static void read_device(unsigned char *buf, size_t len, off_t off)
{
	int fd = open("/dev/pmem0", O_RDONLY);

	NEED(fd >= 0 && pread(fd, buf, len, off) == (ssize_t)len, "%s", errno_name(errno));
	close(fd);
}

static uint64_t descriptor_blocks(const unsigned char *sb, unsigned int descriptor_size)
{
	uint64_t blocks = number_at(sb + 0x4, 4) - number_at(sb + 0x14, 4);
	uint64_t group = number_at(sb + 0x20, 4), groups = (blocks + group - 1) / group;

	return (groups * descriptor_size + PAGE - 1) / PAGE + number_at(sb + 0xce, 2);
}

/*
 * What ext4 says of where blocks are: from the superblock and the first descriptor on the device
 * (offsets: Documentation/filesystems/ext4/ of the kernel), not from the kernel. Without meta_bg.
 */
static void layout_on_disk(char hex[81])
{
	unsigned char sb[1024], first[64];
	unsigned int size;
	uint64_t words[5];

	read_device(sb, sizeof(sb), 1024);
	read_device(first, sizeof(first), PAGE);
	size = number_at(sb + 0xfe, 2) ? : 32;
	words[0] = descriptor_blocks(sb, size);
	words[1] = number_at(sb + 0x58, 2) | (uint64_t)size << 32;
	for (int i = 0; i < 3; i++)
		words[2 + i] = number_at(first + 4 * i, 4) |
			       (size < 64 ? 0 : number_at(first + 0x20 + 4 * i, 4) << 32);
	for (int i = 0; i < 40; i++)
		pattern_hex(hex + 2 * i, words[i / 8] >> i % 8 * 8 & 0xff, 2);
	hex[80] = 0;
}

/* The host computes identifier and place with OpenSSL. */
static void host_record(int fd, const struct mktme_dax_record_v1 *record, unsigned int key)
{
	const uint8_t *bytes = (const uint8_t *)record;
	char hex[2 * sizeof(*record) + 1] = {}, uuid[40], layout[81] = "-";

	namespace_uuid(fd, uuid);
	if (!on_xfs())
		layout_on_disk(layout);
	for (size_t i = 0; i < sizeof(*record); i++)
		pattern_hex(hex + 2 * i, bytes[i], 2);
	report("host record %s %u %s %#llx %s -- %s", hex, key, uuid,
	       (unsigned long long)device_base(fd), layout, tap_test_name());
}

TEST(record_holds_version_state_algorithm_identifier)
{
	key_serial_t key = need_key(1);
	struct mktme_dax_record_v1 record;
	uint8_t data[KEY_HALF], tweak[KEY_HALF];
	int fd = new_file(LEN, NULL);

	bound_mapping(fd, LEN, key);
	get_record(fd, &record);
	CHECK_EQ(record.version, MKTME_DAX_RECORD_V1);
	CHECK_EQ(record.state, MKTME_DAX_STATE_ENCRYPTED);
	CHECK_EQ(record.algorithm, MKTME_ALG_AES_XTS_128);
	CHECK_EQ(record.reserved, 0);
	test_key_bytes(1, data, tweak);
	CHECK(memcmp(record.identifier, data, KEY_HALF), "the key itself is in the record");
	CHECK(memcmp(record.identifier, tweak, KEY_HALF), "the key itself is in the record");
	host_record(fd, &record, 1);
}

TEST(records_differ_by_key_only)
{
	key_serial_t key = need_key(1), other = need_key(2);
	struct mktme_dax_record_v1 a, b, c;
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = new_file(LEN, NULL);
		bound_mapping(fd[i], LEN, i == 2 ? other : key);
	}
	get_record(fd[0], &a);
	get_record(fd[1], &b);
	get_record(fd[2], &c);
	CHECK(!memcmp(&a, &b, sizeof(a)));
	CHECK(memcmp(a.identifier, c.identifier, sizeof(a.identifier)));
	CHECK(!memcmp(a.place, c.place, sizeof(a.place)));
	CHECK(!is_zero(a.place, sizeof(a.place)), "place is not filled in");
	host_record(fd[2], &c, 2);
}

TEST(same_key_again_is_ok)
{
	key_serial_t key = need_key(1), twin;
	struct mktme_dax_record_v1 before, after;
	int fd = new_file(LEN, NULL);
	char *p = bound_mapping(fd, LEN, key);
	char payload[160];

	pattern_fill(p, LEN, 1, 0);
	get_record(fd, &before);
	CHECK(!encrypt_mprotect(p, LEN, PROT_READ, key), "%s", errno_name(errno));
	key_payload(1, payload, sizeof(payload));
	twin = add_key_raw("mktme", "twin", payload, strlen(payload));
	NEED(twin > 0 && twin != key);
	CHECK(!encrypt_mprotect(p, LEN, RW, twin), "same material: %s", errno_name(errno));
	get_record(fd, &after);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK(is_pattern(p, LEN, 1, 0));
}

TEST(only_the_range_changes_protection)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(!encrypt_mprotect(p + PAGE, PAGE, RW, key), "%s", errno_name(errno));
	CHECK(has_record(fd));
	CHECK_EQ(signal_of(store_byte, p + PAGE), 0);
	CHECK(signal_of(load_byte, p), "page before became readable");
	CHECK(signal_of(load_byte, p + 2 * PAGE), "page behind became readable");
	NEED(!mprotect(p, LEN, RW));
	store_byte(p);
	CHECK_EQ(pte_of(p).keyid, pte_of(p + PAGE).keyid);
	CHECK(pte_of(p).keyid > 0);
}

TEST(bind_first_open_later)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(!encrypt_mprotect(p, LEN, PROT_NONE, key));
	CHECK(signal_of(load_byte, p));
	NEED(!mprotect(p, LEN, RW));
	store_byte(p);
	CHECK(pte_of(p).keyid > 0);
}

TEST(two_mappings_of_one_file_in_the_range)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(mmap(p + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	pattern_fill(p, PAGE, 3, 0);
	CHECK(is_pattern(p + PAGE, PAGE, 3, 0));
}

TEST(second_mapping_sees_the_data)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *early = map_file(fd, LEN, RW, MAP_SHARED);
	char *p = bound_mapping(fd, LEN, key);
	char *late = map_file(fd, LEN, PROT_READ, MAP_SHARED);

	pattern_fill(p, LEN, 4, 0);
	CHECK(is_pattern(early, LEN, 4, 0));
	CHECK(is_pattern(late, LEN, 4, 0));
	pattern_fill(early, PAGE, 5, 0);
	CHECK(is_pattern(p, PAGE, 5, 0));
	CHECK_EQ(pte_of(early).keyid, pte_of(p).keyid);
}

/*
 * The other process has a page-table entry for the hole (the zero page, 4 KiB
 * or 2 MiB of it) from before the bind. It must not keep it: neither beyond the
 * bind itself, which only the page table shows, because the DAX fault of a store
 * would take the zero page away as well, nor beyond the store.
 */
static void bind_under_a_reader(size_t len)
{
	key_serial_t key = need_key(1);
	int fd = new_file(len, NULL);
	char *p = map_file(fd, len, PROT_NONE, MAP_SHARED);
	struct peer peer;

	if (spawn(&peer)) {
		char *q = map_file(fd, len, PROT_READ, MAP_SHARED);

		CHECK(is_zero(q, len));
		CHECK(strcmp(pte_of(q).level, "none"));
		tell(&peer, 'r');
		await(&peer, 'b');
		CHECK(!strcmp(pte_of(q).level, "none"), "an entry survives the bind");
		tell(&peer, 'n');
		await(&peer, 's');
		CHECK(is_pattern(q, len, 6, 0), "the reader still sees the hole");
		CHECK(pte_of(q).keyid > 0);
		exit(0);
	}
	await(&peer, 'r');
	NEED(!encrypt_mprotect(p, len, RW, key), "%s", errno_name(errno));
	tell(&peer, 'b');
	await(&peer, 'n');
	pattern_fill(p, len, 6, 0);
	tell(&peer, 's');
	join(&peer);
}

TEST(reader_of_a_hole_sees_the_new_data)
{
	bind_under_a_reader(LEN);
}

TEST(reader_of_a_huge_hole_sees_the_new_data)
{
	bind_under_a_reader(PMD);
}

/*
 * A store from before the bind gives the file data, so the bind is refused;
 * after a punch there is none, and the writer's old entry must be gone.
 */
TEST(writer_before_the_bind_loses_its_entry)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *plain = map_file(fd, LEN, RW, MAP_SHARED);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	pattern_fill_mark(plain, PAGE, CLEAR_MARK, 7, 0);
	CHECK_EQ(pte_of(plain).keyid, 0);
	CHECK_ERRNO(encrypt_mprotect(p, LEN, RW, key), ENOTEMPTY);
	NEED(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, LEN));
	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	CHECK(is_zero(plain, LEN));
	pattern_fill(plain, PAGE, 8, 0);
	CHECK(is_pattern(p, PAGE, 8, 0));
	CHECK(pte_of(plain).keyid > 0);
}

TEST(preallocated_file_is_without_data)
{
	key_serial_t key = need_key(1);
	int fd = kept_file("bind-preallocated", 0, NULL);
	char *p;

	NEED(!fallocate(fd, 0, 0, 16 * PAGE));
	NEED(data_blocks(fd) == 16);
	p = bound_mapping(fd, 16 * PAGE, key);
	CHECK(is_zero(p, 16 * PAGE));
	pattern_fill(p + PAGE, PAGE, 9, PAGE);
	CHECK(is_zero(p, PAGE) && is_zero(p + 2 * PAGE, 14 * PAGE));
	NEED(!fsync(fd));
	host_cipher(fd, PAGE, PAGE, 1, 9);
}

/* An extended attribute too large for the inode takes a block: not data. */
TEST(xattr_block_is_not_data)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char value[2000];
	struct stat st;

	memset(value, 'v', sizeof(value));
	NEED(!fsetxattr(fd, "user.large", value, sizeof(value), 0), "%s", errno_name(errno));
	NEED(!fstat(fd, &st) && st.st_blocks > 0);
	bound_mapping(fd, LEN, key);
	CHECK(has_record(fd));
}

TEST(empty_file_can_be_bound)
{
	key_serial_t key = need_key(1);
	int fd = new_file(0, NULL);
	char *p = map_file(fd, LEN, PROT_NONE, MAP_SHARED);

	NEED(!encrypt_mprotect(p, LEN, RW, key), "%s", errno_name(errno));
	CHECK(signal_of(store_byte, p), "a store beyond the end of the file");
	NEED(!ftruncate(fd, LEN));
	pattern_fill(p, LEN, 10, 0);
	CHECK(is_pattern(p, LEN, 10, 0));
	CHECK(pte_of(p).keyid > 0);
}

TEST(child_of_fork_binds_for_the_parent)
{
	key_serial_t key = need_key(1);
	int fd = new_file(LEN, NULL);
	char *p = map_file(fd, LEN, RW, MAP_SHARED);
	struct peer peer;

	CHECK(is_zero(p, LEN));
	if (spawn(&peer)) {
		NEED(!encrypt_mprotect(p, LEN, RW, key));
		pattern_fill(p, LEN, 11, 0);
		exit(0);
	}
	join(&peer);
	CHECK(is_pattern(p, LEN, 11, 0));
	CHECK(pte_of(p).keyid > 0);
}

/* Only here does data of a file without a key meet the host's search. */
TEST(file_without_a_key_stays_plain)
{
	int fd = kept_file("bind-plain", LEN, NULL);
	char *p = map_file(fd, LEN, RW, MAP_SHARED);

	pattern_fill_mark(p, LEN, CLEAR_MARK, 12, 0);
	NEED(!msync(p, LEN, MS_SYNC));
	if (!control_run())
		CHECK_EQ(pte_of(p).keyid, 0);
	host_clear(fd, 0, LEN, 12);
}

int main(int argc, char **argv)
{
	return tap_main("bind", argc, argv);
}
