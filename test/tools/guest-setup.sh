#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mktme-dax setup: from an empty DIMM to a file of 2 MiB pages, and what it refuses.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh
# shellcheck source=test/tools/guest-lib.sh
. /tools/guest-lib.sh

export MKTME_ONLY=$* PATH=/tools:$PATH
program=setup
new=/mnt/new

# A file there is mapped by 2 MiB pages and can be bound: the doctor has no complaints.
is_good() {
	local file=$new/file
	fallocate -l 4M "$file" && mktme-dax bind --serial "$serial" "$file" &&
		mktme-dax doctor "$file" && ! mktme-dax doctor "$file" | grep -E '^(warn|fail)'
}

sets_up() {
	mktme-dax setup "$@" && grep -q " $new .*dax=always" /proc/mounts && is_good
}

undo() {
	umount "$new" 2>/dev/null || true
	rmdir "$new" 2>/dev/null || true
}

# The lines of --dry-run, run by a shell, do what the tool does.
dry_run_is_exact() {
	local commands blockdev
	commands=$(mktme-dax setup --dry-run --filesystem xfs "$new") || return 1
	printf '%s\n' "$commands"
	[ ! -e "$new" ] && [ ! -e /dev/pmem0 ] || return 1
	blockdev=$(bash -ec "$(grep ^ndctl <<<"$commands")" | sed -n 's/.*"blockdev":"\(.*\)".*/\1/p')
	bash -ec "$(sed "/^ndctl/d; s/pmemN/$blockdev/" <<<"$commands")" && is_good
}

# mkfs.ext4 that sends Ctrl-C to its caller before it works
interrupting_mkfs() {
	mkdir -p /tmp/bin
	printf '%s\n' '#!/bin/sh' "kill -INT \$PPID" 'exec /usr/bin/mkfs.ext4 "$@"' >/tmp/bin/mkfs.ext4
	chmod 755 /tmp/bin/mkfs.ext4
}

# Stopped before the mount; the line that it prints goes on from there.
stops_and_goes_on() {
	local output
	output=$(PATH=/tmp/bin:$PATH mktme-dax setup --device /dev/pmem0 --force "$new" 2>&1) && return 1
	printf '%s\n' "$output"
	grep -q "stopped before step 3 of 3 (mount)" <<<"$output" || return 1
	! grep -q " $new " /proc/mounts && e2fsck -fn /dev/pmem0 || return 1
	mkdir -p "$new"
	bash -ec "$(sed -n 's/^  next: //p' <<<"$output")" && is_good
}

keeps_data() {
	local before after
	before=$(sha256sum </dev/pmem0)
	fails 5 "$1" mktme-dax setup --device /dev/pmem0 "$new" || return 1
	after=$(sha256sum </dev/pmem0)
	[ "$before" = "$after" ] && [ ! -e "$new" ]
}

check_without_labels() {
	check "DIMM without labels" sets_up "$new"
	undo
	ndctl disable-region region0
	ndctl init-labels -f nmem0
	ndctl enable-region region0
}

check_new_namespaces() {
	check "dry run is exact" dry_run_is_exact
	undo
	ndctl destroy-namespace -f all
	check "new namespace of a size" sets_up --size 200M "$new"
	check "size is rounded" test "$(blockdev --getsize64 /dev/pmem0)" -le $((192 << 20))
	undo
	check "second namespace, with XFS" sets_up --size 512M --filesystem xfs "$new"
	undo
	check "no room for a third one" fails 4 "no persistent memory is free" \
		mktme-dax setup --size 4G "$new"
	ndctl destroy-namespace -f all
}

check_refusals() {
	ndctl create-namespace -m fsdax -s 256M
	mkfs.ext4 -q -F -b 1024 /dev/pmem0
	check "keeps a filesystem" keeps_data "has data: ext4"
	mkdir -p "$MAIN"
	mount /dev/pmem0 "$MAIN"
	check "keeps what is mounted, even by force" fails 5 "in use" \
		mktme-dax setup --force --device /dev/pmem0 "$new"
	umount "$MAIN"
	dd if=/dev/zero of=/dev/pmem0 bs=1M count=1 status=none
	printf '\125\252' | dd of=/dev/pmem0 bs=1 seek=510 status=none
	printf '\0\0\0\0\203\0\0\0\0\10\0\0\0\10\0\0' | dd of=/dev/pmem0 bs=1 seek=446 status=none
	check "keeps a partition table" keeps_data "has data: dos"
	interrupting_mkfs
	check "Ctrl-C, and on from there" stops_and_goes_on
	undo
	ndctl destroy-namespace -f all
	ndctl create-namespace -m raw -s 256M
	check "keeps a namespace of another mode" keeps_data "not of mode fsdax"
	check "makes it anew by force" sets_up --force --device /dev/pmem0 "$new"
	undo
}

check_empty_namespace() {
	ndctl destroy-namespace -f all
	ndctl create-namespace -m fsdax -s 256M
	# What was there before may have left a superblock at the same place.
	dd if=/dev/zero of=/dev/pmem0 bs=1M count=1 status=none
	check "empty namespace is used" sets_up "$new"
	check "directory that is not empty" fails 5 "not empty" mktme-dax setup "$new"
	undo
	check "ordinary user" fails 2 "" setpriv --reuid 1000 --regid 1000 --clear-groups \
		mktme-dax setup --device /dev/pmem0 --force /tmp/mine
}

serial=$(echo -n "type=user algorithm=aes-xts-128 key=$(printf '%032x' 1) tweak=$(printf '%032x' 2)" |
	keyctl padd mktme setup @u)
check_without_labels
check_new_namespaces
check_refusals
check_empty_namespace
end_of_checks
