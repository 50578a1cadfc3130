#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# First boot, our kernel: makes the files.
set -euo pipefail
# shellcheck source=test/pmem/unaware-lib.sh
. /test/unaware-lib.sh

make_namespaces
make_main
mkfs.xfs -q -f --unsupported -b size=4096 -d su=2m,sw=1 /dev/pmem0.1
mount_both
run_test unaware_write_test
