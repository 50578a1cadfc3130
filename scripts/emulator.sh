#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds the emulator: Debian's QEMU source + our files + our patches.
#
#   scripts/emulator.sh             build/emulator/qemu-system-x86_64
#   QEMU=10.0 scripts/emulator.sh   build/emulator-10.0/qemu-system-x86_64
#
# VARIANT=unpatched leaves our code out, and leaves build/emulator-unpatched/: what
# the emulator's speed is compared with (make bench-emulator).
# Results are kept in the cache under a key of everything that goes into them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/emulator-lib.sh

case ${QEMU:-7.2} in
7.2) NAME=emulator QUEUE=emulator ;;
*) NAME=emulator-$QEMU QUEUE=emulator/$QEMU ;;
esac
[ -e "$QUEUE/VERSION" ] || die "there is no series for QEMU $QEMU: QEMU=7.2 or QEMU=10.0"
case ${VARIANT-} in
unpatched) OUTPUT=$NAME-unpatched LIST=scripts/emulator-unpatched.list SERIES=/dev/null ;;
*) OUTPUT=$NAME LIST=scripts/$NAME.list SERIES=$QUEUE/patches/series ;;
esac
EMULATOR=$CACHE/$NAME
LOG=$LOGS/$OUTPUT.log

result_key() {
	{
		scripts/fetch.sh id "$NAME" | cut -d' ' -f1
		scripts/overlay.sh key "$LIST" "$SERIES"
		cat "$QUEUE"/*VERSION "$QUEUE/configure-args" scripts/emulator.sh scripts/emulator-lib.sh \
			scripts/build.sh
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

keep_result() {
	rm -rf "$result.new"
	mkdir -p "$result.new"
	cp "$objects/$BINARY" "$result.new/"
	mv "$result.new" "$result"
	prune_results "$EMULATOR" 12
}

build() {
	local tree
	tree=$(emulator_tree "${OUTPUT#"$NAME"}")
	objects=$tree/build-mktme
	if [ -d "$result" ]; then
		return
	fi
	prepare_tree "$NAME" "$tree"
	find_tools
	stage_begin "$OUTPUT"
	scripts/overlay.sh apply "$tree" "$LIST" "$SERIES" "$QUEUE/VERSION"
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
	stage_begin "$OUTPUT"
	stage_end "in the cache"
fi
link_result "$result" "$OUTPUT"
