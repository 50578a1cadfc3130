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
for program in abi sysfs ioctl ioctl_dir key revoke bind fault io race refuse mount locked record orphan ring ring_race dir exhaust reuse; do
	run_test "${program}_test"
done
