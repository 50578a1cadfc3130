/*
 * Private DMA buffers for memory regions that are not plain RAM
 *
 * address_space_map() has one bounce buffer for all of them; a second mapping
 * fails while it is in use, which virtio takes for a broken driver. The owner
 * of such a region can serve its mappings itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef EXEC_DMA_VIEW_H
#define EXEC_DMA_VIEW_H

#include "exec/memory.h"

typedef struct DMAViewOps {
    /*
     * A buffer that stands for @len bytes at @ofs of @mr, already filled unless
     * @is_write; @len may be reduced. NULL: use the bounce buffer.
     */
    void *(*map)(MemoryRegion *mr, hwaddr ofs, hwaddr *len, bool is_write,
                 MemTxAttrs attrs);
    /* End of a mapping. False: @buf does not come from @map. */
    bool (*unmap)(void *buf, bool is_write, hwaddr access_len);
} DMAViewOps;

/* Set once, before the machine runs; NULL if there are no such regions. */
extern const DMAViewOps *dma_view_ops;

#endif
