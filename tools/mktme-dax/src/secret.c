// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory for secrets: locked, in no core dump, not in children, and wiped
 */
#include "keyfile.h"
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define HEADER_SIZE	64	/* keeps what follows aligned for everything */

/*
 * libcrypto and libargon2 have memory of their own, for which all of the process has to
 * be locked. That takes CAP_IPC_LOCK; without, what is ours is locked, which suffices for
 * all that lives longer than one call of theirs.
 */
int guard_memory(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0) || setrlimit(RLIMIT_CORE, &none))
		return note(-errno, "cannot keep secrets out of core dumps: %s", strerror(errno));
	if (!geteuid())
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	return 0;
}

void *secret_alloc(size_t size)
{
	size_t length = HEADER_SIZE + size;
	size_t *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mlock(p, length) || madvise(p, length, MADV_DONTDUMP) ||
	    madvise(p, length, MADV_WIPEONFORK)) {
		munmap(p, length);
		return NULL;
	}
	*p = length;
	return (char *)p + HEADER_SIZE;
}

void secret_free(void *secret)
{
	size_t *p = secret ? (size_t *)((char *)secret - HEADER_SIZE) : NULL;
	size_t length = p ? *p : 0;

	if (!p)
		return;
	explicit_bzero(p, length);
	munmap(p, length);
}
