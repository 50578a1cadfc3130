// SPDX-License-Identifier: GPL-2.0-only
/*
 * ext4: encrypted DAX files
 *
 * The on-disk marker of a bound file. Kernels and tools that know nothing of
 * records must neither read noise from such a file nor write into it. So on
 * disk it looks like an fscrypt file whose key nobody can have: the encrypt
 * flag together with a well-formed encryption context. An unaware kernel
 * answers open() and truncate() with ENOKEY, never sets S_DAX, but still
 * unlinks and renames; e2fsck finds nothing to mend. Beside it stands a flag
 * of our own, by which we recognise the file at iget, before anyone can reach
 * its data and without a look at its xattrs. In core only our flag is set, so
 * nothing else in ext4 takes the file for an fscrypt one.
 *
 * A directory that gives its key to new files has the record and our flag only:
 * its names are no secret. An unaware kernel creates plain files in it.
 *
 * The superblock's encrypt feature bit says that there can be such files, and
 * turns the hooks on at mount. Beside it stands the compatible feature
 * stable_inodes, on account of which resize2fs does not shrink the filesystem:
 * moved, the data of bound files would be lost. What it does not keep from moving
 * blocks is found out by the layout, which is in the records.
 */
#include <linux/dax.h>
#include <linux/fscrypt.h>
#include <linux/mktme_dax_fs.h>
#include <linux/mktme_dax_pause.h>
#include <linux/module.h>
#include <linux/quotaops.h>
#include <linux/random.h>
#include "ext4.h"
#include "ext4_jbd2.h"
#include "mktme.h"
#include "xattr.h"

/* Free in ext4.h and passed over by e2fsck 1.47. */
#define EXT4_MKTME_BIT		26
#define EXT4_MKTME_FL		BIT(EXT4_MKTME_BIT)

/*
 * Placeholder in the format of fscrypt's v2 context (Documentation/filesystems/
 * fscrypt.rst, "Encryption context"), for the eyes of others only.
 */
struct ext4_mktme_context {
	u8 version;
	u8 contents_mode;
	u8 filenames_mode;
	u8 flags;
	u8 reserved[4];
	u8 identifier[FSCRYPT_KEY_IDENTIFIER_SIZE];
	u8 nonce[16];
};

#define FSCRYPT_CONTEXT_V2	2

/* A directory has no encrypt flag: its names are in the clear for everybody. */
static bool has_marker_of_kind(struct inode *inode)
{
	bool encrypt = EXT4_I(inode)->i_flags & EXT4_ENCRYPT_FL;

	return S_ISREG(inode->i_mode) ? encrypt :
	       S_ISDIR(inode->i_mode) && !encrypt;
}

/**
 * ext4_mktme_iget() - recognise a bound file
 * @inode: inode being read; i_mode and i_flags are set, nobody else sees it
 *
 * Return: 0; -EFSCORRUPTED if the marker makes no sense: it would be wrong to
 * guess whether the data is under a key.
 */
int ext4_mktme_iget(struct inode *inode)
{
	if (!(EXT4_I(inode)->i_flags & EXT4_MKTME_FL))
		return 0;
	if (!has_marker_of_kind(inode) ||
	    !ext4_has_feature_encrypt(inode->i_sb))
		return -EFSCORRUPTED;
	ext4_clear_inode_flag(inode, EXT4_INODE_ENCRYPT);
	mktme_dax_set_state(inode->i_mapping, MKTME_DAX_LOCKED);
	return 0;
}

/**
 * ext4_mktme_disk_flags() - flags of an inode as others are to see them
 * @inode: any inode
 * @flags: its in-core flags
 *
 * Return: on-disk flags.
 */
unsigned long ext4_mktme_disk_flags(struct inode *inode, unsigned long flags)
{
	if (flags & EXT4_MKTME_FL && S_ISREG(inode->i_mode))
		flags |= EXT4_ENCRYPT_FL;
	return flags;
}

static struct dax_device *ext4_mktme_dax_device(struct super_block *sb,
						u64 *offset)
{
	*offset = EXT4_SB(sb)->s_dax_part_off;
	return EXT4_SB(sb)->s_daxdev;
}

/*
 * Blocks for the descriptors of groups, and those set aside for more of them. From
 * the superblock on disk: in core, s_gdb_count is from before the journal was
 * replayed.
 */
