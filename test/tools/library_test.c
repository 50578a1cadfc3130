// SPDX-License-Identifier: GPL-2.0-only
/*
 * libmktmedax against the kernel
 */
#include <sys/wait.h>
#include "common.h"
/* The constants of the same names are those of the kernel's header. */
#include "mktme-dax.h"

#define FILE_SIZE	(4 * MIB)

static const int user_keyring = -4;

/* The key of pattern.h with this number, as the library loads it. */
static struct mktme_dax_key material(unsigned int number)
{
	struct mktme_dax_key key = { .version = MKTME_DAX_API_V1,
				     .algorithm = MKTME_DAX_AES_XTS_128 };

	test_key_bytes(number, key.data, key.tweak);
	return key;
}

static int32_t load(unsigned int number)
{
	struct mktme_dax_key key = material(number);
	char name[32];
	int32_t serial;

	snprintf(name, sizeof(name), "library-%u", number);
	NEED(!mktme_dax_key_load(&key, name, user_keyring, &serial), "%s", mktme_dax_message());
	return serial;
}

static struct mktme_dax_file_info query(int fd)
{
	struct mktme_dax_file_info info = { .version = MKTME_DAX_API_V1 };

	NEED(!mktme_dax_query(fd, &info), "%s", mktme_dax_message());
	return info;
}

TEST(kernel_and_library_agree_on_identifiers)
{
	struct mktme_dax_added added = { .version = MKTME_DAX_API_V1 };
	struct mktme_dax_removed removed = { .version = MKTME_DAX_API_V1 };
	struct mktme_dax_key_info info = { .version = MKTME_DAX_API_V1 };
	struct mktme_dax_key key = { .version = MKTME_DAX_API_V1 };
	int fd = open(fixture_dir(), O_RDONLY);
	uint8_t identifier[16];
	int32_t serial;

	for (key.algorithm = 1; key.algorithm <= 2; key.algorithm++) {
		NEED(!mktme_dax_key_generate(&key));
		NEED(!mktme_dax_key_identifier(&key, identifier));
		NEED(!mktme_dax_key_load(&key, "library", user_keyring, &serial));
		NEED(!mktme_dax_add_key(fd, serial, &added), "%s", mktme_dax_message());
		CHECK(!memcmp(added.identifier, identifier, 16));
		NEED(!mktme_dax_key_status(fd, identifier, &info));
		CHECK(info.present && info.added_by_self && !info.unlocked);
		CHECK_EQ(mktme_dax_remove_key(fd, identifier, &removed), 0);
		CHECK(!removed.still_used && !removed.locked);
		CHECK_EQ(mktme_dax_remove_key(fd, identifier, &removed), -ENOKEY);
		NEED(!mktme_dax_key_status(fd, identifier, &info));
		CHECK(!info.present);
		CHECK_EQ(mktme_dax_key_unload(serial), 0);
		CHECK_EQ(mktme_dax_add_key(fd, serial, NULL), -ENOKEY);
	}
}

TEST(map_binds_and_opens)
{
	struct mktme_dax_map_args args = { .version = MKTME_DAX_API_V1, .serial = load(1),
					   .prot = PROT_READ | PROT_WRITE,
					   .flags = MKTME_DAX_MAP_SYNC };
	int fd = new_file(FILE_SIZE, NULL);
	struct mktme_dax_file_info info;
	size_t len;
	char *p;

	CHECK_EQ(query(fd).state, MKTME_DAX_UNBOUND);
	NEED(!mktme_dax_map(fd, &args, (void **)&p, &len), "%s", mktme_dax_message());
	CHECK_EQ(len, FILE_SIZE);
	pattern_fill(p, len, 40, 0);
	info = query(fd);
	CHECK_EQ(info.state, MKTME_DAX_UNLOCKED);
	CHECK_EQ(info.problem, MKTME_DAX_PROBLEM_NONE);
	CHECK(info.keyid && info.is_dax && !info.is_directory);
	CHECK_EQ(pte_of(p).keyid, info.keyid);
	NEED(!munmap(p, len));
	args.serial = 0;
	args.prot = PROT_READ;
	NEED(!mktme_dax_map(fd, &args, (void **)&p, &len), "%s", mktme_dax_message());
	CHECK(is_pattern(p, len, 40, 0));
	args.serial = load(2);
	CHECK_EQ(mktme_dax_map(fd, &args, (void **)&p, &len), -EKEYREJECTED);
}

