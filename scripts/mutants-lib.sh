# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Breaking things on purpose, one at a time: what the scripts/mutants*.sh share.

passed=0 failed=0

trim() {
	sed -E 's/^[[:space:]]+|[[:space:]]+$//g' <<<"$1"
}

tap() {
	printf '%s %d - %s\n' "$1" $((passed + failed + 1)) "$2"
	case $1 in
	ok) passed=$((passed + 1)) ;;
	*) failed=$((failed + 1)) ;;
	esac
}

# own_tree LOCK: until the script ends. Somebody else who prepares the tree meanwhile would mend
# what is broken, and ccache would keep the object of the one under the name of the other.
own_tree() {
	mkdir -p "${1%/*}"
	exec 7>"$1"
	if ! flock -n 7; then
		note "waiting for other mutants, which have the tree"
		flock 7
	fi
}

# With a new time stamp: what was built from the broken file has to be built again.
restore() {
	cp "$1.unbroken" "$1"
	rm "$1.unbroken"
}

# break_file FILE EXPRESSION, for sed; fails, and leaves the file, if that changes nothing.
break_file() {
	cp -p "$1" "$1.unbroken"
	sed -i "$2" "$1"
	if cmp -s "$1" "$1.unbroken"; then
		restore "$1"
		return 1
	fi
}

# Any "not ok" of a test whose name matches; the suite and engine before it do not count.
caught_by() {
	sed -n 's/^not ok [0-9]* - [^:]*: //p' "$1" | while read -r line; do
		# shellcheck disable=SC2053 # the right side is a pattern
		if [[ $line == $2* ]]; then
			echo "$line"
			break
		fi
	done
}

# judge NAME TAP-FILE TESTS
judge() {
	local found
	found=$(caught_by "$2" "$3")
	if [ -n "$found" ]; then
		tap ok "$1: caught by $found ($(grep -c '^not ok' "$2") tests fail)"
	else
		tap "not ok" "$1: not caught by $3 ($(grep -c '^not ok' "$2" || true) others fail)"
	fi
}

# wanted NAME NAME...: is the first among the others, if there are any?
wanted() {
	local one
	[ $# -gt 1 ] || return 0
	for one in "${@:2}"; do
		[ "$one" != "$1" ] || return 0
	done
	return 1
}

print_totals() {
	printf '1..%d\n' $((passed + failed))
	printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
}
