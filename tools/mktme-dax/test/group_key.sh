# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# Keys in files: the format and the store.

test_key() {
	for program in keyfile altered store secret encrypted; do
		unit "${program}_test"
	done
}
