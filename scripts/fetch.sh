#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Gets the pinned Debian sources, or what the user names instead.
#
#   scripts/fetch.sh id NAME            prints "KEY VERSION" of the source that would be used
#   scripts/fetch.sh get NAME           makes sure that its files are in the cache
#   scripts/fetch.sh unpack NAME TREE   makes the tree, Debian's own patches applied
#
#   scripts/fetch.sh have NAME          is it there without a network?
#
# NAME is "linux", "linux-config" (Debian's configurations of it), "emulator",
# "emulator-SERIES" for another QEMU than the usual one, a tool to build that one with, or
# "memcached", for a test.  A source can be given by path, then nothing is fetched:
#
#   LINUX_SRC   a linux-source .deb, a kernel tarball, or an unpacked tree
#   QEMU_SRC    a .dsc with its tarballs beside it, a tarball, or an unpacked and
#               patched tree; of the series QEMU, if that is set
#
# The archive drops old versions.  When it has a newer one of the same series, that
# one is used, and its hashes are those of the archive's signed lists.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/apt.sh

DOWNLOADS=$CACHE/downloads

choose() {
	name=$1
	case $name in
	linux) pin=patches/linux/VERSION given=${LINUX_SRC:-} ;;
	linux-config) pin=patches/linux/config.VERSION given='' ;;
	emulator) pin=emulator/VERSION given=${QEMU_SRC:-} ;;
	emulator-*) pin=emulator/${name#*-}/VERSION given=${QEMU_SRC:-} ;;
	meson | pycotap) pin=emulator/10.0/$name.VERSION given='' ;;
	memcached) pin=test/tools/memcached.VERSION given='' ;;
	*) die "no source is called $name" ;;
	esac
	[ -e "$pin" ] || die "no source is called $name"
	SUITE='' PARTS=''
	# shellcheck disable=SC1090 # one of the two above
	. "$pin"
	# shellcheck disable=SC2153 # it comes from the pin
	pinned_version=$VERSION
	use_suite "$SUITE"
	case $name in
	emulator*) [ "$SERIES" = "${QEMU:-7.2}" ] || given='' ;;
	esac
	newer=$DOWNLOADS/$name.newer
	[ -z "$given" ] || [ -e "$given" ] || die "there is no $given (LINUX_SRC, QEMU_SRC)"
	if [ -z "$given" ] && ! have_files && [ -e "$newer" ]; then
		# shellcheck disable=SC1090 # written below, same form as the pin
		. "$newer"
		have_files || forget_newer
	fi
}

forget_newer() {
	rm -f "$newer"
	# shellcheck disable=SC1090
	. "$pin"
}

# Lines "hash file" of $FILES
# shellcheck disable=SC2153 # FILES comes from the pin
list_files() {
	grep . <<<"$FILES"
}

cached() {
	echo "$DOWNLOADS/${1:0:16}-$2"
}

have_files() {
	local hash file
	while read -r hash file; do
		[ -e "$(cached "$hash" "$file")" ] || return 1
	done < <(list_files)
}

given_key() {
	if [ -d "$given" ]; then
		find "$given" -path "$given/.git" -prune -o -type f -printf '%P %s %T@\n' | sort
	else
		sha256sum <"$given"
	fi | hash_key
}

print_id() {
	if [ -n "$given" ]; then
		printf '%s %s\n' "$(given_key)" "$given"
	else
		printf '%s %s\n' "$(list_files | hash_key)" "$VERSION"
	fi
}

download() {
	case $name in
	linux* | meson | pycotap | memcached) private_apt apt-get download "$PACKAGE=$1" ;;
	*) private_apt apt-get source --download-only ${PARTS:+"$PARTS"} "$PACKAGE=$1" ;;
	esac </dev/null
}

# The newest version of the pinned series that the archive has
find_newer() {
	case $name in
	linux* | meson | pycotap | memcached) private_apt apt-cache madison "$PACKAGE" | awk '{ print $3 }' ;;
	*) private_apt apt-cache showsrc "$PACKAGE" | sed -n 's/^Version: //p' ;;
	esac | grep -E "^(1:)?${SERIES//./\\.}[.+-]" | sort -V | tail -n 1
}

keep() {
	local hash=$1 file=$2
	[ "$(sha256sum <"$file")" = "$hash  -" ] ||
		die "$file is not the pinned one: expected sha256 $hash, found $(sha256sum <"$file" | cut -c1-64)"
	mv "$file" "$(cached "$hash" "$file")"
}

