#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Breaks library and tool on purpose, one line at a time, and looks whether a test notices.
#
#   scripts/mutants-tools.sh [NAME]...    from tools/mktme-dax/test/mutants.list; all by default
#
# Prints TAP: a mutant that the named test does not catch is "not ok". Works in a copy of
# the repository, below build/, with the kernel and the emulator of this one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/mutants-lib.sh

LIST=tools/mktme-dax/test/mutants.list
COPY=$PWD/build/mutants-tools
LOG=$PWD/$LOGS/mutants-tools.log

# What was built there from the last state is kept, so that make need not begin anew.
copy_repository() {
	mkdir -p "$COPY/build"
	git ls-files -co --exclude-standard | rsync -rlpt --files-from=- ./ "$COPY/"
	cp -P build/kernel build/emulator "$COPY/build/"
}

build_programs() {
	case $1 in
	host:*) make -s -C tools/mktme-dax -j"$JOBS" units ;;
	*) make -s -C test/tools ;;
	esac
}

# The tests of a program are enough; a pattern over several needs them all.
program_of() {
	case $1 in
	[a-z]*:\ *) printf '%s: *' "${1%%:*}" ;;
	*) printf '*' ;;
	esac
}

run_tests() {
	case $suite in
	host:*) timeout 300 tools/mktme-dax/test/run.sh "${suite#host:}" ;;
	*) timeout 600 test/tools/run.sh --only "$(program_of "$tests")" "$suite" ;;
	esac
}

run_mutant() {
	local log=$COPY/mutant-$name.tap
	if ! break_file "tools/mktme-dax/$file" "$expression"; then
		tap "not ok" "$name: cannot be made"
		return
	fi
	if build_programs "$suite" >>"$LOG" 2>&1; then
		run_tests >"$log" 2>"$log.err" </dev/null || true
		judge "$name" "$log" "$tests"
	else
		tap "not ok" "$name: does not compile (see $LOG)"
	fi
	restore "tools/mktme-dax/$file"
}

mkdir -p "$LOGS"
: >"$LOG"
[ -e build/kernel/bzImage ] || die "build the kernel first: make kernel"
[ -e build/emulator ] || die "build the emulator first: make emulator"
own_tree build/mutants-tools.lock
copy_repository
cd "$COPY"
stage_begin programs
{ build_programs host:all && build_programs main; } >>"$LOG" 2>&1 ||
	die "the unbroken programs do not build (see $LOG)"
stage_end built
while IFS=@ read -r -u 4 name file expression suite tests; do
	name=$(trim "$name")
	case $name in
	'' | '#'*) continue ;;
	esac
	wanted "$name" "$@" || continue
	file=$(trim "$file") suite=$(trim "$suite") tests=$(trim "$tests")
	expression=${expression# } expression=${expression% }
	run_mutant
done 4<"$LIST"
print_totals
