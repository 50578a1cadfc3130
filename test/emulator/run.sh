#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bare-metal tests of the emulated CPU; one TAP stream on standard output.
#
#   test/emulator/run.sh --qemu PATH --out DIR [--only NAME] [--jobs N] [--bench]
#
# --only runs the lines of tests.cfg whose name matches the pattern.  Exit status 0
# only if nothing failed.  Logs of each boot stay in DIR.  --bench measures instead,
# for bench.sh: "ENGINE; WHERE; WHAT; PICOSECONDS", per access or line.  SEED= repeats
# the instants of the power cuts.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
qemu=
out=
only='*'
jobs=2
bench=no
DIMM_ADDRESS=140000000
DIMM_SIZE=16M
TIMEOUT=${TIMEOUT:-300}

die() {
	echo "run.sh: $*" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	if [ "$1" = --bench ]; then
		bench=yes
		shift
		continue
	fi
	[ $# -ge 2 ] || die "usage: run.sh --qemu PATH --out DIR [--only NAME] [--jobs N]"
	case $1 in
	--qemu) qemu=$(realpath "$2") ;;
	--out) mkdir -p "$2" && out=$(realpath "$2") ;;
	--only) only=$2 ;;
	--jobs) jobs=$2 ;;
	*) die "unknown option $1" ;;
	esac
	shift 2
done
[ -x "$qemu" ] || die "--qemu must name the emulator"
[ -n "$out" ] || die "--out must name a directory"

# shellcheck source=test/emulator/host.sh
. "$here/host.sh"

build() {
	local cflags program
	cflags="-O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie -mcmodel=small
		-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-strict-aliasing
		-fcf-protection=none -fno-tree-loop-distribute-patterns"
	# shellcheck disable=SC2086 # a list of flags
	for program in "$@"; do
		gcc $cflags -nostdlib -static -no-pie -Wl,-T,"$here/link.ld" -Wl,--build-id=none \
			-Wl,--no-warn-rwx-segments,-z,noexecstack -o "$out/$program.elf" \
			"$here/start.S" "$here/lib.c" "$here/$program.c"
	done
	gcc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$out/check" "$here/check.c" -lcrypto
	gcc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$out/qmp" "$here/../host/qmp.c"
}

# One boot; its text goes to $dir/N.log
boot() {
	local append=$1 number=$2 bits=6 phys=46 cpu status=0 arguments end=1
	[ "$engine" != absent ] || bits=0
	case $properties in
	*tme-keyid-bits=*) bits=${properties#*tme-keyid-bits=} bits=${bits%%,*} ;;
	esac
	case $properties in
	*phys-bits=*) phys=${properties#*phys-bits=} phys=${phys%%,*} ;;
	esac
	cpu="max,vendor=GenuineIntel,phys-bits=$phys,tme-keyid-bits=$bits"
	[ "$engine" = absent ] || cpu+=",tme-engine=$engine"
	[ "$properties" = - ] || cpu+=",$properties"
	# shellcheck disable=SC2054 # the commas are QEMU's
	arguments=(-L /usr/share/seabios -L /usr/share/qemu -accel tcg,thread=multi
		-machine q35,nvdimm=on -cpu "$cpu" -smp 2 -m 256M,slots=2,maxmem=4G
		-object "memory-backend-file,id=dimm,share=on,mem-path=$dir/dimm,size=$DIMM_SIZE"
		-device "nvdimm,memdev=dimm,addr=0x$DIMM_ADDRESS"
		-drive "file=$dir/disk,format=raw,if=none,id=disk" -device virtio-blk-pci,drive=disk
		-device isa-debugcon,iobase=0x402,chardev=text -chardev "file,id=text,path=$dir/$number.log"
		-device isa-debug-exit -nodefaults -display none -kernel "$out/$program.elf"
		"${machine[@]}"
		-append "engine=$engine bits=$(printf %x "$bits") phys=$(printf %x "$phys") dimm=$DIMM_ADDRESS $append")
	if [[ $append == *cut=* ]]; then
		arguments+=(-qmp "unix:$dir/qmp,server=on,wait=off")
		cut_power "$dir/$number.log" "$dir/qmp" &
		end=86
	elif [[ $append == *poke=* ]]; then
		poke_dimm "$dir/$number.log" "$dir/dimm" &
	fi
	printf '%q ' "$qemu" "${arguments[@]}" >"$dir/$number.cmdline"
	timeout -k 5 "$TIMEOUT" "$qemu" "${arguments[@]}" </dev/null >"$dir/$number.err" 2>&1 || status=$?
	wait
	# isa-debug-exit turns 0 into 1
	if [ "$status" -ne "$end" ] || { [ "$end" -eq 1 ] && [ "$(tail -n 1 "$dir/$number.log")" != "done" ]; }; then
		echo "not ok - the program runs to its end (status $status, see $dir/$number.err)"
	fi
}

