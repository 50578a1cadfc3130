#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files whose newest data is in caches when the kernel dies; the crash kernel runs
# crash-after.sh. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$*
make_namespaces
make_main
mount_main
start_other_kernel --crash /test/crash-after.sh "$@"
