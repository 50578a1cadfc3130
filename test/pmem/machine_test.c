// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs that come and go, and sleep, with and without keys in the packages. The
 * machine has two sockets, or one: what needs the other is skipped.
 */
#include <linux/keyctl.h>
#include <sched.h>
#include <time.h>
#include "common.h"

#define RW		(PROT_READ | PROT_WRITE)
#define CPUS		16
#define OWN_KEY		800
#define POWER		"/sys/power/"

/* ---- CPUs ---- */

static int nr_cpus;
static int package_of[CPUS];

static int read_cpu(int cpu, const char *file)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/%s", cpu, file);
	return read_text(path, text, sizeof(text)) > 0 ? atoi(text) : -1;
}

static int set_online(int cpu, bool online)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return write_text(path, online ? "1" : "0");
}

static void need_two_packages(void)
{
	bool two = false;

	for (nr_cpus = 0; nr_cpus < CPUS; nr_cpus++) {
		int package = read_cpu(nr_cpus, "topology/physical_package_id");

		if (package < 0)
			break;
		package_of[nr_cpus] = package;
		two |= package != package_of[0];
	}
	if (!two)
		tap_skip("one socket");
}

/* All of the package that CPU 0 is not in; the first error. */
static int set_second_package(bool online)
{
	int err;

	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		if (package_of[cpu] == package_of[0])
			continue;
		err = set_online(cpu, online);
		if (err)
			return err;
	}
	return 0;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	NEED(!sched_setaffinity(0, sizeof(set), &set), "CPU %d: %s", cpu, errno_name(errno));
}

/* ---- keys that are there for the test only ---- */

static key_serial_t add_own_key(void)
{
	char payload[160];
	key_serial_t key;

	need_key(1);
	key_payload(OWN_KEY, payload, sizeof(payload));
	key = add_key_raw("mktme", "machine-test", payload, strlen(payload));
	NEED(key > 0, "%s", errno_name(errno));
	return key;
}

static void need_no_keys(void)
{
	NEED(sysfs_number("keyids_used") == 0, "some KeyID holds a key");
}

/* A bound file, then the key is revoked: gone with the file. */
static char *use_own_key(int *fd)
{
	key_serial_t key = add_own_key();
	char *p;

	*fd = new_file(PAGE, NULL);
	p = bound_mapping(*fd, PAGE, key);
	pattern_fill(p, PAGE, 1, 0);
	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	return p;
}

static void drop_own_key(char *p, int fd)
{
	struct timespec tick = { .tv_nsec = 10 * 1000000 };

	munmap(p, PAGE);
	close(fd);
	for (int i = 0; i < 1000 && sysfs_number("keyids_used"); i++)
		nanosleep(&tick, NULL);
	need_no_keys();
}

TEST(packages_come_and_go_without_keys)
{
	need_key(1);
	need_two_packages();
	need_no_keys();
	CHECK_EQ(set_second_package(false), 0);
	CHECK_EQ(set_second_package(true), 0);
}

/* Its memory is in use all the same, and would take plaintext. */
TEST(no_key_while_a_package_is_offline_EIO)
{
	key_serial_t key;
	char *p;
	int fd;

	need_key(1);
	need_two_packages();
	need_no_keys();
	NEED(!set_second_package(false));
	key = add_own_key();
	fd = new_file(PAGE, NULL);
	p = map_file(fd, PAGE, PROT_NONE, MAP_SHARED);
	CHECK_ERRNO(encrypt_mprotect(p, PAGE, PROT_READ | PROT_WRITE, key), EIO);
	CHECK(!has_record(fd));
	need_no_keys();
	CHECK_EQ(set_second_package(true), 0);
	CHECK(!encrypt_mprotect(p, PAGE, PROT_READ | PROT_WRITE, key));
	NEED(!keyctl_call(KEYCTL_REVOKE, key, 0, 0, 0));
	drop_own_key(p, fd);
}

TEST(last_cpu_of_a_package_stays_EBUSY)
{
	int fd, left = 0;
	char *p;

	need_key(1);
	need_two_packages();
	p = use_own_key(&fd);
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		left += package_of[cpu] != package_of[0];
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		if (package_of[cpu] != package_of[0])
			CHECK_EQ(set_online(cpu, false), --left ? 0 : EBUSY);
	/* The package has the keys, so its other CPUs are welcome back. */
	for (int cpu = 0; cpu < nr_cpus; cpu++)
		if (package_of[cpu] != package_of[0] && !read_cpu(cpu, "online"))
			CHECK_EQ(set_online(cpu, true), 0);
	CHECK(is_pattern(p, PAGE, 1, 0));
	drop_own_key(p, fd);
}

/* What one package writes, the others read, through caches and through memory. */
TEST(every_package_has_the_key)
{
	char buf[PAGE];
	char *p;
	int fd;

	need_key(1);
	need_two_packages();
	p = use_own_key(&fd);
	for (int writer = 0; writer < nr_cpus; writer++)
		for (int reader = 0; reader < nr_cpus; reader++) {
			unsigned int seed = 100 * writer + reader;

			run_on(writer);
			pattern_fill(p, PAGE, seed, 0);
			NEED(!msync(p, PAGE, MS_SYNC));
			run_on(reader);
			CHECK(is_pattern(p, PAGE, seed, 0), "CPU %d to %d", writer, reader);
			pattern_fill(buf, PAGE, seed + 50, 0);
			write_all(fd, buf, PAGE, 0);
			run_on(writer);
			CHECK(is_pattern(p, PAGE, seed + 50, 0), "CPU %d to %d", reader, writer);
		}
	drop_own_key(p, fd);
}

/* ---- sleep: only as far as the machine wakes by itself ---- */

/*
 * @step: of /sys/power/pm_test. Suspend goes to its last step but one, "core".
 * Hibernation is refused long before that: it goes to its first step only.
 */
static void need_sleep(const char *state, const char *step)
{
	char text[64];

	if (read_text(POWER "state", text, sizeof(text)) < 0 || !strstr(text, state) ||
	    read_text(POWER "pm_test", text, sizeof(text)) < 0)
		tap_skip("no %s on this machine", state);
	NEED(!write_text(POWER "pm_test", step));
	write_text("/sys/module/suspend/parameters/pm_test_delay", "1");
	if (strcmp(state, "mem"))
		return;
	if (write_text(POWER "mem_sleep", "deep"))
		tap_skip("no suspend to RAM on this machine");
}

static void refused_with_keys(const char *state, const char *step)
{
	char *p;
	int fd;

	need_key(1);
	need_sleep(state, step);
	need_no_keys();
	p = use_own_key(&fd);
	CHECK_EQ(write_text(POWER "state", state), EBUSY);
	CHECK(is_pattern(p, PAGE, 1, 0));
	drop_own_key(p, fd);
	CHECK_EQ(write_text(POWER "state", state), 0);
}

TEST(suspend_to_ram_with_keys_EBUSY)
{
	refused_with_keys("mem", "core");
}

TEST(hibernation_with_keys_EBUSY)
{
	refused_with_keys("disk", "freezer");
}

int main(int argc, char **argv)
{
	return tap_main("machine", argc, argv);
}