record_newer() {
	local file
	{
		sed -e '/^VERSION=/d' -e '/^FILES=/,$d' "$OLDPWD/$pin"
		echo "VERSION=$1"
		echo "FILES='"
		for file in *.deb *.tar.xz; do
			[ ! -e "$file" ] || echo "$(sha256sum <"$file" | cut -c1-64) $file"
		done
		echo "'"
	} >"$newer.new"
	# shellcheck disable=SC1090
	. "$newer.new"
	mv "$newer.new" "$newer"
}

fetch() {
	local log=$PWD/$LOGS/fetch-$name.log version hash file
	mkdir -p "$LOGS"
	: >"$log"
	again update_private_lists >>"$log" 2>&1 ||
		die "cannot reach the Debian archive (see ${log#"$PWD/"}); without a network, give LINUX_SRC and QEMU_SRC"
	rm -rf "$DOWNLOADS"/tmp.*
	work=$(mktemp -d "$DOWNLOADS/tmp.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	cd "$work"
	if ! download "$VERSION" >>"$log" 2>&1; then
		version=$(find_newer || true)
		if [ -z "$version" ] || [ "$version" = "$VERSION" ]; then
			die "the archive has no $PACKAGE $VERSION, and no newer $SERIES (see ${log#"$OLDPWD/"})"
		fi
		note "the archive has no $PACKAGE $VERSION any more; using $version instead"
		download "$version" >>"$log" 2>&1 || die "cannot fetch $PACKAGE $version (see ${log#"$OLDPWD/"})"
		record_newer "$version"
	fi
	while read -r hash file; do
		[ -e "$file" ] || die "$PACKAGE $VERSION has no file $file"
		keep "$hash" "$file"
	done < <(list_files)
	cd "$OLDPWD"
}

get() {
	stage_begin "fetch $name"
	if [ -n "$given" ]; then
		stage_end "$given (given)"
	elif have_files; then
		stage_end "$PACKAGE $VERSION is in the cache"
	else
		mkdir -p "$DOWNLOADS"
		fetch
		stage_end "$PACKAGE $VERSION"
	fi
	if [ -z "$given" ] && [ "$VERSION" != "$pinned_version" ]; then
		note "NOTE: the patches were tested with $pinned_version, not with $VERSION"
	fi
}

# Tarballs have one top directory, whose name is of no interest.
unpack_tar() {
	tar -x --strip-components=1 -C "$1" -f "$2"
}

unpack_deb() {
	local tarball
	if [ "$name" != linux ]; then
		dpkg-deb -x "$2" "$1"
		return
	fi
	tarball=$(dpkg-deb --fsys-tarfile "$2" | tar -t | grep '/linux-source-[^/]*\.tar\.xz$') ||
		die "$2 holds no kernel source"
	dpkg-deb --fsys-tarfile "$2" | tar -xO "$tarball" | tar -xJ --strip-components=1 -C "$1"
}

unpack_debian_source() {
	local tree=$1 orig=$2 debian=${3:-} patch
	unpack_tar "$tree" "$orig"
	[ -n "$debian" ] || return 0
	tar -x -C "$tree" -f "$debian"
	grep -v '^#' "$tree/debian/patches/series" | grep . | while read -r patch _; do
		patch -p1 -s -d "$tree" <"$tree/debian/patches/$patch" ||
			die "Debian's own patch $patch does not apply"
	done
}

unpack_files() {
	local tree=$1
	shift
	case $1 in
	*.deb) unpack_deb "$tree" "$1" ;;
	*.dsc) unpack_debian_source "$tree" "${1%-*}".orig.tar.xz "${1%.dsc}".debian.tar.xz ;;
	*.orig.tar.*) unpack_debian_source "$tree" "$@" ;;
	*) unpack_tar "$tree" "$1" ;;
	esac
}

unpack() {
	local tree=$1 files=() hash file
	rm -rf "$tree.new"
	mkdir -p "$tree.new"
	if [ -d "$given" ]; then
		rsync -a --exclude .git "$given/" "$tree.new/"
	elif [ -n "$given" ]; then
		unpack_files "$tree.new" "$given"
	else
		while read -r hash file; do
			files+=("$(cached "$hash" "$file")")
			sha256sum --quiet -c <<<"$hash  ${files[-1]}" >/dev/null 2>&1 ||
				die "${files[-1]} is damaged: remove it and start again"
		done < <(list_files)
		unpack_files "$tree.new" "${files[@]}"
	fi
	mkdir -p "$tree.new/.mktme-dax"
	print_id | cut -d' ' -f2- >"$tree.new/.mktme-dax/version"
	mv "$tree.new" "$tree"
}

[ $# -ge 2 ] || die "usage: scripts/fetch.sh id|get|have|unpack NAME [TREE]"
choose "$2"
case $1 in
id) print_id ;;
have) [ -n "$given" ] || have_files ;;
get) with_lock "$CACHE/fetch.lock" get ;;
unpack) unpack "$3" ;;
esac
