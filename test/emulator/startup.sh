#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which command lines QEMU refuses, and why it says so; what it refuses later.
# Lines of TAP without numbers for run.sh.
#
#   test/emulator/startup.sh QEMU QMP DIR PROGRAM
#
# PROGRAM is audit.elf.
set -euo pipefail

qemu=$1 qmp=$2 dir=$3 program=$4
base=max,vendor=GenuineIntel,phys-bits=46

# run CPU MACHINE [ARGUMENT]...: a machine that takes commands
run() {
	local cpu=$1 machine=$2
	shift 2
	timeout -k 5 60 "$qemu" -L /usr/share/seabios -L /usr/share/qemu -accel tcg \
		-machine "q35,nvdimm=on$machine" -cpu "$base$cpu" -m 256M,slots=2,maxmem=4G \
		-nodefaults -display none -qmp "unix:$dir/socket,server=on,wait=off" "$@" \
		</dev/null >"$dir/out" 2>&1
}

# The same, stopped
start() {
	run "$@" -S
}

verdict() {
	if "${@:2}"; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		head -n 3 "$dir/out" | sed 's/^/# /'
	fi
}

# refused NAME TEXT CPU MACHINE [ARGUMENT]...
refused() {
	local name=$1 text=$2 status=0
	shift 2
	start "$@" || status=$?
	verdict "refused: $name" test "$status" -eq 1
	verdict "$name: it says why" grep -qF -- "$text" "$dir/out"
}

# accepted NAME CPU MACHINE [ARGUMENT]...
accepted() {
	local name=$1 status=0
	shift
	start "$@" &
	"$qmp" "$dir/socket" quit >/dev/null || true
	wait $! || status=$?
	verdict "accepted: $name" test "$status" -eq 0
}

# answer COMMAND ARGUMENTS: what a machine with TME says to a QMP command
answer() {
	start ,tme-keyid-bits=6 '' &
	"$qmp" "$dir/socket" "$1" "$2" || true
	"$qmp" "$dir/socket" quit >/dev/null || true
	wait $! || true
}

check_properties() {
	refused "more KeyID bits than there can be" "at most 15" ,tme-keyid-bits=16,phys-bits=52 ''
	refused "no address bits left" "must leave 36 bits of address" ,tme-keyid-bits=12 ''
	refused "all KeyIDs for TDX" "leaves no KeyID" ,tme-keyid-bits=3,tme-tdx-bits=3 ''
	refused "TDX without KeyIDs" "needs tme-keyid-bits" ,tme-tdx-bits=1 ''
	refused "an unknown engine" "use cache, direct or none" ,tme-keyid-bits=6,tme-engine=no ''
	refused "a cache of nothing" "out of range" ,tme-keyid-bits=6,tme-cache-mb=0 ''
	refused "an unknown audit" "use off, on or stop" ,tme-keyid-bits=6,tme-audit=yes ''
	refused "an audit without a cache" "needs tme-engine=cache" \
		,tme-keyid-bits=6,tme-engine=direct,tme-audit=on ''
	refused "a directory without a cache" "needs tme-engine=cache" \
		,tme-keyid-bits=6,tme-engine=none,tme-directory-mode=on ''
	accepted "the defaults" ,tme-keyid-bits=6 ''
	accepted "no TME" '' ''
}

# What the NFIT tells has to be true.
check_persistence() {
	local cpu=,nvdimm-persistence=cpu
	refused "persistence=cpu with a cache that loses lines" "tme-eadr=on" ,tme-keyid-bits=6 $cpu
	accepted "persistence=cpu with eADR" ,tme-keyid-bits=6,tme-eadr=on $cpu
	accepted "persistence=cpu without a modelled cache" ,tme-keyid-bits=6,tme-engine=direct $cpu
	accepted "persistence=cpu without TME" '' $cpu
	accepted "persistence=mem-ctrl" ,tme-keyid-bits=6 ,nvdimm-persistence=mem-ctrl
}

check_commands() {
	answer migrate '{"uri": "exec:cat >/dev/null"}' >"$dir/answer"
	verdict "migration is refused" grep -q '^{"error".*TME-MK.*cannot be migrated' "$dir/answer"
	start '' '' &
	"$qmp" "$dir/socket" power-cut '{}' >"$dir/answer" || true
	"$qmp" "$dir/socket" quit >/dev/null || true
	wait $! || true
	verdict "power-cut without TME is an error" grep -q '^{"error".*no TME-MK' "$dir/answer"
}

# tme-audit=stop: the machine stands still behind the first report.
check_stop() {
	local try=0 status=''
	truncate -s 16M "$dir/dimm"
	run ,tme-keyid-bits=6,tme-audit=stop '' -kernel "$program" \
		-append "engine=cache bits=6 phys=2e dimm=140000000 stop=1" \
		-object "memory-backend-file,id=dimm,share=on,mem-path=$dir/dimm,size=16M" \
		-device nvdimm,memdev=dimm,addr=0x140000000 -device isa-debug-exit &
	while [ $((try += 1)) -lt 600 ] && [[ $status != *'"debug"'* ]]; do
		sleep 0.1
		status=$("$qmp" "$dir/socket" query-status || true)
	done
	verdict "tme-audit=stop: the machine is stopped" grep -q '"status": "debug"' <<<"$status"
	"$qmp" "$dir/socket" quit >/dev/null || true
	wait $! || true
	verdict "tme-audit=stop: at the first report" \
		test "$(grep -c '^tme-audit: two-dirty' "$dir/out")" -eq 1
}

mkdir -p "$dir"
check_properties
check_persistence
check_commands
check_stop
