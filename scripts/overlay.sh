#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Puts our files and patches into a source tree, and keeps them up to date there.
#
#   scripts/overlay.sh key LIST SERIES              prints a key of all that would be put in
#   scripts/overlay.sh apply TREE LIST SERIES PIN   PIN: VERSION file the patches were made for
#
# LIST has lines "source destination"; a directory on the left stands for each file
# below it, and of two lines that name a file the later one counts.  SERIES is a quilt
# series; patches apply at fuzz 0 and edit existing files only: new files are files.
# A destination that exists in the tree is refused.
#
# All is prepared outside the tree first and then copied where it differs, so that
# a patch that does not apply leaves the tree as it was, and make rebuilds only
# what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

expand_list() {
	local source destination file
	while read -r source destination; do
		case $source in
		'' | '#'*) continue ;;
		esac
		[ -e "$source" ] || die "$list: there is no $source"
		if [ -d "$source" ]; then
			find "$source" -type f ! -name '*.o' ! -name '.*' | sort | while read -r file; do
				file=${file#"$source"/}
				printf '%s\t%s\n' "$source/$file" "${destination%/}/$file"
			done
		else
			printf '%s\t%s\n' "$source" "$destination"
		fi
	done <"$list" | sed 's|\t\./|\t|' | tac | awk -F'\t' '!seen[$1]++' | tac
}

list_patches() {
	sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$series" | while read -r patch _; do
		patch=$(dirname "$series")/$patch
		[ -e "$patch" ] || die "$series: there is no $patch"
		echo "$patch"
	done
}

# The files that a patch edits, relative to the tree
list_edited() {
	if grep -qE '^(---|\+\+\+) /dev/null' "$1"; then
		die "$1 creates or deletes a file: new files belong in $list"
	fi
	sed -n 's|^+++ [^/]*/\([^[:space:]]*\).*|\1|p' "$1"
}

print_key() {
	local source destination patch
	{
		expand_list | while IFS=$'\t' read -r source destination; do
			printf '%s %s\n' "$destination" "$(sha256sum <"$source")"
		done
		list_patches | while read -r patch; do
			sha256sum <"$patch"
		done
	} | hash_key
}

# The tree's own text of a file is set aside before our first edit of it.
stage_original() {
	local file=$1 patch=$2
	if [ -e "$state/original/$file" ]; then
		:
	elif grep -qxF "new $file" "$state/manifest"; then
		die "$patch edits $file, which is ours: edit the file itself"
	elif [ -e "$tree/$file" ]; then
		mkdir -p "$state/original/$(dirname "$file")"
		cp -p "$tree/$file" "$state/original/$file"
	else
		die "$patch edits $file, which this source does not have ($(describe_versions))"
	fi
	if [ ! -e "$stage/$file" ]; then
		mkdir -p "$stage/$(dirname "$file")"
		cp -p "$state/original/$file" "$stage/$file"
	fi
	echo "edited $file" >>"$stage.manifest"
}

describe_versions() {
	local found
	found=$(cat "$state/version" 2>/dev/null || echo "an unknown version")
	# shellcheck disable=SC1090 # whichever pin was named
	echo "tested with $(. "$pin" && echo "$VERSION"), found $found"
}

stage_patches() {
	local patch file
	list_patches >"$stage.patches"
	while read -r patch; do
		list_edited "$patch" >"$stage.edited"
		while read -r file; do
			stage_original "$file" "$patch"
		done <"$stage.edited"
		patch -p1 --fuzz=0 --force --no-backup-if-mismatch --reject-file=- \
			-d "$stage" <"$patch" >"$stage.log" 2>&1 ||
			die "$patch does not apply ($(describe_versions)):
$(grep -E '^patching|FAILED|malformed|Hunk|garbage|missing' "$stage.log" | grep -B1 -vE '^patching|succeeded' || cat "$stage.log")"
	done <"$stage.patches"
}

stage_new_files() {
	local source destination
	expand_list >"$stage.new"
	while IFS=$'\t' read -r source destination; do
		if [ -e "$stage/$destination" ] || { [ -e "$tree/$destination" ] &&
			! grep -qxF "new $destination" "$state/manifest"; }; then
			die "overlay refuses to overwrite $destination, which the source has (for $source)"
		fi
		mkdir -p "$stage/$(dirname "$destination")"
		cp "$source" "$stage/$destination"
		echo "new $destination" >>"$stage.manifest"
	done <"$stage.new"
}

# What an earlier state of the repository put in, and this one does not
remove_stale() {
	local kind file
	while read -r kind file; do
		if grep -qxF "$kind $file" "$stage.manifest"; then
			continue
		elif [ "$kind" = new ]; then
			rm -f "$tree/$file"
		else
			cp "$state/original/$file" "$tree/$file"
		fi
	done <"$state/manifest"
}

apply() {
	state=$tree/.mktme-dax
	mkdir -p "$state"
	touch "$state/manifest"
	rm -rf "$state"/stage.*
	stage=$(mktemp -d "$state/stage.XXXXXX")
	trap 'rm -rf "$stage" "$stage".*' EXIT
	: >"$stage.manifest"
	stage_patches
	stage_new_files
	remove_stale
	# Both, while the copy goes on: an interruption must not lose track of a file
	sort -u "$state/manifest" "$stage.manifest" -o "$state/manifest"
	rsync -rc "$stage/" "$tree/"
	sort -u "$stage.manifest" >"$state/manifest.new"
	mv "$state/manifest.new" "$state/manifest"
}

case ${1:-} in
key)
	list=$2 series=$3
	print_key ;;
apply)
	tree=$2 list=$3 series=$4 pin=$5
	apply ;;
*) die "usage: scripts/overlay.sh key LIST SERIES | apply TREE LIST SERIES PIN" ;;
esac
