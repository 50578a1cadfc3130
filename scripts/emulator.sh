#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds the emulator: Debian's QEMU source + our files + our patches.
#
#   scripts/emulator.sh        build/emulator/qemu-system-x86_64
#
# Results are kept in the cache under a key of everything that goes into them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh

EMULATOR=$CACHE/emulator
LOG=$LOGS/emulator.log
BINARY=qemu-system-x86_64

result_key() {
	{
		scripts/fetch.sh id emulator | cut -d' ' -f1
		scripts/overlay.sh key scripts/emulator.list emulator/patches/series
		cat emulator/configure-args scripts/emulator.sh scripts/build.sh
		compiler_version
	} | hash_key
}

# configure writes its arguments into the build directory; other arguments need a
# fresh one.
configure() {
	local wanted
	wanted=$(sha256sum <emulator/configure-args)
	if [ -e "$objects/build.ninja" ] && [ "$(cat "$objects/.wanted" 2>/dev/null)" = "$wanted" ]; then
		return
	fi
	rm -rf "$objects"
	mkdir -p "$objects"
	mapfile -t arguments < <(grep -v '^#' emulator/configure-args | grep .)
	if ! (cd "$objects" && ../configure --cc="ccache gcc" --host-cc="ccache gcc" --cxx="ccache g++" \
		"${arguments[@]}") >"$LOG" 2>&1; then
		tail -n 20 "$LOG" >&2
		die "the emulator cannot be configured (see $LOG)"
	fi
	echo "$wanted" >"$objects/.wanted"
}

# ninja draws its own counter on a terminal
compile() {
	local status=0
	if [ -t 1 ]; then
		NINJA_STATUS='   ...    emulator   %f of %t ' ninja -C "$objects" -j"$JOBS" "$BINARY" |
			tee "$LOG" | sed -u -n 's/^\(   \.\.\.    emulator   [0-9]* of [0-9]*\).*/\1/p' |
			tr '\n' '\r' || status=$?
	else
		ninja -C "$objects" -j"$JOBS" "$BINARY" >"$LOG" 2>&1 || status=$?
	fi
	if [ "$status" -ne 0 ]; then
		show_errors "$LOG"
		die "the emulator does not build (see $LOG)"
	fi
}

keep_result() {
	rm -rf "$result.new"
	mkdir -p "$result.new"
	cp "$objects/$BINARY" "$result.new/"
	mv "$result.new" "$result"
	prune_results "$EMULATOR" 12
}

build() {
	local tree
	tree=$EMULATOR/tree-$(scripts/fetch.sh id emulator | cut -d' ' -f1)
	objects=$tree/build-mktme
	if [ -d "$result" ]; then
		return
	fi
	prepare_tree emulator "$tree"
	stage_begin emulator
	scripts/overlay.sh apply "$tree" scripts/emulator.list emulator/patches/series emulator/VERSION
	configure
	compile
	keep_result
	stage_end "QEMU $(cat "$tree/VERSION") built"
}

mkdir -p "$LOGS" "$EMULATOR"
result=$EMULATOR/result-$(result_key)
if [ ! -d "$result" ]; then
	scripts/fetch.sh get emulator
	# The archive may have had another version than the one that was looked for
	result=$EMULATOR/result-$(result_key)
	with_lock "$EMULATOR/lock" build
else
	stage_begin emulator
	stage_end "in the cache"
fi
link_result "$result" emulator
