// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is mapped through which KeyID: trace event and /proc/PID/smaps
 */
#include <linux/mktme_pfn.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pfn_t.h>
#include <linux/seq_file.h>
#include "mktme_dax_private.h"

#define CREATE_TRACE_POINTS
#include <trace/events/mktme_dax.h>

/*
 * The KeyID is the one that goes into the entry, not the one that the inode's
 * state says should. Files without a key are none of our business.
 */
void __mktme_dax_trace_fault(const struct vm_fault *vmf, pfn_t pfn, size_t size,
			     bool write)
{
	unsigned int keyid = pfn.val >> PFN_KEYID_SHIFT & PFN_KEYID_MAX;
	unsigned int order = get_order(size);

	if (keyid)
		trace_mktme_fault(file_inode(vmf->vma->vm_file),
				  round_down(vmf->pgoff, 1UL << order), keyid,
				  order, write, pfn_t_to_pfn(pfn));
}

/*
 * A number in any case: programs that read smaps take everything but VmFlags
 * for one. Mappings of files without a key have no such line.
 */
void __mktme_dax_show_smap(struct seq_file *m, const struct vm_area_struct *vma)
{
	struct file *file = vma->vm_file;

	if (file && mktme_dax_bound(file->f_mapping->host))
		seq_printf(m, "KeyID:          %8u\n",
			   mktme_dax_keyid(file->f_mapping));
}