static u32 descriptor_blocks(struct super_block *sb)
{
	struct ext4_super_block *es = EXT4_SB(sb)->s_es;
	u64 blocks = ext4_blocks_count(es) -
		     le32_to_cpu(es->s_first_data_block);
	u64 groups = DIV_ROUND_UP_ULL(blocks, EXT4_BLOCKS_PER_GROUP(sb));

	if (ext4_has_feature_meta_bg(sb))
		return le32_to_cpu(es->s_first_meta_bg);
	return DIV_ROUND_UP_ULL(groups, EXT4_DESC_PER_BLOCK(sb)) +
	       le16_to_cpu(es->s_reserved_gdt_blocks);
}

/*
 * What tools go by that move blocks of an unmounted filesystem. resize2fs moves them
 * when the descriptors outgrow what was set aside, or have another size (1.47,
 * blocks_to_move()); tune2fs -I, when larger inode tables want their room. Growing in
 * the room set aside, mounted or not, takes from one term what it adds to the other,
 * and so does the kernel's change to meta_bg: it comes when the room is used up.
 *
 * resize2fs -b and then -s bring all that back, and not the blocks. What stands
 * right behind the descriptors in the first group has had to go, too, which is its
 * bitmaps or its inode table, and they do not come back, either.
 */
static void find_layout(struct super_block *sb, __le64 *layout)
{
	struct ext4_group_desc *first = ext4_get_group_desc(sb, 0, NULL);

	layout[0] = cpu_to_le64(descriptor_blocks(sb));
	layout[1] = cpu_to_le64(EXT4_INODE_SIZE(sb) |
				(u64)EXT4_DESC_SIZE(sb) << 32);
	/* It was looked at when the descriptors were read. */
	if (WARN_ON_ONCE(!first))
		return;
	layout[2] = cpu_to_le64(ext4_block_bitmap(sb, first));
	layout[3] = cpu_to_le64(ext4_inode_bitmap(sb, first));
	layout[4] = cpu_to_le64(ext4_inode_table(sb, first));
}

static const __le64 *ext4_mktme_layout(struct super_block *sb)
{
	return EXT4_SB(sb)->s_mktme.layout;
}

static bool ext4_mktme_marked(struct inode *inode)
{
	return EXT4_I(inode)->i_flags & EXT4_MKTME_FL;
}

/*
 * Blocks past i_size count too. Unwritten extents have no data: they read as
 * zeros, and are zeroed through the KeyID when they are converted.
 */
static int ext4_mktme_has_data(struct inode *inode)
{
	u64 lblk, end = ext4_get_maxbytes(inode) >> inode->i_blkbits;
	struct ext4_map_blocks map = {};
	int ret;

	if (S_ISDIR(inode->i_mode))
		return !ext4_empty_dir(inode);
	for (lblk = 0; lblk < end; lblk += map.m_len) {
		map.m_lblk = lblk;
		map.m_len = min_t(u64, end - lblk, INT_MAX);
		ret = ext4_map_blocks(NULL, inode, &map, 0);
		if (ret < 0)
			return ret;
		if (map.m_flags & EXT4_MAP_MAPPED)
			return 1;
		if (!map.m_len)
			break;
	}
	return 0;
}

/* lost+found is in the root; and ext4 makes inodes in the root for itself. */
static int ext4_mktme_may_bind(struct inode *dir)
{
	return dir->i_ino == EXT4_ROOT_INO ? -EPERM : 0;
}

static ssize_t ext4_mktme_read_record(struct inode *inode, void *record,
				      size_t size)
{
	return ext4_xattr_get(inode, EXT4_XATTR_INDEX_SECURITY,
			      MKTME_DAX_RECORD_SUFFIX, record, size);
}

static int set_features(handle_t *handle, struct super_block *sb)
{
	struct buffer_head *bh = EXT4_SB(sb)->s_sbh;
	int err;

	if (ext4_has_feature_encrypt(sb) && ext4_has_feature_stable_inodes(sb))
		return 0;
	err = ext4_journal_get_write_access(handle, sb, bh, EXT4_JTR_NONE);
	if (err)
		return err;
	lock_buffer(bh);
	ext4_set_feature_encrypt(sb);
	ext4_set_feature_stable_inodes(sb);
	ext4_superblock_csum_set(sb);
	unlock_buffer(bh);
	return ext4_handle_dirty_metadata(handle, NULL, bh);
}

