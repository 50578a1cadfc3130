// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors: cause, next command, exit code
 */
#include "tool.h"
#include <stdarg.h>

const struct verb *this_verb;

int exit_code_of(int err)
{
	switch (-err) {
	case 0:
		return EXIT_OK;
	case EINVAL:
		return EXIT_USAGE;
	case EPERM:
	case EACCES:
	case ENOKEY:
	case EKEYREJECTED:
	case EKEYEXPIRED:
	case EKEYREVOKED:
		return EXIT_PERMISSION;
	case ENOMEM:
		return EXIT_MEMORY;
	case EEXIST:
	case EBUSY:
	case EUSERS:
	case ENOTEMPTY:
		return EXIT_BUSY;
	default:
		return EXIT_OBJECT;
	}
}

static void print_cause(const char *fmt, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "mktme-dax%s%s: ", this_verb ? " " : "", this_verb ? this_verb->name : "");
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int complain(int err, const char *next, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_cause(fmt, args);
	va_end(args);
	if (next)
		fprintf(stderr, "  next: %s\n", next);
	return exit_code_of(err);
}

static char cause[256];

int note(int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(cause, sizeof(cause), fmt, args);
	va_end(args);
	return err;
}

const char *noted(void)
{
	return cause;
}

int misuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_cause(fmt, args);
	va_end(args);
	fprintf(stderr, "  next: mktme-dax help%s%s\n", this_verb ? " " : "",
		this_verb ? this_verb->name : "");
	return EXIT_USAGE;
}
