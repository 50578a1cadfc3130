#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Boots the VM once, runs one script in it, and brings back a verdict.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. vm/options.sh

# QEMU's after the QMP command power-cut (emulator/README.md)
POWER_CUT_STATUS=86

# A DIMM that is named has to exist: a typing error must not become an empty DIMM.
prepare_dimm() {
	local bytes=$((dimm_size * 1024 * 1024))
	if [ "$fresh" = yes ] || { [ "$dimm" = build/dimm.img ] && [ ! -e "$dimm" ]; }; then
		mkdir -p "$(dirname "$dimm")"
		rm -f "$dimm"
		truncate -s "$bytes" "$dimm" || die "cannot make the DIMM file $dimm"
	fi
	[ -e "$dimm" ] || die "there is no DIMM file $dimm (--fresh makes one)"
	[ -w "$dimm" ] || die "the DIMM file $dimm is not writable"
	[ "$(stat -Lc %s "$dimm")" -eq "$bytes" ] ||
		die "the DIMM file $dimm has $(stat -Lc %s "$dimm") bytes, not $bytes (--dimm-size)"
	# Held by QEMU as long as it lives
	exec {dimm_lock}<"$dimm"
	flock -n "$dimm_lock" || die "the DIMM file $dimm is in another VM"
}

prepare_initrd() {
	if [ -n "$script" ] && [ -f "$script" ]; then
		additions+=("$script:/script")
		script=/script
	fi
	if [ ${#additions[@]} -gt 0 ]; then
		vm/mkinitramfs.sh --add "$log/addition.gz" "${additions[@]}"
		cat "$initrd" "$log/addition.gz" >"$log/initrd"
		initrd=$log/initrd
	fi
}

# A machine without chance and without a clock: two runs give the same numbers, to the
# last instruction, as long as their command lines are the same.
without_chance() {
	smp=1
	accel=(-accel "tcg,thread=single" -icount "shift=0,sleep=off" -seed 7
		-rtc "base=2024-01-01T00:00:00,clock=vm")
	cpu=${cpu:+$cpu,}-rdrand,-rdseed
	append="nokaslr norandmaps random.trust_cpu=off lpj=1000000 tsc=reliable $append"
}

# The address of the DIMM is part of the cipher's tweak: it is fixed, not left to
# the order in which the machine puts its memory together.
compose_command() {
	local properties=max,vendor=GenuineIntel,phys-bits=46 command_line
	local accel=(-accel "tcg,thread=multi" -device virtio-rng-pci)
	[ "$icount" = no ] || without_chance
	properties+=,tme-keyid-bits=$keyid_bits,tme-engine=$engine${cpu:+,$cpu}
	# A host that is busy with something else stops the VM for longer than the defaults, 21 to 60 s
	command_line="console=ttyS0 panic=-1 log_buf_len=4M rcupdate.rcu_cpu_stall_timeout=120"
	command_line+=" workqueue.watchdog_thresh=120 sysctl.kernel.hung_task_timeout_secs=240 rdinit=/init"
	if [ "$audit" = yes ]; then
		properties+=,tme-audit=on
		command_line+=" nokaslr"
	fi
	if [ "$shell" = yes ]; then
		command_line+=" quiet TERM=${TERM:-vt100} LINES=$(tput lines) COLUMNS=$(tput cols)"
		command_line+=" $append -- --shell"
	else
		command_line+=" $append -- $script ${arguments[*]}"
	fi
	# shellcheck disable=SC2054 # the commas are QEMU's
	qemu=("$emulator"
		-L /usr/share/seabios -L /usr/share/qemu
		-nodefaults -no-user-config -display none -no-reboot
		"${accel[@]}" -machine q35,nvdimm=on -cpu "$properties"
		-smp "$smp,sockets=$sockets" -m "$mem,slots=2,maxmem=$((mem + 16384))M"
		-object "memory-backend-file,id=dimm,share=on,mem-path=$dimm,size=${dimm_size}M,align=2M"
		-device "nvdimm,id=nvdimm,memdev=dimm,label-size=2M,addr=0x100000000"
		-device virtio-serial-pci
		-chardev "file,id=report,path=/dev/fd/3"
		-device virtserialport,chardev=report,name=report
		-kernel "$kernel" -initrd "$initrd" -append "$command_line")
	if [ -n "$qmp" ]; then
		qemu+=(-qmp "unix:$qmp,server=on,wait=off")
	fi
	if [ "$shell" = yes ]; then
		qemu+=(-chardev "stdio,id=console,mux=on,signal=off,logfile=$log/console.log"
			-serial chardev:console -mon chardev=console)
	else
		qemu+=(-chardev "file,id=console,path=$log/console.log" -serial chardev:console)
	fi
	printf '%q ' "${qemu[@]}" >"$log/cmdline"
	echo >>"$log/cmdline"
}

run_shell() {
	note "booting; Ctrl-A X leaves at once, exit powers off"
	"${qemu[@]}" 3>"$log/report"
}

# At an instant that nobody has chosen.
# cut_power SECONDS
cut_power() {
	sleep "$1"
	build/test/host/qmp "$qmp" power-cut >/dev/null || true
}

# Follows the report port until QEMU closes it.  Leaves the outcome in $outcome.
# QEMU must not outlive this script, however that ends.
follow_report() {
	local line rest port pid status cutter='' deadline=$((SECONDS + timeout))
	outcome=ended
	exec {port}< <(exec setpriv --pdeathsig KILL "${qemu[@]}" 3>&1 >"$log/qemu.out" 2>&1 </dev/null)
	pid=$!
	# shellcheck disable=SC2064 # the pid of now
	trap "kill -KILL $pid 2>/dev/null || true" EXIT
	while :; do
		rest=$((deadline - SECONDS))
		if [ "$rest" -le 0 ]; then
			outcome=timeout
			break
		fi
		status=0
		IFS= read -r -t "$rest" -u "$port" line || status=$?
		if [ "$status" -gt 128 ]; then
			continue
		elif [ "$status" -ne 0 ]; then
			break
		fi
		printf '%s\n' "${line%$'\r'}" >>"$log/report"
		case ${line%$'\r'} in
		powercut) outcome=powercut; break ;;
		"cut me")
			if [ -n "$cut" ] && [ -z "$cutter" ]; then
				cut_power "$cut" &
				cutter=$!
			fi ;;
		esac
	done
	if [ "$outcome" != ended ]; then
		kill -KILL "$pid" 2>/dev/null || true
	fi
	qemu_status=0
	wait "$pid" 2>/dev/null || qemu_status=$?
	if [ "$qemu_status" -eq "$POWER_CUT_STATUS" ]; then
		outcome=powercut
	fi
	exec {port}<&-
	# The next VM of this name listens at the same socket.
	[ -z "$cutter" ] || kill "$cutter" 2>/dev/null || true
	trap - EXIT
}

