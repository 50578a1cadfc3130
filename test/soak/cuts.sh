# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # seed, cuts, INITRD and the rest are run.sh's
# The power cuts: boots, lets the guest promise, cuts at an instant that nobody has chosen, and
# compares what the next boot finds with what was promised.

# A file system that many cuts have hit is one that many recoveries have made.
CUTS_OF_A_FILE_SYSTEM=25

# boot_until_cut TYPE STEP EARLY
# All that is drawn is drawn by this shell: in a subshell RANDOM does not follow from the seed.
boot_until_cut() {
	local options=() delay cpu
	printf -v delay '%d.%03d' $((RANDOM % work)) $((RANDOM % 1000))
	cpu=tme-evict=$((1 + RANDOM % 64)),tme-evict-seed=$((1 + RANDOM % 30000))
	[ "$2" != new ] || options+=(--fresh)
	[ "$2" = last ] || options+=(--cut "$delay")
	[ $((RANDOM % 2)) -eq 0 ] || options+=(--cpu "$cpu")
	vm/run.sh --name "$RUN-cut-$1" --script /soak/guest-cut.sh --initrd "$INITRD" --mem 512 \
		--dimm "$dimm" --dimm-size 258 --timeout "${TIMEOUT:-300}" "${options[@]}" -- "$1" "$2" ${3:+"$3"} >&2
}

# Sets what is wrong after this boot, in $wrong_*; the first of a kind stays.
look_after_boot() {
	local log=$LOGS/$RUN-cut-$1 answer
	answer=$(awk -f test/soak/promises.awk phase=1 "$promises" phase=2 "$log/report" | head -n 5)
	wrong_promise=${wrong_promise:-$answer}
	answer=$(grep -a '^not ok' "$log/report" | head -n 1 || true)
	wrong_guest=${wrong_guest:-$answer}
	answer=$(grep -aE 'BUG: |WARNING: |Oops|Call Trace:|EXT4-fs error|XFS .*(orruption|shutdown)' \
		"$log/console.log" | head -n 1 || true)
	wrong_log=${wrong_log:-$answer}
	if ! answer=$(build/test/host/plain_search "$dimm" SECRET-of-a-bound-file); then
		wrong_bytes=${wrong_bytes:-$answer}
	fi
	grep -a '^p ' "$log/report" >>"$promises" || true
	[ -z "$wrong_promise$wrong_guest$wrong_log$wrong_bytes" ]
}

verdict_of() {
	tap "$([ -z "$2" ] && echo ok || echo not ok)" "$1" "${2//$'\n'/; }"
}

# keep_evidence TYPE CUT: what the next boot would change
keep_evidence() {
	cp --sparse=always "$dimm" "build/$RUN-cut-$1-broken.img"
	cp "$promises" "build/$RUN-cut-$1-broken.promises"
	printf '#   cut %d went wrong; the DIMM after it is build/%s-cut-%s-broken.img\n' "$2" "$RUN" "$1"
}

run_cuts() {
	local type=$1 dimm=build/$RUN-cut-$1.img promises=$LOGS/$RUN-cut-$1.promises made=0
	local n step early status start=$SECONDS
	local wrong_promise='' wrong_guest='' wrong_log='' wrong_bytes='' wrong_end=''
	RANDOM=$((seed % 32768))
	printf '# cuts/%s\n' "$type"
	for ((n = 1; n <= cuts + 1; n++)); do
		step=again early='' status=0
		if [ $(((n - 1) % CUTS_OF_A_FILE_SYSTEM)) -eq 0 ] && [ "$n" -le "$cuts" ]; then
			step=new
			: >"$promises"
		elif [ "$n" -gt "$cuts" ]; then
			step=last
		elif [ $((RANDOM % 6)) -eq 0 ]; then
			early=early
		fi
		boot_until_cut "$type" "$step" "$early" || status=$?
		made=$((made + $(grep -ac '^p ' "$LOGS/$RUN-cut-$type/report" || true)))
		[ "$status" -eq 0 ] || wrong_end=$(head -n 1 "$LOGS/$RUN-cut-$type/status" 2>/dev/null || echo "no status")
		if ! look_after_boot "$type" || [ -n "$wrong_end" ]; then
			keep_evidence "$type" "$n"
			break
		fi
		[ $((n % 10)) -ne 0 ] || printf '# cuts/%s: %d of %d, %d promises, %d s\n' "$type" "$n" "$cuts" \
			"$made" $((SECONDS - start)) >&2
	done
	printf '# cuts/%s: %d cuts, %d promises, %d s, seed %d\n' "$type" $((n > cuts ? cuts : n)) "$made" \
		$((SECONDS - start)) "$seed"
	verdict_of "cuts/$type: promises are kept" "$wrong_promise"
	verdict_of "cuts/$type: file systems are sound, files have their keys" "$wrong_guest"
	verdict_of "cuts/$type: the kernel's log is clean" "$wrong_log"
	verdict_of "cuts/$type: no plaintext of a bound file on the DIMM" "$wrong_bytes"
	verdict_of "cuts/$type: each boot ended as it should" "$wrong_end"
	verdict_of "cuts/$type: there were promises" "$([ "$made" -gt 0 ] || echo none)"
	tap "$(build/test/host/plain_search "$dimm" CLEAR--of-a-plain-file >/dev/null && echo not ok || echo ok)" \
		"cuts/$type: plaintext of a plain file is found"
	rm -f "$dimm"
}
