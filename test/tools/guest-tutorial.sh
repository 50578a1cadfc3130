#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot of the tutorial: its commands in one shell, one after the other, on a terminal.
# What they print goes to the report, as "session STEP STATUS BASE64".
#
# The machine of the tutorial has a disk, and this one has none: what would be on it goes to
# the report as well ("keep BASE64"), and comes back as /keep.tar.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export PATH=/tools:$PATH HOME=/root
DISK=(etc/mktme-dax etc/fstab root media mnt)
OUT=/run/transcript

# The shell of the tutorial: no option of this script is on in there.
run_step() {
	local file=$1 status=0
	case $file in
	*.root) eval "$(cat "$file")" >>$OUT 2>&1 || status=$? ;;
	*.user) setpriv --reuid 1000 --regid 1000 --clear-groups bash "$file" >>$OUT 2>&1 || status=$? ;;
	esac
	return $status
}

run_session() {
	local file step status
	set +eu +o pipefail
	for file in /tutorial/[0-9]*.root /tutorial/[0-9]*.user; do
		echo "$file"
	done | grep -v '\*' | sort >/run/steps
	while read -r file <&8; do
		step=${file##*/}
		step=${step%.*}
		echo "== $(cut -d. -f1 /proc/uptime) $step: $(head -n 1 "$file")"
		echo "$step" >/tutorial/step
		: >$OUT
		run_step "$file"
		status=$?
		cat $OUT
		say "session $step $status $(base64 -w 0 <$OUT)"
	done 8</run/steps
}

if [ "${1-}" = session ]; then
	run_session
	exit
fi
mkdir -p /media /etc
touch /etc/fstab
[ ! -e /keep.tar ] || tar -x -C / -f /keep.tar
cd /root
/tools/terminal /tutorial $OUT "$0" session
# As at any reboot; what is left over would be kept from it.
umount -a -t ext4,xfs || say "not ok - the filesystem can be unmounted"
mkdir -p /etc/mktme-dax
say "keep $(tar -c -C / "${DISK[@]}" | base64 -w 0)"
