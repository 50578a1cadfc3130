#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tests of the kernel on one that checks itself: KASAN, UBSAN, lockdep, kmemleak,
# page table checks (vm/debug.config), and that can sleep.
#
#   scripts/test-debug.sh [argument of test/pmem/run.sh]...    all suites, engine cache
#
# What such a kernel finds stands in its log, and PID 1 makes it a verdict.
set -euo pipefail
cd "$(dirname "$0")/.."

VARIANT=debug scripts/kernel.sh
[ $# -gt 0 ] || set -- --engine cache
# Four times as slow as others, and more beside other work
export TIMEOUT=${TIMEOUT:-3600}
# With five levels of page tables KASAN may report an access of its own in identify_cpu()
export APPEND="no5lvl ${APPEND:-}"
# Half of it has to be free for an image to hibernate with
export MACHINE_MEM=1536
RUN=debug KERNEL=build/kernel-debug/bzImage exec test/pmem/run.sh "$@"
