# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the builds of kernel and emulator have in common.  Read after lib.sh.

# Builds must not see the user's own compilers, pythons or flags.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
unset MAKEFLAGS MFLAGS CFLAGS CPPFLAGS LDFLAGS LIBRARY_PATH CPATH

JOBS=${JOBS:-$(nproc)}

# Trees lie below the cache, at one place per source: paths in there are relative
# or equal, so that one clone profits from what another has compiled.
export CCACHE_DIR=${CCACHE_DIR:-$CACHE/ccache}
export CCACHE_BASEDIR=$CACHE CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-3G}
export CCACHE_SLOPPINESS=time_macros

compiler_version() {
	gcc --version | head -n 1
}

# build/NAME becomes the directory with the finished things.  Links are replaced
# at once; a directory of that name is from somewhere else, and is not ours.
link_result() {
	mkdir -p build
	[ ! -d "build/$2" ] || [ -L "build/$2" ] || die "build/$2 is a directory: run 'make clean'"
	touch "$1"
	ln -sfn "$1" "build/$2"
}

# Keeps the results that were used last, and forgets the others.
prune_results() {
	local directory=$1 keep=$2
	find "$directory" -mindepth 1 -maxdepth 1 -type d -name 'result-*' -printf '%T@ %p\n' |
		sort -rn | tail -n +$((keep + 1)) | cut -d' ' -f2- | xargs -r rm -rf
}

# The source's tree; unpacked under another name, so that it is complete or absent.
prepare_tree() {
	local name=$1 tree=$2
	if [ -d "$tree" ]; then
		return
	fi
	stage_begin "unpack $name"
	scripts/fetch.sh unpack "$name" "$tree"
	prune_trees "${tree%/*}" "$tree"
	stage_end "$(cat "$tree/.mktme-dax/version")"
}

# A tree is big: those of other sources go, but for one. Those of other variants of the same
# source stay: half an hour's work may be in each, and some other build is at work in it.
prune_trees() {
	local directory=$1 same
	same=$(grep -oE "^tree-[0-9a-f]+" <<<"${2##*/}" || true)
	find "$directory" -mindepth 1 -maxdepth 1 -type d \( -name 'tree-*' -o -name '*.new' \) ! -name "$same*" \
		-printf '%T@ %p\n' | sort -rn | tail -n +2 | cut -d' ' -f2- | xargs -r rm -rf
}

# The last lines of a build log are seldom the ones that say what is wrong.
show_errors() {
	local log=$1
	grep -nE 'error|Error|undefined reference|FAILED|warning: .*\[-Werror' "$log" | head -n 20 >&2 ||
		tail -n 20 "$log" >&2
}