static int set_record(handle_t *handle, struct inode *inode,
		      const void *record, size_t size, int flags)
{
	return ext4_xattr_set_handle(handle, inode, EXT4_XATTR_INDEX_SECURITY,
				     MKTME_DAX_RECORD_SUFFIX, record, size,
				     flags);
}

static int set_context(handle_t *handle, struct inode *inode,
		       const struct mktme_dax_record_v1 *record, int flags)
{
	struct ext4_mktme_context ctx = {
		.version = FSCRYPT_CONTEXT_V2,
		.contents_mode = FSCRYPT_MODE_AES_256_XTS,
		.filenames_mode = FSCRYPT_MODE_AES_256_CTS,
		.flags = FSCRYPT_POLICY_FLAGS_PAD_32,
	};

	BUILD_BUG_ON(sizeof(ctx) != 40);
	BUILD_BUG_ON(sizeof(ctx.identifier) != sizeof(record->identifier));

	/* Tells an administrator of an unaware kernel which key is meant. */
	memcpy(ctx.identifier, record->identifier, sizeof(ctx.identifier));
	get_random_bytes(ctx.nonce, sizeof(ctx.nonce));
	return ext4_xattr_set_handle(handle, inode, EXT4_XATTR_INDEX_ENCRYPTION,
				     EXT4_XATTR_NAME_ENCRYPTION_CONTEXT,
				     &ctx, sizeof(ctx), flags);
}

static int set_xattrs(handle_t *handle, struct inode *inode,
		      const void *record, size_t size, int flags)
{
	int err;

	if (S_ISDIR(inode->i_mode))
		return set_record(handle, inode, record, size, flags);
	err = set_context(handle, inode, record, flags);
	if (err)
		return err;
	err = set_record(handle, inode, record, size, flags);
	if (err)
		ext4_xattr_set_handle(handle, inode,
				      EXT4_XATTR_INDEX_ENCRYPTION,
				      EXT4_XATTR_NAME_ENCRYPTION_CONTEXT,
				      NULL, 0, 0);
	return err;
}

static int write_marker(handle_t *handle, struct inode *inode,
			const void *record, size_t size)
{
	int err;

	err = set_features(handle, inode->i_sb);
	if (err)
		return err;
	err = set_xattrs(handle, inode, record, size, 0);
	if (err)
		return err;
	ext4_set_inode_flag(inode, EXT4_MKTME_BIT);
	err = ext4_mark_inode_dirty(handle, inode);
	/* The journal is aborted then; keep the in-core inode consistent. */
	if (err)
		ext4_clear_inode_flag(inode, EXT4_MKTME_BIT);
	mktme_dax_pause(MKTME_DAX_PAUSE_TRANSACTION);
	return err;
}

/*
 * One transaction: a crash leaves either an unbound file without data or a
 * bound one, and data written under the key is in a later transaction.
 */
static int ext4_mktme_write_record(struct inode *inode, const void *record,
				   size_t size)
{
	int ctx_credits, record_credits, err, retries = 0;
	handle_t *handle;

	err = dquot_initialize(inode);
	if (err)
		return err;
retry:
	err = ext4_xattr_set_credits(inode, sizeof(struct ext4_mktme_context),
				     false, &ctx_credits);
	if (err)
		return err;
	err = ext4_xattr_set_credits(inode, size, false, &record_credits);
	if (err)
		return err;

	/* Undoing the context takes what setting it took; plus the superblock. */
	handle = ext4_journal_start(inode, EXT4_HT_XATTR,
				    2 * ctx_credits + record_credits + 1);
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ext4_fc_mark_ineligible(inode->i_sb, EXT4_FC_REASON_XATTR, handle);
	err = write_marker(handle, inode, record, size);
	/* Waits if the inode is synchronous: setting the xattr has seen to that. */
	err = ext4_journal_stop(handle) ?: err;
	if (err == -ENOSPC && ext4_should_retry_alloc(inode->i_sb, &retries))
		goto retry;
	return err;
}

static int ext4_mktme_data_at(struct inode *inode, loff_t pos, u64 *offset)
{
	u8 blkbits = inode->i_blkbits;
	struct ext4_map_blocks map = {
		.m_lblk = pos >> blkbits,
		.m_len = 1,
	};
	int ret;

	ret = ext4_map_blocks(NULL, inode, &map, 0);
	if (ret < 0 || !(map.m_flags & EXT4_MAP_MAPPED))
		return min(ret, 0);
	*offset = ((u64)map.m_pblk << blkbits) +
		  EXT4_SB(inode->i_sb)->s_dax_part_off +
		  (pos & (i_blocksize(inode) - 1));
	return 1;
}

