#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's part as ordinary patches for `git am`, on top of the pinned source.
#
#   scripts/export.sh          writes build/export/: patches and INSTALL
#   scripts/export.sh check    does `git am` of them give the tree that is built here?
#
# New files come first, by subsystem: nothing compiles them before the patch for Kbuild.
# Then the series of patches/linux, with its own texts.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh

OUT=build/export
SERIES=patches/linux/series

# The new files below a directory, and what to say of them
GROUPS_OF_FILES='
include          mktme-dax: add headers|The interface to user space, and what the subsystems share.
arch/x86         x86/mktme: hand out KeyIDs|Finds the KeyIDs of TME-MK, programs keys into them, and flushes caches.
security/keys    keys: add the key type "mktme"|The keys that files are bound to.
drivers/nvdimm   nvdimm: tell the UUID of the namespace below a disk|Records say where the data was written.
mm               mm: add the code of encrypt_mprotect()|The system call; the table of calls is edited by a later patch.
fs/dax           fs/dax: add bindings of files to keys|Records, locked and unlocked files, rings of keys, inheritance.
fs/ext4          ext4: add the marker and record of bound files|Called by hooks that a later patch adds.
fs/xfs           xfs: add the marker and record of bound files|Called by hooks that a later patch adds.
'

# Everything that is put into a patched tree is in its manifest, and what was there before
# is set aside (scripts/overlay.sh).
find_patched_tree() {
	tree=$CACHE/linux/tree-$(scripts/fetch.sh id linux | cut -d' ' -f1)
	state=$tree/.mktme-dax
	with_lock "$CACHE/linux/lock" patch_tree >&2
}

patch_tree() {
	if [ ! -d "$tree" ]; then
		scripts/fetch.sh get linux
		scripts/fetch.sh unpack linux "$tree"
	fi
	scripts/overlay.sh apply "$tree" scripts/overlay.list "$SERIES" patches/linux/VERSION
}

# Neither the user's settings nor the time make a difference.
plain_git() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null git -C "$repo" -c init.defaultBranch=main \
		-c core.autocrlf=false -c user.name="$author" -c user.email="$email" "$@"
}

# A repository of the files that are edited, as the source has them
start_repository() {
	repo=$1
	author=$(git log -1 --format=%an 2>/dev/null || echo mktme-dax)
	email=$(git log -1 --format=%ae 2>/dev/null || echo mktme-dax@localhost)
	GIT_AUTHOR_DATE=$(git log -1 --format=%aI 2>/dev/null || echo 2026-01-01T00:00:00Z)
	export GIT_AUTHOR_DATE GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	mkdir -p "$repo"
	cp -a "$state/original/." "$repo/"
	plain_git init -q
	plain_git add -A
	plain_git commit -q -m "linux-source $(scripts/fetch.sh id linux | cut -d' ' -f2)"
	plain_git tag source
}

# Copies new files of one directory; those of include/ lie in several.
commit_group() {
	local directory=$1 subject=$2 text=$3 file
	sed -n "s|^new \($directory/.*\)|\1|p" "$state/manifest" | while read -r file; do
		mkdir -p "$repo/${file%/*}"
		cp "$tree/$file" "$repo/$file"
	done
	plain_git add -A
	plain_git commit -q -m "$subject" -m "$text"
}

commit_new_files() {
	local directory rest
	while read -r directory rest; do
		[ -n "$directory" ] || continue
		# Headers of arch/x86 go with its code.
		commit_group "$directory" "${rest%%|*}" "${rest#*|}"
	done <<<"$GROUPS_OF_FILES"
}

# The text of a quilt patch: from its subject to the first diff
print_message() {
	sed -n -e 's/^Subject: //p; t body' -e 'd; :body' -e 'n; /^---/q; /^Forwarded: /!p; b body' "$1"
}

commit_series() {
	local patch
	sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$SERIES" | while read -r patch _; do
		patch=$PWD/patches/linux/$patch
		plain_git apply --index -p1 "$patch"
		print_message "$patch" | plain_git commit -q -F -
	done
}

write_install() {
	local version
	version=$(scripts/fetch.sh id linux | cut -d' ' -f2)
	cat <<END
Encrypted DAX files, for linux-source-6.12 $version of Debian 12

    apt-get install linux-source-6.12 build-essential bc bison flex libelf-dev libssl-dev debhelper rsync git
    tar -xf /usr/src/linux-source-6.12.tar.xz
    cd linux-source-6.12
    git init -q && git add -A -f && git commit -q -m linux-source-6.12
    git am --signoff $PWD/$OUT/*.patch

With Debian's own configuration, as packages:

    cp /boot/config-\$(uname -r) .config      # of a 6.12 kernel, or debian/config of its source
    scripts/config $(scripts/debian-config.sh options) -d DEBUG_INFO_BTF --set-str SYSTEM_TRUSTED_KEYS ""
    make olddefconfig
    grep MKTME_DAX .config                   # =y, or something that it depends on is missing
    make -j\$(nproc) bindeb-pkg               # ../linux-image-*.deb; an hour or more

A kernel of the same series that is a little newer takes the patches as well, or git am names
the one that it does not; nothing is applied with fuzz.
END
}

export_patches() {
	stage_begin export
	find_patched_tree
	scratch=$(mktemp -d)
	# shellcheck disable=SC2064 # the directory of now
	trap "rm -rf '$scratch'" EXIT
	start_repository "$scratch/repo"
	commit_new_files
	commit_series
	rm -rf "$OUT"
	mkdir -p "$OUT"
	plain_git format-patch -q --zero-commit --signature= --numbered -o "$PWD/$OUT" source..HEAD
	write_install >"$OUT/INSTALL"
	stage_end "$(find "$OUT" -name '*.patch' | wc -l) patches in $OUT, and how to use them in $OUT/INSTALL"
}

# All that is in the manifest is the same, and there is nothing else.
same_as_built() {
	local kind file
	sort -u "$state/manifest" | while read -r kind file; do
		cmp "$tree/$file" "$repo/$file" || { echo "$file ($kind) differs"; return 1; }
	done
	diff <(plain_git ls-files | sort) <(cut -d' ' -f2- "$state/manifest" | sort -u)
}

check_patches() {
	export_patches >&2
	start_repository "$scratch/again"
	plain_git am -q "$PWD/$OUT"/*.patch
	same_as_built
	echo "git am of $(find "$OUT" -name '*.patch' | wc -l) patches gives the tree that is built here"
}

case ${1:-} in
'') export_patches ;;
check) check_patches ;;
*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
