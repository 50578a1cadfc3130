#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# control.sh on XFS, and xfs_repair. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_CONTROL=1 MKTME_FS=xfs
make_namespaces
mount_main
for program in persist_read xfs xfs_doors abi ioctl ioctl_dir bind between window fault io race refuse door_map door_peek door_memory door_io door_admin door_copy mount locked ring ring_race dir reuse; do
	run_test "${program}_test"
done
check_xfs "$MAIN" /dev/pmem0
