#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the boots of systemd find on the DIMM: an encrypted directory on the one filesystem,
# the store with its key on the other.
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh

export PATH=/tools:$PATH
VAULT=/mnt/pmem/vault
STORE=/etc/mktme-dax

make_keys() {
	mkfs.ext4 -q -F /dev/pmem0.1
	mkdir -p "$STORE"
	mount /dev/pmem0.1 "$STORE"
	keyctl add user kmk 0123456789abcdef0123456789abcdef @u
	keyctl add encrypted kek "new enc32 user:kmk 32" @u
	head -c 32 /dev/urandom >"$STORE/vault.key"
	chmod 600 "$STORE/vault.key"
	echo "the word" >/run/passphrase
	mktme-dax key create --encrypted-key kek vault
	mktme-dax key add-protector --new-key-file "$STORE/vault.key" vault
	mktme-dax key add-protector --memory 64 --passes 1 --new-passphrase-file /run/passphrase vault
}

make_vault() {
	mkdir -p /mnt/pmem
	mount -o dax=always /dev/pmem0 /mnt/pmem
	mkdir "$VAULT"
	mktme-dax key load vault
	mktme-dax unlock "$VAULT" vault
	mktme-dax bind --key vault "$VAULT"
	cp /tools/mktme-dax "$VAULT/file"
}

make_namespaces
make_main
make_keys
make_vault
