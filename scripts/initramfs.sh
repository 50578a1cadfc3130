#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The stage around vm/mkinitramfs.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

stage_begin initramfs
vm/mkinitramfs.sh
stage_end "$(($(stat -c %s build/initramfs.cpio.gz) / 1000000)) MB from the host's packages"
