#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The tests of tools/mktme-dax: on the host, then in the VM.
#
#   test/tools/run.sh [--only PATTERN] [SUITE]...
#
# SUITE is host, main, doctor, setup, look, apps, tutorial or systemd; all by default. PATTERN
# matches "program: test".
# One TAP stream on stdout; the last line is "N passed, M failed, K skipped".
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=test/pmem/host.sh
. test/pmem/host.sh
. scripts/lib.sh
# shellcheck source=test/tools/tutorial.sh
. test/tools/tutorial.sh
# shellcheck source=test/tools/systemd.sh
. test/tools/systemd.sh

only='' suites=()
# What is in the VM as /tools: a copy, since another run may build meanwhile
VM_TOOLS=build/tools-vm.$$
trap 'rm -rf "$VM_TOOLS"' EXIT

parse_arguments() {
	while [ $# -gt 0 ]; do
		case $1 in
		--only) only=${2:?}; shift ;;
		host | main | doctor | setup | look | apps | tutorial | systemd) suites+=("$1") ;;
		*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
		esac
		shift
	done
	[ ${#suites[@]} -gt 0 ] || suites=(host main doctor setup look apps tutorial systemd)
}

run_host() {
	mkdir -p "$LOGS"
	alone make -s -C tools/mktme-dax programs >&2 || true
	make -s -C tools/mktme-dax test >"$LOGS/tools-host.tap" 2>"$LOGS/tools-host.err" || true
	merge_report host "$LOGS/tools-host.tap"
	tap "$(grep -q '^1\.\.' "$LOGS/tools-host.tap" && echo ok || echo not ok)" "host: all groups ran" \
		"$(tail -n 1 "$LOGS/tools-host.err")"
}

# Two runs at once build in the same places.
alone() {
	mkdir -p build
	flock build/tools.lock "$@"
}

prepare_vm() {
	alone make -s -C test/host >&2
	alone make -s -C test/tools >&2
	alone scripts/programs.sh >&2
	alone scripts/initramfs.sh >&2
	rm -rf "$VM_TOOLS"
	alone cp -rp build/test/tools "$VM_TOOLS"
}

# boot NAME SCRIPT [option of vm/run.sh]...
boot() {
	local name=tools-$1 script=$2 status=0
	shift 2
	vm/run.sh --name "$name" --script "/tools/$script" --dimm "build/$name.img" --fresh \
		--timeout 600 --add "$VM_TOOLS":/tools "$@" -- ${only:+"$only"} >&2 || status=$?
	mkdir -p "$LOGS/$name"
	touch "$LOGS/$name/report"
	merge_report "${name#tools-}" "$LOGS/$name/report"
	tap "$([ "$status" -eq 0 ] || grep -q ' tests failed$' "$LOGS/$name/status" && echo ok || echo not ok)" \
		"${name#tools-}: the VM ended well" "$(head -n 1 "$LOGS/$name/status" 2>/dev/null)"
	check_on_host "${name#tools-}" "build/$name.img" "$LOGS/$name/report"
	rm -f "build/$name.img"
}

run_main() {
	prepare_vm
	boot main guest-main.sh --add /sbin/request-key:/sbin/request-key \
		--add /etc/request-key.conf:/etc/request-key.conf
}

# The doctor of real namespaces and filesystems, which nothing else may be using.
run_doctor() {
	prepare_vm
	boot doctor guest-doctor.sh
}

run_setup() {
	prepare_vm
	boot setup guest-setup.sh
}

run_look() {
	prepare_vm
	boot look guest-look.sh
}

# Debian's memcached, which is not installed: its package would start a server. Nothing if
# it cannot be had.
find_memcached() {
	local tree
	scripts/fetch.sh get memcached >&2 || return 0
	tree=$CACHE/memcached/tree-$(scripts/fetch.sh id memcached | cut -d' ' -f1)
	[ -d "$tree" ] || with_lock "$CACHE/memcached/lock" scripts/fetch.sh unpack memcached "$tree" >&2
	echo "$tree/usr/bin/memcached"
}

run_apps() {
	local memcached
	prepare_vm
	memcached=$(find_memcached)
	boot apps guest-apps.sh --add "$(readlink -f "$(command -v fio)")":/usr/bin/fio \
		${memcached:+--add "$memcached":/usr/bin/memcached}
}

parse_arguments "$@"
for suite in "${suites[@]}"; do
	"run_$suite"
done
print_totals
