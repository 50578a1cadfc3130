#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Unmodified programs in an encrypted directory, and in a plain one of the same filesystem,
# on ext4 and on XFS: the results are the same, also after a new mount and the key again.
#
# What the programs write has one mark or the other, which the host looks for on the DIMM.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh
# shellcheck source=test/tools/guest-lib.sh
. /tools/guest-lib.sh
# shellcheck source=test/tools/guest-programs.sh
. /tools/guest-programs.sh

export MKTME_ONLY=$* PATH=/tools:$PATH
# QEMU has no count of unsafe shutdowns.
export PMEMOBJ_CONF=sds.at_create=0
KEY=71

# in_directory KIND FUNCTION: what it prints, the mark left out
in_directory() {
	(
		kind=$1
		mark=$([ "$kind" = secret ] && echo SECRET-of-a-bound-file-- || echo CLEAR--of-a-plain-file--)
		cd "$root/$([ "$kind" = secret ] && echo vault || echo plain)"
		"$2"
	) >"/tmp/$1.out" || return 1
	sed -i 's/SECRET-of-a-bound-file--\|CLEAR--of-a-plain-file--/MARK/g' "/tmp/$1.out"
}

same_results() {
	local other
	in_directory clear "$1" &
	other=$!
	in_directory secret "$1" && wait $other || return 1
	cat /tmp/secret.out
	[ -s /tmp/secret.out ] && diff /tmp/secret.out /tmp/clear.out
}

# Above 0, and the one that the tool tells; a plain file has none.
keyids_are_right() {
	cat /tmp/keyids
	awk '
		$1 == "secret" && $4 == $5 && $4 + 0 > 0 { secret++; next }
		$1 == "clear" && $4 == "-" && $5 == "-" { clear++; next }
		{ wrong++ }
		END { exit wrong || !secret || secret != clear }' /tmp/keyids
}

# they_say LINE: in the encrypted directory, the last time
they_say() { grep -qx -- "$1" /tmp/secret.out; }

all_consistent() { [ "$(grep -c '^made.*: consistent$' /tmp/secret.out)" = 2 ]; }

run_program() {
	if [ "$1" = memcached ] && ! command -v memcached >/dev/null; then
		say "ok - $program: memcached # SKIP the package could not be fetched"
		return
	fi
	: >/tmp/keyids
	check "$1 has the same results" same_results "app_$1"
	case $1 in
	sqlite*) check "$1 finds its database sound" they_say ok ;;
	libpmem) check "libpmem takes it for persistent memory" \
		they_say "is_pmem 1, 640000 bytes, 10000 lines are right" ;;
	libpmemobj) check "pmempool finds the pool consistent" they_say "notes.pool: consistent" ;;
	pmempool) check "pmempool finds its pools consistent" all_consistent ;;
	fio) check "no error in verification" test "$(grep -c 'error 0$' /tmp/secret.out)" = 3 ;;
	memcached) check "memcached stores" they_say " *200 STORED" ;;
	esac
	check "$1 is mapped through the KeyID" keyids_are_right
}

run_again() {
	[ "$1" != memcached ] || command -v memcached >/dev/null || return 0
	check "$1 after a new mount" same_results "again_$1"
	case $1 in
	sqlite*) check "$1 finds its database sound, again" they_say ok ;;
	libpmem2) check "libpmem2: the journal is there" they_say "MARK three" ;;
	pmempool) check "pmempool finds its pools consistent, again" all_consistent ;;
	memcached) check "memcached has its content" they_say "items 200" ;;
	esac
}

give_key() { /test/filekey add "$root" "$serial" >/dev/null; }

# Programs get errors, and no data, before the key is there.
locked() {
	fails 1 "unable to open database" sqlite3 "$root/vault/ledger.db" "SELECT * FROM account" &&
		fails 1 "locked" pmem2_journal --print "$root/vault/journal" &&
		{ [ ! -e "$root/vault/notes.pool" ] ||
			fails 1 "pmemobj_open" /test/pmemobj_app read "$root/vault/notes.pool"; }
}

refuses_plain() {
	fails 1 "is not encrypted" pmem2_journal "$root/plain/refused" </dev/null
}

# For the host, which decrypts the raw bytes by itself
tell_host() {
	local file directory=$1 key=$2
	/tools/hostfile pattern "$key" 7 "$root/$directory/lines" "$program: bytes of libpmem"
	for file in ledger.db journal notes.pool fio.libpmem fio.mmap fio.psync; do
		[ ! -e "$root/$directory/$file" ] ||
			/tools/hostfile digest "$key" "$root/$directory/$file" "$program: bytes of programs"
	done
}

# run_on TYPE DEVICE DIRECTORY "PROGRAM..." OPTION OF MKFS...
run_on() {
	local type=$1 device=$2 programs=$4 each
	root=$3 program="apps on $1"
	"mkfs.$type" -q "${@:5}" "$device"
	mkdir -p "$root"
	mount -o dax=always "$device" "$root"
	give_key
	mkdir "$root/vault" "$root/plain"
	mktme-dax bind --serial "$serial" "$root/vault"
	for each in $programs; do
		run_program "$each"
	done
	check "the example of libpmem2 refuses a plain file" refuses_plain
	umount "$root"
	mount -o dax=always "$device" "$root"
	check "locked without the key" locked
	give_key
	for each in $programs; do
		run_again "$each"
	done
	tell_host vault $KEY
	tell_host plain 0
	umount "$root"
}

ndctl disable-region region0
ndctl init-labels -f nmem0
ndctl enable-region region0
ndctl create-namespace -m fsdax -M mem -s 480M
ndctl create-namespace -m fsdax -M mem -s 480M
serial=$(/tools/hostfile payload $KEY | keyctl padd mktme apps @u)
run_on ext4 /dev/pmem0 "$MAIN" "sqlite sqlite_wal libpmem libpmem2 libpmemobj pmempool fio memcached" -F -b 4096 -E stride=512,stripe_width=512
run_on xfs /dev/pmem0.1 /mnt/scratch "sqlite libpmem libpmem2" -f --unsupported -b size=4096 -d su=2m,sw=1
end_of_checks
