#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine with few KeyIDs and two sockets, whose PCONFIG is busy now and then.
# Ends in another kernel (machine-2.sh). Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_KEYIDS=7
make_namespaces
make_main
mount_main
# First of all, while no KeyID holds a key.
for program in machine memory sysfs key revoke exhaust; do
	run_test "${program}_test"
done
start_other_kernel /test/machine-2.sh "$@"
