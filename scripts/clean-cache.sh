#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Removes what the project keeps outside the clone.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

case $CACHE in
*/mktme-dax) ;;
*) die "refusing to remove $CACHE" ;;
esac
echo "removing $CACHE ($(du -sh "$CACHE" 2>/dev/null | cut -f1))"
rm -rf "$CACHE"
