# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the variables are run.sh's
# The command line of vm/run.sh.

usage() {
	cat <<END
usage: vm/run.sh --name NAME --script SCRIPT [option]... [-- argument of SCRIPT...]
       vm/run.sh --shell [option]...

  --name NAME          logs go to build/logs/NAME/
  --script SCRIPT      what the guest runs: a path in the guest, or a file of the host
  --shell              a person on the terminal instead
  --engine ENGINE      cache (default), direct or none
  --keyid-bits N       KeyID bits of the CPU; default 6; 0 is a CPU without TME
  --dimm FILE          DIMM file; default build/dimm.img
  --dimm-size MIB      its size, label area included; default 1026
  --fresh              start with an empty DIMM
  --smp N, --mem MIB   CPUs (2) and memory (1024)
  --timeout SECONDS    default 300
  --append "ARGUMENTS" more kernel arguments (and those of APPEND=)
  --add HOST:GUEST     put a file or directory of the host in the guest (repeatable)
  --expect-powercut    the guest ends by writing "powercut" to the report port
  --icount             count instructions: one CPU, one thread, nothing random, and the
                       time stamp counter goes up by one with each instruction
  --cpu PROPERTIES     more CPU properties, separated by commas
  --kernel FILE        another bzImage; default: KERNEL= or build/kernel/bzImage
  --sockets N          packages that the CPUs are in (1); memory is interleaved among them
  --audit              fail if tme-audit reports an alias bug (build/logs/NAME/audit)
  --emulator FILE      another QEMU; default: EMULATOR= or build/emulator/qemu-system-x86_64
  --qmp SOCKET         QEMU takes commands there (build/test/host/qmp)
  --initrd FILE        another root; default: build/initramfs.cpio.gz
  --cut SECONDS        cut the power so long after the guest has first written "cut me" to
                       the report port: at any instant of the machine, by QMP

A power cut comes from the guest or by the QMP command "power-cut".

Exit status: 0 when the report ends with "verdict ok" (or with the expected power
cut) and has no "not ok" line, 124 on a timeout, 2 on wrong usage, else 1.
END
}

misuse() {
	printf 'run.sh: %s (see vm/run.sh --help)\n' "$*" >&2
	exit 2
}

parse_arguments() {
	name='' script='' shell=no engine=cache keyid_bits=6 dimm=build/dimm.img dimm_size=1026
	fresh=no smp=2 mem=1024 timeout=300 append=${APPEND:-} expect_powercut=no cpu='' qmp=''
	sockets=1 audit=no icount=no cut='' initrd=build/initramfs.cpio.gz
	additions=() arguments=()
	kernel=${KERNEL:-build/kernel/bzImage}
	emulator=${EMULATOR:-build/emulator/qemu-system-x86_64}
	while [ $# -gt 0 ]; do
		case $1 in
		--fresh) fresh=yes ;;
		--shell) shell=yes ;;
		--audit) audit=yes ;;
		--icount) icount=yes ;;
		--expect-powercut) expect_powercut=yes ;;
		--help) usage; exit 0 ;;
		--) shift; arguments=("$@"); return ;;
		--*)
			[ $# -gt 1 ] || misuse "$1 needs a value"
			parse_value "$1" "$2"
			shift ;;
		*) misuse "what is \"$1\"?" ;;
		esac
		shift
	done
}

parse_value() {
	case $1 in
	--name) name=$2 ;;
	--script) script=$2 ;;
	--engine) engine=$2 ;;
	--keyid-bits) keyid_bits=$2 ;;
	--dimm) dimm=$2 ;;
	--dimm-size) dimm_size=$2 ;;
	--smp) smp=$2 ;;
	--mem) mem=$2 ;;
	--timeout) timeout=$2 ;;
	--append) append+=" $2" ;;
	--add) additions+=("$2") ;;
	--cpu) cpu=$2 ;;
	--kernel) kernel=$2 ;;
	--qmp) qmp=$2 ;;
	--sockets) sockets=$2 ;;
	--emulator) emulator=$2 ;;
	--initrd) initrd=$2 ;;
	--cut) cut=$2 expect_powercut=yes ;;
	*) misuse "unknown option $1" ;;
	esac
}

check_arguments() {
	local number
	if [ "$shell" = yes ]; then
		name=${name:-shell}
	fi
	[ -n "$name" ] || misuse "--name is missing"
	[ "$shell" = yes ] || [ -n "$script" ] || misuse "--script is missing"
	case $engine in
	cache | direct | none) ;;
	*) misuse "unknown engine \"$engine\": cache, direct or none" ;;
	esac
	for number in "$keyid_bits" "$dimm_size" "$smp" "$mem" "$timeout" "$sockets"; do
		case $number in
		'' | *[!0-9]*) misuse "\"$number\" is not a number" ;;
		esac
	done
	if [ "$sockets" -eq 0 ] || [ $((smp % sockets)) -ne 0 ]; then
		misuse "$smp CPUs cannot be in $sockets packages"
	fi
	if [ "$audit" = yes ] && [ "$engine" != cache ]; then
		misuse "--audit needs --engine cache"
	fi
	[ "$dimm_size" -gt 2 ] || misuse "a DIMM of $dimm_size MiB is all label area"
	[ -x "$emulator" ] || die "there is no $emulator: run 'make emulator' first"
	[ -e "$kernel" ] || die "there is no $kernel: run 'make kernel' first"
	[ -e "$initrd" ] || die "there is no $initrd: run 'make initramfs' first"
	[[ $cut =~ ^[0-9]*(\.[0-9]+)?$ ]] || misuse "\"$cut\" is not a number of seconds"
}
