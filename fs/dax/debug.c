// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs mktme_dax/: what a test has to see with its own eyes
 *
 *   pte            write a user address, read back its page-table entry
 *   keyids         KeyIDs that files can use
 *   flushed_lines  cache lines flushed or written back through an alias
 *   pause/         hold a thread at a place, see pause.c
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/mktme.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/uaccess.h>
#include <asm/mktme.h>
#include "mktme_dax_private.h"

struct found_entry {
	const char *level;
	u64 raw;
	unsigned long pfn;
};

static void find_pmd(struct mm_struct *mm, pmd_t *pmd, struct found_entry *found)
{
	spinlock_t *ptl = pmd_lockptr(mm, pmd);

	spin_lock(ptl);
	if (pmd_leaf(*pmd))
		*found = (struct found_entry){ "pmd", pmd_val(*pmd),
					       pmd_pfn(*pmd) };
	spin_unlock(ptl);
}

static void find_pte(struct mm_struct *mm, pmd_t *pmd, unsigned long addr,
		     struct found_entry *found)
{
	spinlock_t *ptl;	/* of the table */
	pte_t *pte = pte_offset_map_lock(mm, pmd, addr, &ptl);

	if (!pte)
		return;
	__acquire(ptl);	/* for sparse, which does not look into the function */
	if (!pte_none(*pte))
		*found = (struct found_entry){ "pte", pte_val(*pte),
					       pte_pfn(*pte) };
	pte_unmap_unlock(pte, ptl);
}

/* Context: mmap_lock held for reading. */
static void find_entry(struct mm_struct *mm, unsigned long addr,
		       struct found_entry *found)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	*found = (struct found_entry){ .level = "none" };
	if (pgd_none_or_clear_bad(pgd))
		return;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none_or_clear_bad(p4d))
		return;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud) || pud_leaf(*pud))
		return;
	pmd = pmd_offset(pud, addr);
	find_pmd(mm, pmd, found);
	if (!found->raw)
		find_pte(mm, pmd, addr, found);
}

static ssize_t entry_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	unsigned long addr;
	int err;

	err = kstrtoul_from_user(buf, len, 16, &addr);
	if (err)
		return err;
	if (addr >= TASK_SIZE_MAX)
		return -EINVAL;
	file->private_data = (void *)addr;
	*pos = 0;
	return len;
}

static ssize_t entry_read(struct file *file, char __user *buf, size_t len,
			  loff_t *pos)
{
	struct mm_struct *mm = current->mm;
	struct found_entry found;
	char line[96];
	int n;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	find_entry(mm, (unsigned long)file->private_data, &found);
	mmap_read_unlock(mm);
	n = scnprintf(line, sizeof(line),
		      "level=%s raw=0x%llx keyid=%u pfn=0x%lx\n", found.level,
		      found.raw, mktme_pte_keyid(found.raw), found.pfn);
	return simple_read_from_buffer(buf, len, pos, line, n);
}

static const struct file_operations pte_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = entry_read,
	.write = entry_write,
};

static int keyids_get(void *data, u64 *val)
{
	*val = mktme_nr_keyids();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(keyids_fops, keyids_get, NULL, "%llu\n");

static int flushed_lines_get(void *data, u64 *val)
{
	*val = atomic_long_read(&mktme_flushed_lines);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(flushed_lines_fops, flushed_lines_get, NULL,
			 "%llu\n");

static int __init mktme_dax_debug_init(void)
{
	struct dentry *dir = debugfs_create_dir("mktme_dax", NULL);

	debugfs_create_file("pte", 0600, dir, NULL, &pte_fops);
	debugfs_create_file_unsafe("keyids", 0400, dir, NULL, &keyids_fops);
	debugfs_create_file_unsafe("flushed_lines", 0400, dir, NULL,
				   &flushed_lines_fops);
	mktme_dax_pause_init(dir);
	return 0;
}
late_initcall(mktme_dax_debug_init);
