# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # the variables are for those who read this file in
# What the two boots of the story share: where things are, and the lines of the report.

DIR=/mnt/pmem
VAULT=$DIR/vault
report=$MKTME_REPORT_FD

say() { printf 'say %s\n' "$*" >&"$report"; }
show() { printf 'show %s\n' "$*" >&"$report"; }

# check TEXT COMMAND...: one tick or cross
check() {
	local text=$1
	shift
	if "$@"; then
		printf 'ok - %s\n' "$text" >&"$report"
	else
		printf 'not ok - %s\n' "$text" >&"$report"
	fi
}

# A word of the kernel's command line, where the host has put it.
argument() { sed -n "s/.*story\.$1=\([0-9a-f]*\).*/\1/p" /proc/cmdline; }

# add_key DESCRIPTION DATA-KEY: into the user's keyring, and into $key
add_key() {
	key=$(keyctl add mktme "$1" "type=user algorithm=aes-xts-128 key=$2 tweak=$(argument tweak)" @u)
}
