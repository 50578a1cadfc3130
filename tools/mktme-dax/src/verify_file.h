/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that mktme-dax verify looks at, and the device below
 */
#ifndef VERIFY_FILE_H
#define VERIFY_FILE_H

#include <stdarg.h>
#include "verify.h"

struct target {
	const char *path;
	int fd, device;			/* -1 if not open */
	uint64_t size, device_size;
	uint64_t base;			/* physical address of the device */
	bool locked;
	struct cipher *cipher;		/* if the key was given */
};

/*
 * Both return an exit code, after they have complained. @key may be NULL; @origin is what
 * to call it in a message.
 */
int open_target(const char *path, const struct mktme_dax_key *key, const char *origin,
		struct target *target);
int read_evidence(struct target *target, struct evidence *evidence);
void close_target(struct target *target);

#endif /* VERIFY_FILE_H */