# One line that says how the run went; the exit status follows from it.
judge() {
	local last
	last=$(tail -n 1 "$log/report")
	if [ "$outcome" = timeout ]; then
		verdict="timeout after $timeout s"
		return 124
	fi
	if [ "$outcome" = powercut ]; then
		[ "$expect_powercut" = yes ] && verdict="power cut, as expected" && no_test_failed && return 0
		[ "$expect_powercut" = yes ] || verdict="unexpected power cut"
		return 1
	fi
	case $last in
	"verdict ok")
		verdict=ok
		if [ "$expect_powercut" = yes ]; then
			verdict="the expected power cut did not come"
			return 1
		fi
		no_test_failed ;;
	"verdict fail "*)
		verdict=${last#verdict fail }
		return 1 ;;
	*)
		verdict="no verdict: $(explain_silence)"
		return 1 ;;
	esac
}

# Reports of tme-audit, with the kernel's functions; they are a verdict as well.
judge_audit() {
	local map=${kernel%/*}/System.map reports
	reports=$(grep -a '^tme-audit: ' "$log/qemu.out" | grep -vc '^tme-audit: total' || true)
	if [ "$reports" -ne 0 ]; then
		scripts/symbolise.sh "$map" <"$log/qemu.out" >"$log/audit"
		verdict="$reports alias bugs, see $log/audit; and: $verdict"
		return 1
	fi
	if [ "$outcome" = ended ] && ! grep -aq '^tme-audit: total' "$log/qemu.out"; then
		verdict="there was no audit; and: $verdict"
		return 1
	fi
}

no_test_failed() {
	if grep -q '^ *not ok' "$log/report"; then
		verdict="$(grep -c '^ *not ok' "$log/report") tests failed"
		return 1
	fi
}

explain_silence() {
	if [ -s "$log/qemu.out" ]; then
		head -n 1 "$log/qemu.out"
	elif grep -aqE 'Kernel panic|BUG:|Oops' "$log/console.log" 2>/dev/null; then
		grep -aE 'Kernel panic|BUG:|Oops' "$log/console.log" | head -n 1
	else
		echo "QEMU ended with status $qemu_status"
	fi
}

parse_arguments "$@"
check_arguments
prepare_dimm
log=$LOGS/$name
rm -rf "$log"
mkdir -p "$log"
: >"$log/report"
prepare_initrd
if [ -n "$cut" ]; then
	qmp=${qmp:-$log/qmp}
fi
compose_command
if [ "$shell" = yes ]; then
	run_shell
	exit
fi
follow_report
status=0
judge || status=$?
if [ "$audit" = yes ] && ! judge_audit; then
	status=1
fi
printf '%s\nexit %d\n' "$verdict" "$status" >"$log/status"
if [ "$status" -ne 0 ]; then
	printf 'run.sh: %s: %s (see %s/)\n' "$name" "$verdict" "$log" >&2
fi
exit "$status"
