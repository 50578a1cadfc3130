#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# nr_cpus= leaves out all CPUs of the second package, whose memory is there all the same.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_CONTROL=1 MKTME_STATUS="a package has no CPU here"
make_namespaces
mount_main
for program in sysfs kexec_after; do
	run_test "${program}_test"
done
