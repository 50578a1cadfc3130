#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# First boot of the story: from an empty DIMM to ciphertext.
set -uo pipefail

DIR=/mnt/pmem
report=$MKTME_REPORT_FD

say() { printf 'say %s\n' "$*" >&"$report"; }
show() { printf 'show %s\n' "$*" >&"$report"; }

# check TEXT COMMAND...: one tick or cross
check() {
	local text=$1
	shift
	if "$@"; then
		printf 'ok - %s\n' "$text" >&"$report"
	else
		printf 'not ok - %s\n' "$text" >&"$report"
	fi
}

argument() { sed -n "s/.*story\.$1=\([0-9a-f]*\).*/\1/p" /proc/cmdline; }

make_filesystem() {
	ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem &&
		mkfs.ext4 -q -b 4096 /dev/pmem0 && mkdir -p $DIR &&
		mount -o dax /dev/pmem0 $DIR
}

add_key() {
	key=$(keyctl add mktme story "type=user algorithm=aes-xts-128 key=$(argument key) tweak=$(argument tweak)" @u)
}

# Before the programs see them: empty, of the size the pool is to have.
bind_files() {
	truncate -s 0 $DIR/safe.db && truncate -s 16M $DIR/treasure.pool &&
		/test/bindfile $DIR/safe.db $DIR/treasure.pool --key "$key"
}

use_sqlite() {
	sqlite3 $DIR/safe.db <<-'END'
		PRAGMA mmap_size=268435456;
		PRAGMA journal_mode=MEMORY;
		CREATE TABLE secrets (id INTEGER PRIMARY KEY, text TEXT);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
		INSERT INTO secrets SELECT i, 'combination of the safe number ' || i || ' is ' || (i * 7919 % 10007) FROM n;
		SELECT count(*) FROM secrets;
	END
}

use_pmemobj() {
	PMEMOBJ_CONF=sds.at_create=0 /test/pmemobj_app create $DIR/treasure.pool \
		"map of the treasure: twelve steps north of the old oak" \
		"map of the treasure: then dig"
}

keyids_are_there() {
	/test/bindfile $DIR/safe.db $DIR/treasure.pool --key "$key" --show >/run/entries &&
		! grep -q keyid=0 /run/entries && [ "$(wc -l </run/entries)" -eq 2 ]
}

entry_of() { sed -n "s|^file=$DIR/$1 ||p" /run/entries; }

say "An empty DIMM, a namespace, a file system."
check "ndctl create-namespace -m fsdax; mkfs.ext4; mount -o dax" make_filesystem
show "$(dmesg | sed -n 's/^\[[^]]*\] *\(x86\/mktme: .*KeyIDs.*\)/\1/p' | head -n 1)"

say "A key, and two empty files bound to it."
check "keyctl add mktme story \"type=user algorithm=aes-xts-128 key=... tweak=...\" @u" add_key
check "encrypt_mprotect() on a mapping of each binds safe.db and treasure.pool" bind_files
show "$(getfattr -h -e hex -n security.mktme $DIR/safe.db 2>/dev/null | grep '=')"

say "Debian's own programs, unmodified."
check "sqlite3, reading through mmap: 500 rows" test "$(use_sqlite | tail -n 1)" = 500
check "libpmemobj: an object pool, written by stores to a MAP_SYNC mapping" use_pmemobj
check "a file without a key beside them" \
	sh -c "echo 'shopping list: bread, milk' >$DIR/list.txt && sync $DIR/list.txt"
check "the page-table entries carry the KeyID above the physical address" keyids_are_there
show "safe.db       $(entry_of safe.db)"
show "treasure.pool $(entry_of treasure.pool)"

# What the host is to recompute: where the block lies, and its plaintext.
printf 'block %s %s\n' "$(entry_of safe.db | sed 's/.*phys=//')" \
	"$(head -c 4096 $DIR/safe.db | base64 -w 0)" >&"$report"
check "the kernel log is clean" \
	sh -c '! dmesg | grep -E "BUG: |WARNING: |Oops|Call Trace:|EXT4-fs error"'
sync
printf 'powercut\n' >&"$report"
sleep 1000
