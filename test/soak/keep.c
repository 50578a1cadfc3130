// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that stays on the DIMM: the host looks at its raw bytes after power-off
 *
 * Its contents are no pattern by now, so a line has the SHA-256 of each extent:
 *
 *	host digest PHYS LEN KEY SHA256 -- NAME
 */
#include <openssl/evp.h>
#include "soak.h"

#define MAX_EXTENTS	256
#define LINE		((size_t)PATTERN_LINE)
#define FIEMAP_UNWRITTEN	0x800

static void tell_extent(const struct file *f, uint64_t phys, size_t off, size_t len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * sizeof(digest) + 1] = "";
	unsigned int size = 0;

	if (!EVP_Digest(f->bytes + off, len, digest, &size, EVP_sha256(), NULL))
		wrong("there is no SHA-256");
	for (unsigned int i = 0; i < size; i++)
		pattern_hex(hex + 2 * i, digest[i], 2);
	report("host digest %#llx %zu %u %s 0 -- model: kept files", (unsigned long long)phys, len,
	       f->key, hex);
}

/* Blocks that were never written, and what is behind the end, are nobody's bytes. */
void keep_file(struct model *m, const struct file *f, unsigned int number)
{
	static struct extent extents[MAX_EXTENTS];
	unsigned int n;
	char path[80];

	snprintf(path, sizeof(path), "%s/kept-%u", fixture_dir(), number);
	if (rename(f->path, path) || fsync(f->fd) || fsync(m->root))
		wrong("%s: %s", path, errno_name(errno));
	n = fiemap(f->fd, extents, MAX_EXTENTS);
	for (unsigned int i = 0; i < n && i < 64; i++) {
		size_t off = extents[i].logical, len = extents[i].len;

		if (off >= f->size || extents[i].flags & FIEMAP_UNWRITTEN)
			continue;
		if (len > f->size - off)
			len = f->size - off;
		len &= ~(LINE - 1);
		if (len)
			tell_extent(f, device_base(f->fd) + extents[i].physical, off, len);
	}
}
