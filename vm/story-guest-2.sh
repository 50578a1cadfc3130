#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Second boot of the story: no key, a wrong key, the right key.
set -uo pipefail

# shellcheck source=vm/story-lib.sh
. /story-lib.sh

mount_filesystem() {
	mkdir -p $DIR && mount -o dax /dev/pmem0 $DIR
}

# The program fails, and what it says is what we want to hear.
refused() {
	local expected=$1
	shift
	if "$@" >/run/said 2>&1; then
		return 1
	fi
	show "$(tail -n 1 /run/said)"
	grep -q "$expected" /run/said
}

database_says() {
	sqlite3 $VAULT/safe.db \
		"PRAGMA mmap_size=268435456; SELECT text FROM secrets WHERE id = 42; SELECT count(*) FROM secrets; PRAGMA integrity_check" >/run/said || return 1
	show "$(sed -n 2p /run/said)"
	grep -q "combination of the safe number 42 is $((42 * 7919 % 10007))" /run/said &&
		grep -q '^500$' /run/said && grep -q '^ok$' /run/said
}

pool_says() {
	/test/pmemobj_app read $VAULT/treasure.pool >/run/said || return 1
	show "$(head -n 1 /run/said)"
	[ "$(cat /run/said)" = "map of the treasure: twelve steps north of the old oak
map of the treasure: then dig" ]
}

give_key() {
	/test/filekey add $DIR "$key" >/run/identifier
}

# While a program has the file open and mapped
lock_open_file() {
	exec 9<$VAULT/safe.db
	head -c 16 <&9 >/dev/null &&
		/test/filekey remove $DIR "$(cat /run/identifier)" >/run/said || return 1
	show "$(cat /run/said)"
	! head -c 16 <&9 >/dev/null 2>&1
}

say "The machine boots again, on the same DIMM."
check "mount -o dax; files are there, names and sizes are no secret" mount_filesystem
show "$(stat -c '%n, %s bytes' $VAULT/safe.db)"

say "Without the key:"
check "cat: no data" refused 'Required key not available' cat $VAULT/safe.db
check "sqlite3: no database" refused 'Error\|error' sqlite3 $VAULT/safe.db "SELECT * FROM secrets"
check "and no new file that could not be encrypted" refused 'Required key' touch $VAULT/new

say "With a wrong key:"
add_key wrong "$(argument other)"
check "rejected" refused EKEYREJECTED /test/filekey bind $VAULT/safe.db "$key"
check "given to the file system, it opens nothing" give_key
check "the file is as locked as before" refused 'Required key' cat $VAULT/safe.db

say "With the right key, given once to the file system:"
add_key right "$(argument key)"
check "add the key" give_key
check "sqlite3 reads all 500 rows, and finds its database sound" database_says
check "libpmemobj opens its pool and reads its objects" pool_says

say "And the key taken away again:"
check "a file that is open is locked" lock_open_file
check "cat: no data" refused 'Required key not available' cat $VAULT/safe.db
