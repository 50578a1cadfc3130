#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds the test programs that run in the VM: build/test/pmem/.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh

LOG=$LOGS/programs.log

stage_begin programs
mkdir -p "$LOGS"
if [ ! -e test/pmem/Makefile ]; then
	stage_end "there are none yet"
	exit
fi
if ! make -C test/pmem -j"$JOBS" >"$LOG" 2>&1; then
	show_errors "$LOG"
	die "the test programs do not build (see $LOG)"
fi
stage_end "$(find build/test/pmem -type f -perm /111 2>/dev/null | wc -l) test programs"
