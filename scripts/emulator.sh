#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds the emulator: Debian's QEMU source + our files + our patches.
#
#   scripts/emulator.sh             build/emulator/qemu-system-x86_64
#   QEMU=10.0 scripts/emulator.sh   build/emulator-10.0/qemu-system-x86_64
#
# Results are kept in the cache under a key of everything that goes into them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh

case ${QEMU:-7.2} in
7.2) NAME=emulator QUEUE=emulator ;;
*) NAME=emulator-$QEMU QUEUE=emulator/$QEMU ;;
esac
[ -e "$QUEUE/VERSION" ] || die "there is no series for QEMU $QEMU: QEMU=7.2 or QEMU=10.0"
EMULATOR=$CACHE/$NAME
LIST=scripts/$NAME.list
LOG=$LOGS/$NAME.log
BINARY=qemu-system-x86_64

result_key() {
	{
		scripts/fetch.sh id "$NAME" | cut -d' ' -f1
		scripts/overlay.sh key "$LIST" "$QUEUE/patches/series"
		cat "$QUEUE"/*VERSION "$QUEUE/configure-args" scripts/emulator.sh scripts/build.sh
		compiler_version
	} | hash_key
}

# Programs of the build that the release has too old.  They are Python, and stay in
# the cache: nothing is installed.
find_tools() {
	local pin tool tree
	for pin in "$QUEUE"/*.VERSION; do
		[ -e "$pin" ] || continue
		tool=$(basename "$pin" .VERSION)
		scripts/fetch.sh get "$tool"
		tree=$EMULATOR/$tool-$(scripts/fetch.sh id "$tool" | cut -d' ' -f1)
		[ -d "$tree" ] || scripts/fetch.sh unpack "$tool" "$tree"
		PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$tree/usr/lib/python3/dist-packages
	done
	[ -z "${PYTHONPATH:-}" ] || export PYTHONPATH
}

# configure writes its arguments into the build directory; other arguments need a
# fresh one.
configure() {
	local wanted
	wanted=$(sha256sum <"$QUEUE/configure-args")
	if [ -e "$objects/build.ninja" ] && [ "$(cat "$objects/.wanted" 2>/dev/null)" = "$wanted" ]; then
		return
	fi
	rm -rf "$objects"
	mkdir -p "$objects"
	mapfile -t arguments < <(grep -v '^#' "$QUEUE/configure-args" | grep .)
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
	tree=$EMULATOR/tree-$(scripts/fetch.sh id "$NAME" | cut -d' ' -f1)
	objects=$tree/build-mktme
	if [ -d "$result" ]; then
		return
	fi
	prepare_tree "$NAME" "$tree"
	find_tools
	stage_begin "$NAME"
	scripts/overlay.sh apply "$tree" "$LIST" "$QUEUE/patches/series" "$QUEUE/VERSION"
	configure
	compile
	keep_result
	stage_end "QEMU $(cat "$tree/VERSION") built"
}

mkdir -p "$LOGS" "$EMULATOR"
result=$EMULATOR/result-$(result_key)
if [ ! -d "$result" ]; then
	scripts/fetch.sh get "$NAME"
	# The archive may have had another version than the one that was looked for
	result=$EMULATOR/result-$(result_key)
	with_lock "$EMULATOR/lock" build
else
	stage_begin "$NAME"
	stage_end "in the cache"
fi
link_result "$result" "$NAME"
