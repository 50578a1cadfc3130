#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot that fills the file system, again and again.
#
#   guest-fill.sh ext4|xfs SEED ROUNDS
set -euo pipefail
# shellcheck source=test/soak/guest-lib.sh
. /soak/guest-lib.sh

export MKTME_FS=$1
make_namespace
make_file_system
mount_file_system
checker fill /soak/fill "$2" "$3"
check_sound fill
