#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot: everything that needs no second one. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$*
make_namespaces
make_main
mount_main
for program in abi errno sysfs ioctl ioctl_dir key revoke bind between window shake fault io race refuse door_map door_peek door_memory door_io door_admin door_copy door_nfs door_layout mount locked record orphan ring ring_race dir device trace count smaps exhaust failure reuse; do
	run_test "${program}_test"
done
