#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which lines and branches of the kernel's new files do the tests execute?
#
#   scripts/coverage.sh [--no-run] [SUITE]...    of test/pmem/run.sh; all by default
#
# Builds a kernel of VARIANT=gcov, runs the suites on the engine cache, and leaves
# build/coverage/summary, uncovered and index.html. Fails below 90 % of the lines or 80 %
# of the branches. --no-run: from the reports of the last time.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/instrumented.sh

OUT=build/coverage
RUN=coverage
LINES_WANTED=90
BRANCHES_WANTED=80

run_suites() {
	rm -rf "${LOGS:?}/$RUN"-*
	RUN=$RUN KERNEL=build/kernel-gcov/bzImage test/pmem/run.sh --engine cache "$@" >"$OUT/tests.tap" || true
	tail -n 1 "$OUT/tests.tap"
	grep '^not ok' "$OUT/tests.tap" || true
}

# unpack_boot REPORT DIRECTORY: as the compiler would have left it
unpack_boot() {
	local path data
	rm -rf "$2"
	mkdir -p "$2"
	sed -n 's/^gcov //p' "$1" | while read -r path data; do
		path=${path#"$tree"/}
		mkdir -p "$2/${path%/*}"
		base64 -d <<<"$data" >"$2/$path"
		ln -sf "$tree/${path%.gcda}.gcno" "$2/${path%.gcda}.gcno"
	done
}

# Branches of WARN_ON(), BUG_ON(), asserts of locks and trace events are not ours to take.
# What remains is merged over all boots.
count() {
	local report boot filters
	mapfile -t filters < <(list_sources | sed "s|.*|--filter=$tree/&|")
	rm -rf "$OUT/boots"
	for report in "$LOGS/$RUN"-*/report; do
		grep -q '^gcov ' "$report" || continue
		boot=$(basename "$(dirname "$report")")
		unpack_boot "$report" "$OUT/boots/$boot"
		gcovr -q --root "$tree" "${filters[@]}" \
			--exclude-unreachable-branches --exclude-branches-by-pattern "$NOT_OURS" \
			--json "$OUT/boots/$boot.json" "$OUT/boots/$boot"
	done
}

NOT_OURS='.*(WARN_ON|BUG_ON|lockdep_assert|pr_[a-z]*_ratelimited|trace_mktme|MKTME_PAUSE|mktme_pause).*'

merge() {
	local traces
	traces=$(find "$OUT/boots" -name '*.json' | sed 's/^/-a /')
	[ -n "$traces" ] || die "no boot has told what it executed: is build/kernel-gcov of VARIANT=gcov?"
	# shellcheck disable=SC2086 # options are words
	gcovr -q --root "$tree" $traces --txt "$OUT/summary" --html-details "$OUT/index.html" \
		--fail-under-line $LINES_WANTED --fail-under-branch $BRANCHES_WANTED || status=$?
	# shellcheck disable=SC2086
	gcovr -q --root "$tree" $traces --txt --show-branch >"$OUT/branches"
	cat "$OUT/summary"
}

run=yes status=0
if [ "${1-}" = --no-run ]; then
	run=no
	shift
fi
mkdir -p "$OUT" "$LOGS"
build_instrumented gcov GCOV_PROFILE
tree=$(instrumented_tree gcov)
[ "$run" = no ] || run_suites "$@"
count
merge
exit "$status"
