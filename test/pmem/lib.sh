# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Common ground of the guest scripts: two file systems with DAX, and programs
# run one after the other with their TAP on the report port.

MAIN=/mnt/main

say() {
	printf '%s\n' "$*" >&"$MKTME_REPORT_FD"
}

# Two namespaces: one for what the host looks at, one that tests may format. A
# DIMM without labels is one namespace as a whole, and cannot be divided.
make_namespaces() {
	if [ ! -b /dev/pmem0.1 ]; then
		ndctl disable-region region0
		ndctl init-labels -f nmem0
		ndctl enable-region region0
		ndctl create-namespace -m fsdax -M mem -s 704M
		ndctl create-namespace -m fsdax -M mem -s 256M
	fi >/dev/null
	if [ ! -b /dev/pmem0 ] || [ ! -b /dev/pmem0.1 ]; then
		say "not ok - the two namespaces are there"
		exit 1
	fi
}

# MKTME_FS=xfs: both file systems are XFS, as in test/pmem/scratch.c.
make_main() {
	case ${MKTME_FS:-ext4} in
	xfs) mkfs.xfs -q -f --unsupported -b size=4096 -d su=2m,sw=1 /dev/pmem0 ;;
	*) mkfs.ext4 -q -F -b 4096 -E stride=512,stripe_width=512 /dev/pmem0 ;;
	esac
}

mount_main() {
	mkdir -p "$MAIN" /mnt/scratch
	mount -t "${MKTME_FS:-ext4}" -o dax=always /dev/pmem0 "$MAIN"
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

# start_other_kernel [--crash] SCRIPT [WORD OF PATTERN]...: the last that a boot does, by kexec_jump. Whatever the
# pattern, the other kernel finds what it looks for. PID 1 reads that one's log only.
start_other_kernel() {
	MKTME_ONLY='' run_test kexec_before_test
	if dmesg | grep -E 'BUG: |WARNING: |Call Trace:'; then
		say "not ok - the log of the first kernel is clean"
	fi
	gcov-report
	/test/kexec_jump "$@"
	say "not ok - kexec: the other kernel starts"
}

# check_scrub MOUNTPOINT: the kernel's own look at inodes, their extents and attributes, while bound
# files are in use. It prints what is wrong, and that an inode has no attributes.
check_scrub() {
	find "$1" -type f -o -type d | while read -r file; do
		xfs_io -r -x -c 'scrub inode' -c 'scrub bmapbtd' -c 'scrub bmapbta' -c 'scrub xattr' "$file"
	done 2>&1 | sed '/^scrub: No such file/d' >/run/scrub
	if [ ! -s /run/scrub ]; then
		say "ok - xfs: scrub finds nothing wrong on $1"
	else
		sed 's/^/#   /' /run/scrub
		say "not ok - xfs: scrub finds nothing wrong on $1"
	fi
}

# check_xfs MOUNTPOINT DEVICE: the last thing to be done with it
check_xfs() {
	umount -q "$1" || true
	if xfs_repair -n "$2"; then
		say "ok - xfs: xfs_repair finds $2 sound"
	else
		say "not ok - xfs: xfs_repair finds $2 sound"
	fi
}
