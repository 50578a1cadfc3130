# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# The library: what it exports, its header, its pkg-config file; and the unit tests.

exported() { nm -D --defined-only "$OUT/libmktmedax.so" | sed -n 's/.* T \([a-z_]*\)@@.*/\1/p' | sort; }
in_map() { sed -n 's/^\t\(mktme_dax_[a-z_]*\);/\1/p' "$top/lib/libmktmedax.map" | sort; }
in_header() { sed -n 's/^[a-z].*[ *]\(mktme_dax_[a-z_]*\)(.*/\1/p' "$top/lib/mktme-dax.h" | sort; }

same() { diff <("$1") <("$2"); }

static_symbols_have_the_prefix() {
	! nm -g --defined-only "$OUT/libmktmedax.a" | sed -n 's/.* [TDBR] //p' |
		grep -v -e '^mktme_dax_' -e '^__odr_asan'
}

# Every function has kernel-doc, and that has a Return: unless it returns nothing.
documented() {
	local name
	in_header | while read -r name; do
		grep -q "^ \* $name() - " "$top/lib/mktme-dax.h" || { echo "$name"; return 1; }
	done
}

pkg_config_finds_it() {
	PKG_CONFIG_PATH=$OUT pkg-config --modversion libmktmedax &&
		PKG_CONFIG_PATH=$OUT pkg-config --libs libmktmedax | grep -q -- -lmktmedax
}

cxx() {
	# shellcheck disable=SC2086 # options
	g++ ${SANITIZE:-} -Wall -Wextra -pedantic -Werror -I"$top/lib" -o "$scratch/cxx" "$top/test/header_test.cc" \
		-L"$OUT" -lmktmedax -Wl,-rpath,"$OUT" && "$scratch/cxx"
}

alone() {
	echo '#include "mktme-dax.h"' | gcc -std=c99 -pedantic -Wall -Wextra -Werror -I"$top/lib" -fsyntax-only -xc -
}

# Another directory as DESTDIR: what install puts there, uninstall takes away.
install_and_uninstall() {
	make -s -C "$top" install PREFIX=/usr DESTDIR="$scratch/root" &&
		[ -x "$scratch/root/usr/bin/mktme-dax" ] &&
		make -s -C "$top" uninstall PREFIX=/usr DESTDIR="$scratch/root" &&
		[ -z "$(find "$scratch/root" ! -type d)" ]
}

# As their Makefile builds them, by pkg-config, from a library that is not installed
examples() {
	cp -r "$top/examples" "$scratch/" && PKG_CONFIG_PATH=$OUT make -s -C "$scratch/examples" CFLAGS=-Werror \
		PKG_CONFIG="pkg-config --define-variable=libdir=$OUT --define-variable=includedir=$top/lib" &&
		! LD_LIBRARY_PATH=$OUT "$scratch/examples/pmem2_journal" --print "$scratch/none" 2>"$scratch/err" &&
		grep -q 'No such file' "$scratch/err"
}

test_library() {
	expect 0 "exported symbols are those of the map" same exported in_map
	expect 0 "and those of the header" same in_header in_map
	expect 0 "symbols of the static library have the prefix" static_symbols_have_the_prefix
	expect 0 "every function is documented" documented
	expect 0 "pkg-config finds the library" pkg_config_finds_it
	expect 0 "the header alone is C99" alone
	expect 0 "the library can be used from C++" cxx
	expect 0 "the examples can be built" examples
	expect 0 "uninstall leaves no file behind" install_and_uninstall
	unit lib_test
}
