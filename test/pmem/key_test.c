// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key type "mktme": payload syntax, who may add one, and that nothing of
 * the material comes back
 */
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include "common.h"

#define KEY_256	256
#define HEX16A	"000102030405060708090a0b0c0d0e0f"
#define HEX16B	"f0e1d2c3b4a5968778695a4b3c2d1e0f"
#define HEX32A	HEX16A "101112131415161718191a1b1c1d1e1f"
#define HEX32B	HEX16B "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define ALG	"algorithm=aes-xts-128"
#define GOOD	"type=user " ALG " key=" HEX16A " tweak=" HEX16B

static key_serial_t add(const char *payload)
{
	return add_key_raw("mktme", "key-test", payload, strlen(payload));
}

static void bad(const char *payload)
{
	CHECK_ERRNO(add(payload), EINVAL);
}

TEST(payload_is_accepted)
{
	need_key(1);
	CHECK(add(GOOD) > 0, "%s", errno_name(errno));
	CHECK(add("tweak=" HEX16B " key=" HEX16A " " ALG " type=user") > 0,
	      "any order: %s", errno_name(errno));
	CHECK(add("type=user " ALG " key=000102030405060708090A0B0C0D0E0F tweak=" HEX16B) > 0,
	      "upper case: %s", errno_name(errno));
	CHECK(add("type=user algorithm=aes-xts-256 key=" HEX32A " tweak=" HEX32B) > 0,
	      "aes-xts-256: %s", errno_name(errno));
	CHECK(add("type=cpu " ALG) > 0, "type=cpu: %s", errno_name(errno));
	CHECK(add("type=cpu algorithm=aes-xts-256") > 0, "type=cpu: %s", errno_name(errno));
}

