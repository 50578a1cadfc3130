// SPDX-License-Identifier: GPL-2.0-only
/*
 * One random call on one of many things, most of them wrong
 *
 * Arguments are right in most places, so that what is wrong in one gets that far.
 */
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include "fuzz.h"

#define ARENA_PAGES	64
#define NR_FDS		12
#define NR_KEYS		10
#define LEN		(8 * PAGE)

static int fds[NR_FDS];
static key_serial_t keys[NR_KEYS];
static uint8_t identifiers[3][MKTME_DAX_IDENTIFIER_SIZE];
static char *arena;

/* In no order: whether it is the right one is for the tests by name. */
static const int documented[] = {
	EOPNOTSUPP, EINVAL, ENOMEM, ENOKEY, EKEYEXPIRED, EKEYREVOKED, EKEYREJECTED, EACCES, EPERM,
	EUSERS, ENOTEMPTY, EBUSY, ENOSPC, EDQUOT, EBADF, ENOTTY, EFAULT, ENOENT, EEXIST, ENODATA,
};

static void check_outcome(const char *call, long ret)
{
	if (ret >= 0)
		return;
	for (unsigned int i = 0; i < sizeof(documented) / sizeof(documented[0]); i++)
		if (errno == documented[i])
			return;
	broken("%s gave %s", call, errno_name(errno));
}

static int scene_file(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", fixture_dir(), name);
	return open(path, flags, 0600);
}

static void make_files(void)
{
	static const char *const names[] = { "bound-1", "bound-2", "plain", "empty", "big" };
	char path[128];

	for (unsigned int i = 0; i < 5; i++) {
		fds[i] = scene_file(names[i], O_RDWR | O_CREAT);
		if (fds[i] < 0)
			broken("%s: %s", names[i], errno_name(errno));
		/* The other process may have bound it, and may have locked it. */
		if (ftruncate(fds[i], i == 3 ? 0 : LEN) && errno != ENOKEY)
			broken("ftruncate: %s", errno_name(errno));
	}
	ioctl_bind(fds[0], keys[0]);
	ioctl_bind(fds[1], keys[1]);
	(void)!pwrite(fds[2], "x", 1, 0);
	snprintf(path, sizeof(path), "%s/dir", fixture_dir());
	mkdir(path, 0700);
	fds[5] = open(path, O_RDONLY);
	fds[7] = scene_file("bound-1", O_RDONLY);
	fds[8] = scene_file("bound-2", O_PATH);
	fds[9] = open("/dev/null", O_RDWR);
	fds[10] = memfd_create("fuzz", 0);
	fds[11] = -1;
}

static void make_keys(void)
{
	for (int k = 0; k < 3; k++) {
		keys[k] = add_test_key(k + 1);
		if (keys[k] < 0)
			broken("add_key() gave %s", errno_name(errno));
	}
	keys[3] = add_key_raw("mktme", "fuzz-cpu", "type=cpu algorithm=aes-xts-128", 30);
	keys[4] = add_key_raw("user", "fuzz-user", "x", 1);
	keys[5] = KEY_SPEC_USER_KEYRING;
	keys[6] = 0;
	keys[7] = 0x7fffffff;
	keys[8] = add_key_raw("user", "fuzz-revoked", "x", 1);
	keyctl_call(KEYCTL_REVOKE, keys[8], 0, 0, 0);
	keys[9] = -77;
}

/* All kinds of mappings side by side, holes in between. */
static void make_arena(void)
{
	arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		broken("mmap: %s", errno_name(errno));
	for (unsigned int i = 0; i < 5; i++) {
		mmap(arena + i * LEN, LEN, PROT_NONE, MAP_SHARED | MAP_FIXED, fds[i], 0);
		mmap(arena + (2 * i + 40) * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fds[i], 0);
	}
	munmap(arena + 60 * PAGE, 2 * PAGE);
}

static void give_keys(unsigned int n)
{
	for (unsigned int k = 0; k < n; k++) {
		struct mktme_dax_add_key_arg added;

		if (!ioctl_add_key(fds[6], keys[k], &added))
			memcpy(identifiers[k], added.identifier, sizeof(added.identifier));
	}
}

void set_the_scene(void)
{
	make_keys();
	fds[6] = open(fixture_dir(), O_RDONLY);
	give_keys(2);
	make_files();
	make_arena();
}

/* Nothing is left that would need a KeyID. */
void leave_the_scene(void)
{
	make_keys();
	fds[6] = open(fixture_dir(), O_RDONLY);
	give_keys(3);
	for (int k = 0; k < 3; k++)
		ioctl_remove_key(fds[6], identifiers[k], NULL);
	for (int k = 0; k < NR_KEYS; k++)
		if (keys[k] > 0)
			keyctl_call(KEYCTL_UNLINK, keys[k], KEY_SPEC_USER_KEYRING, 0, 0);
	close(fds[6]);
}

static key_serial_t any_key(struct random *r)
{
	return one_of(r, 40) ? keys[one_of(r, one_of(r, 3) ? 3 : NR_KEYS)] : (key_serial_t)any(r);
}

