# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# mktme-dax map, as far as an ordinary filesystem goes.

map() { "$OUT/mktme-dax" map "$@"; }

# A name that XML has to be told about
picture_is_xml() {
	local file="$scratch/a <b> & \"c\""
	truncate -s 5M "$file" && map --svg "$scratch/out.svg" "$file" &&
		python3 -c 'import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])' "$scratch/out.svg"
}

map_speaks_json() {
	truncate -s 5M "$scratch/sparse"
	map --json "$scratch/sparse" | python3 -c '
import json, sys
segments = json.load(sys.stdin)
assert [s["length"] for s in segments] == [5 << 20], segments
assert segments[0]["state"] == "hole" and segments[0]["pages_seen"] is None'
}

test_map() {
	expect 0 "map speaks JSON" map_speaks_json
	expect 0 "its picture is XML" picture_is_xml
	expect 1 "map of two files" map "$scratch/sparse" "$scratch/sparse"
	expect 1 "map in two forms" map --json --svg "$scratch/out.svg" "$scratch/sparse"
	expect 4 "map of no file" map "$scratch/none"
	expect 4 "a picture that cannot be written" map --svg /proc/none "$scratch/sparse"
	unit map_test
}