TEST(map_without_a_key_refuses_unbound_files)
{
	struct mktme_dax_map_args args = { .version = MKTME_DAX_API_V1, .prot = PROT_READ };
	int fd = new_file(FILE_SIZE, NULL);
	void *p;

	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -ENODATA);
	CHECK_EQ(query(fd).state, MKTME_DAX_UNBOUND);
}

TEST(directory_is_bound_or_not_there)
{
	struct mktme_dax_removed removed = { .version = MKTME_DAX_API_V1 };
	char path[128], file[160];
	int32_t serial = load(3);
	int dir, fd;

	snprintf(path, sizeof(path), "%s/library-dir", fixture_dir());
	CHECK_EQ(mktme_dax_make_directory(path, 0750, 1), -ENOKEY);
	CHECK_ERRNO(access(path, F_OK), ENOENT);
	NEED(!mktme_dax_make_directory(path, 0750, serial), "%s", mktme_dax_message());
	dir = open(path, O_RDONLY);
	CHECK(query(dir).is_directory);
	CHECK_EQ(query(dir).state, MKTME_DAX_UNLOCKED);
	snprintf(file, sizeof(file), "%s/inherits", path);
	fd = open(file, O_RDWR | O_CREAT, 0600);
	NEED(fd >= 0);
	CHECK_EQ(query(fd).state, MKTME_DAX_UNLOCKED);
	NEED(!mktme_dax_remove_key(dir, query(dir).identifier, &removed));
	CHECK_EQ(removed.locked, 1);
	CHECK_EQ(query(fd).state, MKTME_DAX_LOCKED);
	CHECK_EQ(query(dir).state, MKTME_DAX_LOCKED);
	unlink(file);
	rmdir(path);
}

/* Also proves that the physical address of the device is found in sysfs. */
TEST(layout_tells_what_huge_pages_can_map)
{
	struct mktme_dax_layout layout = { .version = MKTME_DAX_API_V1 };
	int fd = new_file(FILE_SIZE, NULL);
	char *p;

	NEED(!mktme_dax_query_layout(fd, &layout), "%s", mktme_dax_message());
	CHECK_EQ(layout.obstacle, MKTME_DAX_HUGE_NO_BLOCKS);
	NEED(!fallocate(fd, 0, 0, FILE_SIZE));
	NEED(!mktme_dax_query_layout(fd, &layout));
	CHECK_EQ(layout.obstacle, MKTME_DAX_HUGE_ALL);
	CHECK_EQ(layout.eligible, FILE_SIZE);
	p = map_file(fd, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	store_byte(p);
	CHECK(!strcmp(pte_of(p).level, "pmd"), "%s", pte_of(p).level);
	munmap(p, FILE_SIZE);
	NEED(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PMD, PAGE));
	NEED(!mktme_dax_query_layout(fd, &layout));
	CHECK_EQ(layout.obstacle, MKTME_DAX_HUGE_FRAGMENTED);
	CHECK_EQ(layout.eligible, PMD);
	NEED(!ftruncate(fd, MIB));
	NEED(!mktme_dax_query_layout(fd, &layout));
	CHECK_EQ(layout.obstacle, MKTME_DAX_HUGE_SHORT);
}

TEST(device_has_an_address_that_root_may_know)
{
	int fd = new_file(FILE_SIZE, NULL);
	uint64_t address = 1;

	CHECK_EQ(mktme_dax_device_address(fd, &address), 0);
	CHECK_EQ(address, device_base(fd));
	CHECK_EQ(mktme_dax_device_address(open("/tmp", O_RDONLY), &address), -EOPNOTSUPP);
	NEED(!setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000));
	CHECK_EQ(mktme_dax_device_address(fd, &address), -EACCES);
	CHECK_EQ(address, 0);
}

TEST(ordinary_users_cannot_load_keys_EACCES)
{
	struct mktme_dax_key key = material(4);
	int32_t serial;

	NEED(!setresgid(1000, 1000, 1000) && !setresuid(1000, 1000, 1000));
	CHECK_EQ(mktme_dax_key_load(&key, "library", user_keyring, &serial), -EACCES);
	CHECK(strstr(mktme_dax_message(), "CAP_SYS"), "%s", mktme_dax_message());
}

int main(int argc, char **argv)
{
	return tap_main("library", argc, argv);
}
