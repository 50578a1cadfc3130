/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Encrypted DAX files: one security module more, for linux/lsm_count.h
 */
#ifndef _LINUX_MKTME_LSM_H
#define _LINUX_MKTME_LSM_H

#if IS_ENABLED(CONFIG_MKTME_DAX)
#define MKTME_DAX_ENABLED 1,
#else
#define MKTME_DAX_ENABLED
#endif

#endif /* _LINUX_MKTME_LSM_H */
