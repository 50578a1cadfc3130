# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# make in a kernel tree, through ccache.  Read after build.sh.

# ccache takes the headers from the compiler's own list of dependencies and need not
# run the preprocessor first: a quarter less for a cold build. That list leaves out
# system headers, which the kernel does not use, but the host programs do.
#
# The name of the compiler is the same in each clone, since make compiles all of a tree anew when
# it changes: so what stands before ccache is found by its directory.
#
# make_cached ARGUMENT...
make_cached() {
	REAL_CCACHE=$(command -v ccache) PATH=$PWD/scripts/kernel-cc:$PATH CCACHE_DEPEND=1 \
		make CC="ccache gcc" HOSTCC=gcc "$@"
}
