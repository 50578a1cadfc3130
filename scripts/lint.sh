#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Has the kernel's own tooling anything to say about our files?
#
#   scripts/lint.sh files      checkpatch.pl --strict, on our files
#   scripts/lint.sh patches    the same, on the patches
#   scripts/lint.sh doc        kernel-doc, on our files
#   scripts/lint.sh compile    sparse (C=2) and W=1, on our objects
#   scripts/lint.sh rst        docutils, on Documentation/
#   scripts/lint.sh errnos     has each errno of the documentation its test
#   scripts/lint.sh doors      has each door to a file's bytes its test
#
# Prints what it finds; the exit status says whether that is nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/objects.sh

# What is not asked for, and why:
#   SPDX_LICENSE_TAG          is checked by a gate; here it wants a Python package more
#   ARCH_INCLUDE_LINUX        arch code says asm/smp.h where it means it
#   EXPORT_SYMBOL             takes a static key for a function
#   USLEEP_RANGE              keys are cleared where nothing can sleep
#   MACRO_ARG_UNUSED          a stub that has to be a macro ignores its arguments
#   MISSING_SIGN_OFF, FILE_PATH_CHANGES, NO_AUTHOR_SIGN_OFF, COMMIT_LOG_LONG_LINE
#                             are about mails, and there is nobody's mail here
#   LONG_LINE, PARENTHESIS_ALIGNMENT
#                             in patches: a hook is one line, and looks as its neighbours
IGNORE=SPDX_LICENSE_TAG,ARCH_INCLUDE_LINUX,EXPORT_SYMBOL,USLEEP_RANGE,MACRO_ARG_UNUSED
IGNORE_IN_PATCHES=$IGNORE,MISSING_SIGN_OFF,FILE_PATH_CHANGES,NO_AUTHOR_SIGN_OFF,COMMIT_LOG_LONG_LINE,LONG_LINE,PARENTHESIS_ALIGNMENT
# Trace headers are data in the form of macros, in the kernel's own style for them.
IGNORE_IN_TRACE=$IGNORE,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,COMPLEX_MACRO,TRAILING_SEMICOLON

list_kernel_files() {
	git ls-files 'fs/*.[ch]' 'mm/*.[ch]' 'arch/*.[ch]' 'include/*.h' 'security/*.[ch]' 'drivers/*.[ch]' |
		while read -r file; do
			[ ! -e "$file" ] || echo "$file"
		done
}

source_tree() {
	local tree
	tree=$LINUX/tree-$(scripts/fetch.sh id linux | cut -d' ' -f1)
	if [ ! -d "$tree" ]; then
		scripts/fetch.sh get linux >&2
		scripts/fetch.sh unpack linux "$tree" >&2
	fi
	echo "$tree"
}

checkpatch() {
	"$tree/scripts/checkpatch.pl" --root="$tree" --strict --terse --no-summary -q "$@" 2>/dev/null |
		grep -E ' (ERROR|WARNING|CHECK): ' || true
}

check_files() {
	local files
	mapfile -t files < <(list_kernel_files | grep -v '/trace/')
	checkpatch --ignore "$IGNORE" -f "${files[@]}"
	mapfile -t files < <(list_kernel_files | grep '/trace/')
	[ ${#files[@]} -eq 0 ] || checkpatch --ignore "$IGNORE_IN_TRACE" -f "${files[@]}"
}

# From stdin: a file that git knows would be checked as a source.
check_patches() {
	local patch
	for patch in patches/linux/*.patch; do
		checkpatch --ignore "$IGNORE_IN_PATCHES" - <"$patch" | sed "s|^-:|$patch:|"
	done
}

check_doc() {
	local files
	mapfile -t files < <(list_kernel_files)
	"$tree/scripts/kernel-doc" -none -Werror "${files[@]}" 2>&1 || true
}

list_own_objects() {
	list_kernel_files | sed -n 's/\.c$/.o/p'
}

# Warnings from headers that are not ours are not ours either.
compile() {
	local objects
	mapfile -t objects < <(list_own_objects)
	prepare_objects vm/kernel.config vm/mktme.config
	rm -f "${objects[@]/#/$tree/}"
	make_objects C=2 W=1 "${objects[@]}"
	if grep -E '(warning|error): ' "$LOGS/lint-compile.log" |
		grep -F "$(list_kernel_files)"; then
		return 1
	fi
	echo "sparse and W=1: ${#objects[@]} objects, nothing to say"
}

check_rst() {
	local file
	for file in Documentation/*.rst; do
		{ rst2html --halt=5 --report=2 --no-raw --no-file-insertion "$file" >/dev/null || true; } 2>&1
	done
}

# Rows of a list-table whose first cell has an errno and whose last has tests:
# "errno<TAB>tests".
list_errnos() {
	awk '
		function flush() {
			if (cells == 3 && cell[1] ~ /``E[A-Z]+``/)
				print cell[1] "\t" cell[3]
			cells = 0
		}
		/^   \* - / { flush(); cells = 1; sub(/^   \* - /, ""); cell[1] = $0; next }
		/^     - /  { cells++; sub(/^     - /, ""); cell[cells] = $0; next }
		/^       /  { sub(/^ +/, " "); cell[cells] = cell[cells] $0; next }
		NF          { flush() }
		END         { flush() }' Documentation/mktme-dax.rst
}

# "prog: one, two; other: three" gives "prog one", "prog two", "other three"; the name
# of a program alone means all of it. What is in brackets, or said of the host, is no name.
list_tests() {
	sed -e 's/ *([^)]*)//g' -e 's/; and the host.*//' -e 's/ in the control run//' -e 's/[;,]/\n/g' | sed -E 's/^ +| +$//g' |
		awk -F': ' 'NF > 1 { program = $1; $0 = $2 } { print program == "" ? $0 : program, program == "" ? "" : $0 }'
}

# The same, where a program stands for all of its tests after a semicolon, too.
list_names() {
	sed -e 's/ *([^)]*)//g' -e 's/; and the host.*//' -e 's/; /\n/g' | while IFS= read -r tests; do
		case $tests in
		*': '*) list_tests <<<"$tests" ;;
		*) echo "$tests" ;;
		esac
	done
}

