# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # $program is of the script
# What the guest scripts about the tool share. Read after /test/lib.sh.

number=0

# check NAME COMMAND...: TAP on the report port; what the command says goes to the console.
# MKTME_ONLY, a pattern, leaves checks out, but no set-up between them.
check() {
	local name="$program: $1" result=ok
	shift
	# shellcheck disable=SC2053 # a pattern
	if [ -n "${MKTME_ONLY:-}" ] && [[ $name != $MKTME_ONLY ]]; then
		return 0
	fi
	number=$((number + 1))
	echo "== $(cut -d. -f1 /proc/uptime) $name"
	"$@" || result="not ok"
	say "$result $number - $name"
}

# fails STATUS TEXT COMMAND...: it does so, with this in its message
fails() {
	local wanted=$1 text=$2 status=0 output
	shift 2
	output=$("$@" 2>&1) || status=$?
	printf '%s\n' "$output"
	[ "$status" -eq "$wanted" ] && [[ $output == *"$text"* ]]
}

end_of_checks() {
	say "1..$number"
}
