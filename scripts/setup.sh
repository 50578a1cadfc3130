#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs the Debian packages of scripts/packages.list that are missing: as
# root, or by sudo without a question; otherwise says what to type, and stops.
# QEMU=10.0: those of scripts/packages-10.0.list as well.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

list_wanted() {
	local lists=(scripts/packages.list)
	if [ -e "scripts/packages-${QEMU:-7.2}.list" ]; then
		lists+=("scripts/packages-$QEMU.list")
	fi
	grep -hv '^#' "${lists[@]}" | grep .
}

list_missing() {
	# shellcheck disable=SC2016 # dpkg-query's own syntax
	list_wanted | xargs dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null |
		sed -n 's/ installed$//p' | sort -u | comm -13 - <(list_wanted | sort -u) || true
}

check_system() {
	command -v apt-get >/dev/null ||
		die "this needs Debian 12 (there is no apt-get here)"
	[ "$(uname -m)" = x86_64 ] || die "this needs an x86_64 machine, not $(uname -m)"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

can_be_root() {
	[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

install() {
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

update() {
	as_root apt-get update -q </dev/null
}

# Lists that are old name versions that the archive has dropped: so a failure is
# followed by one update and one more try.
install_all() {
	mkdir -p "$LOGS"
	{
		if apt-cache show "$1" >/dev/null 2>&1 && install "$@"; then
			return
		fi
		again update && install "$@"
	} >"$LOGS/setup.log" 2>&1
}

stage_begin setup
check_system
mapfile -t missing < <(list_missing)
if [ ${#missing[@]} -eq 0 ]; then
	stage_end "all $(list_wanted | wc -l) packages are there"
	exit
fi
note "missing packages: ${missing[*]}"
can_be_root || die "not root, and sudo asks for a password; please type:

    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}
"
if ! install_all "${missing[@]}"; then
	grep -aE '^(E|W|Err):' "$LOGS/setup.log" | tail -n 5 >&2
	die "apt-get failed (see $LOGS/setup.log); is there a network? The line was:
    apt-get install -y --no-install-recommends ${missing[*]}"
fi
stage_end "${#missing[@]} packages installed"
