#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The guest's half of scripts/bench.sh. Everything that could be random is given.
#
#   bench.sh off          a kernel without bound files, or before there are any
#   bench.sh bound        that, and then plain and bound files side by side
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

UUID=6d6b746d-652d-4461-8000-00000000000

ulimit -n 8192
ndctl create-namespace -f -e namespace0.0 -m fsdax -M mem -u ${UUID}1 >/dev/null
mkfs.ext4 -q -F -b 4096 -U ${UUID}2 \
	-E "stride=512,stripe_width=512,hash_seed=${UUID}3" /dev/pmem0
mount_main
run_test bench off
if [ "$1" = bound ]; then
	run_test bench bound
	run_test bench slab
fi
