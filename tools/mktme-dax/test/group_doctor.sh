# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# The doctor: its judgement from recorded facts, and its questions everywhere alike.

questions() { "$OUT/mktme-dax" doctor --list | cut -d' ' -f1 | sort; }

# In the page they are the tagged paragraphs below FINDINGS.
questions_in_page() {
	sed -n '/^\.SH FINDINGS/,/^\.SH /s/^\.B \([a-z]\)/\1/p' "$top/man/mktme-dax-doctor.1" |
		sed 's/\\-/-/g' | tr -s ' ,' '\n' | sort
}

# Each one was found wrong once by a unit test.
questions_in_tests() {
	grep -ohE '"[a-z]+-[a-z-]+"' "$top"/test/doctor_*_test.c | tr -d '"' | grep -Fx "$(questions)" | sort -u
}

same_questions() { diff <(questions) <("$1"); }

doctor_speaks_json() {
	{ "$OUT/mktme-dax" doctor --json || true; } | python3 -c '
import json, sys
for finding in json.load(sys.stdin):
	assert set(finding) == {"id", "level", "subject", "cause", "remedy"}
	assert finding["level"] in ("ok", "warn", "fail")
	assert (finding["remedy"] is None) == (finding["level"] == "ok")'
}

test_doctor() {
	expect 0 "each question of the doctor is in its page" same_questions questions_in_page
	expect 0 "and in a unit test" same_questions questions_in_tests
	expect 0 "the doctor speaks JSON" doctor_speaks_json
	expect 4 "the doctor fails where there is no persistent memory" "$OUT/mktme-dax" doctor /proc
	expect 4 "and where there is no file" "$OUT/mktme-dax" doctor "$scratch/none"
	unit doctor_machine_test
	unit doctor_path_test
}