check_errnos() {
	local errno tests program name rows=0 none=0
	while IFS=$'\t' read -r errno tests; do
		rows=$((rows + 1))
		case $tests in
		none | 'none yet') none=$((none + 1)); continue ;;
		'the control run'*) continue ;;
		esac
		while read -r program name; do
			grep -qsE "^TEST\(${name:+$name\)}" "test/pmem/${program//-/_}_test.c" ||
				echo "$errno: there is no test $program: $name"
		done < <(list_tests <<<"$tests")
	done < <(list_errnos)
	[ "$rows" -gt 20 ] || echo "only $rows rows found in mktme-dax.rst"
	echo "$rows rows with an errno, $none of them without a test" >&2
}

# Rows of the tables of doors, "door<TAB>tests", of which the section says where they
# run: "ext4<TAB>...", "XFS<TAB>...", "both<TAB>..." or "other<TAB>...".
list_doors() {
	awk '
		function flush() {
			if (cells == 4 && where && cell[1] !~ /^(door$|\*\*)/)
				print where "\t" cell[1] "\t" cell[4]
			cells = 0
		}
		/^Doors on ext4 and XFS$/ { where = "both" }
		/^Doors on ext4 alone$/   { where = "ext4" }
		/^Doors on XFS alone$/    { where = "XFS" }
		/^Other filesystems/      { flush(); where = "other" }
		/^   \* - / { flush(); cells = 1; sub(/^   \* - /, ""); cell[1] = $0; next }
		/^     -/   { cells++; sub(/^     - ?/, ""); cell[cells] = $0; next }
		/^       /  { sub(/^ +/, " "); cell[cells] = cell[cells] $0; next }
		NF          { flush() }
		END         { flush() }' Documentation/hooks.rst
}

# runs_in SUITE PROGRAM
runs_in() {
	grep -qE "^for program in .*[ ]${2//-/_}[ ;]" "test/pmem/$1.sh"
}

# A door of XFS alone has a test that runs there; one of ext4, or of both, on ext4.
check_where() {
	local where=$1 door=$2 tests=$3 program suite
	case $where in
	XFS) suite=xfs ;;
	ext4 | both) suite=main ;;
	*) return 0 ;;
	esac
	while read -r program _; do
		if runs_in "$suite" "$program"; then
			return 0
		fi
		case $program in
		machine | kexec-* | crash | persist-* | unaware | unaware-* | xfs | xfs-doors) return 0 ;;
		esac
	done < <(list_tests <<<"$tests")
	echo "$door: no test of it is in $suite.sh"
}

check_doors() {
	local where door tests program name rows=0 none=0
	while IFS=$'\t' read -r where door tests; do
		rows=$((rows + 1))
		case $tests in
		'none: '?*) none=$((none + 1)); continue ;;
		'the control run'* | 'the suite'*) continue ;;
		none | '') echo "$door: no test, and no reason"; continue ;;
		esac
		while read -r program name; do
			grep -qsE "^TEST\(${name:+$name\)}" "test/pmem/${program//-/_}_test.c" ||
				echo "$door: there is no test $program: $name"
		done < <(list_names <<<"$tests")
		check_where "$where" "$door" "$tests"
	done < <(list_doors)
	[ "$rows" -gt 90 ] || echo "only $rows rows found in hooks.rst"
	echo "$rows doors, $none of them without a test, and why" >&2
}

report() {
	local found
	found=$(cat)
	[ -n "$found" ] || return 0
	printf '%s\n' "$found"
	return 1
}

# checkpatch.pl leaves one where git is
trap 'rm -f .checkpatch-camelcase.*' EXIT
case ${1:-} in
files) tree=$(source_tree) && check_files | report ;;
patches) tree=$(source_tree) && check_patches | report ;;
doc) tree=$(source_tree) && check_doc | report ;;
rst) check_rst | report ;;
errnos) check_errnos | report ;;
doors) check_doors | report ;;
compile) remember lint-compile "$(objects_key scripts/lint.sh)" "$OBJECTS_LOCK" scripts/lint.sh --compile-now ;;
--compile-now) compile ;;
*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
