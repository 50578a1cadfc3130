#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The model checker, and beside it stress-ng in a directory under a fourth key.
#
#   guest-stress.sh ext4|xfs SECONDS OPTION-OF-MODEL...
set -euo pipefail
# shellcheck source=test/soak/guest-lib.sh
. /soak/guest-lib.sh

export MKTME_FS=$1
seconds=$2
shift 2
make_namespace
make_file_system
mount_file_system
mkdir "$MAIN/stress"
/soak/bind-directory "$MAIN/stress" 4
chmod 1777 "$MAIN/stress"
# Not as root, who has memory poisoned by it
setpriv --reuid 1000 --regid 1000 --clear-groups \
	stress-ng --temp-path "$MAIN/stress" --mmap 1 --mmap-file --mmap-bytes 4m --mprotect 1 --fault 1 \
	--madvise 1 --vm 1 --vm-bytes 16m --verify --timeout "$seconds" &
stress=$!
checker stress /soak/model --stay-mounted "$@"
if wait "$stress"; then
	say "ok - stress: stress-ng ended well"
else
	say "not ok - stress: stress-ng ended well"
fi
check_sound stress
