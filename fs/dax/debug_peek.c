// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs mktme_dax/peek: what the hardware makes of a KeyID
 *
 * Write "KEYID PHYS" in hexadecimal, then read the 64 bytes there as they look
 * through the KeyID, whether or not it holds a key. For tests of what is left of a
 * key in the memory controller. Reads only, and leaves no line in the caches.
 */
#include <linux/cacheflush.h>
#include <linux/debugfs.h>
#include <linux/hex.h>
#include <linux/io.h>
#include <linux/mktme.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/mktme.h>

#define PEEK_LINE	64

struct peek {
	unsigned int keyid;
	phys_addr_t phys;
};

static int peek_line(const struct peek *peek, u8 line[PEEK_LINE])
{
	pgprot_t prot = __pgprot(pgprot_val(PAGE_KERNEL_RO) |
				 mktme_keyid_bits(peek->keyid));
	unsigned long addr;
	struct vm_struct *vm;
	int err;

	vm = get_vm_area(PAGE_SIZE, VM_IOREMAP);
	if (!vm)
		return -ENOMEM;
	addr = (unsigned long)vm->addr;
	err = ioremap_page_range(addr, addr + PAGE_SIZE,
				 peek->phys & PAGE_MASK, prot);
	if (!err) {
		addr += offset_in_page(peek->phys);
		/* Not what a cache holds, but what is in the memory */
		clflush_cache_range((void *)addr, PEEK_LINE);
		memcpy(line, (void *)addr, PEEK_LINE);
		clflush_cache_range((void *)addr, PEEK_LINE);
	}
	free_vm_area(vm);
	vm_unmap_aliases();
	return err;
}

static int peek_open(struct inode *inode, struct file *file)
{
	struct peek *peek = kzalloc(sizeof(*peek), GFP_KERNEL);

	file->private_data = peek;
	return peek ? nonseekable_open(inode, file) : -ENOMEM;
}

static int peek_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t peek_write(struct file *file, const char __user *buf, size_t len,
			  loff_t *pos)
{
	struct peek *peek = file->private_data;
	unsigned long long phys;
	unsigned int keyid;
	char text[64];

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, len))
		return -EFAULT;
	text[len] = 0;
	if (sscanf(text, "%x %llx", &keyid, &phys) != 2 ||
	    keyid > mktme_nr_keyids() || phys % PEEK_LINE ||
	    !pfn_valid(PHYS_PFN(phys)))
		return -EINVAL;
	*peek = (struct peek){ keyid, phys };
	*pos = 0;
	return len;
}

static ssize_t peek_read(struct file *file, char __user *buf, size_t len,
			 loff_t *pos)
{
	char text[2 * PEEK_LINE + 2];
	u8 line[PEEK_LINE];
	int err;

	err = peek_line(file->private_data, line);
	if (err)
		return err;
	bin2hex(text, line, PEEK_LINE);
	text[2 * PEEK_LINE] = '\n';
	return simple_read_from_buffer(buf, len, pos, text, 2 * PEEK_LINE + 1);
}

static const struct file_operations peek_fops = {
	.owner = THIS_MODULE,
	.open = peek_open,
	.release = peek_release,
	.read = peek_read,
	.write = peek_write,
};

/* After the directory, which debug.c makes */
static int __init mktme_dax_peek_init(void)
{
	struct dentry *dir = debugfs_lookup("mktme_dax", NULL);

	if (dir)
		debugfs_create_file("peek", 0600, dir, NULL, &peek_fops);
	dput(dir);
	return 0;
}
late_initcall_sync(mktme_dax_peek_init);
