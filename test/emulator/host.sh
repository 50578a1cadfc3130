# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # variables of run.sh
# What the host does to a machine while a program runs in it.  Read by test/emulator/run.sh.

# Cuts the power at any instant after the guest told a first number
cut_power() {
	local seed=${SEED:-$RANDOM} log=$1 socket=$2 delay
	# Drawn by this shell: in one below it RANDOM does not follow from the seed
	RANDOM=$((seed + number))
	printf -v delay 0.%03d $((RANDOM % 500))
	await_told "$log"
	sleep "$delay"
	echo "# boot $number: SEED=$seed"
	"$out/qmp" "$socket" power-cut || true
}

# Until the guest has told something
await_told() {
	local try=0
	while [ $((try += 1)) -lt 3000 ] && ! grep -aqs '^told' "$1"; do
		sleep 0.02
	done
}

# Changes the first byte of the DIMM behind the emulator's back, and says so in the second page.
poke_dimm() {
	await_told "$1"
	printf '\x90' | dd of="$2" bs=1 conv=notrunc status=none
	printf '\x01' | dd of="$2" bs=1 seek=4096 conv=notrunc status=none
}
