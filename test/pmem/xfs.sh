#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tests that do not depend on the file system, on XFS, and those of XFS alone.
# Ends with xfs_repair. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_FS=xfs
make_namespaces
make_main
mount_main
for program in xfs xfs_doors abi ioctl ioctl_dir bind between window fault io race refuse door_map door_peek door_memory door_io door_admin door_copy door_nfs door_repair mount locked ring ring_race dir trace smaps failure reuse; do
	run_test "${program}_test"
done
check_scrub "$MAIN"
check_xfs "$MAIN" /dev/pmem0
check_xfs /mnt/scratch /dev/pmem0.1
