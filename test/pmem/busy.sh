#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A CPU on which PCONFIG never succeeds.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$*
make_namespaces
make_main
mount_main
run_test pconfig_test
