#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Makes a kernel configuration: allnoconfig and fragments.
#
#   scripts/kernel-config.sh TREE FRAGMENT...
#
# kconfig drops without a word what it does not know or cannot have.  So every line
# of every fragment has to be in the result; those that are not are named, and the
# script fails.  A later fragment may overrule an earlier one.
set -euo pipefail

tree=$1
shift
config=$tree/.config
wanted=$tree/.mktme-dax/wanted

# "CONFIG_X=n" is kconfig's "# CONFIG_X is not set"
merge_fragments() {
	awk '
		/^CONFIG_[A-Za-z0-9_]+=/ { symbol = $0; sub(/=.*/, "", symbol) }
		/^# CONFIG_[A-Za-z0-9_]+ is not set$/ { symbol = $2 }
		symbol { line[symbol] = ($0 == symbol "=n") ? "# " symbol " is not set" : $0 }
		{ symbol = "" }
		END { for (symbol in line) print line[symbol] }' "$@" | sort
}

# A symbol that is off may also be absent altogether.
list_lost() {
	local line symbol
	while read -r line; do
		case $line in
		'#'*)
			symbol=${line#\# } symbol=${symbol%% *}
			if grep -q "^$symbol=" "$config"; then
				echo "$line"
			fi ;;
		*)
			grep -qxF -- "$line" "$config" || echo "$line" ;;
		esac
	done <"$wanted"
}

mkdir -p "$tree/.mktme-dax"
merge_fragments "$@" >"$wanted"
[ ! -e "$config" ] || cp -p "$config" "$config.before"
make -s -C "$tree" allnoconfig
cat "$wanted" >>"$config"
make -s -C "$tree" olddefconfig 2>&1 | grep -v 'override: reassigning' || true
lost=$(list_lost)
if [ -n "$lost" ]; then
	printf 'these lines of the fragments (%s) did not survive olddefconfig:\n%s\n' "$*" "$lost" >&2
	exit 1
fi
# A new time alone would make the build look at everything again
if cmp -s "$config" "$config.before"; then
	mv "$config.before" "$config"
fi
