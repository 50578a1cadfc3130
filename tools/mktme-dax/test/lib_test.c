// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The library without a kernel that has the feature: ioctl(), syscall() and add_key()
 * are played by functions here (ld --wrap)
 */
#include <keyutils.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include "common.h"
#include "lib_private.h"

/* What the kernel that is played answers, and what it was asked. */
static struct {
	int err;			/* errno of ioctl() and encrypt_mprotect() */
	unsigned long request;
	uint32_t state, record;
	char payload[256], type[16];
	size_t payload_len;
	void *range;
	int prot, serial, calls;
	struct mktme_dax_add_key_arg added;
} kernel;

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
long __wrap_syscall(long number, ...);
key_serial_t __wrap_add_key(const char *type, const char *description, const void *payload,
			    size_t len, key_serial_t keyring);

static void answer_status(struct mktme_dax_status_arg *arg)
{
	arg->state = kernel.state;
	arg->record = kernel.record;
	arg->algorithm = MKTME_ALG_AES_XTS_256;
	arg->keyid = 9;
	memset(arg->identifier, 0xa5, sizeof(arg->identifier));
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	if (_IOC_TYPE(request) != 'f' || _IOC_NR(request) < 0xd0)
		return __real_ioctl(fd, request, arg);
	kernel.request = request;
	kernel.calls++;
	CHECK_EQ(*(uint32_t *)arg, MKTME_DAX_IOC_V1);
	if (kernel.err) {
		errno = kernel.err;
		return -1;
	}
	if (request == MKTME_DAX_IOC_STATUS)
		answer_status(arg);
	if (request == MKTME_DAX_IOC_ADD_KEY) {
		kernel.added = *(struct mktme_dax_add_key_arg *)arg;
		((struct mktme_dax_add_key_arg *)arg)->refused = 3;
	}
	if (request == MKTME_DAX_IOC_REMOVE_KEY)
		((struct mktme_dax_remove_key_arg *)arg)->status = MKTME_DAX_KEY_STILL_USED;
	return 0;
}

long __wrap_syscall(long number, ...)
{
	va_list args;
	size_t len;

	CHECK_EQ(number, __NR_encrypt_mprotect);
	va_start(args, number);
	kernel.range = va_arg(args, void *);
	len = va_arg(args, size_t);
	kernel.prot = va_arg(args, int);
	kernel.serial = va_arg(args, int);
	va_end(args);
	kernel.calls++;
	if (kernel.err) {
		errno = kernel.err;
		return -1;
	}
	return mprotect(kernel.range, len, kernel.prot);
}

key_serial_t __wrap_add_key(const char *type, const char *description, const void *payload,
			    size_t len, key_serial_t keyring)
{
	snprintf(kernel.type, sizeof(kernel.type), "%s", type);
	memcpy(kernel.payload, payload, len);
	kernel.payload_len = len;
	if (kernel.err) {
		errno = kernel.err;
		return -1;
	}
	return 4711;
}

static int plain_file(off_t size)
{
	char name[] = "/tmp/lib-test-XXXXXX";
	int fd = mkstemp(name);

	NEED(fd >= 0 && !unlink(name) && !ftruncate(fd, size));
	return fd;
}

static bool is_mapped(const void *p)
{
	unsigned char vec;

	return !mincore((void *)((uintptr_t)p & ~4095UL), 4096, &vec);
}

/* The identifier of test key 1 is from the command line tool of OpenSSL. */
TEST(identifier_is_the_kernels)
{
	struct mktme_dax_key key = { .version = MKTME_DAX_API_V1,
				     .algorithm = MKTME_DAX_AES_XTS_128 };
	uint8_t identifier[16], parsed[16];
	char text[MKTME_DAX_IDENTIFIER_TEXT_SIZE];

	test_key_bytes(1, key.data, key.tweak);
	NEED(!mktme_dax_key_identifier(&key, identifier), "%s", mktme_dax_message());
	mktme_dax_identifier_text(identifier, text);
	CHECK(!strcmp(text, "55722aabe70222c3b40cda49c9370c7b"), "%s", text);
	CHECK(!mktme_dax_identifier_parse("55722AABE70222C3B40CDA49C9370C7B", parsed));
	CHECK(!memcmp(parsed, identifier, 16));
}

TEST(identifiers_that_are_none_EINVAL)
{
	static const char *const bad[] = {
		"", "5", "55722aabe70222c3b40cda49c9370c7", "55722aabe70222c3b40cda49c9370c7bb",
		"55722aabe70222c3b40cda49c9370c7g", "55722aabe70222c3b40cda49c9370c 7",
		"0x722aabe70222c3b40cda49c9370c7b", "55722aabe70222c3b40cda49c9370c`b",
	};
	uint8_t identifier[16];

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(mktme_dax_identifier_parse(bad[i], identifier), -EINVAL);
}

