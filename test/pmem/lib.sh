# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Common ground of the guest scripts: two file systems with DAX, and programs
# run one after the other with their TAP on the report port.

MAIN=/mnt/main

say() {
	printf '%s\n' "$*" >&"$MKTME_REPORT_FD"
}

# Two namespaces: one for what the host looks at, one that tests may format.
make_namespaces() {
	if [ ! -b /dev/pmem0 ]; then
		ndctl create-namespace -m fsdax -M mem -s 704M >/dev/null
		ndctl create-namespace -m fsdax -M mem -s 256M >/dev/null
	fi
	until [ -b /dev/pmem0 ] && [ -b /dev/pmem1 ]; do
		sleep 0.1
	done
}

make_main() {
	mkfs.ext4 -q -F -b 4096 -E stride=512,stripe_width=512 /dev/pmem0
}

mount_main() {
	mkdir -p "$MAIN" /mnt/scratch
	mount -t ext4 -o dax=always /dev/pmem0 "$MAIN"
	export MKTME_DIR=$MAIN
}

# A program that ends without its plan has not run all of its tests.
run_test() {
	local program=$1 status=0
	shift
	say "# $program"
	echo "==== $program $*"
	"/test/$program" "$@" || status=$?
	case $status in
	0 | 1 | 4) ;;
	*) say "not ok - ${program%_test}: the program itself (status $status)" ;;
	esac
}
