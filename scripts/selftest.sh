#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # commands are called by "expect"
# Tests of the build scripts and of the VM runner's own errors.  TAP.
#
# Works on small trees in a scratch directory; needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/apt.sh
. scripts/selftest-vm.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0 failed=0

# expect NAME STATUS REGEX COMMAND...: ends with this status, says this
expect() {
	local name=$1 wanted=$2 regex=$3 status=0 output
	shift 3
	output=$("$@" 2>&1 </dev/null) || status=$?
	number=$((number + 1))
	if [ "$status" -eq "$wanted" ] && grep -qE -- "$regex" <<<"$output"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		printf 'status %d, wanted %d; looked for: %s\n%s\n' "$status" "$wanted" "$regex" "$output" | sed 's/^/# /'
		failed=1
	fi
}

make_small_tree() {
	tree=$scratch/tree
	rm -rf "$tree" "$scratch/queue" "$scratch/files"
	mkdir -p "$tree/fs" "$scratch/queue" "$scratch/files"
	printf '%s\n' one two three four five six seven >"$tree/fs/old.c"
	echo "VERSION=1.0-1" >"$scratch/queue/VERSION"
	sed 's/four/FOUR/' "$tree/fs/old.c" | diff -u --label a/fs/old.c --label b/fs/old.c \
		"$tree/fs/old.c" - >"$scratch/queue/0001-four.patch" || true
	echo 0001-four.patch >"$scratch/queue/series"
	echo new >"$scratch/files/new.c"
	echo "$scratch/files fs/sub" >"$scratch/list"
}

overlay() {
	scripts/overlay.sh apply "$tree" "$scratch/list" "$scratch/queue/series" "$scratch/queue/VERSION"
}

content_is() {
	[ "$(cat "$1")" = "$2" ]
}

test_overlay() {
	make_small_tree
	expect "overlay: files and patches go in" 0 '' overlay
	expect "overlay: the patch is in" 0 FOUR cat "$tree/fs/old.c"
	expect "overlay: the new file is in" 0 '' content_is "$tree/fs/sub/new.c" new
	touch -d @1 "$tree/fs/old.c"
	expect "overlay: again" 0 '' overlay
	expect "overlay: what is the same is not written again" 0 '^1$' stat -c %Y "$tree/fs/old.c"
	: >"$scratch/queue/series"
	: >"$scratch/list"
	expect "overlay: empty" 0 '' overlay
	expect "overlay: what is taken off the queue is restored" 0 four cat "$tree/fs/old.c"
	expect "overlay: what is taken off the list is removed" 1 '' test -e "$tree/fs/sub/new.c"
}

test_overlay_refusals() {
	make_small_tree
	echo "$scratch/files/new.c fs/old.c" >"$scratch/list"
	expect "overlay: refuses to overwrite" 1 'refuses to overwrite fs/old.c' overlay
	make_small_tree
	sed -i 's/^ three/ drei/' "$scratch/queue/0001-four.patch"
	expect "overlay: names patch, versions and file" 1 \
		'0001-four.patch does not apply \(tested with 1.0-1, found' overlay
	expect "overlay: names the file of a patch that does not apply" 1 'fs/old.c' overlay
	expect "overlay: a failed patch leaves the tree as it was" 0 four cat "$tree/fs/old.c"
	sed -i 's|fs/old.c|fs/gone.c|' "$scratch/queue/0001-four.patch"
	expect "overlay: a file that is gone" 1 'fs/gone.c, which this source does not have' overlay
	sed -i 's|^--- .*|--- /dev/null|' "$scratch/queue/0001-four.patch"
	expect "overlay: a patch that creates a file" 1 'new files belong in' overlay
	make_small_tree
	echo "$scratch/files/new.c fs/other.c" >>"$scratch/list"
	expect "overlay: of two lines for a file" 0 '' overlay
	expect "overlay: the later one counts" 0 '' content_is "$tree/fs/other.c" new
	expect "overlay: the earlier one does not" 1 '' test -e "$tree/fs/sub/new.c"
	echo "$scratch/nothing fs" >"$scratch/list"
	expect "overlay: a source that is not there" 1 "there is no $scratch/nothing" overlay
}

