#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files on XFS whose newest data is in caches when another kernel takes over, which
# runs kexec-xfs-after.sh. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_FS=xfs
make_namespaces
make_main
mount_main
start_other_kernel /test/kexec-xfs-after.sh "$@"
