#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mktme-dax map and verify: what they see of a file is what was made.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh
# shellcheck source=test/tools/guest-lib.sh
. /tools/guest-lib.sh

export MKTME_ONLY=$* PATH=/tools:$PATH
payload() { echo -n "type=user algorithm=$1 key=$(printf "%0$2x" 11) tweak=$(printf "%0$2x" 12)"; }

# segments FILE: offset, state, pages up to, pages seen; one line for each
segments() {
	mktme-dax map "$1" | tee /dev/stderr | sed -nE 's/^ *(0x[0-9a-f]+|0) .*iB +(hole|unwritten|written) +(-|[24] .iB) +(-|[24] .iB) .*/\1 \2 \3 \4/p'
}

has_segments() { diff <(segments "$1") <(printf '%s\n' "${@:2}"); }

sees() {
	local result=$1 check=$2 output
	shift 2
	output=$(mktme-dax verify "$@") || true
	printf '%s\n' "$output"
	grep -qE "^$result +$check " <<<"$output"
}

# Holes, small and huge pages, blocks that were never written
make_mixed() {
	truncate -s 10M "$1"
	mktme-dax bind --serial "$serial" "$1"
	fallocate -l 4M "$1"
	fill "$1" 0 2
	fallocate -o 6M -l 2M "$1"
	fill "$1" 6 1
	fill "$1" 8 1
}

# Without end, of 64 bytes each
lines() { yes "MARKER-of-guest-look: 64 bytes of text in each of these lines.."; }

# fill FILE MIB COUNT: a marker in each line of 64 bytes
fill() {
	head -c $(($3 << 20)) < <(lines) |
		dd of="$1" bs=1M seek="$2" conv=notrunc,fsync iflag=fullblock status=none
}

# The pages seen are those of the page-table entries: a locked file has none.
check_map() {
	program=map
	make_mixed "$MAIN/mixed"
	check "mixed file" has_segments "$MAIN/mixed" "0 written 2 MiB 2 MiB" \
		"0x200000 unwritten 2 MiB -" "0x400000 hole - -" "0x600000 written 2 MiB 4 KiB" \
		"0x700000 unwritten 2 MiB -" "0x800000 written 4 KiB 4 KiB" "0x900000 hole - -"
	check "looking changes nothing" has_segments "$MAIN/mixed" "0 written 2 MiB 2 MiB" \
		"0x200000 unwritten 2 MiB -" "0x400000 hole - -" "0x600000 written 2 MiB 4 KiB" \
		"0x700000 unwritten 2 MiB -" "0x800000 written 4 KiB 4 KiB" "0x900000 hole - -"
	check "KeyID and address" shows_keyid_and_address "$MAIN/mixed"
	check "picture" mktme-dax map --svg /tmp/mixed.svg "$MAIN/mixed"
	echo "<<<<svg"; cat /tmp/mixed.svg; echo "svg>>>>"
	truncate -s 3M "$MAIN/plain"
	fill "$MAIN/plain" 0 2
	check "file without a key" fails 0 "unbound" mktme-dax map "$MAIN/plain"
	check "no file" fails 4 "No such file" mktme-dax map "$MAIN/none"
}

# As the kernel and sysfs say it
shows_keyid_and_address() {
	local keyid block base wanted
	keyid=$(mktme-dax status "$1" | sed -n 's/.*KeyID \([0-9]*\),.*/\1/p')
	block=$(filefrag -b4096 -e "$1" | sed -nE 's/^ +0: +0\.\. +[0-9]+: +([0-9]+)\.\..*/\1/p')
	base=$(cat /sys/block/pmem0/device/resource)
	wanted=$(printf '%#x' $((base + block * 4096)))
	mktme-dax map "$1" | grep -E "^ +0 +.* $keyid +$wanted\$"
}

