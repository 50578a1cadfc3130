// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files whose raw bytes the host looks at after power-off, for the shell
 *
 *	hostfile payload KEY			test key number KEY, for keyctl padd
 *	hostfile content FILE...		SHA-256 and length, the same under either mark
 *	hostfile pattern KEY SEED FILE NAME	tells the host: FILE is this pattern
 *	hostfile digest KEY FILE NAME		tells the host: FILE has this SHA-256
 *
 * KEY 0 is a file without a key. The lines for the host are those of test/pmem/host.sh,
 * one for each extent; NAME is the test.
 */
#include <openssl/evp.h>
#include "common.h"

#define EXTENTS		256
#define UNWRITTEN	0x800		/* FIEMAP_EXTENT_UNWRITTEN */

struct told {
	int fd;
	unsigned int key;
	const char *seed;		/* of the pattern; NULL: by digest */
	const char *name;
	char *bytes;
	size_t size;
};

static int fail(const char *path)
{
	fprintf(stderr, "hostfile: %s: %s\n", path, strerror(errno));
	return 1;
}

static void sha256(const void *bytes, size_t len, char hex[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	NEED(EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL));
	for (int i = 0; i < 32; i++)
		pattern_hex(hex + 2 * i, digest[i], 2);
	hex[64] = 0;
}

/* Memory of its own: what the file system gives to read(). */
static int load(struct told *t, const char *path)
{
	struct stat st;

	t->fd = open(path, O_RDONLY);
	if (t->fd < 0 || fstat(t->fd, &st))
		return fail(path);
	t->size = st.st_size;
	t->bytes = malloc(t->size + 1);
	NEED(t->bytes);
	read_all(t->fd, t->bytes, t->size, 0);
	return 0;
}

static int print_payload(const char *number)
{
	char text[160];

	key_payload(atoi(number), text, sizeof(text));
	return fputs(text, stdout) < 0;
}

/* The marks are of one length: what a program wrote differs in nothing else. */
static int print_content(const char *path)
{
	static const char mark[] = CLEAR_MARK;
	struct told t = {};
	char hex[65], *found;

	if (load(&t, path))
		return 1;
	found = t.bytes;
	while ((found = memmem(found, t.bytes + t.size - found, SECRET_MARK, sizeof(mark) - 1)))
		memcpy(found, mark, sizeof(mark) - 1);
	sha256(t.bytes, t.size, hex);
	printf("%s %zu %s\n", hex, t.size, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	free(t.bytes);
	return 0;
}

/* Whole lines of the cipher only, and no byte behind the end. */
static void tell_extent(const struct told *t, const struct extent *e)
{
	unsigned long long phys = device_base(t->fd) + e->physical;
	size_t len = e->logical < t->size ? t->size - e->logical : 0;
	char hex[65];

	len = (len < e->len ? len : e->len) & ~(PATTERN_LINE - 1UL);
	if (!len || e->flags & UNWRITTEN)
		return;
	if (t->seed) {
		report("host %s %#llx %zu %u %s %llu -- %s", t->key ? "cipher" : "clear", phys, len,
		       t->key, t->seed, (unsigned long long)e->logical, t->name);
		return;
	}
	sha256(t->bytes + e->logical, len, hex);
	report("host digest %#llx %zu %u %s 0 -- %s", phys, len, t->key, hex, t->name);
}

static int tell_file(struct told *t, const char *path)
{
	static struct extent extents[EXTENTS];
	unsigned int n;

	if (load(t, path) || fsync(t->fd))
		return fail(path);
	n = fiemap(t->fd, extents, EXTENTS);
	for (unsigned int i = 0; i < n; i++)
		tell_extent(t, &extents[i]);
	return n ? 0 : fail("no extents");
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";
	struct told t = { .key = argc > 2 ? atoi(argv[2]) : 0, .name = argv[argc - 1] };
	int err = 0;

	if (!strcmp(verb, "payload"))
		return print_payload(argv[2]);
	if (!strcmp(verb, "content")) {
		for (int i = 2; i < argc; i++)
			err |= print_content(argv[i]);
		return err;
	}
	if (!strcmp(verb, "pattern") && argc == 6) {
		t.seed = argv[3];
		return tell_file(&t, argv[4]);
	}
	if (!strcmp(verb, "digest") && argc == 5)
		return tell_file(&t, argv[3]);
	fputs("usage: hostfile payload KEY | content FILE... | pattern KEY SEED FILE NAME |\n"
	      "       digest KEY FILE NAME\n", stderr);
	return 2;
}
