#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot of the fuzzer.
#
#   guest-fuzz.sh ext4|xfs SEED CALLS ROUNDS
set -euo pipefail
# shellcheck source=test/soak/guest-lib.sh
. /soak/guest-lib.sh

export MKTME_FS=$1
make_namespace
make_file_system
mount_file_system
checker fuzz /soak/fuzz calls "$2" "$3"
check_sound fuzz

# Without checksums, so that it is for our code to see what is wrong, and with room for the record
# in the inode, since ext4 lets files share a block of equal attributes.
case $MKTME_FS in
xfs) mkfs.xfs -q -f --unsupported -b size=4096 -m crc=0 "$MKTME_DEVICE" ;;
*) mkfs.ext4 -q -F -b 4096 -I 1024 -O ^metadata_csum "$MKTME_DEVICE" ;;
esac
mount_file_system
/soak/fuzz records "$2" "$4" || say "not ok - fuzz: records are judged as they are"
