#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine with few KeyIDs and two sockets, whose PCONFIG is busy now and then.
# Ends in another kernel (machine-2.sh). Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_KEYIDS=7
make_namespaces
make_main
mount_main
# First of all, while no KeyID holds a key.
for program in machine memory sysfs key revoke exhaust kexec_before; do
	run_test "${program}_test"
done
# Only the next kernel's log is read by PID 1.
if dmesg | grep -E 'BUG: |WARNING: |Call Trace:'; then
	say "not ok - the log of the first kernel is clean"
fi
gcov-report
/test/kexec_jump /test/machine-2.sh ${1:+"$1"}
say "not ok - kexec: the other kernel starts"