TEST(missing_option_EINVAL)
{
	need_key(1);
	bad(ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type=user key=" HEX16A " tweak=" HEX16B);
	bad("type=user " ALG " tweak=" HEX16B);
	bad("type=user " ALG " key=" HEX16A);
	bad("type=cpu");
	bad(" ");
	bad("\n");
	bad(ALG);
}

TEST(unknown_option_EINVAL)
{
	need_key(1);
	bad(GOOD " colour=red");
	bad(GOOD " garbage");
	bad(GOOD " =");
	bad("type=user algorithm=aes-xts-128 KEY=" HEX16A " tweak=" HEX16B);
}

TEST(unknown_value_EINVAL)
{
	need_key(1);
	bad("type=root " ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type= " ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type=users " ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type=user algorithm=aes-xts-12 key=" HEX16A " tweak=" HEX16B);
	bad("type=user algorithm=aes-xts-1288 key=" HEX16A " tweak=" HEX16B);
	bad("type=user algorithm=aes-cbc key=" HEX16A " tweak=" HEX16B);
}

TEST(option_given_twice_EINVAL)
{
	need_key(1);
	bad(GOOD " type=user");
	bad(GOOD " " ALG);
	bad(GOOD " key=" HEX16A);
	bad(GOOD " tweak=" HEX16B);
}

TEST(wrong_key_length_EINVAL)
{
	need_key(1);
	bad("type=user " ALG " key= tweak=" HEX16B);
	bad("type=user " ALG " key=00 tweak=" HEX16B);
	bad("type=user " ALG " key=" HEX16A "0 tweak=" HEX16B);
	bad("type=user " ALG " key=" HEX16A "00 tweak=" HEX16B);
	bad("type=user " ALG " key=" HEX16A " tweak=" HEX32B);
	bad("type=user algorithm=aes-xts-256 key=" HEX16A " tweak=" HEX16B);
	bad("type=user algorithm=aes-xts-256 key=" HEX32A " tweak=" HEX16B);
}

TEST(not_hexadecimal_EINVAL)
{
	need_key(1);
	bad("type=user " ALG " key=0x0102030405060708090a0b0c0d0e0f tweak=" HEX16B);
	bad("type=user " ALG " key=g00102030405060708090a0b0c0d0e0f tweak=" HEX16B);
	bad("type=user " ALG " key=" HEX16A " tweak=f0e1d2c3b4a5968778695a4b3c2d1e-f");
}

TEST(equal_halves_EINVAL)
{
	need_key(1);
	bad("type=user " ALG " key=" HEX16A " tweak=" HEX16A);
	bad("type=user algorithm=aes-xts-256 key=" HEX32A " tweak=" HEX32A);
}

TEST(material_with_type_cpu_EINVAL)
{
	need_key(1);
	bad("type=cpu " ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type=cpu " ALG " key=" HEX16A);
	bad("type=cpu " ALG " tweak=" HEX16B);
}

TEST(embedded_zero_EINVAL)
{
	static const char inside[] = GOOD "\0 ";

	need_key(1);
	CHECK_ERRNO(add_key_raw("mktme", "key-test", inside, sizeof(inside) - 1), EINVAL);
	CHECK_ERRNO(add_key_raw("mktme", "key-test", GOOD, 0), EINVAL);
	CHECK_ERRNO(add_key_raw("mktme", "key-test", NULL, 0), EINVAL);
}

TEST(payload_too_long_EINVAL)
{
	char payload[2048] = GOOD;

	need_key(1);
	memset(payload + strlen(GOOD), ' ', sizeof(payload) - strlen(GOOD) - 1);
	bad(payload);
}

/* What is bad on a machine with TME-MK must not be the first thing seen without. */
TEST(without_a_privilege_EACCES)
{
	need_key(1);
	drop_capability(CAP_SYS_RESOURCE);
	CHECK(add(GOOD) > 0, "with CAP_SYS_ADMIN: %s", errno_name(errno));
	drop_capability(CAP_SYS_ADMIN);
	CHECK_ERRNO(add(GOOD), EACCES);
}

TEST(resource_privilege_is_enough)
{
	need_key(1);
	drop_capability(CAP_SYS_ADMIN);
	CHECK(add(GOOD) > 0, "%s", errno_name(errno));
}

TEST(read_and_update_EOPNOTSUPP)
{
	key_serial_t key;
	char buf[256];

	need_key(1);
	key = add(GOOD);
	/* With every permission there is, so that none hides the answer. */
	NEED(!keyctl_call(KEYCTL_SETPERM, key, 0x3f3f0000, 0, 0));
	CHECK_ERRNO(keyctl_call(KEYCTL_READ, key, (unsigned long)buf, sizeof(buf), 0),
		    EOPNOTSUPP);
	CHECK_ERRNO(keyctl_call(KEYCTL_UPDATE, key, (unsigned long)GOOD, strlen(GOOD), 0),
		    EOPNOTSUPP);
}

static bool mentions(const char *text)
{
	return strcasestr(text, HEX16A) || strcasestr(text, HEX16B) ||
	       strcasestr(text, "000102030405") || strcasestr(text, "f0e1d2c3");
}

TEST(description_has_no_material)
{
	static char text[65536];
	key_serial_t key;

	need_key(1);
	key = add(GOOD);
	NEED(key > 0);
	NEED(keyctl_call(KEYCTL_DESCRIBE, key, (unsigned long)text, sizeof(text), 0) > 0);
	CHECK(strstr(text, "key-test") && !mentions(text), "%s", text);
	NEED(read_text("/proc/keys", text, sizeof(text)) > 0);
	CHECK(strstr(text, "key-test") && !mentions(text));
}

TEST(upper_case_options_EINVAL)
{
	need_key(1);
	bad("TYPE=user " ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type=USER " ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type=user algorithm=AES-XTS-128 key=" HEX16A " tweak=" HEX16B);
}

/* Blanks, tabs and newlines are the gaps; nothing else is. */
TEST(trailing_junk_EINVAL)
{
	need_key(1);
	CHECK(add("\n\t " GOOD " \t\n") > 0, "%s", errno_name(errno));
	bad(GOOD ",");
	bad(GOOD "\r\n");
	bad(GOOD "#");
	bad("type=user," ALG " key=" HEX16A " tweak=" HEX16B);
	bad("type = user " ALG " key=" HEX16A " tweak=" HEX16B);
}

TEST(payload_of_the_greatest_length)
{
	char payload[1026];

	need_key(1);
	memset(payload, ' ', sizeof(payload));
	memcpy(payload, GOOD, strlen(GOOD));
	CHECK(add_key_raw("mktme", "key-test", payload, 1024) > 0, "%s", errno_name(errno));
	CHECK_ERRNO(add_key_raw("mktme", "key-test", payload, 1025), EINVAL);
}

/*
 * All 64 bytes of the key count: a file goes through its own KeyID and no other, and
 * the host computes what is on the DIMM.
 */
TEST(file_under_aes_xts_256)
{
	char line[PATTERN_LINE], payload[256], *last;
	unsigned int keyid;
	key_serial_t key;
	int fd, other;
	char *p, *q;

	need_key(1);
	key_payload_256(KEY_256, payload, sizeof(payload));
	key = add(payload);
	NEED(key > 0, "%s", errno_name(errno));
	fd = kept_file("aes-xts-256", PAGE, NULL);
	p = bound_mapping(fd, PAGE, key);
	pattern_fill(p, PAGE, 1, 0);
	NEED(!msync(p, PAGE, MS_SYNC));
	keyid = pte_of(p).keyid;
	peek(keyid, phys_of(fd, 0), line);
	CHECK(is_pattern(line, PATTERN_LINE, 1, 0));
	peek(0, phys_of(fd, 0), line);
	CHECK(memcmp(line, SECRET_MARK, strlen(SECRET_MARK)), "not encrypted");
	host_cipher256(fd, 0, PAGE, KEY_256, 1);

	/* The last digit of the tweak key is another one. */
	last = payload + strlen(payload) - 1;
	*last = *last == '0' ? '1' : '0';
	key = add_key_raw("mktme", "key-test-other", payload, strlen(payload));
	NEED(key > 0, "%s", errno_name(errno));
	other = new_file(PAGE, NULL);
	q = bound_mapping(other, PAGE, key);
	pattern_fill(q, PAGE, 2, 0);
	CHECK(pte_of(q).keyid != keyid, "the same KeyID");
	peek(pte_of(q).keyid, phys_of(fd, 0), line);
	CHECK(memcmp(line, SECRET_MARK, strlen(SECRET_MARK)), "decrypts with another key");
}

/* The function that identifiers are made with. Their own values the host checks. */
TEST(hkdf_of_rfc_5869)
{
	char text[32];

	NEED(read_text("/sys/kernel/debug/mktme_dax/hkdf", text, sizeof(text)) > 0);
	CHECK(!strcmp(text, "ok\n"), "%s", text);
}

/* What request_key(2) leaves if nobody makes the key: it has no payload. */
TEST(negative_key_ENOKEY)
{
	FILE *keys;
	unsigned int serial = 0;
	char line[256] = "", *p;
	int fd;

	need_key(1);
	/* There is no /sbin/request-key here. */
	NEED(syscall(__NR_request_key, "mktme", "negative", "x", KEY_SPEC_USER_KEYRING) == -1);
	keys = fopen("/proc/keys", "re");
	NEED(keys);
	while (!strstr(line, "negative"))
		NEED(fgets(line, sizeof(line), keys), "it is not in /proc/keys");
	fclose(keys);
	NEED(sscanf(line, "%x", &serial) == 1 && serial);
	CHECK(!strstr(line, "aes"), "%s", line);
	fd = new_file(PAGE, NULL);
	p = map_file(fd, PAGE, PROT_NONE, MAP_SHARED);
	CHECK_ERRNO(encrypt_mprotect(p, PAGE, PROT_READ, serial), ENOKEY);
	CHECK(!has_record(fd));
}

int main(int argc, char **argv)
{
	return tap_main("key", argc, argv);
}
