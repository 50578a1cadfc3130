#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Breaks the kernel on purpose, one line at a time, and looks whether a test notices.
#
#   scripts/mutants.sh [NAME]...    names from test/pmem/mutants.list; all by default
#
# Prints TAP: a mutant that the named test does not catch is "not ok". Works in a
# kernel tree of its own in the cache, so the real build is not disturbed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/kernel-make.sh
. scripts/mutants-lib.sh

LIST=test/pmem/mutants.list
LINUX=$CACHE/linux
LOG=$LOGS/mutants.log

# The same stamps as the real kernel's: they are part of what is compiled
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=mktme-dax KBUILD_BUILD_HOST=mktme-dax

make_kernel() {
	make_cached -C "$tree" -j"$JOBS" "$@" >>"$LOG" 2>&1
}

# The unbroken tree, built: what is compiled once need not be for each mutant, nor what
# the real kernel's tree has already.
prepare_mutants() {
	local real
	real=$LINUX/tree-$(scripts/fetch.sh id linux | cut -d' ' -f1)
	tree=$real-mutants
	scripts/fetch.sh get linux
	if [ ! -d "$tree" ] && [ -d "$real" ]; then
		cp -a --reflink=auto "$real" "$tree.new"
		mv "$tree.new" "$tree"
	fi
	prepare_tree linux "$tree"
	scripts/overlay.sh apply "$tree" scripts/overlay.list patches/linux/series patches/linux/VERSION
	cp build/kernel/config "$tree/.config"
	stage_begin "kernel for mutants"
	make_kernel olddefconfig bzImage || die "the unbroken kernel does not build (see $LOG)"
	stage_end built
}

# Several lines of the list may break the same thing: it is built once.
build_mutant() {
	break_file "$tree/$file" "$expression" || return 1
	# The same bytes as the unbroken kernel's: what is changed is not what was compiled
	if make_kernel bzImage && ! cmp -s "$tree/arch/x86/boot/bzImage" build/kernel/bzImage; then
		mkdir -p "$broken"
		cp "$tree/arch/x86/boot/bzImage" "$tree/System.map" "$broken/"
	fi
	restore "$tree/$file"
	[ -e "$broken" ]
}

# The program that has to notice is enough; a pattern over several needs them all.
program_of() {
	case $1 in
	[a-z]*:\ *) printf '%s: *' "${1%%:*}" ;;
	*) printf '*' ;;
	esac
}

# The suites are those of test/pmem/run.sh; "soak", with a type and a part, is test/soak/run.sh.
run_tests() {
	local words
	read -ra words <<<"$suites"
	export RUN=mutant-$name KERNEL=$broken/bzImage
	if [ "${words[0]}" = soak ]; then
		TIMEOUT=800 timeout 900 test/soak/run.sh --ops 20000 --cuts 10 --work 5 --fs "${words[1]}" "${words[@]:2}"
	else
		timeout 600 test/pmem/run.sh --engine "$engine" --only "$(program_of "$tests")" "${words[@]}"
	fi
}

run_mutant() {
	local log=$LOGS/mutant-$name.tap broken
	broken=build/mutants/$(sha256sum <<<"$file $expression" | cut -c 1-12)
	if [ ! -e "$broken" ] && ! build_mutant; then
		tap "not ok" "$name: cannot be made (see $LOG)"
		return
	fi
	run_tests >"$log" 2>"$log.err" </dev/null || true
	judge "$name" "$log" "$tests"
	rm -rf build/mutant-"$name"-*.img
}

mkdir -p "$LOGS"
rm -rf build/mutants
: >"$LOG"
[ -e build/kernel/config ] || die "build the kernel first: make kernel"
own_tree "$LINUX/mutants.lock"
with_lock "$LINUX/lock" prepare_mutants
tree=$LINUX/tree-$(scripts/fetch.sh id linux | cut -d' ' -f1)-mutants
while IFS=@ read -r -u 4 name file expression engine suites tests; do
	name=$(trim "$name")
	case $name in
	'' | '#'*) continue ;;
	esac
	wanted "$name" "$@" || continue
	file=$(trim "$file") engine=$(trim "$engine")
	suites=$(trim "$suites") tests=$(trim "$tests")
	expression=${expression# } expression=${expression% }
	run_mutant
done 4<"$LIST"
print_totals
