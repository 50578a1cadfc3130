// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record: xattr value that says "this file's data is under key X"
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/string.h>
#include "mktme_dax_private.h"

/**
 * mktme_dax_pack_record() - fill in a record
 * @record: where to
 * @key: key the file is bound to
 * @place: digest from mktme_dax_find_place()
 */
void mktme_dax_pack_record(struct mktme_dax_record_v1 *record,
			   const struct mktme_key *key,
			   const u8 place[MKTME_DAX_PLACE_SIZE])
{
	/* On-disk format: 64 bytes keep it inside a 256-byte ext4 inode. */
	BUILD_BUG_ON(sizeof(*record) != 36);

	memset(record, 0, sizeof(*record));
	record->version = MKTME_DAX_RECORD_V1;
	record->state = MKTME_DAX_STATE_ENCRYPTED;
	record->algorithm = key->material.algorithm;
	memcpy(record->identifier, key->identifier, sizeof(record->identifier));
	memcpy(record->place, place, sizeof(record->place));
}

/**
 * mktme_dax_check_record() - is this the record of a version we know?
 * @record: untrusted bytes from the filesystem
 * @size: how many
 *
 * Return: 0; -EOPNOTSUPP for a version of a later kernel; -EUCLEAN for
 * anything that no kernel writes.
 */
int mktme_dax_check_record(const struct mktme_dax_record_v1 *record,
			   size_t size)
{
	if (size < 1)
		return -EUCLEAN;
	if (record->version > MKTME_DAX_RECORD_V1)
		return -EOPNOTSUPP;
	if (record->version != MKTME_DAX_RECORD_V1 || size != sizeof(*record))
		return -EUCLEAN;
	if (record->state != MKTME_DAX_STATE_ENCRYPTED || record->reserved)
		return -EUCLEAN;
	if (record->algorithm != MKTME_ALG_AES_XTS_128 &&
	    record->algorithm != MKTME_ALG_AES_XTS_256)
		return -EUCLEAN;
	return 0;
}

/**
 * mktme_dax_read_record() - the record of a bound file or directory
 * @inode: inode with the marker
 * @record: result
 *
 * What is wrong with it goes into the log.
 *
 * Context: takes the filesystem's lock of xattrs; may be in a transaction.
 * Return: 0; as mktme_dax_check_record(), and -EUCLEAN if it is missing; errors
 * of the filesystem.
 */
int mktme_dax_read_record(struct inode *inode,
			  struct mktme_dax_record_v1 *record)
{
	u8 value[MKTME_DAX_RECORD_MAX];
	ssize_t size;
	int err;

	size = mktme_dax_fs(inode->i_sb)->read_record(inode, value,
						      sizeof(value));
	if (size < 0 && size != -ENODATA && size != -ERANGE)
		return size;
	err = size < 0 ? -EUCLEAN :
		mktme_dax_check_record((const void *)value, size);
	if (err)
		return mktme_dax_refuse(inode, err == -EUCLEAN ?
					MKTME_DAX_REFUSE_BAD_RECORD :
					MKTME_DAX_REFUSE_VERSION, err);
	memcpy(record, value, sizeof(*record));
	return 0;
}

/**
 * mktme_dax_compare_record() - would this key open the file, here?
 * @inode: inode of the record
 * @record: from mktme_dax_read_record()
 * @identifier: of the key; it has the algorithm in it
 * @place: from mktme_dax_find_place()
 *
 * Return: 0; -EKEYREJECTED for another key; -ESTALE for another place, which
 * goes into the log.
 */
int mktme_dax_compare_record(struct inode *inode,
			     const struct mktme_dax_record_v1 *record,
			     const u8 *identifier, const u8 *place)
{
	if (memcmp(record->identifier, identifier, sizeof(record->identifier)))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_OTHER_KEY,
					-EKEYREJECTED);
	if (memcmp(record->place, place, sizeof(record->place)))
		return mktme_dax_refuse(inode, MKTME_DAX_REFUSE_OTHER_PLACE,
					-ESTALE);
	return 0;
}
