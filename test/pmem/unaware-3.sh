#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Third boot, our kernel: reads the files.
set -euo pipefail
# shellcheck source=test/pmem/unaware-lib.sh
. /test/unaware-lib.sh

make_namespaces
mount_both
run_test unaware_read_test
umount_both
check "e2fsck finds ext4 sound" e2fsck -fn /dev/pmem0
check "xfs_repair finds XFS sound" xfs_repair -n /dev/pmem0.1
say 1..2
