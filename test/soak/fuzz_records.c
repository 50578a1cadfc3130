// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records as bytes on the device, changed while the file system is not mounted
 *
 * The file system has no checksums: what comes to our code is what was written. Each file
 * then has to be judged as its record says, and not to be readable if that is not good.
 */
#include <sys/mount.h>
#include <sys/xattr.h>
#include "fuzz.h"

#define FILES	24
#define PLACES	256
#define CHUNK	(4 * MIB)

static struct mktme_dax_record_v1 good;
static off_t places[PLACES];
static unsigned int nr_places, counts[5];

static const char *device(void)
{
	return getenv("MKTME_DEVICE") ?: "/dev/pmem0";
}

static void remount(bool on)
{
	if (on ? mount(device(), fixture_dir(), fs_type(), 0, "dax=always") : umount(fixture_dir()))
		broken("%s: %s", on ? "mount" : "umount", errno_name(errno));
}

static int record_file(unsigned int i, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/r%u", fixture_dir(), i);
	fd = open(path, flags, 0600);
	if (fd < 0)
		broken("%s: %s", path, errno_name(errno));
	return fd;
}

static void make_files(key_serial_t key)
{
	for (unsigned int i = 0; i < FILES; i++) {
		int fd = record_file(i, O_RDWR | O_CREAT | O_EXCL);

		if (ftruncate(fd, PAGE) || ioctl_bind(fd, key) || pwrite(fd, "data", 4, 0) != 4 ||
		    fgetxattr(fd, MKTME_DAX_RECORD_NAME, &good, sizeof(good)) != sizeof(good))
			broken("a file with a record: %s", errno_name(errno));
		close(fd);
	}
}

/* In the log of the file system as well: that is not read again. */
static void find_places(int fd)
{
	static char buf[CHUNK + sizeof(good)];
	ssize_t got;

	for (off_t off = 0; (got = pread(fd, buf, sizeof(buf), off)) > 0; off += CHUNK)
		for (char *p = buf; nr_places < PLACES; p++) {
			p = memmem(p, buf + got - p, &good, sizeof(good));
			if (!p || p - buf >= (ssize_t)CHUNK)
				break;
			places[nr_places++] = off + (p - buf);
		}
}

static struct mktme_dax_record_v1 other_record(struct random *r)
{
	struct mktme_dax_record_v1 record = good;
	uint8_t *bytes = (uint8_t *)&record;

	for (unsigned int n = one_of(r, 3); n; n--)
		bytes[one_of(r, one_of(r, 2) ? 4 : sizeof(record))] = one_of(r, 2) ? one_of(r, 4) : any(r);
	return record;
}

static void change_records(struct random *r)
{
	int fd = open(device(), O_RDWR);

	if (fd < 0)
		broken("%s: %s", device(), errno_name(errno));
	if (!nr_places)
		find_places(fd);
	for (unsigned int i = 0; i < nr_places; i++) {
		struct mktme_dax_record_v1 record = other_record(r);

		if (pwrite(fd, &record, sizeof(record), places[i]) != sizeof(record))
			broken("pwrite: %s", errno_name(errno));
	}
	if (fsync(fd))
		broken("fsync: %s", errno_name(errno));
	close(fd);
}

/* The order of the documentation. */
static int wanted_errno(const struct mktme_dax_record_v1 *r)
{
	if (r->version > MKTME_DAX_RECORD_V1)
		return EOPNOTSUPP;
	if (!r->version || r->state != MKTME_DAX_STATE_ENCRYPTED || r->reserved ||
	    (r->algorithm != MKTME_ALG_AES_XTS_128 && r->algorithm != MKTME_ALG_AES_XTS_256))
		return EUCLEAN;
	if (memcmp(r->identifier, good.identifier, sizeof(good.identifier)))
		return EKEYREJECTED;
	return memcmp(r->place, good.place, sizeof(good.place)) ? ESTALE : 0;
}

static void check_file(unsigned int i, key_serial_t key)
{
	struct mktme_dax_record_v1 record;
	int fd = record_file(i, O_RDWR), wanted, err;
	char data[4];

	if (fgetxattr(fd, MKTME_DAX_RECORD_NAME, &record, sizeof(record)) != sizeof(record))
		broken("fgetxattr: %s", errno_name(errno));
	wanted = wanted_errno(&record);
	if (pread(fd, data, 4, 0) != -1 || errno != ENOKEY)
		broken("file %u can be read without its key", i);
	err = ioctl_bind(fd, key) ? errno : 0;
	if (err != wanted)
		broken("record %02x %02x %02x %02x: %s, %s was wanted", record.version, record.state,
		       record.algorithm, record.reserved, errno_name(err), errno_name(wanted));
	if (pread(fd, data, 4, 0) != (wanted ? -1 : 4) || (!wanted && memcmp(data, "data", 4)))
		broken("file %u: its data is not as its record says", i);
	counts[wanted == EOPNOTSUPP ? 1 : wanted == EUCLEAN ? 2 : wanted == EKEYREJECTED ? 3 :
	       wanted == ESTALE ? 4 : 0]++;
	close(fd);
}

int fuzz_records(struct random *r, unsigned int rounds)
{
	key_serial_t key = add_test_key(1);

	if (key < 0)
		broken("add_key() gave %s", errno_name(errno));
	make_files(key);
	for (unsigned int n = 0; n < rounds; n++) {
		remount(false);
		change_records(r);
		remount(true);
		for (unsigned int i = 0; i < FILES; i++)
			check_file(i, key);
	}
	report("# fuzz: records good %u, of a later version %u, damaged %u, of another key %u, of another place %u",
	       counts[0], counts[1], counts[2], counts[3], counts[4]);
	report("%s - fuzz: records are judged as they are", nr_places >= FILES && counts[0] && counts[1] &&
	       counts[2] && counts[3] && counts[4] ? "ok" : "not ok");
	return 0;
}
