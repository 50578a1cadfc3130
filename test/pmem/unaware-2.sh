#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Second boot, a kernel without the feature. Debian's tools have their turn, too:
# those that check find nothing to mend, those that look get ciphertext.
set -euo pipefail
# shellcheck source=test/pmem/unaware-lib.sh
. /test/unaware-lib.sh

no_plaintext_in() {
	[ -s "$1" ] && ! grep -q SECRET "$1"
}

make_namespaces
mount_both
run_test unaware_test
umount_both
check "e2fsck -fn has nothing to mend" e2fsck -fn /dev/pmem0
check "e2fsck -fy has nothing to mend" e2fsck -fy /dev/pmem0
debugfs -R 'dump /data /run/debugfs.data' /dev/pmem0
check "debugfs has no plaintext" no_plaintext_in /run/debugfs.data
check "xfs_repair -n has nothing to mend" xfs_repair -n /dev/pmem0.1
check "xfs_repair has nothing to mend" xfs_repair /dev/pmem0.1
say 1..5
