#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2317 # functions are called by the groups
# Tests of library and tool that need neither root nor a VM. TAP.
#
#   test/run.sh [GROUP]...    groups are the functions test_*, without "test_"
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
OUT=${OUT:-$(cd "$top/../.." && pwd)/build/tools}
export OUT

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0 failed=0

tap() {
	number=$((number + 1))
	echo "$1 $number - tool: $2"
	[ "$1" = ok ] || { failed=1; sed 's/^/# /' "${3:-/dev/null}"; }
}

# expect STATUS NAME COMMAND...
expect() {
	local wanted=$1 name=$2 status=0
	shift 2
	"$@" >"$scratch/out" 2>&1 </dev/null || status=$?
	if [ "$status" -eq "$wanted" ]; then
		tap ok "$name"
	else
		echo "status $status" >>"$scratch/out"
		tap "not ok" "$name" "$scratch/out"
	fi
}

# A program of test/pmem's harness: its lines become ours.
unit() {
	local line status=0
	"$OUT/test/$1" >"$scratch/tap" 2>&1 </dev/null || status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) tap ok "${line#* - }" ;;
		"not ok "*) tap "not ok" "${line#* - }" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$scratch/tap"
	if [ "$status" -gt 1 ] || ! grep -q '^1\.\.' "$scratch/tap"; then
		tap "not ok" "$1 ended with $status" "$scratch/tap"
	fi
}

for group in "$top"/test/group_*.sh; do
	# shellcheck source=/dev/null
	. "$group"
done

groups=("$@")
[ ${#groups[@]} -gt 0 ] || mapfile -t groups < <(declare -F | sed -n 's/^declare -f test_//p')
for group in "${groups[@]}"; do
	"test_$group"
done
echo "1..$number"
exit $failed