# What tme-audit=on reports is what the guest says it must; noisy=1: whatever
compare_audit() {
	local total
	if [[ $properties == *tme-audit=on* && $append != *noisy=1* ]]; then
		if diff <(sed -n 's/^audit //p' "$dir/$number.log" | grep -v '^total' | sort) \
			<(sed -n 's/^tme-audit: //p' "$dir/$number.err" | grep -v '^total' | sort) \
			>"$dir/$number.diff"; then
			echo "ok - the audit reports what it should"
		else
			echo "not ok - the audit reports what it should (see $dir/$number.diff)"
		fi
		total=$(sed -n 's/^audit total/total/p' "$dir/$number.log")
		total=${total:-total two-dirty=0 over-newer=0 dead-key=0}
		if [ "$(sed -n 's/^tme-audit: total/total/p' "$dir/$number.err")" = "$total" ]; then
			echo "ok - the audit adds up"
		else
			echo "not ok - the audit adds up"
		fi
	fi
}

# Lines of one run, each with its name before the description
run_one() {
	local name=$1 program=$2 engine=$3 boots=$4 properties=$5 dir=$out/$1-$3 number=0 append
	local machine=("${@:6}")
	rm -rf "$dir"
	mkdir -p "$dir"
	truncate -s "$DIMM_SIZE" "$dir/dimm"
	truncate -s 1M "$dir/disk"
	while IFS= read -r -d ';' append; do
		number=$((number + 1))
		append=${append#-}
		boot "${append//,/ }" "$number"
		grep -aE '^(not )?ok - ' "$dir/$number.log" || [[ $append == *cut=* ]] ||
			echo "not ok - there is any result"
		if grep -aq '^host ' "$dir/$number.log"; then
			grep -aE '^(host|told) ' "$dir/$number.log" | "$out/check" "$dir/dimm" ||
				echo "not ok - the host check runs"
		fi
		compare_audit
	done <<<"$boots;" | sed -E "s|^((not )?ok) - |\1 - $name/$engine: |" >"$dir/tap.new"
	mv "$dir/tap.new" "$dir/tap"
}

# "name program engine boots properties arguments..." of every run
list_runs() {
	local name program engines boots properties engine machine
	sed -e 's/#.*//' "$here/tests.cfg" | while read -r name program engines boots properties machine; do
		[ -n "$name" ] || continue
		# shellcheck disable=SC2053 # a pattern
		[[ $name == $only ]] || continue
		for engine in ${engines//,/ }; do
			echo "$name $program $engine $boots $properties $machine"
		done
	done
}

# Not a program for the guest, but command lines
run_startup() {
	"$here/startup.sh" "$qemu" "$out/qmp" "$out/startup-none" "$out/audit.elf" 2>&1 |
		sed -E "s|^((not )?ok) - |\1 - startup: |" >"$out/startup-none/tap"
}

run_all() {
	local running=0 run
	while read -r -a run; do
		if [ "$running" -ge "$jobs" ]; then
			wait -n || true
			running=$((running - 1))
		fi
		if [ "${run[0]}" = startup ]; then
			run_startup &
		else
			run_one "${run[@]}" &
		fi
		running=$((running + 1))
	done <"$out/runs"
	wait
}

merge() {
	echo "TAP version 13"
	while read -r name _ engine _; do
		if [ -e "$out/$name-$engine/tap" ]; then
			cat "$out/$name-$engine/tap"
		else
			echo "not ok - $name/$engine: the run comes to an end"
		fi
	done <"$out/runs" | awk '
		/^#/ { print; next }
		/ # SKIP/ { skipped++ }
		/^ok/ && !/ # SKIP/ { passed++ }
		/^not ok/ { failed++ }
		{ n++; sub(/ok - /, "ok " n " - "); print }
		END {
			print "1.." n + 0
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit failed > 0 || passed == 0
		}'
}

run_bench() {
	local engine
	for engine in cache direct; do
		run_one bench bench "$engine" - -
		sed -n "s/^time /$engine; /p" "$out/bench-$engine/1.log"
	done
	run_one audit bench cache noisy=1 tme-audit=on
	sed -n "s/^time /audit; /p" "$out/audit-cache/1.log"
}

if [ "$bench" = yes ]; then
	build bench
	run_bench
	exit
fi
list_runs >"$out/runs"
rm -rf "$out/startup-none"
mkdir -p "$out/startup-none"
[ -s "$out/runs" ] || die "no run is called $only"
mapfile -t programs < <(cut -d' ' -f2 "$out/runs" | grep -vx -- - | sort -u)
build "${programs[@]}"
run_all
merge
