#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Does the feature fit into Debian's kernel? All that the series touches is compiled with
# the configuration of Debian's linux-image, where ext4 and xfs are modules: modpost has to
# find every symbol that they take from us, and a module that takes it for every export.
#
#   scripts/debian-config.sh            prints what was compiled; the last line is the verdict
#   scripts/debian-config.sh options    what to tell the kernel's scripts/config
#
# A kernel need not be linked for that: modpost is given our objects as if they were all
# of vmlinux, and what the modules want from elsewhere as a list.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/objects.sh

OUT=$PWD/build/debian-config
# The feature is compiled into the kernel, and so has to be what it calls.
OPTIONS=(-e LIBNVDIMM -e MKTME_DAX)
MODULES=(fs/ext4/ext4 fs/xfs/xfs)
# In these, and in those of the modules, everything is compiled; elsewhere what is ours or
# edited, and some files that stand for all that include edited headers.
DIRECTORIES=(arch/x86/mm drivers/nvdimm fs/dax security/keys)
SAMPLE='mm/memory.o mm/huge_memory.o mm/mprotect.o arch/x86/entry/syscall_64.o fs/namei.o'

list_touched() {
	sed -nE 's/^(edited|new) (.*)\.c$/\2.o/p' "$tree/.mktme-dax/manifest" | sort -u
}

# Only the debug interface, which is off, has files that are not compiled.
list_expected() {
	list_touched | grep -vxE 'fs/dax/(debug|debug_hkdf|debug_peek|pause)\.o'
}

list_directories() {
	printf '%s/\n' "${DIRECTORIES[@]}" "${MODULES[@]%/*}"
}

# Objects that lie in none of them
list_single() {
	# shellcheck disable=SC2086 # one per line
	printf '%s\n' $SAMPLE
	list_expected | grep -vE "^($(list_directories | paste -sd '|'))"
}

configure() {
	local config
	scripts/fetch.sh get linux-config
	scripts/fetch.sh unpack linux-config "$OUT/package"
	config=$OUT/package/usr/src/linux-config-6.12/config.amd64_none_amd64.xz
	xz -dc "$config" >"$tree/.config"
	"$tree/scripts/config" --file "$tree/.config" "${OPTIONS[@]}"
	make -s -C "$tree" olddefconfig
	grep -x 'CONFIG_MKTME_DAX=y' "$tree/.config" || die "the feature is lost: a dependency is missing"
	[ "$(grep -cxE 'CONFIG_(EXT4|XFS)_FS=m' "$tree/.config")" -eq 2 ] ||
		die "ext4 and xfs are no modules"
}

# The log of this run is what remember() writes.
compile() {
	local targets objects object warnings
	mapfile -t targets < <(list_directories && list_single)
	mapfile -t objects < <(list_touched)
	rm -f "${objects[@]/#/$tree/}"
	make_objects "${targets[@]}"
	list_expected | while read -r object; do
		[ -e "$tree/$object" ] || die "$object was not compiled"
	done
	warnings=$(grep 'warning: ' "$LOGS/debian-config.log" || true)
	[ -z "$warnings" ] || die "there are warnings: $warnings"
}

# What would be linked into the kernel: of directories, what their archives name
list_built_in() {
	local directory
	for directory in "${DIRECTORIES[@]}"; do
		(cd "$tree" && ar t "$directory/built-in.a")
	done
	list_single
}

# modpost wants to be started in the top of the tree, and leaves files there: this is one
# with nothing in it but links.
link_objects() {
	local objects
	mkdir -p "$OUT/top"
	ln -sfn "$tree"/* "$OUT/top/"
	cd "$OUT/top"
	rm -f vmlinux.o Module.symvers
	list_built_in >.vmlinux.objs
	mapfile -t objects <.vmlinux.objs
	ld -r -z noexecstack -o vmlinux.o "${objects[@]}"
	printf '%s.o\n' "${MODULES[@]}" >modules.order
	# modpost itself adds module_layout, for CONFIG_MODVERSIONS.
	comm -23 <({ nm -u "${MODULES[@]/%/.o}" | sed -n 's/^ *U //p'; echo module_layout; } | sort -u) \
		<(nm -g --defined-only vmlinux.o | cut -d' ' -f3 | sort -u) |
		sed 's/.*/0x00000000\t&\telsewhere\tEXPORT_SYMBOL_GPL\t/' >elsewhere.symvers
	cd "$OLDPWD"
}

# modpost OBJECT: of the kernel
modpost() {
	(cd "$OUT/top" && mv "$1" vmlinux.o && scripts/mod/modpost -M -m -E -o Module.symvers \
		-i elsewhere.symvers -T modules.order vmlinux.o 2>&1)
}

list_exports() {
	list_expected | sed 's/\.o$/.c/' | grep -Fx "$(sed -n 's/^new //p' "$tree/.mktme-dax/manifest")" |
		sed "s|^|$tree/|" | xargs sed -nE 's/^EXPORT_SYMBOL(_GPL)?\((.*)\);/\2/p'
}

# Each export is needed by a module, and modpost names it where it is missing.
take_exports_away() {
	local symbol missed bad=0
	while read -r symbol; do
		objcopy --redefine-sym "__export_symbol_$symbol=__no_export_$symbol" "$OUT/all.o" "$OUT/top/less.o"
		missed=$(modpost less.o || true)
		if ! grep -F "\"$symbol\" [" <<<"$missed"; then
			echo "$symbol: exported, but no module needs it"
			bad=1
		fi
	done < <(list_exports)
	return $bad
}

run() {
	rm -rf "$OUT"
	mkdir -p "$OUT"
	tree=$(objects_tree)
	scripts/fetch.sh get linux
	prepare_tree linux "$tree"
	patch_tree
	configure
	compile
	link_objects
	cp "$OUT/top/vmlinux.o" "$OUT/all.o"
	cp "$OUT/all.o" "$OUT/top/more.o"
	modpost more.o || die "modpost has complaints"
	take_exports_away
	echo "$(list_expected | wc -l) touched files as Debian configures them, among $(list_built_in | wc -l)" \
		"objects and ${#MODULES[@]} modules, which find $(list_exports | wc -l) symbols of ours"
	rm -rf "$OUT"
}

case ${1:-} in
'') remember debian-config "$(objects_key scripts/debian-config.sh patches/linux/config.VERSION)" \
	"$OBJECTS_LOCK" scripts/debian-config.sh --now ;;
--now) run ;;
options) echo "${OPTIONS[*]}" ;;
*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