TEST(generated_keys_differ)
{
	struct mktme_dax_key a = { .version = MKTME_DAX_API_V1,
				   .algorithm = MKTME_DAX_AES_XTS_256 }, b = a;

	CHECK_EQ(mktme_dax_key_generate(&a), 0);
	CHECK_EQ(mktme_dax_key_generate(&b), 0);
	CHECK(memcmp(a.data, b.data, 32) && memcmp(a.data, a.tweak, 32));
	CHECK(memcmp(a.data + 16, (char[16]){}, 16), "the second half counts with AES-XTS-256");
	mktme_dax_key_wipe(&a);
	CHECK(is_zero(&a, sizeof(a)));
	mktme_dax_key_wipe(NULL);
}

TEST(bad_keys_EINVAL)
{
	struct mktme_dax_key key = { .version = MKTME_DAX_API_V1,
				     .algorithm = MKTME_DAX_AES_XTS_128 };
	uint8_t identifier[16];
	int32_t serial;

	CHECK_EQ(mktme_dax_key_identifier(&key, identifier), -EINVAL);
	CHECK(strstr(mktme_dax_message(), "equal"), "%s", mktme_dax_message());
	key.data[3] = 1;
	CHECK_EQ(mktme_dax_key_load(&key, "", -4, &serial), -EINVAL);
	key.algorithm = 3;
	CHECK_EQ(mktme_dax_key_identifier(&key, identifier), -EINVAL);
	CHECK_EQ(mktme_dax_key_generate(&key), -EINVAL);
	key.algorithm = MKTME_DAX_AES_XTS_128;
	key.version = 2;
	CHECK_EQ(mktme_dax_key_load(&key, "name", -4, &serial), -EINVAL);
	CHECK_EQ(kernel.payload_len, 0);
}

TEST(payload_is_what_the_key_type_reads)
{
	static const char want[] = "type=user algorithm=aes-xts-128 "
		"key=000102030405060708090a0b0c0d0e0f tweak=f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
	struct mktme_dax_key key = { .version = MKTME_DAX_API_V1,
				     .algorithm = MKTME_DAX_AES_XTS_128 };
	int32_t serial = 0;

	for (int i = 0; i < 16; i++) {
		key.data[i] = i;
		key.tweak[i] = 0xf0 | i;
	}
	CHECK_EQ(mktme_dax_key_load(&key, "name", -4, &serial), 0);
	CHECK_EQ(serial, 4711);
	CHECK(!strcmp(kernel.type, "mktme"));
	CHECK_EQ(kernel.payload_len, sizeof(want) - 1);
	CHECK(!memcmp(kernel.payload, want, sizeof(want) - 1), "%s", kernel.payload);
}

TEST(errors_have_their_sentence)
{
	struct mktme_dax_file_info info = { .version = MKTME_DAX_API_V1 };

	kernel.err = EKEYREJECTED;
	CHECK_EQ(mktme_dax_bind(0, 1), -EKEYREJECTED);
	CHECK(strstr(mktme_dax_message(), "another key"), "%s", mktme_dax_message());
	kernel.err = EUSERS;
	CHECK_EQ(mktme_dax_add_key(0, 1, NULL), -EUSERS);
	CHECK(strstr(mktme_dax_message(), "every KeyID"), "%s", mktme_dax_message());
	kernel.err = ENOTTY;
	CHECK_EQ(mktme_dax_query(0, &info), -ENOTTY);
	kernel.err = EXDEV;
	CHECK_EQ(mktme_dax_bind(0, 1), -EXDEV);
	CHECK(strstr(mktme_dax_message(), strerror(EXDEV)), "%s", mktme_dax_message());
}

TEST(other_versions_EINVAL)
{
	struct mktme_dax_file_info info = { .version = 2 };
	struct mktme_dax_layout layout = {};
	struct mktme_dax_added added = {};
	struct mktme_dax_removed removed = {};
	struct mktme_dax_key_info key_info = {};
	struct mktme_dax_map_args args = {};
	uint8_t identifier[16] = {};
	void *p;

	CHECK_EQ(mktme_dax_query(0, &info), -EINVAL);
	CHECK_EQ(mktme_dax_query_layout(0, &layout), -EINVAL);
	CHECK_EQ(mktme_dax_add_key(0, 1, &added), -EINVAL);
	CHECK_EQ(mktme_dax_remove_key(0, identifier, &removed), -EINVAL);
	CHECK_EQ(mktme_dax_key_status(0, identifier, &key_info), -EINVAL);
	CHECK_EQ(mktme_dax_map(0, &args, &p, NULL), -EINVAL);
	CHECK_EQ(kernel.calls, 0);
}

