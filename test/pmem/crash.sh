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
run_test kexec_before_test
if dmesg | grep -E 'BUG: |WARNING: |Call Trace:'; then
	say "not ok - the log of the first kernel is clean"
fi
gcov-report
/test/kexec_jump --crash /test/crash-after.sh ${1:+"$1"}
say "not ok - crash: the other kernel starts"
