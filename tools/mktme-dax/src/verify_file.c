// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data of a file, as the device has it and as the file gives it
 */
#include "doctor.h"
#include "verify_file.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define CHUNK	(1UL << 20)

static int check_state(const struct mktme_dax_file_info *info, const char *path, bool with_key,
		       struct target *target)
{
	target->locked = info->state == MKTME_DAX_LOCKED;
	if (info->is_directory)
		return complain(-EISDIR, "mktme-dax verify FILE", "%s is a directory: it has no data of its own",
				path);
	if (info->state == MKTME_DAX_UNBOUND)
		return complain(-ENODATA, "mktme-dax bind, for new files",
				"%s is not bound to a key: what is on the DIMM is its plaintext", path);
	if (target->locked && with_key)
		return complain(-ENOKEY, "mktme-dax status PATH, for its key",
				"%s is locked: to compare with a key, its data has to be readable", path);
	return EXIT_OK;
}

static int take_key(const struct mktme_dax_key *key, const char *origin,
		    const struct mktme_dax_file_info *info, struct target *target)
{
	uint8_t identifier[MKTME_DAX_KEY_IDENTIFIER_SIZE];

	if (mktme_dax_key_identifier(key, identifier))
		return complain(-EINVAL, NULL, "%s: %s", origin, mktme_dax_message());
	if (memcmp(identifier, info->identifier, sizeof(identifier)))
		return complain(-EKEYREJECTED, "mktme-dax status PATH, for the identifier of its key",
				"%s is not the key of the file", origin);
	target->cipher = new_cipher(key);
	return target->cipher ? EXIT_OK : complain(-EIO, NULL, "libcrypto refuses the key");
}

/* O_DIRECT: what the page cache has of the device may be older than the device. */
static int open_device(const char *path, struct target *target)
{
	struct path_facts facts;
	char device[80];
	int err = probe_path(path, &facts);

	if (err)
		return complain(err, NULL, "%s: %s", path, strerror(-err));
	snprintf(device, sizeof(device), "/dev/%s", facts.device.name);
	target->device = open(device, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (target->device < 0 || ioctl(target->device, BLKGETSIZE64, &target->device_size)) {
		err = -errno;
		return complain(err, err == -EACCES ? "run this as root" : NULL, "%s: %s", device,
				strerror(-err));
	}
	err = mktme_dax_device_address(target->fd, &target->base);
	if (err)
		return complain(err, err == -EACCES ? "run this as root" : "mktme-dax doctor PATH",
				"%s: %s", path, mktme_dax_message());
	return EXIT_OK;
}

int open_target(const char *path, const struct mktme_dax_key *key, const char *origin,
		struct target *target)
{
	struct mktme_dax_file_info info = { .version = MKTME_DAX_API_V1 };
	struct stat st;
	int code, err;

	*target = (struct target){ .path = path, .device = -1 };
	target->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (target->fd < 0 || fstat(target->fd, &st)) {
		err = -errno;
		return complain(err, NULL, "%s: %s", path, strerror(-err));
	}
	target->size = st.st_size;
	err = mktme_dax_query(target->fd, &info);
	if (err)
		return complain(err, "mktme-dax doctor PATH", "%s: %s", path, mktme_dax_message());
	code = check_state(&info, path, key, target);
	if (!code && key)
		code = take_key(key, origin, &info, target);
	return code ? code : open_device(path, target);
}

void close_target(struct target *target)
{
	free_cipher(target->cipher);
	if (target->fd >= 0)
		close(target->fd);
	if (target->device >= 0)
		close(target->device);
}

struct walk {
	struct target *target;
	struct evidence *evidence;
	uint8_t *raw, *plain, *expected;
	uint64_t total;
	struct bar bar;
	int err;
};

/* Reads all of it, or it is an error. */
static int read_at(int fd, uint8_t *out, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t done = pread(fd, out, len, offset);

		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		out += done;
		offset += done;
		len -= done;
	}
	return 0;
}

/* Lines that the file ends within are left out: what follows the end is nobody's business. */
static int compare_cipher(struct walk *walk, uint64_t offset, uint64_t place, size_t len)
{
	struct evidence *evidence = walk->evidence;
	uint64_t address = walk->target->base + place;

	len -= len % LINE_BYTES;
	if (encrypt_lines(walk->target->cipher, address, walk->plain, walk->expected, len))
		return -EIO;
	for (size_t i = 0; i < len; i += LINE_BYTES) {
		evidence->lines++;
		if (!memcmp(walk->raw + i, walk->expected + i, LINE_BYTES))
			continue;
		if (!evidence->wrong_lines++)
			evidence->first_wrong = offset + i;
	}
	return 0;
}

static int look_at_chunk(struct walk *walk, uint64_t offset, uint64_t place, size_t len)
{
	struct target *target = walk->target;
	size_t whole = (len + 4095) & ~4095UL;	/* for O_DIRECT; the block is there */
	int err = read_at(target->device, walk->raw, whole, place);

	if (!err && !target->locked)
		err = read_at(target->fd, walk->plain, len, offset);
	if (err)
		return err;
	look_at_bytes(walk->evidence, walk->raw, target->locked ? NULL : walk->plain,
		      len - len % CIPHER_BLOCK, offset);
	if (target->cipher)
		err = compare_cipher(walk, offset, place, len);
	bar_advance(&walk->bar, len);
	return err;
}

static uint64_t length_within(const struct mktme_dax_extent *extent, uint64_t size)
{
	if (extent->unwritten || extent->logical >= size)
		return 0;
	return extent->logical + extent->length > size ? size - extent->logical : extent->length;
}

static int add_length(const struct mktme_dax_extent *extent, void *data)
{
	struct walk *walk = data;

	walk->total += length_within(extent, walk->target->size);
	return 0;
}

static int look_at_extent(const struct mktme_dax_extent *extent, void *data)
{
	struct walk *walk = data;
	uint64_t left = length_within(extent, walk->target->size), done = 0;

	while (left && !walk->err) {
		size_t len = left < CHUNK ? left : CHUNK;

		walk->err = look_at_chunk(walk, extent->logical + done, extent->physical + done, len);
		done += len;
		left -= len;
	}
	return walk->err;
}

static int walk_extents(struct walk *walk)
{
	int err = mktme_dax_for_each_extent(walk->target->fd, add_length, walk);

	if (err)
		return err;
	bar_begin(&walk->bar, "comparing", walk->total);
	err = mktme_dax_for_each_extent(walk->target->fd, look_at_extent, walk);
	bar_end(&walk->bar);
	return err;
}

int read_evidence(struct target *target, struct evidence *evidence)
{
	struct walk walk = { .target = target, .evidence = evidence };
	int err;

	walk.raw = aligned_alloc(4096, CHUNK);
	walk.plain = malloc(CHUNK);
	walk.expected = malloc(CHUNK);
	if (!walk.raw || !walk.plain || !walk.expected)
		err = -ENOMEM;
	else if (fsync(target->fd))
		err = -errno;
	else
		err = walk_extents(&walk);
	free(walk.raw);
	if (walk.plain)
		explicit_bzero(walk.plain, CHUNK);
	free(walk.plain);
	free(walk.expected);
	if (err)
		return complain(err, NULL, "%s: %s", target->path, walk.err || err == -ENOMEM ?
				strerror(-err) : mktme_dax_message());
	return EXIT_OK;
}
