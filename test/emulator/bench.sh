#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the emulator costs, against its limits; a table of ratios to plain RAM of the
# same run, and of boots to boots of unpatched QEMU.
#
#   test/emulator/bench.sh --qemu PATH --out DIR [--unpatched PATH --kernel BZIMAGE] [--rounds N]
#
# Exit status 0 only if no limit is missed; a goal may be.  To be run on a machine that
# does nothing else.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
qemu='' out='' unpatched='' kernel='' rounds=15

while [ $# -ge 2 ]; do
	case $1 in
	--qemu) qemu=$2 ;;
	--out) out=$2 ;;
	--unpatched) unpatched=$2 ;;
	--kernel) kernel=$2 ;;
	--rounds) rounds=$2 ;;
	*)
		echo "bench.sh: unknown option $1" >&2
		exit 2
		;;
	esac
	shift 2
done

# engine; where; what; how often as fast or as slow as what on plain RAM; limit
limits() {
	local where
	for where in "KeyID 0, DIMM" "XTS-128, DIMM" "XTS-256, DIMM"; do
		echo "cache; $where; rep movsq, 64 bytes; speed of rep movsq, 64 bytes; >= 0.8"
		echo "cache; $where; 8-byte load; time of 8-byte load; <= 1.2"
		echo "cache; $where; 8-byte store; time of 8-byte store; <= 1.2"
	done
	echo "cache; KeyID 0, DIMM; MOVNTI, 8 bytes; speed of MOVNTI, 8 bytes; >= 0.4"
	for where in "XTS-128, DIMM" "XTS-256, DIMM"; do
		echo "cache; $where; MOVNTI, 8 bytes; speed of MOVNTI, 8 bytes; >= 0.15"
		echo "cache; $where; MOVNTI, 8 bytes; speed of MOVNTI, 8 bytes; >= 0.4 goal"
	done
	for where in "KeyID 0, DIMM" "XTS-128, DIMM" "XTS-256, DIMM"; do
		echo "cache; $where; CLWB, dirty line; time of 8-byte load; <= 60"
		echo "cache; $where; CLFLUSH, dirty line; time of 8-byte load; <= 120"
	done
	echo "cache; XTS-256, DIMM; one CLFLUSH alone; us; <= 20"
	for where in "XTS-128, DIMM" "XTS-256, DIMM"; do
		echo "direct; $where; 8-byte load; time of 8-byte load; <= 45"
		echo "direct; $where; 8-byte store; time of 8-byte store; <= 75"
	done
	for where in "KeyID 0, DIMM" "XTS-256, DIMM"; do
		echo "audit; $where; 8-byte load; time of 8-byte load; <= 1.2"
		echo "audit; $where; 8-byte store; time of 8-byte store; <= 60"
		echo "audit; $where; 8-byte store, clean lines; time of 8-byte store; <= 60"
	done
	if [ -n "$unpatched" ]; then
		echo "boot; without TME; ; time of unpatched QEMU; <= 1.03"
		echo "boot; with TME, unused; ; time of unpatched QEMU; <= 1.03"
	fi
}

# "engine; where; what; picoseconds", and "boot; kind; ; ratio"
measure() {
	"$here/run.sh" --bench --qemu "$qemu" --out "$out"
	if [ -n "$unpatched" ]; then
		"$here/boots.sh" --qemu "$qemu" --unpatched "$unpatched" --kernel "$kernel" \
			--out "$out/boots" --rounds "$rounds" | sed 's/^boot \(.*\); /boot; \1; ; /'
	fi
}

# shellcheck disable=SC2016 # awk's own
judge='
	FILENAME == "-" {
		value[$1 "; " $2 "; " $3] = $4
		next
	}
	{
		key = $1 "; " $2 "; " $3
		base = $4
		kind = base
		sub(/ .*/, "", kind)
		sub(/^[a-z]+ of /, "", base)
		split($5, limit, " ")
		plain = value[$1 "; plain; " base]
		if (!(key in value) || $1 != "boot" && kind != "us" && !plain)
			measured = -1
		else if ($1 == "boot")
			measured = value[key]
		else if (kind == "us")
			measured = value[key] / 1000000
		else if (kind == "speed")
			measured = plain / value[key]
		else
			measured = value[key] / plain
		good = measured >= 0 && (limit[1] == ">=" ? measured >= limit[2] : measured <= limit[2])
		printf "%-6s  %-17s %-25s %8.2f  %-6s %s %-4s %s\n", $1, $2, $3, measured,
			kind == "us" ? "us" : kind == "speed" ? "speed" : "time", limit[1], limit[2],
			(good ? "pass" : "miss") (limit[3] != "" ? " (" limit[3] ")" : "")
		if (good)
			passed++
		else if (limit[3] == "")
			missed++
		else
			goals++
	}
	END {
		printf "%d passed, %d missed, %d goals not reached\n", passed, missed, goals
		exit missed > 0
	}'

mkdir -p "$out"
measure >"$out/figures"
limits >"$out/limits"
awk -F '; ' "$judge" - "$out/limits" <"$out/figures"
