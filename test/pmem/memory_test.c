// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a key anywhere in memory when it should be gone? All of the machine's memory
 * is searched, through /dev/mem, free pages included.
 *
 * The keys are made of eight bytes repeated, so that a word of memory has to be
 * compared with a few rotations only, and the searcher itself knows them in a
 * disguise.
 */
#include <linux/keyctl.h>
#include <time.h>
#include "common.h"

#define MEMORY		"/dev/mem"
#define BLOCK		(256 * KIB)
#define PAYLOAD		1000	/* 1024 are allowed */
#define DISGUISE	0x0123456789abcdefULL

/* Every byte has its top bit set: most words of memory fall out at once. */
#define KEY_BITS	0x8080808080808080ULL
/* Hexadecimal digits in lower case are 3x and 6x. */
#define DIGIT_MASK	0xa0a0a0a0a0a0a0a0ULL
#define DIGIT_BITS	0x2020202020202020ULL

static const uint64_t disguised[2] = {
	0xd1b7e3a5c9f38d97ULL ^ DISGUISE,	/* data key, twice */
	0xf2c48eb9a6d5e19bULL ^ DISGUISE,	/* tweak key, twice */
};

/* Words to look for, in the same disguise. */
struct needles {
	uint64_t binary[32], text[32];
};

static unsigned int byte_of(uint64_t word, int i)
{
	return word >> (8 * i) & 0xff;
}

static unsigned int key_byte(int key, int i)
{
	return byte_of(disguised[key], i) ^ byte_of(DISGUISE, i);
}

static unsigned int key_digit(int key, int i)
{
	return "0123456789abcdef"[key_byte(key, i / 2) >> (i % 2 ? 0 : 4) & 15];
}

static uint64_t put(uint64_t word, int i, unsigned int byte)
{
	return word | (uint64_t)(byte ^ byte_of(DISGUISE, i)) << (8 * i);
}

/* Wherever a key begins: as bytes, as a hash loads them, and as it was typed. */
static void make_needles(struct needles *needles)
{
	memset(needles, 0, sizeof(*needles));
	for (int turn = 0; turn < 16; turn++)
		for (int i = 0; i < 8; i++) {
			int at = turn % 8 + (turn < 8 ? i : 15 - i);

			for (int key = 0; key < 2; key++) {
				uint64_t *binary = &needles->binary[2 * turn + key];
				uint64_t *text = &needles->text[2 * turn + key];

				*binary = put(*binary, i, key_byte(key, at % 8));
				*text = put(*text, i, key_digit(key, (turn + i) % 16));
			}
		}
}

static unsigned long count_word(uint64_t word, const uint64_t needles[32])
{
	unsigned long found = 0;

	for (int n = 0; n < 32; n++)
		found += (word ^ DISGUISE) == needles[n];
	return found;
}

static unsigned long search_block(const uint64_t *block, size_t size,
				  const struct needles *needles)
{
	unsigned long found = 0;

	for (size_t i = 0; i < size / 8; i++) {
		if ((block[i] & KEY_BITS) == KEY_BITS)
			found += count_word(block[i], needles->binary);
		else if ((block[i] & DIGIT_MASK) == DIGIT_BITS)
			found += count_word(block[i], needles->text);
	}
	return found;
}

static unsigned long search_range(int fd, uint64_t start, uint64_t end,
				  const struct needles *needles)
{
	static uint64_t block[BLOCK / 8];
	unsigned long found = 0;
	ssize_t got;

	for (uint64_t at = start; at < end; at += got) {
		got = pread(fd, block, end - at < BLOCK ? end - at : BLOCK, at);
		if (got < 0 && errno == EPERM)
			tap_skip("this kernel has CONFIG_STRICT_DEVMEM");
		NEED(got > 0, MEMORY " at %#lx: %s", (unsigned long)at, errno_name(errno));
		found += search_block(block, got, needles);
	}
	/* What was found has come with it. */
	explicit_bzero(block, sizeof(block));
	return found;
}

