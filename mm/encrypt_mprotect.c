// SPDX-License-Identifier: GPL-2.0-only
/*
 * encrypt_mprotect(): mprotect() that also puts the mapped file under a key
 *
 * After the interface of the 2019 MKTME series, but for file mappings: the
 * binding belongs to the inode, so two mappings of one file cannot disagree
 * about the key.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/key.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mktme_dax.h>
#include <linux/mktme_dax_pause.h>
#include <linux/personality.h>
#include <linux/pkeys.h>
#include <linux/security.h>
#include <linux/syscalls.h>
#include <asm/tlb.h>
#include "internal.h"
#include "vma.h"

/**
 * struct encrypt_range - the checked arguments
 * @start: first byte, page-aligned
 * @len: bytes, page-aligned, not 0
 * @prot: PROT_*
 * @identifier: of the key
 */
struct encrypt_range {
	unsigned long start;
	size_t len;
	unsigned long prot;
	u8 identifier[MKTME_DAX_IDENTIFIER_SIZE];
};

static int check_arguments(const struct encrypt_range *range)
{
	if (!PAGE_ALIGNED(range->start) || !range->len ||
	    !PAGE_ALIGNED(range->len))
		return -EINVAL;
	if (range->start + range->len <= range->start)
		return -ENOMEM;
	/* PROT_GROWSDOWN and PROT_GROWSUP are for stacks. */
	if (range->prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	return 0;
}

/* As mprotect() decides it. */
static bool read_implies_exec(const struct vm_area_struct *vma,
			      unsigned long prot)
{
	return prot & PROT_READ && current->personality & READ_IMPLIES_EXEC &&
	       vma->vm_flags & VM_MAYEXEC;
}

/*
 * All that mprotect() will check, too: what it would refuse after the bind is
 * refused before it.
 */
static int check_vma(struct vm_area_struct *vma, unsigned long wanted)
{
	unsigned long prot = wanted;
	unsigned long flags;

	if (read_implies_exec(vma, prot))
		prot |= PROT_EXEC;
	flags = calc_vm_prot_bits(prot, 0);
	if (!vma->vm_file)
		return -EOPNOTSUPP;
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (!can_modify_vma(vma))
		return -EPERM;
	/* newflags >> 4 shifts VM_MAY% in place of VM_%, as in mprotect(). */
	if (flags & ~(vma->vm_flags >> 4) & VM_ACCESS_FLAGS)
		return -EACCES;
	if (map_deny_write_exec(vma->vm_flags, flags))
		return -EACCES;
	return security_file_mprotect(vma, wanted, prot);
}

/*
 * Check every VMA of the range and change none.
 *
 * Context: mmap_lock held for writing.
 * Return: the one file (not referenced) that all of them map, or an ERR_PTR.
 */
static struct file *check_range(const struct encrypt_range *range)
{
	unsigned long next = range->start, end = range->start + range->len;
	struct file *file = NULL;
	struct vm_area_struct *vma;
	int err;

	VMA_ITERATOR(vmi, current->mm, range->start);

	for_each_vma_range(vmi, vma, end) {
		if (vma->vm_start > next)
			return ERR_PTR(-ENOMEM);
		err = check_vma(vma, range->prot);
		if (err)
			return ERR_PTR(err);
		if (file && file_inode(file) != file_inode(vma->vm_file))
			return ERR_PTR(-EINVAL);
		/* A writable file among several can bind where others cannot. */
		if (!file || vma->vm_file->f_mode & FMODE_WRITE)
			file = vma->vm_file;
		next = vma->vm_end;
	}
	if (next < end)
		return ERR_PTR(-ENOMEM);
	err = mktme_dax_may_bind(file);
	return err ? ERR_PTR(err) : file;
}

/* As mprotect() without a protection key: an earlier pkey_mprotect() stands. */
static unsigned long new_flags(struct vm_area_struct *vma, unsigned long prot)
{
	int pkey = arch_override_mprotect_pkey(vma, prot, -1);

	return calc_vm_prot_bits(prot, pkey) |
	       (vma->vm_flags & ~(VM_ACCESS_FLAGS | VM_FLAGS_CLEAR));
}

/*
 * The second half of mprotect(), over VMAs that check_range() has passed. Not
 * shared with do_mprotect_pkey(), which checks and changes one VMA after the
 * other; so mprotect() stays as it is.
 *
 * Context: mmap_lock held for writing, since check_range().
 */
static int protect_vmas(const struct encrypt_range *range)
{
	unsigned long start = range->start, end = range->start + range->len;
	struct vm_area_struct *vma, *prev;
	struct mmu_gather tlb;
	int err = -ENOMEM;

	VMA_ITERATOR(vmi, current->mm, start);

	vma = vma_find(&vmi, end);
	if (!vma)
		return err;
	prev = vma_prev(&vmi);
	if (start > vma->vm_start)
		prev = vma;

	tlb_gather_mmu(&tlb, current->mm);
	for_each_vma_range(vmi, vma, end) {
		unsigned long prot = range->prot;

		if (read_implies_exec(vma, prot))
			prot |= PROT_EXEC;
		err = mprotect_fixup(&vmi, &tlb, vma, &prev, start,
				     min(vma->vm_end, end),
				     new_flags(vma, prot));
		if (err)
			break;
		start = vma_iter_end(&vmi);
	}
	tlb_finish_mmu(&tlb);
	return err;
}

/*
 * One pass: check the range, and if its file is under the key change the
 * protection in the same critical section. Without inode_lock the file can be
 * locked at the next moment; then the range is open and its accesses get SIGBUS.
 *
 * @bound: what the last pass has found and mktme_dax_bind() has bound, or NULL.
 * @unbound: takes a reference to the file, if it has to be bound first.
 */
static int protect_range(const struct encrypt_range *range,
			 const struct file *bound, struct file **unbound)
{
	struct file *file;
	int err = 0;

	if (mmap_write_lock_killable(current->mm))
		return -EINTR;
	file = check_range(range);
	if (IS_ERR(file))
		err = PTR_ERR(file);
	else if ((bound && file_inode(file) == file_inode(bound)) ||
		 mktme_dax_bound_to(file, range->identifier))
		err = protect_vmas(range);
	else
		*unbound = get_file(file);
	mmap_write_unlock(current->mm);
	return err;
}

/*
 * Binding takes inode_lock, so it is done between two passes and without
 * mmap_lock. If the range maps yet another file then, all begins again.
 */
static int encrypt_range(const struct encrypt_range *range, struct key *key)
{
	struct file *bound = NULL;
	int err;

	for (;;) {
		struct file *unbound = NULL;

		err = protect_range(range, bound, &unbound);
		if (bound)
			fput(bound);
		bound = unbound;
		if (!bound)
			return err;
		err = mktme_dax_bind_key(bound, key);
		mktme_dax_pause(MKTME_DAX_PAUSE_PASSES);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (err)
			break;
		cond_resched();
	}
	fput(bound);
	return err;
}

/**
 * sys_encrypt_mprotect - bind the mapped file to a key and set the protection
 * @start: page-aligned address
 * @len: length in bytes, a multiple of the page size
 * @prot: PROT_NONE or PROT_READ, PROT_WRITE, PROT_EXEC; protection to set
 * @serial: key of type "mktme" with type=user
 *
 * All of the range must be shared mappings of one regular file with DAX. The
 * whole file is bound, @prot is set on the range only. If the file is bound
 * already, the key must be the same; a locked file is unlocked by it.
 *
 * There is no moment at which the range is usable without the key: existing
 * mappings are taken away before the file is bound and come back by faults
 * under the key. Called on a PROT_NONE range with the final @prot, or with
 * PROT_NONE followed by mprotect() or pkey_mprotect().
 *
 * If the bind fails nothing has changed. If setting the protection fails after
 * it (-ENOMEM when a mapping has to be split, or the range was unmapped
 * meanwhile) the file stays bound, protections are as mprotect() leaves them,
 * and the call can be repeated.
 *
 * Return: 0 or
 *   -EOPNOTSUPP no TME-MK or mktme=off; memory that is not a mapping of a
 *	regular file with DAX; see mktme_dax_bind()
 *   -EINVAL unaligned, empty, unknown bits in @prot, private mapping, several
 *	files, not an mktme key, or one of type=cpu
 *   -ENOMEM address range overflows or has a hole
 *   -EACCES @prot exceeds what the file was opened for; no search permission
 *	on the key; unbound file not open for writing
 *   -EPERM sealed mapping; unbound file of another owner
 *   -ENOKEY, -EKEYEXPIRED, -EKEYREVOKED from the key look-up
 *   -EINTR killed
 *   and the errors of mktme_dax_bind().
 */
SYSCALL_DEFINE4(encrypt_mprotect, unsigned long, start, size_t, len,
		unsigned long, prot, key_serial_t, serial)
{
	struct encrypt_range range = {
		.start = untagged_addr(start),
		.len = len,
		.prot = prot,
	};
	key_ref_t ref;
	int err;

	if (!mktme_nr_keyids())
		return -EOPNOTSUPP;
	err = check_arguments(&range);
	if (err)
		return err;
	ref = lookup_user_key(serial, 0, KEY_NEED_SEARCH);
	if (IS_ERR(ref))
		return PTR_ERR(ref);
	err = mktme_dax_identify(key_ref_to_ptr(ref), range.identifier) ?:
	      encrypt_range(&range, key_ref_to_ptr(ref));
	key_ref_put(ref);
	return err;
}
