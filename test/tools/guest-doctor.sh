#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mktme-dax doctor on real namespaces and filesystems, healthy and otherwise.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh
# shellcheck source=test/tools/guest-lib.sh
. /tools/guest-lib.sh

export MKTME_ONLY=$* PATH=/tools:$PATH
program=doctor

# finds "LEVEL ID SUBJECT" [PATH]...: and says what to do about it
finds() {
	local level id subject output
	read -r level id subject <<<"$1"
	shift
	output=$(mktme-dax doctor "$@") || true
	printf '%s\n' "$output"
	grep -A1 -E "^$level +$id +$subject" <<<"$output" | grep -q '^      next: '
}

# all_well [PATH]...
all_well() {
	local output
	output=$(mktme-dax doctor "$@") || { printf '%s\n' "$output"; return 1; }
	printf '%s\n' "$output"
	! grep -E '^(warn|fail)' <<<"$output" && grep -qE "^[0-9]{2} ok, 0 to improve, 0 in the way" <<<"$output"
}

# remount OPTIONS: what is on pmem0, on /mnt/main
remount() {
	umount "$MAIN" 2>/dev/null || true
	mount -o "$1" /dev/pmem0 "$MAIN"
}

mkfs_good() { mkfs.ext4 -q -F -b 4096 -E stride=512,stripe_width=512 /dev/pmem0; }

check_regions() {
	check "empty label area" finds "warn region-labels region0"
	check "raw namespace without labels" finds "fail namespace-mode namespace0.0"
	ndctl disable-region region0
	check "disabled region" finds "fail region-enabled region0"
	ndctl init-labels -f nmem0
	ndctl enable-region region0
	check "region without a namespace" finds "fail namespace-none region0"
}

check_modes() {
	ndctl create-namespace -m sector -s 128M
	check "sector mode" finds "fail namespace-mode namespace0.0"
	mkfs.ext4 -q -F -b 4096 /dev/pmem0s
	check "sector mode, seen from the device" finds "fail device-dax pmem0s" /dev/pmem0s
	ndctl destroy-namespace -f all
	ndctl create-namespace -m raw -s 128M
	check "raw mode" finds "fail namespace-mode namespace0.0" /dev/pmem0
	mkfs_good
	check "raw mode, seen from the device" finds "fail device-dax pmem0" /dev/pmem0
	ndctl destroy-namespace -f all
	ndctl create-namespace -m devdax -s 128M
	check "devdax mode" finds "fail namespace-mode namespace0.0"
	ndctl destroy-namespace -f all
	ndctl create-namespace -m fsdax -a 4096 -s 128M
	check "alignment of 4 KiB" finds "warn namespace-align namespace0.0" /dev/pmem0
	ndctl disable-namespace namespace0.0
	check "disabled namespace" finds "fail namespace-enabled namespace0.0"
	ndctl destroy-namespace -f all
}

check_filesystems() {
	check "no filesystem" finds "fail fs-none pmem0" /dev/pmem0
	mkfs.ext4 -q -F -b 1024 /dev/pmem0
	check "blocks of 1 KiB" finds "fail fs-block-size pmem0.*1024" /dev/pmem0
	mkfs.ext4 -q -F -b 4096 -O inline_data -I 256 /dev/pmem0
	check "inline data" finds "fail fs-inline-data pmem0" /dev/pmem0
	mkfs.ext2 -q -F -b 4096 /dev/pmem0
	check "ext2" finds "fail fs-type pmem0" /dev/pmem0
	mkfs.ext4 -q -F -b 4096 /dev/pmem0
	check "ext4 without a stripe" finds "warn fs-stripe pmem0" /dev/pmem0
	mkfs.xfs -q -f /dev/pmem0
	check "XFS without a stripe" finds "warn fs-stripe pmem0" /dev/pmem0
	check "XFS with reflink" finds "warn fs-reflink pmem0" /dev/pmem0
	mkfs.xfs -q -f -b size=1024 -m reflink=0 /dev/pmem0
	check "XFS with blocks of 1 KiB" finds "fail fs-block-size pmem0.*1024" /dev/pmem0
	remount dax=always
	check "XFS that has switched DAX off" finds "fail fs-dax $MAIN.*by itself" "$MAIN"
	umount "$MAIN"
	mkfs.xfs -q -f -b size=4096 -m reflink=0 -d su=2m,sw=1 /dev/pmem0
	check "XFS that is not mounted" finds "warn fs-mounted pmem0" /dev/pmem0
	remount dax=always
	check "healthy XFS" all_well "$MAIN"
	umount "$MAIN"
}

