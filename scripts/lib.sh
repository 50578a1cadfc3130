# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # some variables are for the scripts that read this
# Common ground of the scripts: messages, stages with their time, the cache.
# To be sourced with the repository's top as current directory.

CACHE=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/mktme-dax
LOGS=build/logs
export LC_ALL=C

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

note() {
	printf '          %s\n' "$*"
}

# One line per stage: what, how long, and the outcome in a few words.
stage_begin() {
	STAGE=$1
	STAGE_START=$(date +%s%N)
	if [ -t 1 ]; then
		printf '   ...    %s\r' "$STAGE"
	fi
}

stage_end() {
	local tenths=$((($(date +%s%N) - STAGE_START) / 100000000))
	if [ -t 1 ]; then
		printf '\033[K'
	fi
	printf '%5d.%d s  %-10s %s\n' $((tenths / 10)) $((tenths % 10)) "$STAGE" "$*"
}

# Reads a long output, keeps it in a log, and counts on the terminal the lines
# that match a pattern: run_counted LOG PATTERN TOTAL COMMAND...
run_counted() {
	local log=$1 pattern=$2 total=$3
	shift 3
	mkdir -p "${log%/*}"
	if [ ! -t 1 ]; then
		"$@" >"$log" 2>&1
		return
	fi
	"$@" 2>&1 | tee "$log" | awk -v pattern="$pattern" -v total="$total" -v stage="$STAGE" '
		$0 ~ pattern { n++ }
		n != last && n % 5 == 0 { last = n; printf "   ...    %-10s %d of %d\r", stage, n, n > total ? n : total; fflush() }'
}

# The key of what is on stdin, short enough for a directory name
hash_key() {
	sha256sum | cut -c1-24
}

# An archive is out of step with its lists for moments: once more after AGAIN_AFTER seconds.
again() {
	"$@" || { sleep "${AGAIN_AFTER:-30}" && "$@"; }
}

with_lock() {
	local lock=$1
	shift
	mkdir -p "${lock%/*}"
	(
		if ! flock -n 9; then
			note "waiting for another build that holds $lock"
			flock 9
		fi
		"$@"
	) 9>"$lock"
}

# A verdict is kept under its key: nothing is judged twice.  remember NAME KEY LOCK COMMAND...
remember() {
	local name=$1 verdict=$CACHE/verdicts/$1-$2
	shift 2
	mkdir -p "$CACHE/verdicts" "$LOGS"
	if [ ! -e "$verdict" ]; then
		with_lock "$@" >"$LOGS/$name.log" 2>&1 || {
			tail -n 40 "$LOGS/$name.log"
			return 1
		}
		find "$CACHE/verdicts" -maxdepth 1 -name "$name-*" -mtime +30 -delete
		cp "$LOGS/$name.log" "$verdict"
	fi
	tail -n 1 "$verdict"
}
