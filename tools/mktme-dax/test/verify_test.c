// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What mktme-dax verify makes of bytes, payloads and markers
 */
#include "common.h"
#include "verify.h"

#define SIZE	(256 * 1024)

static uint8_t raw[SIZE], plain[SIZE];
static struct evidence evidence;
static double chi_square;

static struct mktme_dax_key a_key(uint32_t algorithm)
{
	struct mktme_dax_key key = { .version = MKTME_DAX_API_V1, .algorithm = algorithm };

	for (int i = 0; i < 32; i++) {
		key.data[i] = i;
		key.tweak[i] = 0x80 + i;
	}
	return key;
}

static void encrypt_all(uint64_t address, uint32_t algorithm)
{
	struct mktme_dax_key key = a_key(algorithm);
	struct cipher *cipher = new_cipher(&key);

	NEED(cipher);
	NEED(!encrypt_lines(cipher, address, plain, raw, SIZE));
	free_cipher(cipher);
}

TEST(ciphertext_of_zeros_has_no_fault)
{
	encrypt_all(0x100200000, MKTME_DAX_AES_XTS_128);
	look_at_bytes(&evidence, raw, plain, SIZE, 0);
	CHECK_EQ(evidence.bytes, SIZE);
	CHECK_EQ(evidence.compared, SIZE);
	CHECK_EQ(evidence.plain_blocks, 0);
	CHECK_EQ(evidence.repeats, 0);
	CHECK(bytes_look_random(&evidence, &chi_square), "%f", chi_square);
}

TEST(one_block_of_plaintext_is_found)
{
	encrypt_all(0, MKTME_DAX_AES_XTS_256);
	memcpy(raw + 4096 + 32, plain + 4096 + 32, 16);
	look_at_bytes(&evidence, raw, plain, SIZE, 1 << 20);
	CHECK_EQ(evidence.plain_blocks, 1);
	CHECK_EQ(evidence.first_plain, (1 << 20) + 4096 + 32);
}

TEST(one_repeated_block_is_found)
{
	encrypt_all(0, MKTME_DAX_AES_XTS_128);
	memcpy(raw + SIZE - 16, raw + 48, 16);
	look_at_bytes(&evidence, raw, NULL, SIZE, 0);
	CHECK_EQ(evidence.repeats, 1);
	CHECK_EQ(evidence.compared, 0);
}

TEST(text_does_not_look_random)
{
	for (int i = 0; i < SIZE; i++)
		raw[i] = ' ' + pattern_mix(i) % 90;
	look_at_bytes(&evidence, raw, NULL, SIZE, 0);
	CHECK(!bytes_look_random(&evidence, &chi_square), "%f", chi_square);
	CHECK_EQ(evidence.repeats, 0);
}

/* As little as one value in fifty that is too frequent, such as zeros in a table */
TEST(slight_bias_does_not_look_random)
{
	for (int i = 0; i < SIZE; i++)
		raw[i] = pattern_mix(i) % 50 ? pattern_mix(i) >> 32 : 0;
	look_at_bytes(&evidence, raw, NULL, SIZE, 0);
	CHECK(!bytes_look_random(&evidence, &chi_square), "%f", chi_square);
}

TEST(the_address_is_the_tweak)
{
	uint8_t other[SIZE];

	encrypt_all(0x100200000, MKTME_DAX_AES_XTS_128);
	memcpy(other, raw, SIZE);
	encrypt_all(0x100200000 + LINE_BYTES, MKTME_DAX_AES_XTS_128);
	CHECK(!memcmp(other + LINE_BYTES, raw, SIZE - LINE_BYTES));
	CHECK(memcmp(other, raw, LINE_BYTES));
	encrypt_all(0x100200000, MKTME_DAX_AES_XTS_256);
	CHECK(memcmp(other, raw, LINE_BYTES));
}

#define HALF	"000102030405060708090a0b0c0d0e0f"
#define OTHER	"808182838485868788898A8B8C8D8E8F"

TEST(payload_of_each_algorithm)
{
	struct mktme_dax_key key, wanted = a_key(MKTME_DAX_AES_XTS_128);

	CHECK_EQ(parse_payload("type=user algorithm=aes-xts-128 key=" HALF " tweak=" OTHER, &key), 0);
	CHECK_EQ(key.algorithm, MKTME_DAX_AES_XTS_128);
	CHECK(!memcmp(key.data, wanted.data, 16) && !memcmp(key.tweak, wanted.tweak, 16));
	CHECK_EQ(parse_payload("\ttweak=" OTHER OTHER "\nkey=" HALF HALF
			       " algorithm=aes-xts-256  type=user\n", &key), 0);
	CHECK_EQ(key.algorithm, MKTME_DAX_AES_XTS_256);
}

