#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A CPU without TME-MK, on the DIMM of the persistence tests: bound files are
# locked for good, plain ones are as ever, and each test of the main suite meets
# its documented error.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_CONTROL=1
make_namespaces
mount_main
for program in persist_read abi errno sysfs ioctl ioctl_dir key revoke bind between window shake fault io race refuse door_map door_peek door_memory door_io door_admin door_copy door_layout mount locked record orphan ring ring_race dir device exhaust reuse; do
	run_test "${program}_test"
done
