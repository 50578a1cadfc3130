#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# persist-1.sh on XFS.
set -euo pipefail
export MKTME_FS=xfs
# shellcheck source=test/pmem/persist-1.sh
. /test/persist-1.sh
