# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# Fuzzers, with the sanitizers of addresses and undefined behaviour. FUZZ=100 has a
# hundred times as many runs, SEED=N other ones.

fuzz() { "$OUT/sanitized/fuzz_$1" --runs $(($2 * ${FUZZ:-1})) --seed "${SEED:-1}"; }

# The same seed gives the same runs.
repeats() { diff <(fuzz keyfile 600) <(fuzz keyfile 600); }

test_fuzz() {
	export ASAN_OPTIONS=abort_on_error=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
	expect 0 "fuzzer of key files" fuzz keyfile 5000
	expect 0 "a seed gives the same runs" repeats
	expect 0 "fuzzer of the command line" fuzz arguments 2000
}
