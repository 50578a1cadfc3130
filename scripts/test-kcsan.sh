#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tests of the kernel on one that looks for data races in what we have written.
#
#   scripts/test-kcsan.sh [argument of test/pmem/run.sh]...    all suites, engine cache
#
# A report stands in the kernel's log, and PID 1 makes it a verdict.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/instrumented.sh

build_instrumented kcsan KCSAN_SANITIZE KCSAN_SANITIZE=n
[ $# -gt 0 ] || set -- --engine cache
export TIMEOUT=${TIMEOUT:-3600}
RUN=kcsan KERNEL=build/kernel-kcsan/bzImage exec test/pmem/run.sh "$@"
