// SPDX-License-Identifier: GPL-2.0-only
/*
 * The structs of the uapi header, as a 64-bit and as a 32-bit program see them
 *
 * Only compiled, with -Wpadded: a hole is an error, and so is another number of
 * a call, which has the size in it.
 */
#include <stddef.h>
#include "../../include/uapi/linux/mktme_dax.h"

#define SAME(type, size, last)						\
	_Static_assert(sizeof(struct type) == (size) &&			\
		       offsetof(struct type, reserved) == (last), #type)

_Static_assert(sizeof(struct mktme_dax_record_v1) == 36, "on-disk format");
SAME(mktme_dax_add_key_arg, 64, 32);
SAME(mktme_dax_remove_key_arg, 64, 32);
SAME(mktme_dax_key_status_arg, 72, 40);
SAME(mktme_dax_bind_arg, 48, 16);
SAME(mktme_dax_status_arg, 64, 40);
_Static_assert(MKTME_DAX_IOC_ADD_KEY == 0xc04066d0, "ADD_KEY");
_Static_assert(MKTME_DAX_IOC_REMOVE_KEY == 0xc04066d1, "REMOVE_KEY");
_Static_assert(MKTME_DAX_IOC_KEY_STATUS == 0xc04866d2, "KEY_STATUS");
_Static_assert(MKTME_DAX_IOC_BIND == 0x403066d3, "BIND");
_Static_assert(MKTME_DAX_IOC_STATUS == 0xc04066d4, "STATUS");

#ifdef LAYOUT_WITH_A_HOLE
struct hole {
	__u32 word;
	__u64 next;
};
#endif
