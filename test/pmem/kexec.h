/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kexec_before_test leaves and kexec_after_test finds
 */
#ifndef TEST_KEXEC_H
#define TEST_KEXEC_H

#define KEXEC_KEY	850
#define KEXEC_FILE	"kexec"
#define KEXEC_BUSY_FILE	"kexec-busy"
#define KEXEC_SIZE	(64 * KIB)
#define KEXEC_SYNCED	31
#define KEXEC_DIRTY	32

#endif
