#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The story of `make run`: unmodified programs on persistent memory whose data is
# ciphertext on the DIMM, and a reboot after which only the right key opens it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

DIMM=build/story.img
KEY=8f1c3a5e7092b4d6f80a1c2e3d4b5a69
TWEAK=5d6e7f8091a2b3c4d5e6f708192a3b4c
OTHER=00112233445566778899aabbccddeeff
SECRETS=("combination of the safe" "map of the treasure")
start=$SECONDS
failed=0

tick() {
	printf '   \033[32m✓\033[0m %s\n' "$*"
}

cross() {
	printf '   \033[31m✗\033[0m %s\n' "$*"
	failed=$((failed + 1))
}

# The guest's report, line by line as it comes
narrate() {
	local line
	while IFS= read -r line; do
		case $line in
		"say "*) printf '\n%s\n' "${line#say }" ;;
		"ok "*) tick "${line#ok - }" ;;
		"not ok "*) cross "${line#not ok - }" ;;
		"show "*) printf '     %s\n' "${line#show }" ;;
		esac
	done
}

# boot NUMBER [option of vm/run.sh]...
boot() {
	local number=$1 log=$LOGS/story-$1 status=0 pid
	shift
	rm -rf "$log"
	mkdir -p "$log"
	: >"$log/report.shown"
	vm/run.sh --name "story-$number" --script "vm/story-guest-$number.sh" \
		--add vm/story-lib.sh:/story-lib.sh --dimm "$DIMM" \
		--timeout 150 --append "story.key=$KEY story.tweak=$TWEAK story.other=$OTHER" \
		"$@" >"$LOGS/story-$number.out" 2>&1 &
	pid=$!
	until [ -e "$log/report" ] || ! kill -0 $pid 2>/dev/null; do
		sleep 0.1
	done
	tail -q -n +1 -F --pid=$pid "$log/report" 2>/dev/null | narrate
	wait $pid || status=$?
	failed=$((failed + $(grep -c '^not ok' "$log/report" || true)))
	if [ "$status" -ne 0 ]; then
		cross "boot $number: $(tail -n 1 "$LOGS/story-$number.out")"
	fi
}

# The power is off now: only what reached the DIMM is there.
look_at_the_dimm() {
	local phys found
	printf '\nThe power is gone. The host looks into the DIMM file.\n'
	if found=$(build/test/host/plain_search "$DIMM" "${SECRETS[@]}"); then
		tick "no plaintext anywhere in its $(stat -c %s "$DIMM") bytes"
	else
		cross "plaintext on the DIMM: $found"
	fi
	if build/test/host/plain_search "$DIMM" "shopping list" >/dev/null; then
		cross "not even the file without a key is found: the search is worth nothing"
	else
		tick "the search does find the file that has no key"
	fi
	phys=$(sed -n 's/^block \(0x[0-9a-f]*\) .*/\1/p' "$LOGS/story-1/report")
	sed -n 's/^block 0x[0-9a-f]* //p' "$LOGS/story-1/report" | base64 -d >build/story.block
	if [ -n "$phys" ] && found=$(build/test/host/xts_check text "$DIMM" "$phys" 4096 \
		"$KEY" "$TWEAK" build/story.block 2>&1); then
		tick "the database's first block at $phys is what OpenSSL's AES-XTS makes of it"
		printf '     plaintext   %s\n' "$(od -An -tx1 -N16 build/story.block)"
		printf '     on the DIMM %s\n' \
			"$(od -An -tx1 -N16 -j $((phys - 0x100000000)) "$DIMM")"
	else
		cross "the database's first block at $phys: $found"
	fi
}

verdict() {
	printf '\n'
	if [ "$failed" -ne 0 ]; then
		printf 'FAILED: %d steps did not go as told, after %d s. Logs are in %s/story-*/\n' \
			"$failed" $((SECONDS - start)) "$LOGS"
		exit 1
	fi
	printf 'It works: encrypted on the DIMM, opened again by its key only. (%d s)\n' \
		$((SECONDS - start))
}

make -s -C test/host
printf '\nA file on persistent memory is mapped, and the memory controller encrypts it.\n'
boot 1 --fresh --expect-powercut
look_at_the_dimm
boot 2
rm -f build/story.block
if [ "$failed" -eq 0 ]; then
	rm -f "$DIMM"
fi
verdict