check_mounts() {
	mkfs_good
	remount dax=never
	echo data >"$MAIN/file"
	check "dax=never" finds "fail fs-dax $MAIN" "$MAIN"
	check "MAP_SYNC with dax=never" finds "fail file-map-sync $MAIN" "$MAIN"
	check "file without DAX" finds "fail file-dax $MAIN/file" "$MAIN/file"
	remount dax=inode
	check "dax=inode" finds "warn fs-dax $MAIN" "$MAIN"
	remount data=journal
	check "data=journal" finds "fail fs-journal $MAIN" "$MAIN"
	remount dax=always
	check "healthy ext4" all_well "$MAIN"
	check "healthy machine" all_well
	remount dax=always,ro
	check "read-only" finds "warn file-map-sync $MAIN.*read-only" "$MAIN"
	remount dax=always
}

check_files() {
	check "short file" all_well "$MAIN/file"
	truncate -s 4M "$MAIN/sparse"
	check "file without blocks" finds "warn file-huge $MAIN/sparse.*no blocks" "$MAIN/sparse"
	fallocate -l 4M "$MAIN/whole"
	check "file of whole 2 MiB pages" all_well "$MAIN/whole"
	fallocate -p -o 1M -l 4096 "$MAIN/whole"
	check "file with a hole" finds "warn file-huge $MAIN/whole" "$MAIN/whole"
	check "tmpfs" finds "fail device-pmem /tmp" /tmp
	check "procfs" finds "fail device-pmem /proc" /proc
	check "no such file" fails 4 "No such file" mktme-dax doctor "$MAIN/none"
	check "a character device" fails 1 "neither a file" mktme-dax doctor /dev/null
	check "exit code: in the way" fails 4 "device-pmem" mktme-dax doctor /tmp
	check "exit code: to improve" fails 0 "1 to improve, 0 in the way" mktme-dax doctor "$MAIN/sparse"
}

# Locked after a new mount: keys of the keyring unlock nothing by themselves.
check_keys() {
	local serial
	serial=$(echo -n "type=user algorithm=aes-xts-128 key=$(printf '%032x' 1) tweak=$(printf '%032x' 2)" |
		keyctl padd mktme doctor @u)
	fallocate -l 2M "$MAIN/bound"
	mktme-dax bind --serial "$serial" "$MAIN/bound"
	check "unlocked file" all_well "$MAIN/bound"
	remount dax=always
	check "locked file" finds "warn file-state $MAIN/bound" "$MAIN/bound"
}

check_mappers() {
	local sectors
	umount "$MAIN"
	sectors=$(blockdev --getsz /dev/pmem0)
	dmsetup create linear --table "0 $sectors linear /dev/pmem0 0"
	dmsetup mknodes
	check "device mapper" finds "fail device-mapper mapper/linear" /dev/mapper/linear
	mount -o dax=always /dev/mapper/linear "$MAIN"
	check "device mapper, mounted" finds "fail device-mapper mapper/linear" "$MAIN"
	umount "$MAIN"
	dmsetup remove linear
	if ! dmsetup create crypt --uuid CRYPT-PLAIN-crypt --table "0 $sectors crypt aes-xts-plain64 \
$(printf '%064x' 3) 0 /dev/pmem0 0"; then
		say "ok - doctor: dm-crypt # SKIP this kernel has no aes-xts for dm-crypt"
		return
	fi
	dmsetup mknodes
	mkfs.ext4 -q -F -b 4096 /dev/mapper/crypt
	check "dm-crypt" finds "fail device-mapper mapper/crypt.*dm-crypt" /dev/mapper/crypt
	dmsetup remove crypt
}

mkdir -p "$MAIN"
for msr in $((0x981)) $((0x982)); do dd if=/dev/cpu/0/msr bs=8 count=1 skip=$msr iflag=skip_bytes status=none | od -An -tx8; done
check_regions
check_modes
ndctl create-namespace -m fsdax -M mem
check_filesystems
check_mounts
check_files
check_keys
check_mappers
end_of_checks
