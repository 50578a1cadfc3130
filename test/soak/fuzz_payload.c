// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key payloads: words of the syntax in any order, some bytes of them changed
 */
#include <linux/keyctl.h>
#include "fuzz.h"

#define ROOM	1200

static const char *const words[] = {
	"type=user", "type=cpu", "algorithm=aes-xts-128", "algorithm=aes-xts-256",
	"key=000102030405060708090a0b0c0d0e0f", "tweak=f0e1d2c3b4a5968778695a4b3c2d1e0f",
	"tweak=000102030405060708090a0b0c0d0e0f", "key=00", "tweak=", "type=", "=", "key",
	"key=000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f",
	"tweak=f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f",
};

static const char separators[] = " \t\n ,";

static size_t right_words(char *out, struct random *r)
{
	unsigned int first = one_of(r, 2);

	return snprintf(out, ROOM, "type=user %s %s %s", words[2 + first], words[first ? 12 : 4],
			words[first ? 13 : 5]);
}

static size_t any_words(char *out, struct random *r)
{
	size_t len = 0;

	for (unsigned int n = one_of(r, 8); n && len < ROOM - 100; n--)
		len += snprintf(out + len, ROOM - len, "%s%c",
				words[one_of(r, sizeof(words) / sizeof(words[0]))],
				separators[one_of(r, sizeof(separators) - 1)]);
	return len;
}

/* A key that is accepted goes at once: there are quotas. */
void random_payload(struct random *r)
{
	char payload[ROOM], description[20];
	size_t len = one_of(r, 2) ? right_words(payload, r) : any_words(payload, r);
	key_serial_t key;

	for (unsigned int flips = one_of(r, 3); flips && len; flips--)
		payload[one_of(r, len)] = one_of(r, 2) ? (char)any(r) : separators[one_of(r, 5)];
	if (!one_of(r, 10) && len)
		len = one_of(r, len);
	if (!one_of(r, 50)) {
		memset(payload + len, ' ', ROOM - len);
		len = ROOM - one_of(r, 400);
	}
	snprintf(description, sizeof(description), "fuzz-%d", getpid());
	key = add_key_raw("mktme", description, payload, len);
	if (key > 0)
		keyctl_call(KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING, 0, 0);
	else if (errno != EINVAL && errno != EDQUOT)
		broken("add_key() of \"%.*s\" gave %s", (int)(len < 100 ? len : 100), payload,
		       errno_name(errno));
}
