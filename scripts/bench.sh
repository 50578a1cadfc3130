#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Measures what bound files cost, and says which limits are kept.
#
#   scripts/bench.sh [--quick]
#
# Four boots: upstream's kernel and ours counting instructions, ours a second time
# (the counts have to be the same), and ours by the clock.  --quick leaves out upstream's
# kernel and the second time.  Wants a quiet machine for the last boot only.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

QUICK=no
[ "${1:-}" != --quick ] || QUICK=yes
OUT=build/bench
missed=0

# boot NAME KERNEL WHAT [option of vm/run.sh]...
boot() {
	local name=$1 kernel=$2 what=$3
	shift 3
	stage_begin "$name"
	vm/run.sh --name "bench-$name" --script /test/bench.sh --engine none --kernel "$kernel" \
		--dimm "$OUT/dimm.img" --fresh --mem 1024 --timeout 1200 "$@" -- "$what" ||
		die "the measurement \"$name\" failed (see $LOGS/bench-$name/)"
	sed -n 's/^figure //p' "$LOGS/bench-$name/report" | sort >"$OUT/$name"
	rm -f "$OUT/dimm.img"
	stage_end "$(wc -l <"$OUT/$name") figures"
}

# figure RUN NAME
figure() {
	sed -n "s|^$2 ||p" "$OUT/$1" | grep . || die "the run $1 has no figure $2"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'
}

# row TEXT VALUE LIMIT UNIT: kept if VALUE <= LIMIT
row() {
	local verdict=pass
	awk -v value="$2" -v limit="$3" 'BEGIN { exit !(value <= limit) }' || {
		verdict=MISS
		missed=$((missed + 1))
	}
	printf '%-58s %12s %12s %-6s %s\n' "$1" "$2" "$3" "$4" "$verdict"
}

# exact TEXT VALUE WANTED
exact() {
	local verdict=pass
	[ "$2" = "$3" ] || {
		verdict=MISS
		missed=$((missed + 1))
	}
	printf '%-58s %12s %12s %-6s %s\n' "$1" "$2" "$3" "" "$verdict"
}

# compare RUN TEXT FIGURE LIMIT: bound over plain
compare() {
	row "$2" "$(ratio "$(figure "$1" "$3/bound")" "$(figure "$1" "$3/plain")")" "$4" x
}

# All figures of a run beside their names, for the record
list_counts() {
	printf '\n%-34s %12s %12s %12s\n' "instructions, median" upstream plain bound
	sed -n 's|^\([a-z0-9_]*\)/plain .*|\1|p' "$OUT/ours" | while read -r name; do
		printf '%-34s %12s %12s %12s\n' "$name" \
			"$(sed -n "s|^off/$name/plain ||p" "$OUT/upstream" 2>/dev/null)" \
			"$(sed -n "s|^$name/plain ||p" "$OUT/ours")" \
			"$(sed -n "s|^$name/bound ||p" "$OUT/ours")"
	done
}

table_of_faults_and_io() {
	compare "$1" "4 KiB write fault, bound over plain" fault_4k 1.05
	compare "$1" "2 MiB write fault, bound over plain" fault_2m 1.05
	compare "$1" "read() of 1 MiB, bound over plain" read_1m 1.05
	compare "$1" "write() of 1 MiB, bound over plain" write_1m 1.05
	row "encrypt_mprotect() of 512 bound pages over mprotect()" \
		"$(ratio "$(figure "$1" encrypt_mprotect_512/bound)" "$(figure "$1" mprotect_512/bound)")" 1.2 x
}

table_of_bind() {
	row "bind of an empty file of 2 MiB over one of 4 KiB" \
		"$(ratio "$(figure ours bind_2m/bound)" "$(figure ours bind_4k/bound)")" 1.05 x
	row "bind of an empty file of 128 GiB over one of 4 KiB" \
		"$(ratio "$(figure ours bind_128g/bound)" "$(figure ours bind_4k/bound)")" 1.05 x
	row "slab of a bound inode more than of a plain one" \
		$(($(figure ours slab_bytes/bound) - $(figure ours slab_bytes/plain))) 128 bytes
}

# Any system call may come a few instructions earlier or later: the kernel finds it by a tree
# of comparisons, which is another one with one system call more.
table_of_upstream() {
	local name
	for name in mprotect_512 mprotect_anonymous fault_4k fault_2m read_1m write_1m; do
		row "$name, hooks off, instructions more than upstream" \
			$(($(figure ours "off/$name/plain") - $(figure upstream "off/$name/plain"))) \
			"$([[ $name == mprotect* ]] && echo 8 || echo 24)" instr.
	done
	for name in mprotect_512 mprotect_anonymous; do
		row "$name, hooks on, instructions more than upstream" \
			$(($(figure ours "$name/plain") - $(figure upstream "off/$name/plain"))) 0 instr.
	done
}

# Serial numbers of keys are random, and so is how deep in their tree one lies; memory per
# inode depends on what the allocator had left.
count_differences() {
	join "$OUT/ours" "$OUT/again" | awk '
		$1 ~ /^slab/ { next }
		{ differs += $2 - $3 > $2 / 1000 || $3 - $2 > $2 / 1000 }
		END { print differs + 0 }'
}

table_of_lines() {
	local size entry
	for size in 4k:64 2m:32768; do
		entry=${size#*:} size=${size%:*}
		exact "lines flushed by a fault of an allocated page, $size" "$(figure ours "lines/fault_$size")" 0
		exact "lines flushed by an allocating fault, $size" "$(figure ours "lines/allocation_$size")" "$entry"
		exact "lines flushed when a written entry is dropped, $size" "$(figure ours "lines/drop_written_$size")" "$entry"
		exact "lines flushed when an unwritten entry is dropped, $size" "$(figure ours "lines/drop_clean_$size")" 0
	done
}

mkdir -p "$OUT" "$LOGS"
scripts/programs.sh
scripts/initramfs.sh
if [ "$QUICK" = no ]; then
	VARIANT=plain scripts/kernel.sh
	boot upstream build/kernel-plain/bzImage off --icount
fi
boot ours build/kernel/bzImage bound --icount
[ "$QUICK" = yes ] || boot again build/kernel/bzImage bound --icount
boot clock build/kernel/bzImage bound --smp 1

printf '\n%-58s %12s %12s\n' "what" "measured" "limit"
table_of_faults_and_io ours
table_of_bind
table_of_lines
if [ "$QUICK" = no ]; then
	table_of_upstream
	exact "figures that differ by 1/1000 in a second run" "$(count_differences)" 0
fi
printf '\n%s\n' "by the clock of the host, in one run"
table_of_faults_and_io clock
list_counts
printf '\n%d limits missed\n' "$missed"
[ "$missed" -eq 0 ]
