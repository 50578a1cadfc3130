# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The suite "tutorial" of test/tools/run.sh: Documentation/tutorial.rst is what is run, and
# what its output is compared with (tutorial.py has the notation).

TUTORIAL=Documentation/tutorial.rst
COMMANDS=build/test/tutorial

# What a disk would have kept from one boot to the next
keep_disk() {
	sed -n 's/^keep //p' "$1" | base64 -d >"$COMMANDS/keep.tar"
}

# boot_tutorial NUMBER [option of vm/run.sh]...
boot_tutorial() {
	local number=$1 name=tools-tutorial-$1 status=0
	shift
	vm/run.sh --name "$name" --script /tools/guest-tutorial.sh --dimm build/tools-tutorial.img \
		--dimm-size 258 --timeout 600 --add build/test/tools:/tools \
		--add "$COMMANDS/boot-$number:/tutorial" \
		"$@" >&2 || status=$?
	mkdir -p "$LOGS/$name"
	touch "$LOGS/$name/report"
	tap "$([ "$status" -eq 0 ] && echo ok || echo not ok)" "tutorial: boot $number ended well" \
		"$(head -n 1 "$LOGS/$name/status" 2>/dev/null)"
	keep_disk "$LOGS/$name/report"
}

# Lines of tutorial.py, some with "#" lines that explain them
report_tutorial() {
	local line
	while IFS= read -r line; do
		case $line in
		"#"*) echo "$line" ;;
		*) tap "${line%% - *}" "tutorial: ${line#* - }" ;;
		esac
	done < <(python3 test/tools/tutorial.py "$1" "$TUTORIAL" "${@:2}")
}

run_tutorial() {
	local number=1 reports=()
	prepare_vm
	rm -rf "$COMMANDS"
	python3 test/tools/tutorial.py commands "$TUTORIAL" "$COMMANDS" >&2
	boot_tutorial 1 --fresh
	reports+=("$LOGS/tools-tutorial-1/report")
	while [ -d "$COMMANDS/boot-$((number + 1))" ]; do
		number=$((number + 1))
		boot_tutorial $number --add "$COMMANDS/keep.tar:/keep.tar"
		reports+=("$LOGS/tools-tutorial-$number/report")
	done
	report_tutorial compare "${reports[@]}"
	report_tutorial alter "${reports[@]}"
	rm -f build/tools-tutorial.img
}
