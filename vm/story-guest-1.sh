#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# First boot of the story: from an empty DIMM to ciphertext.
set -uo pipefail

# shellcheck source=vm/story-lib.sh
. /story-lib.sh

make_filesystem() {
	ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem &&
		mkfs.ext4 -q -b 4096 /dev/pmem0 && mkdir -p $DIR &&
		mount -o dax /dev/pmem0 $DIR
}

# From here on nobody else has to know of keys.
make_vault() {
	/test/filekey add $DIR "$key" >/run/identifier && mkdir $VAULT &&
		/test/filekey bind $VAULT "$key"
}

# The update puts the old texts into the rollback journal, a file beside it.
use_sqlite() {
	sqlite3 $VAULT/safe.db <<-'END'
		PRAGMA mmap_size=268435456;
		PRAGMA journal_mode=PERSIST;
		CREATE TABLE secrets (id INTEGER PRIMARY KEY, text TEXT);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
		INSERT INTO secrets SELECT i, 'combination of the safe number ' || i || ' is ' || (i * 7919 % 10007) FROM n;
		UPDATE secrets SET text = text || '!' WHERE id % 7 = 1;
		SELECT count(*) FROM secrets;
	END
}

use_pmemobj() {
	PMEMOBJ_CONF=sds.at_create=0 /test/pmemobj_app create $VAULT/treasure.pool \
		"map of the treasure: twelve steps north of the old oak" \
		"map of the treasure: then dig"
}

journal_is_full() {
	[ "$(stat -c %s $VAULT/safe.db-journal)" -gt 4096 ]
}

keyids_are_there() {
	/test/filekey entry $VAULT/safe.db $VAULT/safe.db-journal $VAULT/treasure.pool >/run/entries &&
		! grep -q keyid=0 /run/entries && [ "$(wc -l </run/entries)" -eq 3 ]
}

entry_of() { sed -n "s|^file=$VAULT/$1 ||p" /run/entries; }

say "An empty DIMM, a namespace, a file system."
check "ndctl create-namespace -m fsdax; mkfs.ext4; mount -o dax" make_filesystem
show "$(dmesg | sed -n 's/^\[[^]]*\] *\(x86\/mktme: .*KeyIDs.*\)/\1/p' | head -n 1)"

say "A key, given to the file system, and an empty directory under it."
check "keyctl add mktme story \"type=user algorithm=aes-xts-128 key=... tweak=...\" @u" add_key story "$(argument key)"
check "add the key, mkdir vault, bind it" make_vault
show "$(getfattr -h -e hex -n security.mktme $VAULT 2>/dev/null | grep '=')"

say "Programs that know nothing of keys make their files in there."
check "sqlite3, reading through mmap: 500 rows" test "$(use_sqlite | tail -n 1)" = 500
check "its rollback journal lies beside it, with old versions of the rows" journal_is_full
check "libpmemobj: an object pool, written by stores to a MAP_SYNC mapping" use_pmemobj
check "and outside of the vault a file without a key" \
	sh -c "echo 'shopping list: bread, milk' >$DIR/list.txt && sync $DIR/list.txt"
check "the page-table entries carry the KeyID above the physical address" keyids_are_there
show "safe.db         $(entry_of safe.db)"
show "safe.db-journal $(entry_of safe.db-journal)"
show "treasure.pool   $(entry_of treasure.pool)"

# What the host is to recompute: where the block lies, and its plaintext.
printf 'block %s %s\n' "$(entry_of safe.db | sed 's/.*phys=//')" \
	"$(head -c 4096 $VAULT/safe.db | base64 -w 0)" >&"$report"
check "the kernel log is clean" \
	sh -c '! dmesg | grep -E "BUG: |WARNING: |Oops|Call Trace:|EXT4-fs error"'
sync
printf 'powercut\n' >&"$report"
sleep 1000
