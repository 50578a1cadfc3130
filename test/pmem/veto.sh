#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A CPU that has KeyIDs on a platform that does not stand aliases: the kernel says
# so and leaves them alone. Were it to touch one, the emulator would raise a
# machine check.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* MKTME_CONTROL=1
reason='x86/mktme: KeyIDs are not used: platform forbids aliases of a page'
# To its end: grep -q would have left while dmesg still writes, and pipefail makes that a failure.
if dmesg | grep -F "$reason" >/dev/null; then
	say "ok - veto: the kernel says why it uses no KeyIDs"
else
	say "not ok - veto: the kernel says why it uses no KeyIDs"
fi
say 1..1
make_namespaces
make_main
mount_main
for program in abi bind fault; do
	run_test "${program}_test"
done
