# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # $scratch
# Tests of the VM runner: its own errors, and its verdicts.  Read by selftest.sh.

# boot BODY [OPTION]...: one run of the VM with a script of this body
boot() {
	printf '#!/bin/bash\n%s\n' "$1" >"$scratch/guest.sh"
	shift
	vm/run.sh --name selftest --script "$scratch/guest.sh" --dimm "$scratch/dimm" "$@"
}

test_runner_arguments() {
	expect "vm: an unknown engine" 2 'unknown engine "shadow"' boot true --engine shadow
	expect "vm: an emulator that is not there" 1 'there is no /nowhere' boot true --emulator /nowhere
	expect "vm: an unknown option" 2 'unknown option --nonsense' boot true --nonsense 1
	expect "vm: a number that is none" 2 '"many" is not a number' boot true --smp many
	expect "vm: CPUs that cannot be divided" 2 '3 CPUs cannot be in 2 packages' \
		boot true --smp 3 --sockets 2
	expect "vm: an audit of an engine without caches" 2 'needs --engine cache' \
		boot true --audit --engine direct
	expect "vm: a missing DIMM file" 1 "there is no DIMM file $scratch/dimm" boot true
	truncate -s 4M "$scratch/small"
	expect "vm: a DIMM file of another size" 1 'has 4194304 bytes, not' boot true --dimm "$scratch/small"
}

# The power fails while the script sleeps.
boot_and_cut() {
	make -s -C test/host
	build/test/host/qmp "$scratch/qmp" power-cut >/dev/null || true &
	boot 'sleep 1000' --qmp "$scratch/qmp" "$@"
}

test_runner_verdicts() {
	echo "left over" >"$scratch/dimm"
	expect "vm: a script that succeeds, on a fresh DIMM" 0 '' boot true --fresh
	expect "vm: the verdict is the last line" 0 '^verdict ok$' tail -n 1 "$LOGS/selftest/report"
	expect "vm: the command line is logged" 0 'qemu-system-x86_64 .*tme-engine=cache' cat "$LOGS/selftest/cmdline"
	expect "vm: a word for the kernel's first stage is no script" 0 '' boot true --append no5lvl
	expect "vm: a script that fails" 1 'ended with status 3' boot 'exit 3'
	expect "vm: a test that is not ok" 1 '1 tests failed' boot 'echo "not ok 1 - x" >&3'
	expect "vm: a back trace in the kernel log" 1 'kernel log: .*Call Trace' boot 'echo t >/proc/sysrq-trigger'
	expect "vm: the same, but expected" 0 '' boot 'echo "Call Trace" >/run/kmsg.allow; echo t >/proc/sysrq-trigger'
	expect "vm: a crash leaves no verdict" 1 'no verdict: .*(panic|BUG|Oops)' boot 'echo c >/proc/sysrq-trigger'
	expect "vm: a timeout" 124 'timeout after 15 s' boot 'sleep 1000' --timeout 15
	expect "vm: an expected power cut" 0 '' boot 'echo powercut >&3; sleep 1000' --expect-powercut
	expect "vm: an unexpected power cut" 1 'unexpected power cut' boot 'echo powercut >&3; sleep 1000'
	expect "vm: a power cut by QMP" 0 '' boot_and_cut --expect-powercut
	expect "vm: a power cut that was asked for" 0 '' boot 'echo "cut me" >&3; sleep 1000' --cut 0.1
	expect "vm: an unexpected power cut by QMP" 1 'unexpected power cut' boot_and_cut
	expect "vm: an audit with nothing to report" 0 '' boot true --audit
	expect "vm: and it was one" 0 '^tme-audit: total two-dirty=0 over-newer=0 dead-key=0$' \
		cat "$LOGS/selftest/qemu.out"
	expect "vm: a power cut that does not come" 1 'power cut did not come' boot true --expect-powercut
}

# Tracepoints are instructions that the kernel writes while other CPUs run them: those of an interrupt in
# the interrupt that tells the others. QEMU 7.2 as it comes ended in "Oops: int3" after 4 to 28 seconds.
# shellcheck disable=SC2016 # for the guest
PATCH_CODE='mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
cd /sys/kernel/tracing/events || exit
end=$(($(cut -d. -f1 /proc/uptime) + 30))
while [ "$(cut -d. -f1 /proc/uptime)" -lt $end ]; do
	for group in irq_vectors timer sched/sched_switch; do
		echo 1 >$group/enable && echo 0 >$group/enable || exit
	done
done'

test_code_that_changes() {
	expect "vm: code may be changed while another CPU runs it" 0 '' boot "$PATCH_CODE"
}

# What `make run` does once all is built
test_story() {
	expect "story: it ends well" 0 '^It works: ' vm/story.sh
}
