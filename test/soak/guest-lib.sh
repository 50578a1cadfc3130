# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Common ground of the guest scripts: one namespace, one file system with DAX.

MAIN=/mnt/main
export MKTME_DIR=$MAIN MKTME_DEVICE=/dev/pmem0

say() {
	printf '%s\n' "$*" >&"$MKTME_REPORT_FD"
}

# The device of a later boot is there before PID 1 is, or a moment afterwards.
await_device() {
	[ -b "$MKTME_DEVICE" ] || ndctl wait-scrub >/dev/null 2>&1 || true
	until [ -b "$MKTME_DEVICE" ]; do
		sleep 0.05
	done
}

# A DIMM without labels is one namespace as a whole; its mode is on the DIMM.
make_namespace() {
	[ -b "$MKTME_DEVICE" ] || ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null
	ndctl list -N | grep -q '"mode":"fsdax"' ||
		ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null
}

# Blocks in groups of 2 MiB, so that there are entries of that size; none in reserve for root.
make_file_system() {
	case $MKTME_FS in
	xfs) mkfs.xfs -q -f --unsupported -b size=4096 -d su=2m,sw=1 "$MKTME_DEVICE" ;;
	*) mkfs.ext4 -q -F -b 4096 -m 0 -E stride=512,stripe_width=512 "$MKTME_DEVICE" ;;
	esac
}

mount_file_system() {
	mkdir -p "$MAIN"
	mount -t "$MKTME_FS" -o dax=always "$MKTME_DEVICE" "$MAIN"
}

# checker NAME PROGRAM ARGUMENT...: a program that reports by itself what is wrong, and ends with 1 then
checker() {
	local name=$1 status=0
	shift
	"$@" || status=$?
	[ "$status" -le 1 ] || say "not ok - $name: ${1##*/} has ended with status $status"
}

# Nothing is mounted after this. "sound NAME": the line of TAP.
check_sound() {
	local status=0
	umount "$MAIN"
	case $MKTME_FS in
	xfs) xfs_repair -n "$MKTME_DEVICE" || status=$? ;;
	*) e2fsck -fn "$MKTME_DEVICE" || status=$? ;;
	esac
	if [ "$status" -eq 0 ]; then
		say "ok - $1: the file system is sound"
	else
		say "not ok - $1: the file system is sound"
	fi
}
