# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Kernels in which the compiler adds something to what we have written, and to nothing
# else: the rest is as fast as ever, and its own races or uncovered lines are not ours.
# Read after lib.sh.

# What only tests use (CONFIG_MKTME_DAX_DEBUG) is no code to be tested.
list_sources() {
	find fs mm arch drivers security -name '*.c' ! -path 'fs/dax/debug*.c' ! -path fs/dax/pause.c | sort
}

# build_instrumented VARIANT SWITCH [ASSIGNMENT]...: SWITCH_<object>=y for each object of ours.
# Objects go by their last name, so a few namesakes elsewhere are instrumented, too.
build_instrumented() {
	local variant=$1 switch=$2 flags
	shift 2
	flags=$(list_sources | sed "s|.*/||; s|\(.*\)\.c\$|${switch}_\1.o=y|" | sort -u | tr '\n' ' ')
	INSTRUMENT="$flags$*" VARIANT=$variant scripts/kernel.sh
}

# The tree that build_instrumented() has left
instrumented_tree() {
	readlink -f "$CACHE/linux/tree-$(scripts/fetch.sh id linux | cut -d' ' -f1)-$1"
}