TEST(results_are_the_kernels)
{
	struct mktme_dax_file_info info = { .version = MKTME_DAX_API_V1 };
	struct mktme_dax_added added = { .version = MKTME_DAX_API_V1 };
	struct mktme_dax_removed removed = { .version = MKTME_DAX_API_V1 };
	int fd = plain_file(1);

	kernel.state = MKTME_DAX_FILE_LOCKED;
	kernel.record = MKTME_DAX_RECORD_OTHER_PLACE;
	CHECK_EQ(mktme_dax_query(fd, &info), 0);
	CHECK_EQ(info.state, MKTME_DAX_LOCKED);
	CHECK_EQ(info.problem, MKTME_DAX_PROBLEM_OTHER_PLACE);
	CHECK_EQ(info.algorithm, MKTME_DAX_AES_XTS_256);
	CHECK_EQ(info.keyid, 9);
	CHECK_EQ(info.identifier[15], 0xa5);
	CHECK_EQ(info.is_directory, 0);
	CHECK_EQ(mktme_dax_add_key(fd, 1, &added), 0);
	CHECK_EQ(added.refused, 3);
	CHECK_EQ(mktme_dax_remove_key(fd, added.identifier, &removed), 0);
	CHECK_EQ(removed.still_used, 1);
}

TEST(expected_key_is_for_the_kernel_to_compare)
{
	struct mktme_dax_added added = { .version = MKTME_DAX_API_V1 };
	const uint8_t identifier[16] = "expected";

	CHECK_EQ(mktme_dax_add_key(0, 5, NULL), 0);
	CHECK_EQ(kernel.added.flags, 0);
	CHECK_EQ(mktme_dax_add_expected_key(0, 6, identifier, &added), 0);
	CHECK_EQ(kernel.added.flags, MKTME_DAX_ADD_EXPECTED);
	CHECK_EQ(kernel.added.serial, 6);
	CHECK(!memcmp(kernel.added.identifier, identifier, sizeof(identifier)));
	CHECK_EQ(added.refused, 3);
	kernel.err = EKEYREJECTED;
	CHECK_EQ(mktme_dax_add_expected_key(0, 6, identifier, NULL), -EKEYREJECTED);
	CHECK(strstr(mktme_dax_message(), "another key"), "%s", mktme_dax_message());
}

TEST(map_opens_by_one_call)
{
	struct mktme_dax_map_args args = { .version = MKTME_DAX_API_V1, .serial = 77,
					   .prot = PROT_READ | PROT_WRITE };
	int fd = plain_file(5000);
	size_t len;
	void *p;

	NEED(!mktme_dax_map(fd, &args, &p, &len), "%s", mktme_dax_message());
	CHECK_EQ(len, 8192);
	CHECK_EQ(kernel.calls, 1);
	CHECK_EQ(kernel.prot, PROT_READ | PROT_WRITE);
	CHECK_EQ(kernel.serial, 77);
	CHECK(kernel.range == p);
	store_byte(p);
	CHECK(!munmap(p, len));
}

TEST(map_leaves_nothing_behind_on_error)
{
	struct mktme_dax_map_args args = { .version = MKTME_DAX_API_V1, .serial = 77,
					   .prot = PROT_READ };
	int fd = plain_file(4096);
	void *p = NULL;

	kernel.err = EKEYREJECTED;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -EKEYREJECTED);
	CHECK(!p && kernel.range && !is_mapped(kernel.range));
}

TEST(map_without_a_key_wants_an_unlocked_file)
{
	struct mktme_dax_map_args args = { .version = MKTME_DAX_API_V1, .prot = PROT_READ };
	int fd = plain_file(4096);
	size_t len;
	void *p;

	kernel.state = MKTME_DAX_FILE_UNBOUND;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -ENODATA);
	kernel.state = MKTME_DAX_FILE_LOCKED;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -ENOKEY);
	kernel.state = MKTME_DAX_FILE_UNLOCKED;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, &len), 0);
	CHECK_EQ(munmap(p, len), 0);
}

TEST(map_arguments_EINVAL)
{
	struct mktme_dax_map_args good = { .version = MKTME_DAX_API_V1, .serial = 1 }, args;
	int fd = plain_file(4096);
	void *p;

	args = good, args.flags = 2;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -EINVAL);
	args = good, args.prot = PROT_GROWSDOWN;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -EINVAL);
	args = good, args.offset = 100;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -EINVAL);
	args = good, args.offset = 4096;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -EINVAL);
	args = good, args.reserved[3] = 1;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -EINVAL);
	CHECK_EQ(kernel.calls, 0);
	args = good, args.flags = MKTME_DAX_MAP_SYNC;
	CHECK_EQ(mktme_dax_map(fd, &args, &p, NULL), -EOPNOTSUPP);
}

TEST(make_directory_leaves_nothing_behind_on_error)
{
	char name[] = "/tmp/lib-test-dir-XXXXXX", path[64];

	NEED(mkdtemp(name));
	snprintf(path, sizeof(path), "%s/new", name);
	kernel.err = EUSERS;
	CHECK_EQ(mktme_dax_make_directory(path, 0755, 1), -EUSERS);
	CHECK(access(path, F_OK));
	kernel.err = 0;
	CHECK_EQ(mktme_dax_make_directory(path, 0750, 1), 0);
	CHECK_EQ(mktme_dax_make_directory(path, 0750, 1), -EEXIST);
	CHECK(!rmdir(path) && !rmdir(name));
}

int main(int argc, char **argv)
{
	return tap_main("lib", argc, argv);
}
