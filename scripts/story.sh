#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The last step of `make run`: the story, told by vm/story.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

[ -x vm/story.sh ] || die "everything is built, but there is no vm/story.sh yet; try 'make shell'"
exec vm/story.sh
