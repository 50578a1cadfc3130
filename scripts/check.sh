#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # gates are called by their names
# The gates: what has to hold for every file, whatever it does.  TAP.
#
#   scripts/check.sh          all of them
#   scripts/check.sh GATE...  some of them, by the names of the functions below
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh

# Changed lines in files that are not ours: what a new upstream version costs.
LINUX_BUDGET=119
EMULATOR_BUDGET=150

list_own_files() {
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files
	else
		find . -path ./build -prune -o -type f -printf '%P\n'
	fi | while read -r file; do
		if [ -f "$file" ]; then
			echo "$file"
		fi
	done
}

list_shell_files() {
	list_own_files | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*.c | *.h | *.S | *.patch | *.rst | *.md) ;;
		*) if head -n 1 "$file" | grep -qE '^#!/bin/(ba)?sh'; then
			echo "$file"
		fi ;;
		esac
	done
}

# QEMU's habit is a long first comment with the licence at its end.  The licence
# texts themselves carry no licence line, and neither do patches: what they edit has.
# Two of Debian's files have no comments.
every_file_has_spdx() {
	local bad
	bad=$(list_own_files | grep -vE '^(COPYING|LICENSES/.*|.*\.patch|.*/debian/(changelog|source/format))$' | while read -r file; do
		grep -q 'SPDX-License-Identifier: ' < <(head -n 40 "$file") || echo "$file"
	done)
	report_list "no SPDX line: " "$bad"
}

shell_is_clean() {
	local files
	mapfile -t files < <(list_shell_files)
	shellcheck -x "${files[@]}"
}

scripts_are_short() {
	report_list "more than 250 lines: " "$(list_shell_files | while read -r file; do
		[ "$(wc -l <"$file")" -le 250 ] || echo "$file"
	done)"
}

no_white_space_at_line_ends() {
	report_list "white space at a line's end: " "$(list_own_files |
		grep -vE '\.patch$' | xargs -d '\n' grep -lIE '[[:blank:]]$' || true)"
}

# The tree that the build uses; made if a cached result has spared it so far
find_tree() {
	local name=$1 tree
	tree=$CACHE/$name/tree-$(scripts/fetch.sh id "$name" | cut -d' ' -f1)
	if [ ! -d "$tree" ]; then
		scripts/fetch.sh get "$name" >&2
		scripts/fetch.sh unpack "$name" "$tree"
	fi
	echo "$tree"
}

patches_apply_to() {
	local name=$1 list=$2 queue=$3 pin=$4 tree
	tree=$(find_tree "$name")
	with_lock "$CACHE/$name/lock" scripts/overlay.sh apply "$tree" "$list" "$queue" "$pin"
}

linux_patches_apply_without_fuzz() {
	patches_apply_to linux scripts/overlay.list patches/linux/series patches/linux/VERSION
}

emulator_patches_apply_without_fuzz() {
	patches_apply_to emulator scripts/emulator.list emulator/patches/series emulator/VERSION
}

exported_patches_give_the_same_tree() {
	scripts/export.sh check
}

# Only if it is at hand: nothing else needs this source.
emulator_10_patches_apply_without_fuzz() {
	if ! scripts/fetch.sh have emulator-10.0; then
		echo "no source of QEMU 10.0 in the cache: make emulator QEMU=10.0"
		return 77
	fi
	patches_apply_to emulator-10.0 scripts/emulator-10.0.list emulator/10.0/patches/series emulator/10.0/VERSION
}

# A step that one QEMU does not need is there as a comment.
list_steps() {
	sed -nE 's/^(# )?([0-9]+-[^[:space:]]+\.patch).*/\2/p' "$1"
}

