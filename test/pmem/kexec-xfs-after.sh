#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# machine-2.sh on XFS, and xfs_repair.
set -euo pipefail
export MKTME_FS=xfs
# shellcheck source=test/pmem/machine-2.sh
. /test/machine-2.sh
check_xfs "$MAIN" /dev/pmem0
