#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The crash kernel. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$*
make_namespaces
mount_main
run_test crash_test
