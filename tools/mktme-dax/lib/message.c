// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sentence that explains the last error of a thread
 */
#include "lib_private.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __thread char message[256];

const char *mktme_dax_message(void)
{
	return message;
}

const char *mktme_dax_version(void)
{
	return MKTME_DAX_VERSION;
}

int fail(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return err;
}

int fail_call(int err, const char *what, const struct reason *reasons)
{
	for (; reasons && reasons->err; reasons++)
		if (reasons->err == err)
			return fail(-err, "%s: %s", what, reasons->text);
	return fail(-err, "%s: %s", what, strerror(err));
}
