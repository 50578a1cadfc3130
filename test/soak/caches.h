/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's caches, as far as user space gets at them
 */
#ifndef SOAK_CACHES_H
#define SOAK_CACHES_H

#include "common.h"

/*
 * Writes back and drops all lines of all KeyIDs, in whatever order. False, and errno or
 * EBUSY, if that has not happened.
 */
bool empty_caches(void);

#endif
