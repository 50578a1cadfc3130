#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The loops that look for what nobody has thought of, short or long.
#
#   test/soak/run.sh [--long] [--seed N] [--fs TYPE]... [PART]...
#   test/soak/run.sh [--fs TYPE] --replay FILE [--tries N]
#
# PART is model, fuzz, fill, stress or cuts; all by default. TYPE is ext4 or xfs; both by default.
# --long: 200,000 operations, a million calls and 200 power cuts for each type. The seed of a short run is 1,
# that of a long one made up and printed. --ops N, --calls N, --cuts N: so many, whatever else is said.
# --work N: writers work for up to N seconds before a cut (2).
# FILE has operations as a run that fails prints them ("script:" in its report).
# TIMEOUT=SECONDS: of one boot, on a slow kernel or a busy machine. APPEND="no_debug_objects no5lvl": arguments
# for a kernel of VARIANT=debug.
# One TAP stream on stdout; the last line is "N passed, M failed, K skipped".
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=test/pmem/host.sh
. test/pmem/host.sh
# shellcheck source=test/soak/cuts.sh
. test/soak/cuts.sh

LOGS=build/logs
RUN=${RUN:-soak}
INITRD=build/$RUN-initrd.gz
long=no evict=16 seed='' types=() parts=() replay='' tries=20 ops='' calls='' cuts='' work=2

parse_arguments() {
	while [ $# -gt 0 ]; do
		case $1 in
		--long) long=yes ;;
		--seed) seed=${2:?}; shift ;;
		--fs) types+=("${2:?}"); shift ;;
		--replay) replay=${2:?}; shift ;;
		--tries) tries=${2:?}; shift ;;
		--ops) ops=${2:?}; shift ;;
		--calls) calls=${2:?}; shift ;;
		--cuts) cuts=${2:?}; shift ;;
		--work) work=${2:?}; shift ;;
		model | cuts | fuzz | fill | stress) parts+=("$1") ;;
		*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
		esac
		shift
	done
	[ ${#types[@]} -gt 0 ] || types=(ext4 xfs)
	[ ${#parts[@]} -gt 0 ] || parts=(model fuzz fill stress cuts)
	[ -z "$replay" ] || parts=(replay)
}

# What a short run does is the same each time.
choose_sizes() {
	if [ "$long" = yes ]; then
		seed=${seed:-$(date +%s)} ops=${ops:-200000} calls=${calls:-1000000} cuts=${cuts:-200}
	else
		seed=${seed:-1} ops=${ops:-2000} calls=${calls:-10000} cuts=${cuts:-2}
	fi
	printf '# seed %s\n' "$seed"
}

list_programs() {
	local program
	for program in bash mkdir chmod sleep grep mount umount setpriv ndctl mkfs.ext4 e2fsck mkfs.xfs xfs_repair; do
		printf '%s:/usr/bin/%s\n' "$(readlink -f "$(PATH=/usr/sbin:/usr/bin command -v $program)")" $program
	done
}

# A root of its own, a third of the usual one: most of a boot is unpacking it.
build_initrd() {
	local programs
	make -s -C test/host >&2
	make -s -C test/soak >&2
	scripts/programs.sh >&2
	scripts/initramfs.sh >&2
	mapfile -t programs < <(list_programs)
	vm/mkinitramfs.sh --add "$INITRD" build/vm/init:/init vm/guest/mkdax:/usr/sbin/mkdax \
		build/test/soak:/soak /lib/x86_64-linux-gnu/libgcc_s.so.1:/lib/x86_64-linux-gnu/libgcc_s.so.1 \
		"${programs[@]}"
}

# What the guest says of its progress, while it works. Ends when $follower is killed.
follow() {
	local feed
	exec {feed}< <(exec setpriv --pdeathsig KILL tail -n +1 -F "$1" 2>/dev/null)
	follower=$!
	grep --line-buffered '^#.* \(a second\|calls\)' <&"$feed" >&2 &
	exec {feed}<&-
}

# boot SUITE TYPE SCRIPT ARGUMENT...
boot() {
	local suite=$1 type=$2 script=$3 status=0 follower
	local name=$RUN-${suite//[\/ ]/-} dimm=build/$RUN-${suite//[\/ ]/-}.img
	shift 3
	printf '# %s\n' "$suite"
	follow "$LOGS/$name/report"
	vm/run.sh --name "$name" --script "/soak/$script" --initrd "$INITRD" --dimm "$dimm" --fresh \
		--timeout "${TIMEOUT:-$([ "$long" = yes ] && echo 7200 || echo 300)}" \
		--cpu "tme-evict=$evict,tme-evict-seed=$((seed % 1000000 + 1))" \
		"${vm_options[@]}" -- "$type" "$@" >&2 || status=$?
	kill "$follower" 2>/dev/null || true
	mkdir -p "$LOGS/$name"
	touch "$LOGS/$name/report"
	merge_report "$suite" "$LOGS/$name/report"
	tap "$([ "$status" -eq 0 ] || grep -q ' tests failed$' "$LOGS/$name/status" && echo ok || echo not ok)" \
		"$suite: the VM ended well" "$(head -n 1 "$LOGS/$name/status" 2>/dev/null)"
	check_on_host "$suite" "$dimm" "$LOGS/$name/report"
	tell_script "$LOGS/$name"
	rm -f "$dimm"
}

tell_script() {
	sed -n 's/^script: //p' "$1/report" >"$1/script"
	if grep -q '^not ok' "$1/report" && [ -s "$1/script" ]; then
		sed 's/^/#   /' "$1/script"
		printf '#   again: test/soak/run.sh --replay %s\n' "$1/script"
	fi
}

# On a small DIMM blocks soon have another owner, and lines that leave the caches late are still there to
# spoil it.
run_model() {
	local evict=1
	vm_options=(--dimm-size 258)
	boot "model/$1" "$1" guest-model.sh --seed "$seed" --ops "$ops" --keep 24
	# That it can fail is a test as well: one of the model, which is not slow.
	[ "$1" != ext4 ] ||
		boot "fault/$1" "$1" guest-model.sh --seed "$seed" --ops 2000 --fault punch
}

# Each round changes 24 records.
run_fuzz() {
	local rounds=$((calls / 2000 + 5))
	vm_options=()
	boot "fuzz/$1" "$1" guest-fuzz.sh "$seed" "$calls" $((rounds < 100 ? rounds : 100))
}

run_fill() {
	local evict=0
	vm_options=(--dimm-size 258)
	boot "fill/$1" "$1" guest-fill.sh "$seed" "$((ops / 2000 + 1))"
}

# stress-ng for as long as the checker has work, about.
run_stress() {
	vm_options=(--add /usr/bin/stress-ng:/usr/bin/stress-ng)
	boot "stress/$1" "$1" guest-stress.sh $((ops / 200)) --seed "$seed" --ops "$((ops / 4))" --episode 500
}

run_replay() {
	local evict=1
	vm_options=(--dimm-size 258 --add "$replay:/operations")
	boot "replay/$1" "$1" guest-model.sh --replay /operations --tries "$tries"
}

parse_arguments "$@"
choose_sizes
build_initrd
for part in "${parts[@]}"; do
	for type in "${types[@]}"; do
		"run_$part" "$type"
	done
done
rm -f "$INITRD" "$INITRD.id"
print_totals