/* How often the keys are in memory, on whatever page. */
static unsigned long search_memory(void)
{
	FILE *ranges = fopen("/proc/iomem", "r");
	int fd = open(MEMORY, O_RDONLY);
	unsigned long found = 0, searched = 0, start, end;
	struct needles needles;
	char line[128];

	make_needles(&needles);
	NEED(ranges && fd >= 0, "%s", errno_name(errno));
	while (fgets(line, sizeof(line), ranges)) {
		if (line[0] == ' ' || !strstr(line, "System RAM") ||
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		/* Pages that are only in part memory are refused. */
		start = (start + PAGE - 1) & ~(PAGE - 1);
		end = (end + 1) & ~(PAGE - 1);
		if (start >= end)
			continue;
		found += search_range(fd, start, end, &needles);
		searched += end - start;
	}
	fclose(ranges);
	close(fd);
	NEED(searched > 256 * MIB, "only %lu MiB searched", searched / MIB);
	return found;
}

static char *write_key(char *out, int key)
{
	for (int i = 0; i < 2 * 2 * 8; i++)
		*out++ = key_digit(key, i % 16);
	return out;
}

/*
 * Blanks make the text so long that its memory is of a size that little else asks for:
 * what is freed without being wiped stays as it is for a while. And the key is in the
 * middle, where the allocator has nothing of its own.
 */
static char *begin_payload(char payload[PAYLOAD])
{
	memset(payload, ' ', PAYLOAD / 2);
	return stpcpy(payload + PAYLOAD / 2, "type=user algorithm=aes-xts-128 key=");
}

/* The payload is wiped here; the rest of its way is the kernel's. */
static key_serial_t add_searched_key(void)
{
	char payload[PAYLOAD], *end = begin_payload(payload);
	key_serial_t key;

	end = write_key(end, 0);
	end = stpcpy(end, " tweak=");
	end = write_key(end, 1);
	key = add_key_raw("mktme", "memory-test", payload, end - payload);
	explicit_bzero(payload, sizeof(payload));
	NEED(key > 0, "%s", errno_name(errno));
	return key;
}

static void use_key(key_serial_t key)
{
	int fd = new_file(PAGE, NULL);
	char *p = bound_mapping(fd, PAGE, key);

	pattern_fill(p, PAGE, 1, 0);
	munmap(p, PAGE);
	close(fd);
}

static bool gone_soon(void)
{
	struct timespec tick = { .tv_nsec = 100 * 1000000 };

	for (int i = 0; i < 5; i++) {
		if (!search_memory())
			return true;
		nanosleep(&tick, NULL);
	}
	return false;
}

/* Used, so that the crypto API and PCONFIG have had it, too. */
TEST(revoked_key_is_nowhere_in_memory)
{
	key_serial_t key;

	need_key(1);
	NEED(!search_memory(), "there before it was ever made");
	key = add_searched_key();
	use_key(key);
	CHECK(search_memory() > 0, "a key that is there is not found");
	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	CHECK_EQ(search_memory(), 0);
}

TEST(unlinked_key_is_nowhere_in_memory)
{
	key_serial_t key;

	need_key(1);
	key = add_searched_key();
	use_key(key);
	CHECK(search_memory() > 0, "a key that is there is not found");
	NEED(!keyctl_call(KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING, 0, 0));
	CHECK(gone_soon());
}

/* What is refused leaves as little behind as what is taken. */
TEST(refused_key_is_nowhere_in_memory)
{
	static const char *const bad[] = { "", " tweak=00", " colour=red", " type=cpu" };
	char payload[PAYLOAD];

	need_key(1);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *end = begin_payload(payload);

		end = stpcpy(write_key(end, 0), bad[i]);
		CHECK_ERRNO(add_key_raw("mktme", "memory-test", payload, end - payload),
			    EINVAL);
		explicit_bzero(payload, sizeof(payload));
	}
	CHECK_EQ(search_memory(), 0);
}

int main(int argc, char **argv)
{
	return tap_main("memory", argc, argv);
}
