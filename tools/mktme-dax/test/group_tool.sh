# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# The tool: help, wrong usage, exit codes, manual pages, completion.

tool() { "$OUT/mktme-dax" "$@"; }
verbs() { tool --list-verbs; }

each_verb_has_help() {
	local verb
	verbs | while read -r verb; do
		# shellcheck disable=SC2086 # "key create" is two words
		if ! tool help $verb | grep -q "^usage: mktme-dax $verb" ||
			! tool $verb --help | grep -q '^usage'; then
			echo "$verb"
			return 1
		fi
	done
}

each_verb_has_a_page() {
	local verb page
	verbs | while read -r verb; do
		page=$top/man/mktme-dax-${verb// /-}.1
		[ -e "$page" ] || { echo "no $page"; return 1; }
		# Each option of --help is in the page, and each of the page in --help.
		# shellcheck disable=SC2086
		diff <(tool help $verb | grep -oE -- '--[a-z][a-z-]+' | sort -u) \
			<(sed 's/\\-/-/g' "$page" | grep -oE -- '--[a-z][a-z-]+' | sort -u) || { echo "$page"; return 1; }
	done
}

each_page_has_a_verb() {
	diff <(verbs | sed 's/ /-/g' | sort) \
		<(find "$top/man" -name 'mktme-dax-*.1' | sed 's|.*/mktme-dax-\(.*\)\.1|\1|' | sort)
}

# Whatever a page, the help or an error sends people to is there.
each_hint_has_a_verb() {
	sed 's/\\-/-/g' "$top"/man/*.1 "$top"/src/*.c | grep -oE '\bmktme-dax [a-z]+' | cut -d' ' -f2 | sort -u |
		grep -vxF -e help -e "$(verbs | cut -d' ' -f1)" && return 1
	return 0
}

pages_are_clean() {
	local page
	for page in "$top"/man/*.1 "$top"/man/*.5; do
		[ -e "$page" ] || continue
		man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | grep . && { echo "$page"; return 1; }
	done
	return 0
}

# As if it were installed where it was built
units_are_clean() {
	sed "s|/usr/bin/mktme-dax|$OUT/mktme-dax|" "$top/systemd/mktme-dax-unlock@.service" \
		>"$scratch/mktme-dax-unlock@mnt-pmem.service"
	! systemd-analyze --man=no verify "$scratch/mktme-dax-unlock@mnt-pmem.service" 2>&1 | grep -F unlock@
}

json_is_an_array() {
	tool status --json | python3 -c 'import json, sys; assert isinstance(json.load(sys.stdin), list)'
}

says_next() { ! tool "$@" 2>"$scratch/err" && grep -q '^  next: ' "$scratch/err"; }

# Where nothing can be encrypted, the doctor knows why.
sends_to_the_doctor() {
	tool "$@" >"$scratch/both" 2>&1 || true
	grep '^  next: mktme-dax doctor' "$scratch/both"
}

without_keyids() { MKTME_DAX_SYSFS=$scratch/none sends_to_the_doctor status; }

full_disk() { tool --help >/dev/full; }

test_tool() {
	expect 0 "help" tool --help
	expect 0 "version" tool --version
	expect 0 "each verb has help" each_verb_has_help
	expect 0 "each verb has a manual page, with the same options" each_verb_has_a_page
	expect 0 "each manual page has a verb" each_page_has_a_verb
	expect 0 "each hint has a verb" each_hint_has_a_verb
	expect 0 "manual pages have no warnings" pages_are_clean
	expect 0 "systemd has no complaint about the unit" units_are_clean
	expect 1 "no such verb" tool encrpyt
	expect 1 "no such option" tool status --jason
	expect 1 "an option twice" tool status --json --json
	expect 1 "an option without its value" tool bind --serial
	expect 1 "a bad number" tool bind --serial 12x /tmp
	expect 4 "a filesystem that has no encrypted files" tool status /proc
	expect 4 "a file that is not there" tool status "$scratch/none"
	expect 0 "errors say what to do next" says_next status /proc
	expect 0 "status sends to the doctor" sends_to_the_doctor status /proc
	expect 0 "status of a machine without KeyIDs, too" without_keyids
	expect 0 "bind sends to the doctor" sends_to_the_doctor bind --serial 1 "$scratch"
	expect 0 "JSON is an array" json_is_an_array
	expect 4 "output that cannot be written" full_disk
}
