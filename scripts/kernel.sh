#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds the kernel: source + overlay + patches + configuration fragments.
#
#   scripts/kernel.sh          build/kernel/{bzImage,vmlinux,System.map,config}
#
# VARIANT=debug merges vm/debug.config as well, and leaves build/kernel-debug/.
# VARIANT=plain is upstream's kernel in the same configuration, to compare with.
# INSTRUMENT="NAME=VALUE..." is for make: which objects get something added by the compiler
# (scripts/instrumented.sh).
# Results are kept in the cache under a key of everything that goes into them.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
. scripts/build.sh
. scripts/kernel-make.sh

VARIANT=${VARIANT:-default}
read -ra INSTRUMENT <<<"${INSTRUMENT:-}"
LINUX=$CACHE/linux
LOG=$LOGS/kernel.log

# The same content gives the same bytes, whoever builds it, and whenever
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=mktme-dax KBUILD_BUILD_HOST=mktme-dax

name_result() {
	if [ "$VARIANT" = default ]; then
		echo kernel
	else
		echo "kernel-$VARIANT"
	fi
}

# Fragments in the order in which they are merged.  The feature's own can be asked
# for only where its Kconfig is part of the tree.
list_fragments() {
	echo vm/kernel.config
	if [ "$VARIANT" = plain ]; then
		return
	fi
	if grep -qs '^[^#].*[[:space:]]fs/dax' scripts/overlay.list; then
		echo vm/mktme.config
	fi
	if [ -e test/pmem/config ]; then
		echo test/pmem/config
	fi
	if [ "$VARIANT" != default ]; then
		[ -e "vm/$VARIANT.config" ] || die "VARIANT=$VARIANT: there is no vm/$VARIANT.config"
		echo "vm/$VARIANT.config"
	fi
}

result_key() {
	{
		scripts/fetch.sh id linux | cut -d' ' -f1
		[ "$VARIANT" = plain ] || scripts/overlay.sh key scripts/overlay.list patches/linux/series
		list_fragments | xargs cat
		cat scripts/kernel.sh scripts/kernel-make.sh scripts/kernel-cc/ccache scripts/kernel-config.sh \
			scripts/build.sh
		compiler_version
		echo "${INSTRUMENT[@]}"
	} | hash_key
}

make_kernel() {
	make_cached -C "$tree" "${INSTRUMENT[@]}" "$@"
}

# "The same configuration" for VARIANT=plain: what our Kconfig selects has no prompt. It is on
# in every kernel that AMD SME or a TDX guest is compiled into, so in those of distributions.
select_physical_mask() {
	sed -i '/^config DYNAMIC_PHYSICAL_MASK$/{n;s/bool$/def_bool y/}' "$tree/arch/x86/Kconfig"
}

configure() {
	list_fragments | xargs scripts/kernel-config.sh "$tree" >"$LOG" 2>&1 || {
		cat "$LOG" >&2
		die "the kernel configuration is not what was asked for"
	}
}

compile() {
	local total
	total=$(cat "$LINUX/objects-$VARIANT" 2>/dev/null || echo 1800)
	if ! run_counted "$LOG" '^  (CC|AS|AR|LD|HOSTCC|GEN) ' "$total" make_kernel -j"$JOBS" bzImage; then
		show_errors "$LOG"
		die "the kernel does not build (see $LOG)"
	fi
	# The number of steps of a full build is the best guess for the next one
	total=$(grep -cE '^  (CC|AS|AR|LD|HOSTCC|GEN) ' "$LOG" || true)
	if [ "$total" -gt 1000 ]; then
		echo "$total" >"$LINUX/objects-$VARIANT"
	fi
}

keep_result() {
	rm -rf "$result.new"
	mkdir -p "$result.new"
	cp "$tree/arch/x86/boot/bzImage" "$tree/vmlinux" "$tree/System.map" "$result.new/"
	cp "$tree/.config" "$result.new/config"
	mv "$result.new" "$result"
	prune_results "$LINUX" 12
}

build() {
	tree=$LINUX/tree-$(scripts/fetch.sh id linux | cut -d' ' -f1)
	if [ "$VARIANT" != default ]; then
		tree+=-$VARIANT
	fi
	if [ -d "$result" ]; then
		return
	fi
	prepare_tree linux "$tree"
	stage_begin kernel
	if [ "$VARIANT" = plain ]; then
		select_physical_mask
	else
		scripts/overlay.sh apply "$tree" scripts/overlay.list patches/linux/series patches/linux/VERSION
	fi
	configure
	compile
	keep_result
	stage_end "$(make -s -C "$tree" kernelversion) built, $VARIANT"
}

mkdir -p "$LOGS" "$LINUX"
result=$LINUX/result-$(result_key)
if [ ! -d "$result" ]; then
	scripts/fetch.sh get linux
	# The archive may have had another version than the one that was looked for
	result=$LINUX/result-$(result_key)
	with_lock "$LINUX/lock" build
else
	stage_begin kernel
	stage_end "in the cache"
fi
link_result "$result" "$(name_result)"
