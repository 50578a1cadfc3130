# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# mktme-dax verify: what it refuses, and what it makes of bytes.

verify() { "$OUT/mktme-dax" verify "$@"; }

test_verify() {
	touch "$scratch/any"
	expect 1 "verify of nothing" verify
	expect 1 "verify with a marker that is there by chance" verify --marker short "$scratch/any"
	expect 1 "verify by two keys" verify --key a --payload b "$scratch/any"
	expect 1 "verify by a payload that is none" verify --payload /dev/null "$scratch/any"
	expect 4 "verify of no file" verify "$scratch/none"
	expect 4 "verify where no file can be bound" verify "$scratch/any"
	unit verify_test
}
