#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds the VM's root, a cpio archive, without root from the host's own packages.
#
#   vm/mkinitramfs.sh                          build/initramfs.cpio.gz, by vm/initramfs.list
#   vm/mkinitramfs.sh --add OUT HOST:GUEST...  one more archive, to be appended to it
#
# Programs come with the libraries that ldd names.  The archive is written anew
# only when something in it has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

# The host's sbin directories are not in everybody's PATH.
find_program() {
	PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$1" ||
		die "program $1 is not installed (scripts/setup.sh installs it)"
}

# "host path<TAB>guest path" for each library of the programs on stdin.  Not all of
# them have any: scripts and static programs make ldd fail.
list_libraries() {
	{ xargs -r ldd 2>/dev/null || true; } | sed -n 's/^\t[^/]*\(\/[^ ]*\) (0x.*/\1/p' | sort -u |
		while read -r library; do
			printf '%s\t%s\n' "$library" "$library"
		done
}

# The same for one file or directory, and for what the programs among it need
list_with_libraries() {
	local host=$1 guest=$2 file
	find "$host" -type f ! -name '*.o' | sort | while read -r file; do
		printf '%s\t%s\n' "$file" "$guest${file#"$host"}"
	done
	find "$host" -type f -perm /111 | list_libraries
}

list_programs() {
	local program
	sed -n 's/^bin //p' vm/initramfs.list | tr ' ' '\n' | while read -r program; do
		find_program "$program"
	done >build/vm/programs
	sed 's|.*/\(.*\)|&\t/usr/bin/\1|' build/vm/programs
	list_libraries <build/vm/programs
}

# Libraries that are loaded by name at run time, so that ldd cannot know them
list_named_libraries() {
	local library
	sed -n 's/^lib //p' vm/initramfs.list | tr ' ' '\n' | while read -r library; do
		library=$(ldconfig_path "$library")
		printf '%s\t%s\n' "$library" "$library"
	done
}

ldconfig_path() {
	/sbin/ldconfig -p | sed -n "s|.*$1 (libc6,x86-64).* => ||p" | head -n 1 | grep . ||
		die "library $1 is not installed"
}

list_files() {
	local source dest
	sed -n 's/^file //p' vm/initramfs.list | while read -r source dest; do
		printf '%s\t%s\n' "$source" "$dest"
	done
	if [ -d build/test/pmem ]; then
		list_with_libraries build/test/pmem /test
	fi
	printf 'build/vm/init\t/init\n'
}

# Identity of what is in the archive: size and time say it for the host's
# programs, content for our own.
identify() {
	local list=$1
	cat vm/mkinitramfs.sh "$list"
	cut -f1 "$list" | sed -n '/^\//p' | xargs -r -d '\n' stat -L -c '%s %Y %n'
	cut -f1 "$list" | sed '/^\//d' | xargs -r -d '\n' sha256sum
}

copy_files() {
	local root=$1 host guest
	mkdir -p "$root"/{dev,proc,sys,tmp,run,mnt,root,etc,test,usr/bin,usr/sbin,usr/lib,usr/lib64}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
	while IFS=$'\t' read -r host guest; do
		mkdir -p "$root${guest%/*}"
		cp -L "$host" "$root$guest"
	done
	chmod -R u=rwX,go=rX "$root"
	[ ! -e "$root/script" ] || chmod 755 "$root/script"
	[ -e "$root/init" ] || return 0
	chmod 755 "$root/init" "$root"/usr/sbin/*
	ln -s /proc/mounts "$root/etc/mtab"
	write_accounts "$root/etc"
}

# "user" is there for tests of what an ordinary person may do.
write_accounts() {
	printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'user:x:1000:1000:user:/tmp:/bin/bash' \
		'nobody:x:65534:65534:nobody:/:/bin/false' >"$1/passwd"
	printf '%s\n' 'root:x:0:' 'user:x:1000:' 'nogroup:x:65534:' >"$1/group"
}

link_applets() {
	local root=$1 applet
	busybox --list | while read -r applet; do
		[ -e "$root/usr/bin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
	done
}

pack() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . | LC_ALL=C sort |
		cpio --quiet -o -H newc --reproducible --owner 0:0) | gzip -1 -n >"$2"
}

build_init() {
	mkdir -p build/vm
	if [ -x build/vm/init ] && [ -z "$(find vm -name '*.[ch]' -newer build/vm/init)" ]; then
		return
	fi
	gcc -O2 -Wall -Wextra -Werror -Wno-unused-result -static -o build/vm/init.new vm/init.c vm/kmsg.c
	mv build/vm/init.new build/vm/init
}

# Leaves "OUT" and "OUT.id"; both are moved into place when complete.
write_archive() {
	local out=$1 list=$2 applets=$3 id root
	id=$(identify "$list" | sha256sum)
	if [ -e "$out" ] && [ "$(cat "$out.id" 2>/dev/null)" = "$id" ]; then
		return
	fi
	root=$(mktemp -d build/vm/root.XXXXXX)
	copy_files "$root" <"$list"
	if [ "$applets" = yes ]; then
		link_applets "$root"
	fi
	pack "$root" "$out.new"
	rm -rf "$root"
	mv "$out.new" "$out"
	echo "$id" >"$out.id"
}

build_base() {
	local list=build/vm/list.$$
	build_init
	{ list_programs; list_named_libraries; list_files; } | sort -u -t$'\t' -k2,2 >"$list"
	write_archive build/initramfs.cpio.gz "$list" yes
	rm -f "$list"
}

build_addition() {
	local out=$1 list=build/vm/list.$$ pair
	shift
	for pair in "$@"; do
		[ -e "${pair%%:*}" ] || die "--add: there is no ${pair%%:*}"
		list_with_libraries "${pair%%:*}" "${pair#*:}"
	done | sort -u -t$'\t' -k2,2 >"$list"
	write_archive "$out" "$list" no
	rm -f "$list"
}

mkdir -p build/vm
trap 'rm -rf build/vm/list.$$ ${root:-}' EXIT
case ${1:-} in
'') build_base ;;
--add) shift; build_addition "$@" ;;
*) die "usage: vm/mkinitramfs.sh [--add OUT HOST:GUEST...]" ;;
esac
