# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Single objects of the kernel in a tree of their own, for the checks that compile
# with other options than the kernel that is booted.  Read after build.sh.

LINUX=$CACHE/linux

# The same stamps as the real kernel's: they are part of what is compiled
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=mktme-dax KBUILD_BUILD_HOST=mktme-dax

objects_tree() {
	echo "$LINUX/tree-$(scripts/fetch.sh id linux | cut -d' ' -f1)-objects"
}

# What the outcome of such a check depends on, and the script that makes it
objects_key() {
	{
		scripts/fetch.sh id linux | cut -d' ' -f1
		scripts/overlay.sh key scripts/overlay.list patches/linux/series
		cat vm/*.config scripts/objects.sh scripts/kernel-config.sh "$@"
		compiler_version
	} | hash_key
}

make_objects() {
	CCACHE_DEPEND=1 make -C "$tree" CC="ccache gcc" HOSTCC=gcc -j"$JOBS" "$@"
}

patch_tree() {
	scripts/overlay.sh apply "$tree" scripts/overlay.list patches/linux/series patches/linux/VERSION
}

# The patched tree, configured with these fragments
prepare_objects() {
	tree=$(objects_tree)
	scripts/fetch.sh get linux >&2
	prepare_tree linux "$tree" >&2
	patch_tree
	scripts/kernel-config.sh "$tree" "$@"
}

# A verdict is kept under its key: nothing is compiled twice.  remember NAME KEY COMMAND...
remember() {
	local name=$1 verdict=$LINUX/$1-$2
	shift 2
	mkdir -p "$LINUX" "$LOGS"
	if [ ! -e "$verdict" ]; then
		with_lock "$LINUX/lock.objects" "$@" >"$LOGS/$name.log" 2>&1 || {
			tail -n 40 "$LOGS/$name.log"
			return 1
		}
		find "$LINUX" -maxdepth 1 -name "$name-*" -mtime +30 -delete
		cp "$LOGS/$name.log" "$verdict"
	fi
	tail -n 1 "$verdict"
}