# Every source of ours is in the list of each series.
list_unbuilt() {
	local file queue
	find emulator/files -name 'tme*.c' -printf '%f\n' | sort | while read -r file; do
		for queue in emulator/patches emulator/10.0/patches; do
			grep -qF "+  '$file'," "$queue"/*-build-the-TME-model.patch || echo "$queue: $file"
		done
	done
}

both_emulators_have_the_same_parts() {
	diff <(list_steps emulator/patches/series) <(list_steps emulator/10.0/patches/series) &&
		report_list "not built by " "$(list_unbuilt)"
}

every_patch_says_why() {
	report_list "no Subject: or no text before the diff: " "$(
		list_own_files | grep '\.patch$' | while read -r patch; do
			if ! sed '/^--- /,$d' "$patch" | grep -q '^Subject: ' ||
				[ "$(sed '/^--- /,$d' "$patch" | grep -c .)" -lt 2 ]; then
				echo "$patch"
			fi
		done)"
}

count_foreign_lines() {
	local directory
	directory=$(dirname "$1")
	sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$1" | while read -r patch _; do
		cat "$directory/$patch"
	done | grep -cE '^(\+|-)($|[^+-])' || true
}

within_budget() {
	local lines
	lines=$(count_foreign_lines "$1")
	echo "$lines changed lines in foreign files, budget $2"
	[ "$lines" -le "$2" ]
}

linux_budget_is_kept() {
	within_budget patches/linux/series "$LINUX_BUDGET"
}

emulator_budget_is_kept() {
	within_budget emulator/patches/series "$EMULATOR_BUDGET" &&
		within_budget emulator/10.0/patches/series "$EMULATOR_BUDGET"
}

kernel_files_pass_checkpatch() {
	scripts/lint.sh files
}

patches_pass_checkpatch() {
	scripts/lint.sh patches
}

kernel_files_pass_kernel_doc() {
	scripts/lint.sh doc
}

kernel_files_pass_sparse_and_w1() {
	scripts/lint.sh compile
}

documentation_parses() {
	scripts/lint.sh rst
}

every_errno_names_its_test() {
	scripts/lint.sh errnos
}

every_door_names_its_test() {
	scripts/lint.sh doors
}

hooks_cost_nothing_configured_out() {
	scripts/hookstat.sh
}

debian_configuration_compiles_with_modules() { scripts/debian-config.sh; }
packages_leave_nothing_but_keys() { scripts/deb.sh gate; }

# The build stops where a line of a fragment is lost; this looks at its result.
feature_is_in_the_kernel() {
	local config=build/kernel/config
	[ -e "$config" ] || { echo "there is no $config: run 'make kernel'"; return 1; }
	grep -x 'CONFIG_MKTME_DAX=y' "$config"
}

build_leaves_no_untracked_file() {
	if [ "${CI:-}" != true ]; then
		echo "only asked for in CI: somebody is at work here"
		return 77
	fi
	report_list "untracked: " "$(git ls-files --others --exclude-standard)"
}

report_list() {
	if [ -n "$2" ]; then
		printf '%s\n' "$2" | sed "s|^|$1|"
		return 1
	fi
}

# Each gate runs in a shell of its own, so that "die" ends the gate only.
run_gate() {
	local gate=$1 status=0 output
	output=$(set -e; "$gate" 2>&1) || status=$?
	number=$((number + 1))
	case $status in
	0) echo "ok $number - $gate" ;;
	77) echo "ok $number - $gate # SKIP $output" ; return ;;
	*) echo "not ok $number - $gate"; failed=1 ;;
	esac
	[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/# /'
}

number=0 failed=0
if [ $# -eq 0 ]; then
	set -- every_file_has_spdx shell_is_clean scripts_are_short no_white_space_at_line_ends \
		linux_patches_apply_without_fuzz exported_patches_give_the_same_tree emulator_patches_apply_without_fuzz emulator_10_patches_apply_without_fuzz \
		both_emulators_have_the_same_parts every_patch_says_why \
		kernel_files_pass_checkpatch patches_pass_checkpatch kernel_files_pass_kernel_doc \
		documentation_parses every_errno_names_its_test every_door_names_its_test \
		kernel_files_pass_sparse_and_w1 hooks_cost_nothing_configured_out \
		debian_configuration_compiles_with_modules packages_leave_nothing_but_keys \
		linux_budget_is_kept emulator_budget_is_kept feature_is_in_the_kernel \
		build_leaves_no_untracked_file
fi
for gate in "$@"; do
	run_gate "$gate"
done
echo "1..$number"
exit "$failed"
