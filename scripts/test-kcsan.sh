#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tests of the kernel on one that looks for data races in what we have written.
#
#   scripts/test-kcsan.sh                                      all suites, engine cache, and the loops
#   scripts/test-kcsan.sh argument of test/pmem/run.sh...
#   scripts/test-kcsan.sh soak [argument of test/soak/run.sh]...
#
# A report stands in the kernel's log, and PID 1 makes it a verdict.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/instrumented.sh

build_instrumented kcsan KCSAN_SANITIZE KCSAN_SANITIZE=n
export RUN=kcsan KERNEL=build/kernel-kcsan/bzImage TIMEOUT=${TIMEOUT:-3600}
# So little is instrumented that each tenth access can be watched, and for longer
export APPEND="kcsan.skip_watch=10 kcsan.udelay_task=200 ${APPEND:-}"

# Each prints its own totals.
run_all() {
	local status=0
	test/pmem/run.sh --engine cache || status=$?
	# Slow as it is, writers need longer to have written everything
	test/soak/run.sh --work 10 || status=$?
	return "$status"
}

case ${1:-} in
'') run_all ;;
soak) shift; exec test/soak/run.sh "$@" ;;
*) exec test/pmem/run.sh "$@" ;;
esac
