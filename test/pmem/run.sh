#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tests of the kernel, from the host: boots the VM, and when the power is off
# looks at the DIMM file itself.
#
#   test/pmem/run.sh [--only PATTERN] [--engine ENGINE]... [--audit] [--sockets N] [SUITE]...
#
# SUITE is main, xfs, persist, control, machine, busy or unaware; all by default. ENGINE is
# cache or direct; both by default. PATTERN matches "program: test", as in --only 'io: punch*'.
# --sockets: N packages of two CPUs each.
# --audit: engine cache only, and an alias bug that the emulator sees is a failure.
# One TAP stream on stdout; the last line is "N passed, M failed, K skipped".
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=test/pmem/host.sh
. test/pmem/host.sh

LOGS=build/logs
# Names of DIMM files and logs begin with it: two runs at a time need two.
RUN=${RUN:-pmem}
only='' engines=() suites=() vm_options=() audit=no

parse_arguments() {
	while [ $# -gt 0 ]; do
		case $1 in
		--only) only=${2:?}; shift ;;
		--engine) engines+=("${2:?}"); shift ;;
		--audit) engines=(cache); vm_options+=(--audit); audit=yes ;;
		--sockets) vm_options+=(--sockets "${2:?}" --smp $((2 * $2))); shift ;;
		main | xfs | persist | control | machine | busy | unaware) suites+=("$1") ;;
		*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
		esac
		shift
	done
	[ ${#engines[@]} -gt 0 ] || engines=(cache direct)
	[ ${#suites[@]} -gt 0 ] || suites=(main xfs persist control machine busy unaware)
}

build_programs() {
	make -s -C test/host >&2
	scripts/programs.sh >&2
	scripts/initramfs.sh >&2
}

# boot SUITE SCRIPT DIMM [option of vm/run.sh]...
# Every line of the stream begins with the suite, as "main/cache".
boot() {
	local suite=$1 script=$2 dimm=$3 status=0
	local name=$RUN-${suite//[\/ ]/-}
	shift 3
	printf '# %s\n' "$suite"
	vm/run.sh --name "$name" --script "/test/$script" --dimm "$dimm" --timeout "${TIMEOUT:-900}" \
		"${vm_options[@]}" "$@" -- ${only:+"$only"} >&2 || status=$?
	[ -e "$LOGS/$name/report" ] || mkdir -p "$LOGS/$name" && touch "$LOGS/$name/report"
	merge_report "$suite" "$LOGS/$name/report"
	tap "$([ "$status" -eq 0 ] || vm_failed "$LOGS/$name" && echo ok || echo not ok)" \
		"$suite: the VM ended well" "$(head -n 1 "$LOGS/$name/status" 2>/dev/null)"
	if [ "$audit" = yes ]; then
		merge_audit "$suite" "$LOGS/$name/audit"
	fi
	check_on_host "$suite" "$dimm" "$LOGS/$name/report"
}

# Tests that failed have lines of their own: only other reasons count here.
vm_failed() {
	grep -q ' tests failed$' "$1/status"
}

run_main() {
	local dimm=build/$RUN-main-$1.img
	boot "main/$1" main.sh "$dimm" --engine "$1" --fresh
	rm -f "$dimm"
}

run_xfs() {
	local dimm=build/$RUN-xfs-$1.img
	boot "xfs/$1" xfs.sh "$dimm" --engine "$1" --fresh
	boot "xfs/$1/power cut" persist-xfs-1.sh "$dimm" --engine "$1" --fresh --expect-powercut
	boot "xfs/$1/second boot" persist-xfs-2.sh "$dimm" --engine "$1"
	rm -f "$dimm"
}

# The DIMM of the cache engine is kept for the control run.
run_persist() {
	local dimm=build/$RUN-persist-$1.img
	boot "persist/$1/first boot" persist-1.sh "$dimm" --engine "$1" --fresh --expect-powercut
	boot "persist/$1/second boot" persist-2.sh "$dimm" --engine "$1"
}

run_control() {
	local dimm=build/$RUN-persist-cache.img
	if [ ! -e "$dimm" ]; then
		boot "control/prepare" persist-1.sh "$dimm" --fresh --expect-powercut
	fi
	boot "control" control.sh "$dimm" --keyid-bits 0
	dimm=build/$RUN-control-xfs.img
	boot "control/prepare XFS" persist-xfs-1.sh "$dimm" --fresh --expect-powercut
	boot "control/xfs" control-xfs.sh "$dimm" --keyid-bits 0
	rm -f "$dimm"
}

# Machines of other kinds; the engine makes no difference to what is tested. Family 6, model 106
# is one that may forbid aliases, and does so only where it says it. The second kernel of the
# first boot and of the last is started by kexec, that of the second because the first one dies.
run_machine() {
	local dimm=build/$RUN-machine.img mem=${MACHINE_MEM:-768}
	local kexec=(--smp 4 --sockets 2 --mem "$mem" --keyid-bits 3 --cpu tme-pconfig-busy=3
		--add "${KERNEL:-build/kernel/bzImage}:/kexec/bzImage" --add build/initramfs.cpio.gz:/kexec/initrd)
	boot "machine/sockets" machine-1.sh "$dimm" --fresh "${kexec[@]}"
	boot "machine/crash" crash.sh "$dimm" --fresh "${kexec[@]}" --mem $((mem + mem / 3)) \
		--append "crashkernel=$((mem / 3))M"
	check_written_back "$LOGS/$RUN-machine-crash/console.log"
	boot "machine/tdx" machine-3.sh "$dimm" --cpu family=6,model=106,tme-tdx-bits=2
	boot "machine/few CPUs" machine-5.sh "$dimm" --smp 4 --sockets 2 --append nr_cpus=2
	boot "machine/off" machine-4.sh "$dimm" --append "mktme=on mktme=off"
	boot "machine/veto" veto.sh "$dimm" --fresh --cpu family=6,model=106,tme-directory-mode=on
	boot "machine/kexec on XFS" kexec-xfs.sh "$dimm" --fresh "${kexec[@]}"
	rm -f "$dimm"
}

# The kernel that dies says so on its console only. Without its last words there, nothing is known.
check_written_back() {
	local all="not ok"
	if grep -qs 'sysrq: Trigger a crash' "$1" && ! grep -q 'x86/mktme: a CPU has not written back' "$1"; then
		all=ok
	fi
	tap "$all" "machine/crash: each CPU has written back its caches" "$1"
}

run_busy() {
	local dimm=build/$RUN-busy.img
	boot "busy" busy.sh "$dimm" --fresh --cpu tme-pconfig-busy=1
	rm -f "$dimm"
}

# The second boot is a kernel of the same source and configuration, without our patches.
# It is a full build, so it is not made here.
run_unaware() {
	local dimm=build/$RUN-unaware.img plain=build/kernel-plain/bzImage
	if [ ! -e "$plain" ]; then
		tap ok "unaware: bound files # SKIP no build/kernel-plain (VARIANT=plain scripts/kernel.sh)"
		return
	fi
	boot "unaware/before" unaware-1.sh "$dimm" --fresh
	boot "unaware/plain kernel" unaware-2.sh "$dimm" --kernel "$plain"
	boot "unaware/after" unaware-3.sh "$dimm"
	rm -f "$dimm"
}

parse_arguments "$@"
build_programs
for suite in "${suites[@]}"; do
	case $suite in
	control | machine | busy | unaware) "run_$suite"; continue ;;
	esac
	for engine in "${engines[@]}"; do
		"run_$suite" "$engine"
	done
done
rm -f "build/$RUN"-persist-*.img
print_totals
