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
# of a program alone means all of it.
list_tests() {
	sed -e 's/ in the control run//' -e 's/[;,]/\n/g' | sed -E 's/^ +| +$//g' |
		awk -F': ' 'NF > 1 { program = $1; $0 = $2 } { print program == "" ? $0 : program, program == "" ? "" : $0 }'
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
compile) remember lint-compile "$(objects_key scripts/lint.sh)" scripts/lint.sh --compile-now ;;
--compile-now) compile ;;
*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
