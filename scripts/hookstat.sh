#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What do the hooks cost where the feature is configured out?  They have to cost
# nothing: not an instruction, not a constant, not a line number in a table.
#
#   scripts/hookstat.sh          prints what was compared; the last line is the verdict
#
# Compiles the files that the patches edit, and some that include the headers they
# edit, twice: patched, and as they were but with an empty line in place of each line
# that a patch adds (ext4 hands __LINE__ around).  All sections have to be equal, with
# their relocations.  The empty lines are made from the patches, not by hand.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/objects.sh

OUT=build/hookstat

# They stand for all that include page-table headers, ext4.h and the like.
SAMPLE='mm/memory.o mm/huge_memory.o mm/mprotect.o mm/filemap.o arch/x86/mm/pgtable.o
	arch/x86/entry/common.o arch/x86/entry/syscall_64.o drivers/nvdimm/pmem.o
	fs/ext4/namei.o fs/ext4/xattr.o kernel/fork.o security/security.o'

# Edited, but not compiled in the configuration of the tests (no user of HMM): by itself
# such a file does not even compile.
NOT_BUILT=mm/hmm.c

list_edited() {
	sed -n 's/^edited //p' "$tree/.mktme-dax/manifest"
}

list_objects() {
	{
		list_edited | grep -vxF "$NOT_BUILT" | sed -n 's/\.c$/.o/p'
		# shellcheck disable=SC2086 # one per line
		printf '%s\n' $SAMPLE
	} | sort -u
}

# The original of a file with as many lines as the patched one.  Inside a macro an
# empty line needs the backslash of its neighbours.
pad() {
	{ diff -U0 "$1" "$2" || [ $? -eq 1 ]; } | awk -v original="$1" '
		function copy(upto) {
			while (line < upto && (getline text <original) > 0) {
				line++
				print text
			}
		}
		function fill(   i) {
			for (i = removed + 1; i <= added; i++)
				print blank[i]
			if (removed > added)
				exit 3
			removed = added = 0
		}
		/^@@/ {
			fill()
			split(substr($2, 2), old, ",")
			count = old[2] == "" ? 1 : old[2]
			copy(count ? old[1] + count - 1 : old[1])
		}
		/^-/ && !/^---/ { removed++ }
		/^\+/ && !/^\+\+\+/ { blank[++added] = /\\$/ ? "\\" : "" }
		END { fill(); copy(1e9) }'
}

# The files as upstream has them, padded, take the places of the patched ones.
unpatch_tree() {
	local file
	list_edited | while read -r file; do
		case $file in
		*.[chS]) ;;
		*) # Nobody counts the lines of a Makefile or a table
			cp "$tree/.mktme-dax/original/$file" "$tree/$file"
			continue
			;;
		esac
		pad "$tree/.mktme-dax/original/$file" "$tree/$file" >"$OUT/padded" ||
			die "$file: more lines go than come; that cannot be compared"
		[ "$(wc -l <"$OUT/padded")" -eq "$(wc -l <"$tree/$file")" ] || die "$file is not padded right"
		cp "$OUT/padded" "$tree/$file"
	done
}

# dump STATE: all that ends up in the kernel, as text
dump() {
	local object
	list_objects | while read -r object; do
		mkdir -p "$OUT/$1/$(dirname "$object")"
		objdump -s -r -w "$tree/$object" | grep -v 'file format' |
			awk '/^Contents of section/ { skip = /\.comment/ } !skip' >"$OUT/$1/$object.txt"
		objdump -d -r -w "$tree/$object" | grep -v 'file format' >"$OUT/$1/$object.S"
	done
}

build() {
	local objects
	mapfile -t objects < <(list_objects)
	make_objects "${objects[@]}"
}

# Each header that a patch edits has to be in one of the objects at least.
check_headers() {
	local header commands
	commands=$(list_objects | sed 's|[^/]*$|.&.cmd|' | sed "s|^|$tree/|")
	list_edited | grep '\.h$' | while read -r header; do
		# shellcheck disable=SC2086 # paths without blanks
		grep -qE "[( ]$header( |\)|$)" $commands || die "no object includes $header"
	done
}

# If the comparison can see an empty line too many, it would see a hook.
check_the_check() {
	local file=fs/ext4/ioctl
	{ echo; cat "$tree/$file.c"; } >"$OUT/padded"
	cp "$OUT/padded" "$tree/$file.c"
	make_objects $file.o
	if objdump -s -r -w "$tree/$file.o" | grep -v 'file format' |
		awk '/^Contents of section/ { skip = /\.comment/ } !skip' |
		cmp -s - "$OUT/upstream/$file.o.txt"; then
		die "an empty line more in $file.c goes unnoticed"
	fi
}

compare() {
	local object bad=0 count=0
	while read -r object; do
		count=$((count + 1))
		cmp -s "$OUT/upstream/$object.txt" "$OUT/patched/$object.txt" && continue
		bad=$((bad + 1))
		echo "$object differs:"
		diff "$OUT/upstream/$object.S" "$OUT/patched/$object.S" | head -n 20 || true
	done < <(list_objects)
	[ "$bad" -eq 0 ] || { echo "$bad of $count objects differ"; return 1; }
	echo "$count objects, patched and configured out: the same as upstream with empty lines"
}

run() {
	rm -rf $OUT
	mkdir -p $OUT
	prepare_objects vm/kernel.config
	! grep -q '^CONFIG_MKTME_DAX=' "$tree/.config" || die "the feature is configured in"
	build
	check_headers
	dump patched
	unpatch_tree
	build
	dump upstream
	check_the_check
	patch_tree
	compare
}

case ${1:-} in
--now) run ;;
*) remember hookstat "$(objects_key scripts/hookstat.sh)" "$OBJECTS_LOCK" scripts/hookstat.sh --now ;;
esac
