// SPDX-License-Identifier: GPL-2.0-only
/*
 * Empties the caches, so that what is read next is what is in memory
 *
 * What has been read or written once is read from a line of its alias ever after, and a late line
 * of another alias may have spoilt the memory below without anybody noticing. WBINVD is the
 * kernel's: it is due whenever a key leaves its KeyID, so one comes and goes that nobody else
 * has.
 */
#include "caches.h"

#define NOBODYS_KEY	90

bool empty_caches(void)
{
	struct mktme_dax_remove_key_arg removed = {};
	struct mktme_dax_add_key_arg added;
	key_serial_t key = add_test_key(NOBODYS_KEY);
	int fd = open(fixture_dir(), O_RDONLY | O_CLOEXEC);
	bool gone;
	int err;

	gone = fd >= 0 && key > 0 && !ioctl_add_key(fd, key, &added) &&
	       !ioctl_remove_key(fd, added.identifier, &removed);
	if (gone && removed.status & MKTME_DAX_KEY_STILL_USED) {
		errno = EBUSY;
		gone = false;
	}
	err = errno;
	close(fd);
	errno = err;
	return gone;
}