check_verify() {
	program=verify
	check "not the plaintext" sees ok differs "$MAIN/mixed"
	check "no repeated blocks" sees ok repeats "$MAIN/mixed"
	check "even distribution" sees ok distribution "$MAIN/mixed"
	check "exactly the cipher" sees ok cipher --payload /tmp/payload "$MAIN/mixed"
	check "wrong key" fails 2 "is not the key of the file" mktme-dax verify --payload /tmp/other "$MAIN/mixed"
	check "plaintext of another file is found" fails 4 "times, first at" \
		mktme-dax verify --marker "MARKER-of-guest-look" "$MAIN/mixed"
	shred "$MAIN/plain"
	check "no plaintext of this one" fails 0 "nowhere on the device" \
		mktme-dax verify --marker "MARKER-of-guest-look" "$MAIN/mixed"
	check "unbound file" fails 4 "is its plaintext" mktme-dax verify "$MAIN/plain"
	check "directory" fails 4 "is a directory" mktme-dax verify "$MAIN"
	truncate -s 1M "$MAIN/empty"
	mktme-dax bind --serial "$serial" "$MAIN/empty"
	check "file without data" sees skipped differs "$MAIN/empty"
	check "ordinary user" fails 2 "run this as root" setpriv --reuid 1000 --regid 1000 \
		--clear-groups mktme-dax verify "$MAIN/mixed"
}

# The data of the file on the device is replaced by text, behind the kernel's back
shred() {
	dd if=/dev/zero of="$1" bs=1M count=2 conv=notrunc,fsync status=none
}

# What no kernel of ours does: a bound file's block has plaintext on the DIMM.
check_damage() {
	local base block
	block=$(filefrag -b4096 -e "$MAIN/mixed" | sed -nE 's/^ +0: +0\.\. +[0-9]+: +([0-9]+)\.\..*/\1/p')
	umount "$MAIN"
	head -c 4096 < <(lines) |
		dd of=/dev/pmem0 bs=4096 seek=$((block + 5)) conv=fsync status=none
	mount -o dax=always /dev/pmem0 "$MAIN"
	check "plaintext on the DIMM repeats itself" sees fail repeats "$MAIN/mixed"
	check "locked file is compared with nothing" sees skipped differs "$MAIN/mixed"
	check "locked file with a key" fails 2 "is locked" mktme-dax verify --payload /tmp/payload "$MAIN/mixed"
	check "locked file has no pages to be seen" has_segments "$MAIN/mixed" "0 written 2 MiB -" \
		"0x200000 unwritten 2 MiB -" "0x400000 hole - -" "0x600000 written 2 MiB -" \
		"0x700000 unwritten 2 MiB -" "0x800000 written 4 KiB -" "0x900000 hole - -"
	check "marker on the DIMM" fails 4 "64 times" \
		mktme-dax verify --marker "MARKER-of-guest-look" "$MAIN/mixed"
}

# A key of the store, opened by a key file
check_store() {
	head -c 32 /dev/urandom >/tmp/opener
	mktme-dax key create --store /tmp/store --key-file /tmp/opener vault
	mktme-dax key load --store /tmp/store --key-file /tmp/opener vault
	mkdir "$MAIN/early"
	check "directory whose filesystem lacks the key" fails 2 "next: mktme-dax unlock" \
		mktme-dax bind --store /tmp/store --key vault "$MAIN/early"
	truncate -s 2M "$MAIN/stored"
	mktme-dax bind --store /tmp/store --key vault "$MAIN/stored"
	fill "$MAIN/stored" 0 1
	check "exactly the cipher of a key of the store" sees ok cipher --store /tmp/store \
		--key vault --key-file /tmp/opener "$MAIN/stored"
	check "a key of the store that is another" fails 2 "is not the key of the file" mktme-dax verify \
		--store /tmp/store --key vault --key-file /tmp/opener "$MAIN/mixed"
}

check_aes_256() {
	local big
	big=$(payload aes-xts-256 064 | keyctl padd mktme big @u)
	payload aes-xts-256 064 >/tmp/big
	truncate -s 2M "$MAIN/big"
	mktme-dax bind --serial "$big" "$MAIN/big"
	fill "$MAIN/big" 0 1
	check "exactly the cipher of AES-XTS-256" sees ok cipher --payload /tmp/big "$MAIN/big"
}

payload aes-xts-128 032 >/tmp/payload
payload aes-xts-128 032 | sed 's/c$/d/' >/tmp/other
serial=$(keyctl padd mktme look @u </tmp/payload)
make_namespaces
make_main
mount_main
check_map
check_verify
check_aes_256
check_store
check_damage
end_of_checks