TEST(payloads_that_are_none)
{
	static const char *const bad[] = {
		"", " ", "key", "=", "type=user",
		"type=cpu algorithm=aes-xts-128 key=" HALF " tweak=" OTHER,
		"type=user algorithm=aes-xts-129 key=" HALF " tweak=" OTHER,
		"type=user algorithm= key=" HALF " tweak=" OTHER,
		"type=user algorithm=aes-xts-128 key=" HALF,
		"type=user algorithm=aes-xts-128 key=" HALF " tweak=" HALF,
		"type=user algorithm=aes-xts-128 key=" HALF " tweak=" OTHER " tweak=" OTHER,
		"type=user algorithm=aes-xts-128 key=" HALF "0 tweak=" OTHER,
		"type=user algorithm=aes-xts-128 key=x" HALF " tweak=" OTHER,
		"type=user algorithm=aes-xts-128 key=" HALF "xx tweak=" OTHER,
		"type=user algorithm=aes-xts-128 key=0001020304050607zz090a0b0c0d0e0f tweak=" OTHER,
		"type=user algorithm=aes-xts-256 key=" HALF " tweak=" OTHER,
		"type=user algorithm=aes-xts-128 key=" HALF " tweak=" OTHER " more=1",
	};
	struct mktme_dax_key key;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(parse_payload(bad[i], &key), -EINVAL);
}

/* Around the borders of the pieces in which a device is read */
static void check_marker(uint64_t at, uint64_t size)
{
	char name[] = "/tmp/marker-XXXXXX", text[] = "a marker of the test";
	int fd = mkstemp(name);
	struct marker_hits hits;
	struct bar bar;

	NEED(fd >= 0 && !unlink(name) && !ftruncate(fd, size));
	NEED(pwrite(fd, text, strlen(text), at) == (ssize_t)strlen(text));
	bar_begin(&bar, "searching", size);
	CHECK_EQ(search_marker(fd, size, text, &hits, &bar), 0);
	CHECK_EQ(hits.count, 1);
	CHECK_EQ(hits.first, at);
	CHECK_EQ(bar.done, size);
	CHECK_EQ(search_marker(fd, size, "a marker that is not there", &hits, &bar), 0);
	CHECK_EQ(hits.count, 0);
	close(fd);
}

TEST(marker_is_found_once_wherever_it_is)
{
	const uint64_t size = 9 * MIB, piece = 4 * MIB;

	check_marker(0, size);
	check_marker(size - 20, size);
	check_marker(piece - 20, size);
	check_marker(piece - 19, size);
	check_marker(piece - 1, size);
	check_marker(piece, size);
	check_marker(2 * piece - 7, size);
}

TEST(markers_that_overlap_are_counted)
{
	char name[] = "/tmp/marker-XXXXXX";
	int fd = mkstemp(name);
	struct marker_hits hits;
	struct bar bar;

	NEED(fd >= 0 && !unlink(name) && write(fd, "abababababab", 12) == 12);
	bar_begin(&bar, "searching", 12);
	CHECK_EQ(search_marker(fd, 12, "abababab", &hits, &bar), 0);
	CHECK_EQ(hits.count, 3);
}

/* On a terminal, and then only if it takes long. */
TEST(bar_is_for_people_who_wait)
{
	struct bar bar;
	char *text;
	size_t len;

	stderr = open_memstream(&text, &len);
	bar_begin(&bar, "searching", 100);
	bar.terminal = false;
	bar.start = bar.drawn = 0;
	bar_advance(&bar, 10);
	fflush(stderr);
	CHECK_EQ(len, 0);
	bar_begin(&bar, "searching", 100);
	bar.terminal = true;
	bar.start = bar.drawn = 1e12;	/* it has just begun */
	bar_advance(&bar, 0);
	bar_end(&bar);
	fflush(stderr);
	CHECK_EQ(len, 0);
	bar_begin(&bar, "searching", 100);
	bar.terminal = true;
	bar.start = bar.drawn = 0;	/* long ago */
	bar_advance(&bar, 10);
	bar_end(&bar);
	fflush(stderr);
	CHECK(strstr(text, "searching [####    ") && strstr(text, " 10 %"), "%s", text);
	CHECK(len > 4 && !strcmp(text + len - 4, "\r\033[K"), "%s", text);
}

int main(int argc, char **argv)
{
	return tap_main("verify", argc, argv);
}
