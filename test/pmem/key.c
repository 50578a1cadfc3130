// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys of type "mktme", capabilities, and the system call, all raw
 */
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include "common.h"

int encrypt_mprotect(void *addr, size_t len, int prot, key_serial_t serial)
{
	return syscall(__NR_encrypt_mprotect, addr, len, prot, serial);
}

long keyctl_call(int op, unsigned long a, unsigned long b, unsigned long c,
		 unsigned long d)
{
	return syscall(__NR_keyctl, op, a, b, c, d);
}

key_serial_t add_key_raw(const char *type, const char *description,
			 const void *payload, size_t len)
{
	return syscall(__NR_add_key, type, description, payload, len,
		       KEY_SPEC_USER_KEYRING);
}

void key_payload(unsigned int number, char *out, size_t size)
{
	uint8_t data[KEY_HALF], tweak[KEY_HALF];
	char hex[2][2 * KEY_HALF + 1] = {};

	test_key_bytes(number, data, tweak);
	for (int i = 0; i < KEY_HALF; i++) {
		pattern_hex(hex[0] + 2 * i, data[i], 2);
		pattern_hex(hex[1] + 2 * i, tweak[i], 2);
	}
	snprintf(out, size, "type=user algorithm=aes-xts-128 key=%s tweak=%s",
		 hex[0], hex[1]);
}

/*
 * The same number gives the same serial: adding a key once more would push the
 * first one out of @u, and with it the right to use it.
 */
key_serial_t add_test_key(unsigned int number)
{
	char payload[160], description[32];
	key_serial_t key;

	snprintf(description, sizeof(description), "test-%u", number);
	key = keyctl_call(KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, (unsigned long)"mktme",
			  (unsigned long)description, 0);
	if (key > 0)
		return key;
	key_payload(number, payload, sizeof(payload));
	return add_key_raw("mktme", description, payload, strlen(payload));
}

key_serial_t need_key(unsigned int number)
{
	key_serial_t key = add_test_key(number);

	if (!control_run()) {
		NEED(key > 0, "add_key: %s", errno_name(errno));
		return key;
	}
	NEED(key == -1 && errno == EOPNOTSUPP, "add_key gave %d, %s", key,
	     errno_name(errno));
	CHECK_ERRNO(encrypt_mprotect(NULL, PAGE, PROT_NONE, 1), EOPNOTSUPP);
	tap_pass_control("EOPNOTSUPP");
}

/* From every set, so that a program run later does not get it back either. */
void drop_capability(int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	NEED(!syscall(__NR_capget, &header, data));
	data[cap / 32].effective &= ~(1U << (cap % 32));
	data[cap / 32].permitted &= ~(1U << (cap % 32));
	data[cap / 32].inheritable &= ~(1U << (cap % 32));
	NEED(!prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
	NEED(!syscall(__NR_capset, &header, data));
}
