/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libmktmedax share
 */
#ifndef LIB_PRIVATE_H
#define LIB_PRIVATE_H

#include <errno.h>
#include <stdbool.h>
#include <linux/mktme_dax.h>
#include "mktme-dax.h"

#define PMD_SIZE	(2UL << 20)

/* A static library has no symbol map: all of its names have the prefix. */
#define fail		mktme_dax_private_fail
#define fail_call	mktme_dax_private_fail_call
#define bind_reasons	mktme_dax_private_bind_reasons

/* ---- message.c ---- */

/* Notes the sentence, and returns @err: "return fail(-EINVAL, ...)". */
int fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What an errno means for the calls about keys, files and records. */
struct reason {
	int err;
	const char *text;
};

int fail_call(int err, const char *what, const struct reason *reasons);

/* ---- bind.c ---- */

extern const struct reason bind_reasons[];

#endif /* LIB_PRIVATE_H */
