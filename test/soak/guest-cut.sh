#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot between two power cuts: what is there is told, then written to until the
# power goes.
#
#   guest-cut.sh ext4|xfs new|again|last [early]
#
# early: the host may cut at once, in the midst of recovery; else the writers say when.
# last: no cut any more.
set -euo pipefail
# shellcheck source=test/soak/guest-lib.sh
. /soak/guest-lib.sh

export MKTME_FS=$1
if [ "${3:-}" = early ]; then
	say "cut me"
fi
if [ "$2" = new ]; then
	make_namespace
	make_file_system
	mount_file_system
	/soak/promise make
else
	await_device
	mount_file_system
	/soak/promise check
	check_sound promise
	mount_file_system
fi
if [ "$2" = last ]; then
	exit
fi
/soak/promise write
say "not ok - promise: the writers have ended"
