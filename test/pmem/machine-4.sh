#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mktme=off: as the control run, on a CPU that has KeyIDs.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_CONTROL=1 MKTME_STATUS="switched off by mktme=off"
make_namespaces
mount_main
for program in sysfs kexec_after bind fault locked; do
	run_test "${program}_test"
done
