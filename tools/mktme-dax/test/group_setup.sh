# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# mktme-dax setup without persistent memory: what it chooses, and what it refuses to start.

setup() { "$OUT/mktme-dax" setup "$@"; }

test_setup() {
	touch "$scratch/in-the-way"
	expect 1 "setup without a directory" setup
	expect 1 "setup on two directories" setup /mnt /srv
	expect 1 "setup of another filesystem" setup --filesystem btrfs "$scratch/new"
	expect 1 "setup of a size that is none" setup --size 12X "$scratch/new"
	expect 1 "setup of a negative size" setup --size -1G "$scratch/new"
	expect 1 "setup of a size beyond all sizes" setup --size 18446744073709551615T "$scratch/new"
	expect 1 "setup --force without a name" setup --force "$scratch/new"
	expect 1 "setup of a size on a device" setup --size 1G --device /dev/pmem0 "$scratch/new"
	expect 1 "setup on what is no persistent memory" setup --device /dev/null "$scratch/new"
	expect 5 "setup on a directory that is not empty" setup --dry-run "$scratch"
	unit setup_test
}