one_line_format() {
	printf '%s\n' 'deb [arch=amd64] http://a.example/debian CODE main # x' 'deb http://b.example CODE stable' \
		'#deb http://c.example CODE main' 'deb http://d.example sid main' | sed "s/CODE/$(release_name)/" |
		convert_list - | tr '\n' ';'
}

deb822_format() {
	printf '%s\n' 'Types: deb' 'URIs: http://a.example/debian' 'Suites: CODE' ' CODE-updates' \
		'Components: main' 'Signed-By:' ' -----BEGIN' ' .' '' 'Types: deb' 'Enabled: no' 'URIs: http://b.example' \
		'Suites: CODE' 'Components: main' '' 'Types: deb' 'URIs: http://c.example' 'Suites: CODE' \
		'Components: stable' | sed "s/CODE/$(release_name)/" | convert_sources - | tr '\n' ';'
}

# Only the archive of the release itself has it, not the one for security
backports_in_list() {
	SUITE=backports
	printf '%s\n' 'deb [arch=amd64] http://a.example/debian CODE main' \
		'deb http://b.example CODE-security main' | sed "s/CODE/$(release_name)/" |
		add_suite_to_list | grep backports
}

backports_in_sources() {
	SUITE=backports
	printf '%s\n' 'Types: deb' 'URIs: http://a.example' 'Suites:' ' CODE' ' CODE-updates' 'Components: main' \
		'' 'Types: deb' 'URIs: http://b.example' 'Suites: CODE-security' 'Components: main' |
		sed "s/CODE/$(release_name)/" | add_suite_to_sources | tr '\n' ';'
}

test_apt() {
	expect "apt: backports, one-line format" 0 \
		"^deb \[arch=amd64\] http://a.example/debian $(release_name)-backports main$" backports_in_list
	expect "apt: backports, deb822 format" 0 \
		"URIs: http://a.example;Suites: $(release_name)-backports;Components: main;;Types: deb;URIs: http://b.example;[^;]*security;" \
		backports_in_sources
	expect "apt: one-line format" 0 \
		'^deb \[arch=amd64\] http://a.example/debian [a-z]+ main;deb-src \[arch=amd64\] [^;]*;$' one_line_format
	expect "apt: deb822 format" 0 \
		'^Types: deb deb-src;URIs: http://a[^;]*;Suites: [a-z]+; [a-z]+-updates;[^c]*Components: main;Signed-By:; -----BEGIN; .;;$' \
		deb822_format
}

test_sources() {
	expect "fetch: a LINUX_SRC that is not there" 1 'there is no /nowhere' \
		env LINUX_SRC=/nowhere scripts/fetch.sh get linux
	echo junk >"$scratch/junk.deb"
	expect "fetch: a LINUX_SRC that is junk" 1 'holds no kernel source' \
		env LINUX_SRC="$scratch/junk.deb" scripts/fetch.sh unpack linux "$scratch/junk"
	expect "fetch: junk leaves no tree" 1 '' test -e "$scratch/junk"
	expect "fetch: a QEMU that there is no series for" 1 'no source is called emulator-9.9' \
		scripts/fetch.sh get emulator-9.9
	expect "fetch: QEMU_SRC is of the series QEMU" 0 "^[0-9a-f]+ $scratch/junk.deb$" \
		env QEMU=10.0 QEMU_SRC="$scratch/junk.deb" scripts/fetch.sh id emulator-10.0
	expect "fetch: and of no other" 0 ' 1:10\.0' env QEMU_SRC="$scratch/junk.deb" scripts/fetch.sh id emulator-10.0
	expect "fetch: what is not in the cache is not at hand" 1 '' \
		env XDG_CACHE_HOME="$scratch/cache" scripts/fetch.sh have emulator-10.0
	expect "fetch: no network" 1 'cannot reach the Debian archive.*LINUX_SRC' \
		env XDG_CACHE_HOME="$scratch/cache" http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 \
		AGAIN_AFTER=0 scripts/fetch.sh get linux
	expect "fetch: no network leaves no download" 1 '' \
		sh -c "ls $scratch/cache/mktme-dax/downloads | grep ."
}

