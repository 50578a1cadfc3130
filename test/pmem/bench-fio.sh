#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's half of scripts/bench-fio.sh: unmodified fio on a plain file, on a bound
# one, and on one that lies on dm-crypt, all on the same persistent memory.
#
#   bench-fio.sh
#   bench-fio.sh fill FILE      (by itself, while the file is unlocked)
#
# Prints "figure KIND ENGINE BLOCK OPERATION KIB_PER_SECOND", and "figure KIND ENGINE refused"
# where an engine says that this is no persistent memory.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

SIZE=192M
JOBS=/tmp/jobs
CRYPT=/mnt/crypt

# One pass over the file for each job. What is written is made durable as the engine
# does it: libpmem flushes each block, the others call fsync() after each MiB or block.
make_jobs() {
	local engine block operation
	printf '[global]\nsize=%s\nthread=1\ninvalidate=1\nrandrepeat=1\nallow_file_create=0\n' $SIZE
	for engine in "$@"; do
		for block in 4k 2m; do
			for operation in read write; do
				printf '[%s,%s,%s]\nstonewall\n' "$engine" $block $operation
				printf 'ioengine=%s\nbs=%s\n' "$engine" $block
				printf 'rw=%s%s\n' "$([ $block = 2m ] || echo rand)" $operation
				case $engine,$operation in
				libpmem,*) printf 'direct=1\nsync=1\n' ;;
				*,write) printf 'fsync=%s\n' "$([ $block = 2m ] && echo 1 || echo 256)" ;;
				esac
			done
		done
	done
}

make_file() {
	rm -f "$1"
	fallocate -l $SIZE "$1"
}

fill_file() {
	dd if=/dev/urandom of="$1" bs=1M count=${SIZE%M} conv=notrunc,fsync status=none
}

# Terse output: field 3 is the job, 5 the error, 7 and 48 the bandwidth of reads and writes.
print_figures() {
	awk -F ';' -v kind="$1" '
		$1 == 3 {
			split($3, job, ",")
			speed = job[3] == "read" ? $7 : $48
			if ($5 || !speed)
				exit 1
			print "figure", kind, job[1], job[2], job[3], speed
			jobs++
		}
		END { if (!jobs) exit 1 }' /tmp/fio.out
}

# run_fio KIND FILE [COMMAND THAT RUNS IT]...
run_fio() {
	local kind=$1 file=$2
	shift 2
	echo 3 >/proc/sys/vm/drop_caches
	if ! "$@" fio --minimal --filename="$file" $JOBS >/tmp/fio.out 2>/tmp/fio.err ||
		! print_figures "$kind" >/tmp/figures; then
		cat /tmp/fio.out /tmp/fio.err
		say "not ok - fio on the $kind file"
		exit 1
	fi
	cat /tmp/figures >&"$MKTME_REPORT_FD"
}

half_of_key() {
	printf '%032x' "$1"
}

on_dax() {
	local key
	key=$(keyctl add mktme fio \
		"type=user algorithm=aes-xts-128 key=$(half_of_key 1) tweak=$(half_of_key 2)" @u)
	make_file $MAIN/plain
	make_file $MAIN/bound
	fill_file $MAIN/plain
	/test/bindfile $MAIN/bound --key "$key" --exec "$0" fill $MAIN/bound
	make_jobs libpmem mmap sync >$JOBS
	run_fio plain $MAIN/plain
	run_fio bound $MAIN/bound /test/bindfile $MAIN/bound --key "$key" --exec
	umount $MAIN
}

# Not in the arguments of a program, where all could see it
open_crypt() {
	dd if=/dev/zero of=/dev/pmem0 bs=1M count=1 conv=fsync status=none
	echo "0 $(blockdev --getsz /dev/pmem0) crypt aes-xts-plain64" \
		"$(half_of_key 1)$(half_of_key 2) 0 /dev/pmem0 0" | dmsetup create crypt --noudevsync
	mkfs.ext4 -q -F -b 4096 /dev/dm-0
	mkdir -p $CRYPT
	mount /dev/dm-0 $CRYPT
}

on_crypt() {
	open_crypt
	make_file $CRYPT/file
	fill_file $CRYPT/file
	make_jobs libpmem >$JOBS
	if fio --minimal --filename=$CRYPT/file $JOBS >/tmp/fio.out 2>&1; then
		say "not ok - the engine libpmem refuses dm-crypt"
	else
		say "figure crypt libpmem refused"
	fi
	make_jobs mmap sync >$JOBS
	run_fio crypt $CRYPT/file
	umount $CRYPT
	dmsetup remove --noudevsync crypt
}

if [ "${1-}" = fill ]; then
	fill_file "$2"
	exit
fi
ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem >/dev/null
make_main
mount_main
on_dax
on_crypt
