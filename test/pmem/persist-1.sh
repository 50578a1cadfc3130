#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# First boot of the persistence tests; ends with a power cut.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$*
make_namespaces
make_main
mount_main
run_test persist_write_test
# Last: it leaves a transaction open.
run_test cut_test
if dmesg | grep -E 'BUG: |WARNING: |Oops|Call Trace:'; then
	say "not ok - persist-write: the kernel log is clean"
fi
gcov-report
say powercut
sleep 1000
