#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs all layers of tests, the quick ones first, and adds up their totals.
#
# A layer is a program that prints TAP.  One that fails without a "not ok", or
# that runs no test at all, counts as a failure.  What failed is said once more at
# the end.  The last line of the output is "N passed, M failed, K skipped".
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

passed=0 failed=0 skipped=0 failures=()

count_lines() {
	grep -cE "$1" "$2" || true
}

run_layer() {
	local layer=$1 log=$LOGS/test-$1.tap status=0 ok bad skip
	shift
	printf '\n==== %s\n' "$layer"
	stage_begin "$layer"
	"$@" </dev/null 2>"$log.err" | tee "$log" || status=$?
	skip=$(count_lines '^ok .*# *[Ss][Kk][Ii][Pp]' "$log")
	bad=$(count_lines '^not ok( |$)' "$log")
	ok=$(($(count_lines '^ok( |$)' "$log") - skip))
	if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
		echo "not ok - $layer ended with status $status after $ok tests" | tee -a "$log"
		bad=1
	fi
	if [ "$bad" -ne 0 ]; then
		tail -n 20 "$log.err" | sed 's/^/# /'
		failures+=("$log")
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	stage_end "$ok passed, $bad failed, $skip skipped"
}

mkdir -p "$LOGS"
run_layer check scripts/check.sh
run_layer scripts scripts/selftest.sh
run_layer host test/host/run.sh
run_layer emulator test/emulator/run.sh --qemu "$PWD/build/emulator/qemu-system-x86_64" --out "$PWD/build/emulator-tests"
run_layer pmem test/pmem/run.sh
run_layer tools test/tools/run.sh
run_layer soak test/soak/run.sh

if [ "$failed" -ne 0 ]; then
	printf '\n==== what failed (whole logs: %s/test-*.tap)\n' $LOGS
	scripts/failures.sh "${failures[@]}" || true
fi
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped" | tee $LOGS/totals
[ "$failed" -eq 0 ]