/**
 * ext4_mktme_prepare_new_inode() - before an inode is created in a directory
 * @dir: the directory
 * @mode: of the new inode
 * @nblocks: credits of the transaction that is going to be started, raised by
 *	what ext4_mktme_new_inode() will need
 *
 * Files and directories inherit. Symbolic links and special files have no data:
 * they can be created without the key.
 *
 * Return: 0; as mktme_dax_may_create().
 */
int ext4_mktme_prepare_new_inode(struct inode *dir, umode_t mode, int *nblocks)
{
	struct mktme_dax_record_v1 record;
	struct super_block *sb = dir->i_sb;

	if (!mktme_dax_bound(dir) || !(S_ISREG(mode) || S_ISDIR(mode)))
		return 0;
	*nblocks += __ext4_xattr_set_credits(sb, NULL, NULL,
					     sizeof(struct mktme_dax_record_v1),
					     true);
	if (S_ISREG(mode))
		*nblocks += __ext4_xattr_set_credits(sb, NULL, NULL,
						     sizeof(struct ext4_mktme_context),
						     true);
	return mktme_dax_may_create(dir, &record);
}

/**
 * ext4_mktme_new_inode() - give a new inode the key of its directory
 * @handle: the transaction that creates it
 * @inode: new inode, I_NEW and in no directory yet
 * @dir: the directory
 *
 * Return: 0; as mktme_dax_inherit(); errors of setting an xattr. The caller
 * frees the inode then.
 */
int ext4_mktme_new_inode(handle_t *handle, struct inode *inode,
			 struct inode *dir)
{
	struct mktme_dax_record_v1 record;
	umode_t mode = inode->i_mode;
	int err;

	if (!mktme_dax_bound(dir) || !(S_ISREG(mode) || S_ISDIR(mode)))
		return 0;
	err = mktme_dax_inherit(dir, inode, &record);
	if (err)
		return err;
	/* XATTR_CREATE: the credits are those for a new inode. */
	err = set_xattrs(handle, inode, &record, sizeof(record), XATTR_CREATE);
	if (err)
		return err;
	ext4_set_inode_flag(inode, EXT4_MKTME_BIT);
	return 0;
}

/**
 * ext4_mktme_zeroout() - zero newly allocated blocks of a bound file
 * @inode: bound file
 * @pblk: first block
 * @len: blocks
 *
 * Context: i_data_sem held for writing, in a transaction.
 * Return: as mktme_dax_zeroout().
 */
int ext4_mktme_zeroout(struct inode *inode, ext4_fsblk_t pblk,
		       ext4_lblk_t len)
{
	struct ext4_sb_info *sbi = EXT4_SB(inode->i_sb);
	u8 blkbits = inode->i_blkbits;

	return mktme_dax_zeroout(inode, sbi->s_daxdev,
				 ((u64)pblk << blkbits) + sbi->s_dax_part_off,
				 (u64)len << blkbits);
}

static struct mktme_dax_fs_ops ext4_mktme_ops = {
	.name = "ext4",
	.owner = THIS_MODULE,
	.fixed_xflags = FS_XFLAG_DAX,
	.dax_device = ext4_mktme_dax_device,
	.layout = ext4_mktme_layout,
	.marked = ext4_mktme_marked,
	.has_data = ext4_mktme_has_data,
	.may_bind = ext4_mktme_may_bind,
	.read_record = ext4_mktme_read_record,
	.write_record = ext4_mktme_write_record,
	.data_at = ext4_mktme_data_at,
};

/**
 * ext4_mktme_fill_super() - turn the hooks on if there can be bound files
 * @sb: filesystem being mounted, before any file's inode is read
 *
 * After journal recovery: the first bind sets the feature in its transaction, so
 * after a crash it may be in the journal only. The layout is that of now: while the
 * filesystem grows, its terms change one after the other.
 */
void ext4_mktme_fill_super(struct super_block *sb)
{
	mktme_dax_register_fs(&ext4_mktme_ops);
	find_layout(sb, EXT4_SB(sb)->s_mktme.layout);
	if (ext4_has_feature_encrypt(sb))
		mktme_dax_enable();
}
