/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private header of the VM's PID 1.
 */
#ifndef VM_INIT_H
#define VM_INIT_H

#include <stddef.h>

/* Extended regexes, one a line; a kernel message that matches one is expected. */
#define KMSG_ALLOW_FILE "/run/kmsg.allow"

/* kmsg.c */

/**
 * kmsg_check - look through the whole kernel log for signs of trouble
 * @reason: set to a one-line description of the first trouble
 * @len: size of @reason
 *
 * Return: 0 if the log is clean, 1 if not (and also if it could not be read
 * in full: a check that did not happen must not look like a good one).
 */
int kmsg_check(char *reason, size_t len);

#endif
