# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# The unit tests once more, with the sanitizers of addresses and undefined behaviour. A test
# that leaves memory behind has failed: so each one frees what it has been given.

sanitized() {
	local status=0
	"$OUT/sanitized/$1" >"$scratch/report" 2>&1 || status=$?
	grep -E '^(not ok|#|SUMMARY|.*(ERROR|runtime error):)' "$scratch/report"
	return $status
}

test_sanitized() {
	local program
	for program in "$top"/test/*_test.c; do
		program=$(basename "$program" .c)
		expect 0 "no leak and no stray access in $program" sanitized "$program"
	done
}
