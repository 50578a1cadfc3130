#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which lines and branches of the kernel's new files do the tests execute?
#
#   scripts/coverage.sh [--no-run] [SUITE]...    of test/pmem/run.sh; all by default
#
# Builds a kernel of VARIANT=gcov, runs the suites on the engine cache, and leaves
# build/coverage/summary, uncovered and index.html. Fails below 90 % of the lines or 80 %
# of the branches, and if a line is not executed for which test/pmem/uncovered.list has no
# reason. --no-run: from the reports of the last time.
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

# unpack_boot REPORT DIRECTORY: as the compiler would have left it, in DIRECTORY-1. A boot of two
# kernels (kexec) has told everything twice.
unpack_boot() {
	local path data directory
	local -A times=()
	while read -r path data; do
		path=${path#"$tree"/}
		times[$path]=$((${times[$path]:-0} + 1))
		directory=$2-${times[$path]}
		mkdir -p "$directory/${path%/*}"
		base64 -d <<<"$data" >"$directory/$path"
		ln -sf "$tree/${path%.gcda}.gcno" "$directory/${path%.gcda}.gcno"
	done < <(sed -n 's/^gcov //p' "$1")
}

# Branches of WARN_ON(), BUG_ON(), asserts of locks and trace events are not ours to take, and what
# the macros of a loop over a list are made of is not ours.
# What remains is merged over all boots.
count() {
	local report kernel filters
	mapfile -t filters < <(list_sources | sed "s|.*|--filter=$tree/&|")
	rm -rf "$OUT/boots"
	for report in "$LOGS/$RUN"-*/report; do
		unpack_boot "$report" "$OUT/boots/$(basename "${report%/report}")"
	done
	for kernel in "$OUT"/boots/*/; do
		gcovr --root "$tree" "${filters[@]}" \
			--exclude-unreachable-branches --exclude-branches-by-pattern "$NOT_OURS" \
			--json "${kernel%/}.json" "$kernel"
	done
}

NOT_OURS='.*(WARN_ON|BUG_ON|lockdep_assert|pr_[a-z]*_ratelimited|trace_mktme|MKTME_PAUSE|mktme_pause|for_each_|VMA_ITERATOR|kfree_rcu).*'

merge() {
	traces=$(find "$OUT/boots" -name '*.json' | sed 's/^/-a /')
	[ -n "$traces" ] || die "no boot has told what it executed: is build/kernel-gcov of VARIANT=gcov?"
	# shellcheck disable=SC2086 # options are words
	gcovr --root "$tree" $traces --txt "$OUT/summary" --html-details "$OUT/index.html" \
		--fail-under-line $LINES_WANTED --fail-under-branch $BRANCHES_WANTED || status=$?
	# shellcheck disable=SC2086
	gcovr --root "$tree" $traces --txt --branches >"$OUT/branches"
	cat "$OUT/summary"
	awk '/^TOTAL/ { printf "Branches: %d of %d taken\n", $3, $2 }' "$OUT/branches"
}

# "FILE @ FUNCTION @ TEXT" of each line that was not executed; the first line of a function
# has its name, and is at the left edge.
list_uncovered() {
	# shellcheck disable=SC2086 # options are words
	gcovr --root "$tree" $traces --xml-pretty | awk -v tree="$tree" '
		function read_functions(file,  text, name, n) {
			name = ""
			for (n = 1; (getline text < file) > 0; n++) {
				if (text ~ /^[a-zA-Z_].*\(/ && text !~ /;$/) {
					name = text
					sub(/\(.*/, "", name)
					sub(/.*[ *]/, "", name)
				}
				sub(/^[ \t]+/, "", text)
				texts[n] = text
				names[n] = name
			}
			close(file)
		}
		match($0, /filename="[^"]*"/) {
			path = substr($0, RSTART + 10, RLENGTH - 11)
			read_functions(tree "/" path)
		}
		/<line / && / hits="0"/ && match($0, /number="[0-9]*"/) {
			n = substr($0, RSTART + 8, RLENGTH - 9)
			print path " @ " names[n] " @ " texts[n]
		}' | sort -u
}

# Lines of the list are those of list_uncovered() with " @ reason" behind them.
explain() {
	awk -F ' @ ' '
		phase == 1 && /^[^#]/ { reason[$1 FS $2 FS $3] = $4 }
		phase == 2 && !($0 in reason) { print "not executed, no reason: " $0; missing++ }
		phase == 2 { seen[$0] }
		END {
			for (line in reason)
				if (!(line in seen))
					print "executed, but in the list: " line
			exit missing > 0
		}' phase=1 test/pmem/uncovered.list phase=2 "$OUT/uncovered"
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
list_uncovered >"$OUT/uncovered"
explain || status=$?
exit "$status"
