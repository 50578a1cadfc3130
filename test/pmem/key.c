// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys of type "mktme", capabilities, and the system call, all raw
 */
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
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

static void payload_of(unsigned int number, size_t half, char *out, size_t size)
{
	uint8_t data[KEY_HALF_256], tweak[KEY_HALF_256];
	char hex[2][2 * KEY_HALF_256 + 1] = {};

	test_key_halves(number, half, data, tweak);
	for (size_t i = 0; i < half; i++) {
		pattern_hex(hex[0] + 2 * i, data[i], 2);
		pattern_hex(hex[1] + 2 * i, tweak[i], 2);
	}
	snprintf(out, size, "type=user algorithm=aes-xts-%zu key=%s tweak=%s",
		 8 * half, hex[0], hex[1]);
}

void key_payload(unsigned int number, char *out, size_t size)
{
	payload_of(number, KEY_HALF, out, size);
}

void key_payload_256(unsigned int number, char *out, size_t size)
{
	payload_of(number, KEY_HALF_256, out, size);
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

static bool is_listed(const char *name)
{
	char line[256];
	FILE *keys = fopen("/proc/keys", "re");
	bool found = false;

	NEED(keys, "%s", errno_name(errno));
	while (!found && fgets(line, sizeof(line), keys))
		found = strstr(line, name);
	fclose(keys);
	return found;
}

static void let_a_key_go(void)
{
	key_serial_t key = add_key_raw("user", "settle-keys", "x", 1);

	NEED(key > 0, "%s", errno_name(errno));
	NEED(!keyctl_call(KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING, 0, 0));
	while (is_listed("settle-keys"))
		sched_yield();
}

/*
 * Keys that nobody has any more are collected after an RCU grace period, by a work
 * item, and take their KeyIDs with them. Callbacks of a CPU come one after the other.
 * A run of the work item first takes dead keys off the list, then ends them: so when
 * a second key is off the list, all that went before the first one have ended.
 */
void settle_keys(void)
{
	cpu_set_t all, one;

	NEED(!sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		NEED(!sched_setaffinity(0, sizeof(one), &one));
		let_a_key_go();
		let_a_key_go();
	}
	NEED(!sched_setaffinity(0, sizeof(all), &all));
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
