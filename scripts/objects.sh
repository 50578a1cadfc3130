# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # some variables are for the scripts that read this
# Single objects of the kernel in a tree of their own, for the checks that compile
# with other options than the kernel that is booted.  Read after build.sh.
. scripts/kernel-make.sh

LINUX=$CACHE/linux
# Whoever works in that tree holds it.
OBJECTS_LOCK=$LINUX/lock.objects

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
	make_cached -C "$tree" -j"$JOBS" "$@"
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