# What is taken in has another content and the same size.
make_piggy() (
	. scripts/build.sh
	. scripts/kernel-make.sh
	export CCACHE_DIR=$scratch/ccache
	printf '%s' "$1" >"$scratch/payload"
	rm -f "$scratch/piggy.o"
	make_cached -s -C "$scratch" -f piggy.mk
	grep -c "$1" "$scratch/piggy.o"
)

test_incbin() {
	echo '.incbin "payload"' >"$scratch/piggy.S"
	# shellcheck disable=SC2016 # a variable of make
	printf 'piggy.o:\n\t$(CC) -Wp,-MMD,.piggy.o.d -c -o piggy.o piggy.S\n' >"$scratch/piggy.mk"
	expect "cache: an object with .incbin" 0 '^1$' make_piggy first-kernel
	expect "cache: what it takes in is not the last one" 0 '^1$' make_piggy other-kernel
}

symbolise() {
	printf '%s\n' "ffffffff81000100 t store_it" "ffffffff81000200 T flush_it" \
		"ffffffff82000000 T _etext" >"$scratch/map"
	printf '%s\n' noise "tme-audit: over-newer line=0x100200040 keyid=3 other=0 linear=0x1 \
rip=0xffffffff810001ff stored=0xffffffff81000200 cpu=0 stack=0xffffffff81000308,0x7f0012345678" \
		"tme-audit: total two-dirty=0" | scripts/symbolise.sh "$scratch/map" | tr -s ' \n' ' ;'
}

test_symbolise() {
	expect "symbolise: a report" 0 \
		'^over-newer: line 0x100200040, KeyID 3 against KeyID 0; at store_it\+0xff; stored flush_it\+0x0; from flush_it\+0x108; from 0x00007f0012345678;$' \
		symbolise
	expect "symbolise: no map" 2 'there is no /nowhere' scripts/symbolise.sh /nowhere
}

# The new tree, its variants, and one of another source
trees_left() {
	local tree
	rm -rf "$scratch/trees"
	for tree in aa1 aa1-debug bb2 bb2-debug cc3; do
		mkdir -p "$scratch/trees/tree-$tree"
		touch -d 2024-01-01 "$scratch/trees/tree-$tree"
	done
	touch "$scratch/trees/tree-bb2"
	(. scripts/build.sh; prune_trees "$scratch/trees" "$scratch/trees/tree-aa1-gcov")
	ls -x -w 0 "$scratch/trees"
}

test_trees() {
	expect "trees: variants stay, other sources go but for one" 0 \
		'^tree-aa1 +tree-aa1-debug +tree-bb2$' trees_left
}

# Two logs; the second begins with a failure and has no word about it.
failures_said() {
	printf '%s\n' '# of one' 'ok 1 - one' '# before two' 'not ok 2 - two' '#   why' 'ok 3 - three' \
		'# of three' >"$scratch/a.tap"
	printf '%s\n' 'not ok 1 - four' >"$scratch/b.tap"
	scripts/failures.sh "$scratch/a.tap" "$scratch/b.tap" | tr '\n' ';'
}

one_failure_said() {
	seq -f '# line %g' 100 >"$scratch/a.tap"
	printf '%s\n' 'not ok 1' >>"$scratch/a.tap"
	scripts/failures.sh "$scratch/a.tap" | tr '\n' ';'
}

test_failures() {
	expect "failures: with what was said beside them, and their names" 0 \
		'^# before two;not ok 2 - two;#   why;not ok 1 - four;failed: not ok 2 - two;failed: not ok 1 - four;$' \
		failures_said
	expect "failures: not too much of it" 0 '^# line 89;(# line [0-9]+;){11}not ok 1;$' one_failure_said
}

test_overlay
test_overlay_refusals
test_apt
test_sources
test_symbolise
test_trees
test_incbin
test_failures
test_runner_arguments
test_runner_verdicts
test_code_that_changes
test_story
echo "1..$number"
exit "$failed"
