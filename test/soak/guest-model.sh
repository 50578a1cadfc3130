#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot of the model checker. Arguments: type of the file system, options of model.
set -euo pipefail
# shellcheck source=test/soak/guest-lib.sh
. /soak/guest-lib.sh

export MKTME_FS=$1
shift
make_namespace
make_file_system
mount_file_system
checker model /soak/model "$@"
check_sound model
