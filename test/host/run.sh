#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2317 # commands are called by "expect"
# Tests of the host's own programs: what they say of a DIMM file that is known.
# TAP; needs neither VM nor kernel.
set -euo pipefail
cd "$(dirname "$0")/../.."

make -s -C test/host >&2
programs=build/test/host
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
number=0 failed=0

# expect STATUS NAME COMMAND...
expect() {
	local wanted=$1 name=$2 status=0
	shift 2
	"$@" >"$scratch/out" 2>&1 || status=$?
	number=$((number + 1))
	if [ "$status" -eq "$wanted" ]; then
		echo "ok $number - host: $name"
	else
		echo "not ok $number - host: $name"
		sed "s/^/# status $status: /" "$scratch/out"
		failed=1
	fi
}

# Two lines under AES-XTS made by another program than the one under test.
make_dimm() {
	truncate -s 4M "$scratch/dimm"
	python3 - "$scratch" <<-'END'
		import sys
		from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
		text = b"What the page-table entry does not say is not encrypted.".ljust(64) * 2
		key, tweak, phys = bytes(range(16)), bytes(range(16, 32)), 0x100200040
		out = b""
		for n in range(2):
		    unit = (phys + 64 * n).to_bytes(16, "little")
		    cipher = Cipher(algorithms.AES(key + tweak), modes.XTS(unit)).encryptor()
		    out += cipher.update(text[64 * n:64 * n + 64])
		with open(sys.argv[1] + "/dimm", "r+b") as dimm:
		    dimm.seek(phys - 0x100000000)
		    dimm.write(out)
		with open(sys.argv[1] + "/text", "wb") as file:
		    file.write(text)
		def mix(x):
		    mask = (1 << 64) - 1
		    x = (x + 0x9e3779b97f4a7c15) & mask
		    x = ((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9) & mask
		    x = ((x ^ (x >> 27)) * 0x94d049bb133111eb) & mask
		    return x ^ (x >> 31)
		key = bytes((mix(1000 + i) >> 8) & 255 for n in (0, 500) for i in range(n, n + 16))
		unit = (0x100300000).to_bytes(16, "little")
		cipher = Cipher(algorithms.AES(key), modes.XTS(unit)).encryptor()
		with open(sys.argv[1] + "/dimm", "r+b") as dimm:
		    dimm.seek(0x300000)
		    dimm.write(cipher.update(text[:64]))
		with open(sys.argv[1] + "/line", "wb") as file:
		    file.write(text[:64])
	END
}

xts() {
	"$programs/xts_check" text "$scratch/dimm" "$1" 128 \
		000102030405060708090a0b0c0d0e0f "$2" "$scratch/text"
}

# One line under test key 1, and its digest.
digest() {
	"$programs/xts_check" digest "$scratch/dimm" 0x100300000 64 1 "$1" 0
}

test_xts_check() {
	local tweak=101112131415161718191a1b1c1d1e1f
	expect 0 "xts_check finds the cipher" xts 0x100200040 $tweak
	expect 1 "xts_check sees another address" xts 0x100200080 $tweak
	expect 1 "xts_check sees another key" xts 0x100200040 ${tweak%f}e
	expect 0 "xts_check knows a digest of the plaintext" digest "$(sha256sum <"$scratch/line" | head -c 64)"
	expect 1 "xts_check sees another digest" digest "$(sha256sum <"$scratch/text" | head -c 64)"
	expect 2 "xts_check refuses an address off the DIMM" xts 0x100400000 $tweak
	expect 2 "xts_check refuses an address below it" xts 0xff000000 $tweak
	expect 2 "xts_check refuses half a line" xts 0x100200042 $tweak
}

test_plain_search() {
	expect 0 "plain_search: nothing there" \
		"$programs/plain_search" "$scratch/dimm" 'page-table entry'
	dd if="$scratch/text" of="$scratch/dimm" bs=1 seek=2097140 conv=notrunc status=none
	expect 1 "plain_search: text over a 2 MiB border" \
		"$programs/plain_search" "$scratch/dimm" 'the page-table entry'
	expect 0 "plain_search: other text" "$programs/plain_search" "$scratch/dimm" 'page table entry'
	expect 2 "plain_search: no such file" "$programs/plain_search" "$scratch/none" 'page-table'
}

# The identifier of test key 1, from the command line tool of OpenSSL; the place from
# sha256sum.
place_of() {
	printf '\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff%b%b%b' \
		'\x00\x00\x20\x00\x01\x00\x00\x00' '\0\0\0\0\0\0\0\0' "$1" | sha256sum | head -c 32
}

test_record_check() {
	local head=01010100 uuid=00112233-4455-6677-8899-aabbccddeeff base=0x100200000
	local identifier=55722aabe70222c3b40cda49c9370c7b place other layout
	layout=$(printf '%080d' 3)
	place=$(place_of '')
	other=$(place_of "$(printf '\\x00%.0s' {1..39})\\x03")
	check() { "$programs/record_check" "$@"; }
	expect 0 "record_check knows identifier and place" check $head$identifier"$place" 1 $uuid $base -
	expect 1 "record_check sees another key" check $head$identifier"$place" 2 $uuid $base -
	expect 1 "record_check sees another namespace" check $head$identifier"$place" 1 ${uuid%f}e $base -
	expect 1 "record_check sees another address" check $head$identifier"$place" 1 $uuid 0x100201000 -
	expect 0 "record_check knows a layout" check $head$identifier"$other" 1 $uuid $base "$layout"
	expect 1 "record_check sees another layout" check $head$identifier"$other" 1 $uuid $base "${layout%3}4"
	expect 1 "record_check sees a layout too many" check $head$identifier"$place" 1 $uuid $base "$layout"
	expect 2 "record_check refuses a short record" check $head$identifier 1 $uuid $base -
	expect 2 "record_check refuses half a UUID" check $head$identifier"$place" 1 ${uuid%-*} $base -
}

layout() {
	${CC:-gcc} "$1" -isystem "/usr/include/$(${CC:-gcc} -print-multiarch)" \
		-std=gnu11 -Wpadded -Werror -fsyntax-only ${2:+"$2"} test/host/layout_check.c
}

# No 32-bit C library is needed: nothing is linked.
test_layout() {
	expect 0 "uapi structs in a 64-bit program" layout -m64
	expect 0 "uapi structs in a 32-bit program" layout -m32
	expect 1 "a hole would be seen" layout -m64 -DLAYOUT_WITH_A_HOLE
}

make_dimm
test_layout
test_xts_check
test_plain_search
test_record_check
echo "1..$number"
exit $failed
