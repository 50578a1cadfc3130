#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot of the tool's tests. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* PATH=/tools:$PATH
make_namespaces
make_main
mount_main
for program in /tools/*_test; do
	run_test "../tools/${program##*/}"
done
