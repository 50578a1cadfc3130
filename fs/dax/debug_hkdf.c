// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs mktme_dax/hkdf: the test vectors of RFC 5869, appendix A.1 to A.3
 *
 * Reads "ok", or the number of the first vector that does not come out.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/mktme.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include "../../security/keys/mktme_hkdf.h"

/* Inputs that count up, or repeat one byte */
struct bytes {
	u8 first, step, len;
};

static const struct vector {
	struct bytes ikm, salt, info;
	unsigned int okm_len;
	const char *okm;
} vectors[] = {
	{
		{ 0x0b, 0, 22 }, { 0x00, 1, 13 }, { 0xf0, 1, 10 }, 42,
		"\x3c\xb2\x5f\x25\xfa\xac\xd5\x7a\x90\x43\x4f\x64\xd0\x36"
		"\x2f\x2a\x2d\x2d\x0a\x90\xcf\x1a\x5a\x4c\x5d\xb0\x2d\x56"
		"\xec\xc4\xc5\xbf\x34\x00\x72\x08\xd5\xb8\x87\x18\x58\x65",
	}, {
		{ 0x00, 1, 80 }, { 0x60, 1, 80 }, { 0xb0, 1, 80 }, 82,
		"\xb1\x1e\x39\x8d\xc8\x03\x27\xa1\xc8\xe7\xf7\x8c\x59\x6a"
		"\x49\x34\x4f\x01\x2e\xda\x2d\x4e\xfa\xd8\xa0\x50\xcc\x4c"
		"\x19\xaf\xa9\x7c\x59\x04\x5a\x99\xca\xc7\x82\x72\x71\xcb"
		"\x41\xc6\x5e\x59\x0e\x09\xda\x32\x75\x60\x0c\x2f\x09\xb8"
		"\x36\x77\x93\xa9\xac\xa3\xdb\x71\xcc\x30\xc5\x81\x79\xec"
		"\x3e\x87\xc1\x4c\x01\xd5\xc1\xf3\x43\x4f\x1d\x87",
	}, {
		{ 0x0b, 0, 22 }, { 0, 0, 0 }, { 0, 0, 0 }, 42,
		"\x8d\xa4\xe7\x75\xa5\x63\xc1\x8f\x71\x5f\x80\x2a\x06\x3c"
		"\x5a\x31\xb8\xa1\x1f\x5c\x5e\xe1\x87\x9e\xc3\x45\x4e\x5f"
		"\x3c\x73\x8d\x2d\x9d\x20\x13\x95\xfa\xa4\xb6\x1a\x96\xc8",
	},
};

static void fill(u8 *out, const struct bytes *bytes)
{
	int i;

	for (i = 0; i < bytes->len; i++)
		out[i] = bytes->first + i * bytes->step;
}

static bool comes_out(const struct vector *v)
{
	u8 ikm[80], salt[80], info[80], okm[82];

	fill(ikm, &v->ikm);
	fill(salt, &v->salt);
	fill(info, &v->info);
	return !mktme_hkdf("hmac(sha256)", salt, v->salt.len, ikm, v->ikm.len,
			   info, v->info.len, okm, v->okm_len) &&
	       !memcmp(okm, v->okm, v->okm_len);
}

static int hkdf_show(struct seq_file *m, void *unused)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		if (!comes_out(&vectors[i])) {
			seq_printf(m, "vector %d\n", i + 1);
			return 0;
		}
	}
	seq_puts(m, "ok\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(hkdf);

/* After the directory, which debug.c makes */
static int __init mktme_dax_hkdf_init(void)
{
	struct dentry *dir = debugfs_lookup("mktme_dax", NULL);

	if (dir)
		debugfs_create_file("hkdf", 0400, dir, NULL, &hkdf_fops);
	dput(dir);
	return 0;
}
late_initcall_sync(mktme_dax_hkdf_init);
