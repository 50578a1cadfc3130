#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Breaks the emulator, and then its tests, on purpose: does a test notice?
#
#   scripts/mutants-emulator.sh [NAME]...    from test/emulator/mutants*.list; all by default
#
# Prints TAP: a mutant that the named test does not catch is "not ok". Works in a tree
# of its own in the cache, and on a copy of the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/emulator-lib.sh
. scripts/mutants-lib.sh

NAME=emulator
QUEUE=emulator
EMULATOR=$CACHE/emulator
LOG=$LOGS/mutants-emulator.log
OUT=build/mutants-emulator
# What software has to do on such a machine, and can forget
export NEEDED='(^|[^a-z_])(flush|clflush|clflushopt|clwb|write_back|wbinvd)\(|\} while \('

run_tests() {
	local tests=$1 qemu=$2 runs=$3 log=$4 name
	: >"$log"
	for name in ${runs//,/ }; do
		timeout 300 "$tests/run.sh" --qemu "$qemu" --out "$OUT/run" --only "$name" >>"$log" \
			2>"$log.err" </dev/null || true
	done
}

prepare_emulator() {
	scripts/fetch.sh get emulator
	prepare_tree emulator "$tree"
	stage_begin "emulator for mutants"
	scripts/overlay.sh apply "$tree" scripts/emulator.list emulator/patches/series emulator/VERSION
	configure
	compile
	cp "$objects/$BINARY" "$OUT/unbroken"
	stage_end built
}

build_emulator() {
	rm -f "$OUT/$BINARY"
	break_file "$tree/$1" "$2" || return 1
	if (compile) 2>>"$LOG"; then
		cp "$objects/$BINARY" "$OUT/"
	fi
	restore "$tree/$1"
	[ -e "$OUT/$BINARY" ]
}

emulator_mutants() {
	local name file expression runs tests
	while IFS=@ read -r -u 4 name file expression runs tests; do
		name=$(trim "$name") file=$(trim "$file") runs=$(trim "$runs") tests=$(trim "$tests")
		case $name in
		'' | '#'*) continue ;;
		esac
		wanted "$name" "$@" || continue
		expression=${expression# } expression=${expression% }
		if ! build_emulator "$file" "$expression"; then
			tap "not ok" "$name: cannot be made (see $LOG)"
			continue
		fi
		run_tests test/emulator "$OUT/$BINARY" "$runs" "$OUT/$name.tap"
		judge "$name" "$OUT/$name.tap" "$tests"
	done 4<test/emulator/mutants.list
}

# "line place" of each thing in the function that can be forgotten; a line may have two
list_places() {
	awk -v function_name="$2" '
		!inside && $0 ~ "^[a-z].*[ *]" function_name "\\(" && !/;$/ { inside = NR }
		inside && (inside < NR || /}$/) {
			places = gsub(ENVIRON["NEEDED"], "&")
			for (i = 1; i <= places; i++)
				print NR, i
			if ($0 == "}" || NR == inside && /}$/)
				inside = 0
		}' "$1"
}

# A call becomes one of a function that does nothing, a loop is gone through once.
run_test_mutant() {
	local name=$1 file=$2 line=$3 place=$4 runs=$5 tests=$6
	rm -rf "$OUT/test"
	mkdir -p "$OUT/test/pmem"
	cp -r test/emulator test/host "$OUT/test/"
	cp test/pmem/pattern.h "$OUT/test/pmem/"
	echo 'static inline void forgotten() { }' >>"$OUT/test/emulator/pattern.h"
	sed -i -E "${line}s/$NEEDED/&FORGET /$place" "$OUT/test/emulator/$file"
	sed -i -E "${line}s/\<[a-z_]+\(FORGET /forgotten(/; ${line}s/FORGET /0 \&\& /" "$OUT/test/emulator/$file"
	run_tests "$OUT/test/emulator" "$OUT/unbroken" "$runs" "$OUT/tests.tap"
	judge "$name: $(sed -n "${line}s/^[[:space:]]*//p" "test/emulator/$file")" "$OUT/tests.tap" "$tests"
}

test_mutants() {
	local file function places runs tests line place count name
	while IFS=@ read -r -u 4 file function places runs tests; do
		file=$(trim "$file") function=$(trim "$function") places=$(trim "$places")
		runs=$(trim "$runs") tests=$(trim "$tests")
		case $file in
		'' | '#'*) continue ;;
		esac
		count=0
		while read -r -u 5 line place; do
			count=$((count + 1))
			name=$file:$function:$count
			wanted "$name" "$@" || wanted "$file:$function" "$@" || continue
			[ "$places" = all ] || [[ " $places " == *" $count "* ]] || continue
			run_test_mutant "$name" "$file" "$line" "$place" "$runs" "$tests"
		done 5< <(list_places "test/emulator/$file" "$function")
		[ "$count" -gt 0 ] || tap "not ok" "$file:$function: nothing there can be forgotten"
	done 4<test/emulator/mutants-tests.list
}

mkdir -p "$LOGS" "$OUT"
: >"$LOG"
tree=$(emulator_tree -mutants)
objects=$tree/build-mktme
own_tree "$EMULATOR/mutants.lock"
with_lock "$EMULATOR/lock" prepare_emulator
emulator_mutants "$@"
test_mutants "$@"
print_totals
