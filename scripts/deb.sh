#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Debian packages of tool and library, in build/deb/, and what becomes of a system
# on which they are installed, upgraded and removed.
#
#   scripts/deb.sh          builds them, and asks lintian
#   scripts/deb.sh check    and installs, upgrades and removes them below build/deb/root
#   scripts/deb.sh gate     the same, if it has not been done for what there is now
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

DEB=build/deb
LOG=$LOGS/deb.log
ROOT=$PWD/$DEB/root
PACKAGES=(libmktmedax0 libmktmedax-dev mktme-dax)

# Only what the packages are made of, as the repository has it
stage_source() {
	rm -rf "$DEB"
	mkdir -p "$DEB/source/include/uapi/linux" "$DEB/source/tools" "$LOGS"
	cp include/uapi/linux/mktme_dax.h "$DEB/source/include/uapi/linux/"
	cp -r tools/mktme-dax "$DEB/source/tools/"
	mv "$DEB/source/tools/mktme-dax/debian" "$DEB/source/debian"
}

build_packages() {
	stage_begin deb
	stage_source
	if ! (cd "$DEB/source" && dpkg-buildpackage -b -us -uc) >"$LOG" 2>&1; then
		tail -n 20 "$LOG"
		die "the packages do not build (see $LOG)"
	fi
	if ! lintian --fail-on error,warning --no-tag-display-limit "$DEB"/*.changes >>"$LOG" 2>&1; then
		grep -E '^[EW]:' "$LOG"
		die "lintian complains (see $LOG)"
	fi
	stage_end "${PACKAGES[*]} in $DEB"
}

# A system of its own, with nothing on it: what they depend on is not asked for.
in_root() {
	dpkg --root="$ROOT" --force-depends --force-not-root --force-script-chrootless "$@" >>"$LOG" 2>&1
}

files_in_root() {
	find "$ROOT" -path "$ROOT/var/lib/dpkg" -prune -o ! -type d -printf '%P\n' | sort
}

run_tool() {
	LD_LIBRARY_PATH=$(echo "$ROOT"/usr/lib/*-linux-gnu) "$ROOT/usr/bin/mktme-dax" "$@"
}

# The same packages by a later name
make_upgrade() {
	local deb
	mkdir -p "$DEB/upgrade"
	for deb in "$DEB"/*.deb; do
		rm -rf "$DEB/unpacked"
		dpkg-deb -R "$deb" "$DEB/unpacked"
		sed -i -E 's/^Version: .*/&+1/; s/\(= ([^)]*)\)/(= \1+1)/' "$DEB/unpacked/DEBIAN/control"
		dpkg-deb --root-owner-group -b "$DEB/unpacked" "$DEB/upgrade" >>"$LOG"
	done
	rm -rf "$DEB/unpacked"
}

debs_of() {
	find "$1" -maxdepth 1 -name '*.deb' ! -name '*dbgsym*' | sort
}

say() {
	echo "$*"
}

# The machine's own systemd is not asked: it only makes a link.
LINK=etc/systemd/system/multi-user.target.wants/mktme-dax-unlock@mnt-pmem.service
enable_unit() {
	systemctl --root="$ROOT" enable "${LINK##*/}" 2>>"$LOG"
}

check_packages() {
	local store=$ROOT/etc/mktme-dax/keys installed
	mkdir -p "$ROOT/var/lib/dpkg"/{info,updates,triggers}
	touch "$ROOT/var/lib/dpkg"/{status,available}
	mapfile -t installed < <(debs_of "$DEB")
	in_root -i "${installed[@]}"
	run_tool --version
	files_in_root | grep -qxF lib/systemd/system/mktme-dax-unlock@.service
	head -c 32 /dev/urandom >"$DEB/key"
	mkdir -p "$store"
	chmod 700 "$store"
	run_tool key create --store "$store" --key-file "$DEB/key" kept
	enable_unit
	make_upgrade
	mapfile -t installed < <(debs_of "$DEB/upgrade")
	in_root -i "${installed[@]}"
	run_tool key list --store "$store" | grep kept
	files_in_root | grep -qxF "$LINK" || die "after an upgrade the unit is not enabled any more"
	in_root --purge "${PACKAGES[@]}"
	diff <(files_in_root) <(echo etc/mktme-dax/keys/kept.key) ||
		die "this is not what should be left after removal"
	say "installed, upgraded and removed: nothing is left but the key"
}

# A newer compiler, library or lintian may judge otherwise.
packages_key() {
	{
		find tools/mktme-dax include/uapi scripts/deb.sh -type f | sort | xargs -d '\n' sha256sum
		dpkg-query -W
	} | hash_key
}

case ${1:-} in
'') build_packages ;;
check) build_packages && check_packages ;;
gate) remember packages "$(packages_key)" "$CACHE/deb.lock" scripts/deb.sh check ;;
*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
