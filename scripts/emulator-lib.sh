# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # the caller's variables
# QEMU's tree, its configuration and its compilation.  Read after build.sh.  The caller
# sets NAME (of the source), QUEUE (where its series is), EMULATOR (where its trees are),
# LOG, and before it builds, $objects: where.

BINARY=qemu-system-x86_64

# One tree for each use of the source that would rebuild another's objects
emulator_tree() {
	echo "$EMULATOR/tree-$(scripts/fetch.sh id "$NAME" | cut -d' ' -f1)$1"
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