static int any_fd(struct random *r)
{
	return fds[one_of(r, one_of(r, 2) ? 7 : NR_FDS)];
}

static void random_encrypt(struct random *r)
{
	size_t len = (1 + one_of(r, one_of(r, 3) ? 8 : ARENA_PAGES)) * PAGE;
	char *addr = arena + one_of(r, ARENA_PAGES) * PAGE;
	int prot = one_of(r, 8);

	switch (one_of(r, 12)) {
	case 0:
		addr += one_of(r, PAGE);
		break;
	case 1:
		addr = (char *)any(r);
		break;
	case 2:
		len = any(r);
		break;
	case 3:
		prot = any(r);
		break;
	case 4:
		len = -(unsigned long)addr + one_of(r, 3) * PAGE;
		break;
	}
	/* Outside of the arena is the program itself: another protection would end it. */
	if ((addr < arena || addr + len > arena + ARENA_PAGES * PAGE || addr + len < addr) &&
	    !((unsigned long)addr % PAGE) && len < 1UL << 46)
		return;
	check_outcome("encrypt_mprotect()", encrypt_mprotect(addr, len, prot, any_key(r)));
}

union argument {
	struct mktme_dax_add_key_arg add;
	struct mktme_dax_remove_key_arg remove;
	struct mktme_dax_key_status_arg key_status;
	struct mktme_dax_bind_arg bind;
	struct mktme_dax_status_arg status;
	uint8_t bytes[256];
};

static void fill_argument(struct random *r, union argument *arg, unsigned int number)
{
	memset(arg, 0, sizeof(*arg));
	arg->bind.version = MKTME_DAX_IOC_V1;
	switch (number) {
	case 0:
		arg->add.serial = any_key(r);
		break;
	case 1:
	case 2:
		memcpy(arg->remove.identifier, identifiers[one_of(r, 3)], MKTME_DAX_IDENTIFIER_SIZE);
		break;
	case 3:
		arg->bind.serial = any_key(r);
		break;
	}
	for (unsigned int flips = one_of(r, 4) ? 0 : 1 + one_of(r, 4); flips; flips--)
		arg->bytes[one_of(r, 72)] ^= 1U << one_of(r, 8);
}

static void random_ioctl(struct random *r)
{
	static const unsigned long calls[] = {
		MKTME_DAX_IOC_ADD_KEY, MKTME_DAX_IOC_REMOVE_KEY, MKTME_DAX_IOC_KEY_STATUS,
		MKTME_DAX_IOC_BIND, MKTME_DAX_IOC_STATUS,
	};
	unsigned int number = one_of(r, 5);
	unsigned long call = calls[number];
	union argument arg;
	void *at = &arg;

	fill_argument(r, &arg, number);
	if (!one_of(r, 20))
		call ^= 1UL << (8 + one_of(r, 22));
	if (!one_of(r, 20))
		at = one_of(r, 2) ? (void *)any(r) : arena + one_of(r, ARENA_PAGES) * PAGE - 8;
	check_outcome("ioctl()", ioctl(any_fd(r), call, at));
}

/* Whoever tries gets EOPNOTSUPP, for every value. */
static void random_xattr(struct random *r)
{
	uint8_t value[64];
	int fd = fds[one_of(r, 6)];

	for (unsigned int i = 0; i < sizeof(value); i++)
		value[i] = one_of(r, 3) ? any(r) : 1;
	if (one_of(r, 3))
		fsetxattr(fd, MKTME_DAX_RECORD_NAME, value, one_of(r, 65), one_of(r, 3));
	else
		fremovexattr(fd, MKTME_DAX_RECORD_NAME);
	if (errno != EOPNOTSUPP)
		broken("a change of a record gave %s", errno_name(errno));
	check_outcome("fgetxattr()", fgetxattr(fd, MKTME_DAX_RECORD_NAME, value, sizeof(value)));
}

/* So that there are all states: empty again, with data, punched. */
static void random_change(struct random *r)
{
	unsigned int i = one_of(r, 5);
	char byte;

	switch (one_of(r, 4)) {
	case 0:
		check_outcome("ftruncate()", ftruncate(fds[i], one_of(r, 2) ? LEN : one_of(r, LEN)));
		break;
	case 1:
		check_outcome("pwrite()", pwrite(fds[i], "x", 1, one_of(r, LEN)));
		break;
	case 2:
		check_outcome("pread()", pread(fds[i], &byte, 1, one_of(r, LEN)));
		break;
	default:
		check_outcome("fsync()", fsync(fds[i]));
	}
}

void random_call(struct random *r)
{
	errno = 0;
	switch (one_of(r, 16)) {
	case 0 ... 5:
		return random_encrypt(r);
	case 6 ... 9:
		return random_ioctl(r);
	case 10 ... 12:
		return random_payload(r);
	case 13:
		return random_xattr(r);
	default:
		return random_change(r);
	}
}
