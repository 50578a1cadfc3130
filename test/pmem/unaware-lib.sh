# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Common ground of the three boots: ext4 on one namespace, XFS on the other.

# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$*

mount_both() {
	mount_main
	mount -t xfs -o dax=always /dev/pmem0.1 /mnt/scratch
}

umount_both() {
	umount "$MAIN" /mnt/scratch
}

# check NAME COMMAND...: a line of TAP; what the command says is in the console's log
check() {
	local name=$1
	shift
	if "$@"; then
		say "ok - unaware: $name"
	else
		say "not ok - unaware: $name"
	fi
}

refuses() {
	! "$@"
}
