# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The host's half of test/pmem/run.sh: one TAP stream out of many reports, and
# the checks that need the DIMM file.

passed=0 failed=0 skipped=0

# tap "ok"|"not ok" NAME [DIAGNOSTIC]
tap() {
	printf '%s %d - %s\n' "$1" $((passed + failed + skipped + 1)) "$2"
	case $1/$2 in
	"not ok"/*)
		if [ -n "${3:-}" ]; then
			printf '#   %s\n' "$3"
		fi
		failed=$((failed + 1)) ;;
	*"# SKIP"*) skipped=$((skipped + 1)) ;;
	*) passed=$((passed + 1)) ;;
	esac
}

# Renumbers the guest's lines. A plan (1..N) is checked against what came.
merge_report() {
	local suite=$1 line seen=0
	while IFS= read -r line; do
		case $line in
		"not ok "*) tap "not ok" "$suite: $(tap_name "$line")"; seen=$((seen + 1)) ;;
		"ok "*) tap ok "$suite: $(tap_name "$line")"; seen=$((seen + 1)) ;;
		1..*)
			if [ "${line#1..}" -ne "$seen" ]; then
				tap "not ok" "$suite: plan $line after $seen tests"
			fi
			seen=0 ;;
		"#"*) printf '%s\n' "$line" ;;
		esac
	done <"$2"
}

# Alias bugs that the emulator has seen, each with the functions of the kernel that did it,
# from the outermost; their number is the number of lines.
merge_audit() {
	local suite=$1 count bug
	if [ ! -s "$2" ]; then
		tap ok "$suite: audit: no alias bug"
		return
	fi
	while read -r count bug; do
		tap "not ok" "$suite: audit: $bug ($count lines)" "$2"
	done < <(name_alias_bugs "$2" | sort | uniq -c | sort -rn)
}

name_alias_bugs() {
	awk '
		function emit() { if (bug != "") print bug ": " path }
		/^[a-z]/ { emit(); bug = $1; path = ""; sub(/:$/, "", bug); next }
		{ sub(/\+0x.*/, "", $2) }
		$1 == "at" { path = $2 }
		$1 == "from" { path = $2 " > " path }
		$1 == "stored" { bug = bug ", stored by " $2 }
		END { emit() }' "$1"
}

tap_name() {
	sed -E 's/^(not )?ok ?[0-9]* - //' <<<"$1"
}

fsck_ext4() {
	/sbin/e2fsck -fn "$1?offset=$2"
}

# xfs_repair takes no offset. The scratch namespace is the last one.
fsck_xfs() {
	local copy=build/$RUN-fsck.img status=0
	dd if="$1" of="$copy" bs=1M skip="$2" iflag=skip_bytes conv=sparse status=none
	/sbin/xfs_repair -n -f "$copy" || status=$?
	rm -f "$copy"
	return "$status"
}

# One "host" line of the report; says what is wrong, and nothing if all is well.
ask_host() {
	local dimm=$1 kind=$2
	shift 2
	case $kind in
	cipher | cipher256 | zero | clear | digest) build/test/host/xts_check "$kind" "$dimm" "$@" ;;
	record) build/test/host/record_check "$@" ;;
	fsck) "fsck_$2" "$dimm" $(($1 - 0x100000000)) >build/logs/fsck.log 2>&1 ||
		{ tail -n 3 build/logs/fsck.log; return 1; } ;;
	*) echo "the report asks for \"$kind\""; return 2 ;;
	esac
}

# All lines of one kind of one test make one line of TAP.
check_on_host() {
	local suite=$1 dimm=$2 report=$3 checks check
	mapfile -t checks < <(sed -nE 's/^host ([a-z0-9]+) .* -- (.*)$/\1 \2/p' "$report" | sort -u)
	for check in "${checks[@]}"; do
		check_one "$suite" "$dimm" "${check%% *}" "${check#* }" "$report"
	done
	check_plaintext "$suite" "$dimm" "$report"
}

check_one() {
	local suite=$1 dimm=$2 kind=$3 name=$4 report=$5 line answer wrong='' count=0
	while IFS= read -r line; do
		line=${line#host "$kind" }
		count=$((count + 1))
		# shellcheck disable=SC2086 # the words of the line
		if ! answer=$(ask_host "$dimm" "$kind" ${line%% -- *} 2>&1); then
			wrong=${wrong:-$answer}
		fi
	done < <(grep -E "^host $kind .* -- $name\$" "$report")
	tap "$([ -z "$wrong" ] && echo ok || echo not ok)" \
		"$suite: $name: host: $kind of $count ranges" "$wrong"
}

# The mark of bound files must be nowhere; that of plain files shows that the
# search would have found it.
check_plaintext() {
	local suite=$1 dimm=$2 found
	if found=$(build/test/host/plain_search "$dimm" SECRET-of-a-bound-file); then
		tap ok "$suite: host: no plaintext of a bound file on the DIMM"
	else
		tap "not ok" "$suite: host: no plaintext of a bound file on the DIMM" "$found"
	fi
	if grep -q '^host clear ' "$3"; then
		tap "$(build/test/host/plain_search "$dimm" CLEAR--of-a-plain-file >/dev/null &&
			echo not ok || echo ok)" "$suite: host: plaintext of a plain file is found"
	fi
}

print_totals() {
	printf '1..%d\n%d passed, %d failed, %d skipped\n' \
		$((passed + failed + skipped)) "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
