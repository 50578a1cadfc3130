#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Turns the addresses in the reports of tme-audit=on (emulator/README.md) into
# functions of the kernel.  The kernel has to run with "nokaslr".
#
#   scripts/symbolise.sh [SYSTEM-MAP] <QEMU-OUTPUT
#
# SYSTEM-MAP is build/kernel/System.map by default.  Lines that are no reports are
# left out.
set -euo pipefail
export LC_ALL=C

map=${1:-$(dirname "$0")/../build/kernel/System.map}
if [ ! -e "$map" ]; then
	echo "symbolise.sh: there is no $map" >&2
	exit 2
fi

# Addresses are compared as text of equal length: awk's numbers have 53 bits.
awk '
	function pad(hex) {
		sub(/^0x/, "", hex)
		return substr("0000000000000000", 1, 16 - length(hex)) hex
	}
	function value(hex,   i, n) {
		for (n = 0; hex != ""; hex = substr(hex, 2))
			n = n * 16 + index("0123456789abcdef", substr(hex, 1, 1)) - 1
		return n
	}
	function name(hex,   low, high, middle) {
		hex = pad(hex)
		if (hex == "0000000000000000")
			return "unknown"
		if (count == 0 || hex < address[1] || hex >= last)
			return "0x" hex
		low = 1
		high = count
		while (low < high) {
			middle = int((low + high + 1) / 2)
			if (address[middle] <= hex)
				low = middle
			else
				high = middle - 1
		}
		return sprintf("%s+0x%x", symbol[low],
			value(substr(hex, 9)) - value(substr(address[low], 9)))
	}
	function field(key,   i) {
		for (i = 3; i <= NF; i++)
			if (index($i, key "=") == 1)
				return substr($i, length(key) + 2)
		return ""
	}
	FNR == NR {
		if ($3 == "_etext")
			last = $1
		if ($2 ~ /^[tTwW]$/ && $1 >= "ffffffff80000000") {
			address[++count] = $1
			symbol[count] = $3
		}
		next
	}
	$1 == "tme-audit:" && $2 != "total" {
		printf "%s: line %s, KeyID %s against KeyID %s\n", $2, field("line"),
			field("keyid"), field("other")
		printf "    at       %s\n", name(field("rip"))
		printf "    stored   %s\n", name(field("stored"))
		frames = split(field("stack"), frame, ",")
		for (i = 1; i <= frames; i++)
			printf "    from     %s\n", name(frame[i])
	}
' <(grep -v ' [aA] ' "$map") -
