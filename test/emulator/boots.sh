#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Times boots of Linux to power-off: unpatched QEMU against this one, in turn.
#
#   test/emulator/boots.sh --qemu PATH --unpatched PATH --kernel BZIMAGE --out DIR [--rounds N]
#
# Prints "boot KIND; MEDIAN", the time of each round divided by that of the unpatched
# QEMU in the same round: KIND is a CPU without TME, or one with TME that nobody uses.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
rounds=15

die() {
	echo "boots.sh: $*" >&2
	exit 2
}

while [ $# -ge 2 ]; do
	case $1 in
	--qemu) patched=$2 ;;
	--unpatched) unpatched=$2 ;;
	--kernel) kernel=$2 ;;
	--out) out=$2 ;;
	--rounds) rounds=$2 ;;
	*) die "unknown option $1" ;;
	esac
	shift 2
done
[ -x "${patched-}" ] || die "--qemu must name an emulator"
[ -x "${unpatched-}" ] || die "--unpatched must name an emulator"
[ -e "${kernel-}" ] || die "--kernel must name a kernel"
[ -n "${out-}" ] || die "--out must name a directory"

make_initramfs() {
	mkdir -p "$out/root"
	gcc -O2 -Wall -Wextra -Werror -static -o "$out/root/init" "$here/off.c"
	(cd "$out/root" && echo init | cpio --quiet -o -H newc) >"$out/initrd"
}

# Milliseconds from start to end
boot() {
	local qemu=$1 properties=$2 begin status=0
	begin=${EPOCHREALTIME/./}
	timeout -k 5 120 "$qemu" -L /usr/share/seabios -L /usr/share/qemu -nodefaults -no-user-config \
		-display none -no-reboot -accel tcg,thread=multi -machine q35 -smp 2 -m 512M \
		-cpu "max,vendor=GenuineIntel,phys-bits=46$properties" -kernel "$kernel" \
		-initrd "$out/initrd" -append "quiet panic=-1" </dev/null >"$out/boot.err" 2>&1 || status=$?
	[ "$status" -eq 0 ] || die "a boot ended with status $status, see $out/boot.err"
	echo $(((${EPOCHREALTIME/./} - begin) / 1000))
}

# The first of a row finds the host in another state than the others: take turns.
measure() {
	local round plain absent unused
	boot "$unpatched" "" >/dev/null
	for ((round = 0; round < rounds; round++)); do
		if ((round % 2)); then
			plain=$(boot "$unpatched" "")
			absent=$(boot "$patched" "")
			unused=$(boot "$patched" ,tme-keyid-bits=6)
		else
			unused=$(boot "$patched" ,tme-keyid-bits=6)
			absent=$(boot "$patched" "")
			plain=$(boot "$unpatched" "")
		fi
		echo "$plain $absent $unused"
	done >"$out/boots.ms"
}

median() {
	awk -v column="$1" '{ print $column / $1 }' "$out/boots.ms" | sort -n |
		awk '{ r[NR] = $1 } END { print (r[int((NR + 1) / 2)] + r[int(NR / 2) + 1]) / 2 }'
}

make_initramfs
measure
echo "boot without TME; $(median 2)"
echo "boot with TME, unused; $(median 3)"
