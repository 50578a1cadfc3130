#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One boot of the tool's tests. Arguments: pattern of names.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export MKTME_ONLY=$* PATH=/tools:$PATH
# What request-key(8) is to do: the packaged example, and a key that is not there
ln -sfn /tools/mktme-dax /usr/bin/mktme-dax
mkdir -p /etc/request-key.d
sed p /tools/request-key.conf | sed '$s/vault/no-such-key/g' >/etc/request-key.d/mktme-dax.conf
make_namespaces
make_main
mount_main
for program in /tools/*_test; do
	run_test "../tools/${program##*/}"
done
