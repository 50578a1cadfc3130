// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * New directory under a key
 */
#include "lib_private.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int bind_directory(const char *path, int32_t serial)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	if (fd < 0)
		return fail_call(errno, "cannot open the new directory", NULL);
	err = mktme_dax_add_key(fd, serial, NULL);
	if (!err)
		err = mktme_dax_bind(fd, serial);
	close(fd);
	return err;
}

/*
 * Whoever puts something into it before it is bound makes the bind fail, for only an
 * empty directory can be bound: nothing in it is ever plaintext.
 */
int mktme_dax_make_directory(const char *path, mode_t mode, int32_t serial)
{
	int err;

	if (mkdir(path, mode))
		return fail_call(errno, "cannot make the directory", NULL);
	err = bind_directory(path, serial);
	if (err)
		rmdir(path);
	return err;
}
