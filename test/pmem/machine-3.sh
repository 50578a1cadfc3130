#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine with TDX: half of the KeyID bits are not for software. One socket.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

# 6 KeyID bits, 2 of them for TDX
export MKTME_ONLY=$* MKTME_KEYIDS=15
make_namespaces
mount_main
for program in machine sysfs exhaust; do
	run_test "${program}_test"
done
