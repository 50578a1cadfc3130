#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Second boot: reads what the first one made durable.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$*
make_namespaces
mount_main
run_test persist_read_test
