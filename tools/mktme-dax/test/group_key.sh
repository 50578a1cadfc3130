# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2317,SC2154
# Keys in files: the verbs as they are used, without a kernel that has the feature.

key() { "$OUT/mktme-dax" key "$@"; }
cheap=(--memory 64 --passes 1)

new_store() {
	export MKTME_DAX_KEYS=$scratch/keys-$1
	rm -rf "$MKTME_DAX_KEYS"
}

secrets() {
	echo first >"$scratch/first"
	echo second >"$scratch/second"
	printf 'one\ntwo\n' >"$scratch/two-lines"
	head -c 40 /dev/urandom >"$scratch/random"
	head -c 40 /dev/urandom >"$scratch/other"
}

create() { key create "${cheap[@]}" --passphrase-file "$scratch/first" "$@" 2>"$scratch/err"; }

# opens KEY OPTION...: key load gets as far as the kernel, which knows no such keys
opens() {
	local name=$1
	shift
	[ "$(key load "$@" "$name" 2>&1 | head -n 1)" = \
		"mktme-dax key load: $name: cannot load the key: the kernel does not know keys of type mktme" ]
}

no_store_is_empty() { [ "$(key list --json 2>&1 | tr -d ' \n')" = '[]' ] && [ -z "$(key list 2>&1)" ]; }

from_standard_input() { opens a --passphrase-file - <"$scratch/first"; }

prints_identifier() { [[ $(create a) =~ ^[0-9a-f]{32}$ ]] && grep -q 'next: mktme-dax key backup' "$scratch/err"; }

modes_are_private() {
	[ "$(stat -c '%a %a' "$MKTME_DAX_KEYS")" = "700 700" ] && [ "$(stat -c %a "$MKTME_DAX_KEYS/a.key")" = 600 ]
}

# Words of a JSON list: listed NAME FIELD
listed() {
	key list --json | python3 -c 'import json, sys
for key in json.load(sys.stdin):
    if key["name"] == sys.argv[1]: print(json.dumps(key[sys.argv[2]]))' "$@"
}

list_has_all() {
	local identifier
	identifier=$(create --algorithm aes-xts-256 long) &&
		[ "$(listed long identifier)" = "\"$identifier\"" ] &&
		[ "$(listed long algorithm)" = '"aes-xts-256"' ] &&
		[ "$(listed long loaded)" = false ] &&
		[ "$(listed long protectors)" = '[{"number": 1, "type": "passphrase", "description": null}]' ] &&
		[ "$(listed long filesystems)" = '[]' ] && key list | grep -q "$identifier"
}

damaged_is_listed() {
	local status=0
	echo '{}' >"$MKTME_DAX_KEYS/bad.key" && chmod 600 "$MKTME_DAX_KEYS/bad.key"
	key list --json >"$scratch/list" 2>/dev/null || status=$?
	rm "$MKTME_DAX_KEYS/bad.key"
	[ $status -eq 4 ] && grep -q '"problem":"it is not a key file"' "$scratch/list" && grep -q '"name":"a"' "$scratch/list"
}

material_is_taken() {
	head -c 64 /dev/urandom >"$scratch/material"
	create --algorithm aes-xts-256 --material "$scratch/material" known >"$scratch/identifier" &&
		[ "$(openssl kdf -keylen 16 -kdfopt digest:SHA512 -kdfopt "hexkey:02$(od -An -tx1 -v "$scratch/material" | tr -d ' \n')" \
			-kdfopt info:'mktme-dax identifier' HKDF | tr -d ':\n' | tr A-F a-f)" = "$(cat "$scratch/identifier")" ]
}

second_reader_agrees() {
	key create --algorithm aes-xts-256 --material "$scratch/material" --key-file "$scratch/random" second 2>/dev/null &&
		key add-protector --key-file "$scratch/random" --new-passphrase-file "$scratch/first" "${cheap[@]}" second &&
		[ "$(python3 "$top/test/keyfile_reader.py" "$MKTME_DAX_KEYS/second.key" "$scratch/random")" = \
			"$(od -An -tx1 -v "$scratch/material" | tr -d ' \n')" ]
}

secrets_are_not_in_the_file() {
	! grep -q -e first -e "$(od -An -tx1 -v -N 16 "$scratch/material" | tr -d ' \n')" "$MKTME_DAX_KEYS/known.key"
}

change_passphrase() {
	create changed &&
		key change-passphrase "${cheap[@]}" --passphrase-file "$scratch/first" --new-passphrase-file "$scratch/second" changed &&
		opens changed --passphrase-file "$scratch/second" && ! opens changed --passphrase-file "$scratch/first"
}

protectors_come_and_go() {
	create several &&
		[ "$(key add-protector --passphrase-file "$scratch/first" --new-key-file "$scratch/random" several)" = 2 ] &&
		opens several --key-file "$scratch/random" &&
		key remove-protector --key-file "$scratch/random" several 1 &&
		! opens several --passphrase-file "$scratch/first" && opens several --key-file "$scratch/random"
}

# Without an option but with a key file only, nobody can be asked.
backup_and_restore() {
	create kept && key backup kept "$scratch/kept" && [ "$(stat -c %a "$scratch/kept")" = 600 ] &&
		cmp "$scratch/kept" "$MKTME_DAX_KEYS/kept.key" && key remove kept && ! key load kept &&
		[ "$(key restore "$scratch/kept")" = kept ] && opens kept --passphrase-file "$scratch/first"
}

# typed [PROMPT ANSWER]... -- ARGUMENT...: "mktme-dax key" on a terminal
typed() {
	local words=()
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	python3 "$top/test/terminal.py" "${words[@]}" -- "$OUT/mktme-dax" key "$@" >"$scratch/terminal"
}

terminal_asks_twice() {
	typed asked: 'word\n' more: 'word\n' -- create "${cheap[@]}" asked && ! grep -q word "$scratch/terminal" &&
		grep -qx echo "$scratch/terminal" && echo word >"$scratch/word" && opens asked --passphrase-file "$scratch/word"
}

terminal_asks_again() {
	! typed asked: 'wrong\n' asked: 'word\n' -- load asked && grep -q 'wrong passphrase' "$scratch/terminal" &&
		grep -q 'cannot load the key' "$scratch/terminal"
}

passphrases_that_differ() {
	! typed differ: 'word\n' more: 'wort\n' -- create "${cheap[@]}" differ &&
		grep -q 'passphrases differ' "$scratch/terminal" && [ ! -e "$MKTME_DAX_KEYS/differ.key" ]
}

# The signal ends it (128 + SIGINT), and the terminal echoes again.
interrupt_gives_the_echo_back() {
	local status=0
	typed interrupted: '\x03' -- create "${cheap[@]}" interrupted || status=$?
	[ $status -eq 130 ] && grep -qx echo "$scratch/terminal" && [ ! -e "$MKTME_DAX_KEYS/interrupted.key" ]
}

removal_wants_the_name() {
	create wanted && ! typed 'go on:' 'yes\n' -- remove wanted && [ -e "$MKTME_DAX_KEYS/wanted.key" ] &&
		typed 'go on:' 'wanted\n' -- remove wanted && [ ! -e "$MKTME_DAX_KEYS/wanted.key" ]
}

# Two that change at a time: the second one is told, and nothing of the first is lost.
changed_meanwhile() {
	local pid status=0
	create shared && mkfifo "$scratch/late"
	key add-protector --passphrase-file "$scratch/first" --new-key-file "$scratch/late" shared 2>"$scratch/err" &
	pid=$!
	# Who opens the other end has seen it come to the second secret: it has read the file.
	exec 5>"$scratch/late"
	key add-protector --passphrase-file "$scratch/first" --new-key-file "$scratch/random" shared &&
		cat "$scratch/other" >&5
	exec 5>&-
	wait "$pid" || status=$?
	[ $status -eq 5 ] && grep -q 'somebody else' "$scratch/err" && opens shared --key-file "$scratch/random"
}

no_core() {
	local pid ok=0
	mkfifo "$scratch/slow"
	"$OUT/mktme-dax" key load --passphrase-file "$scratch/slow" a 2>/dev/null &
	pid=$!
	exec 5>"$scratch/slow"
	grep -q '^Max core file size *0 ' "/proc/$pid/limits" || ok=1
	exec 5>&-
	wait "$pid" || true
	return $ok
}

test_key() {
	secrets
	new_store 1
	expect 0 "no store is an empty list, and silent" no_store_is_empty
	expect 0 "create prints the identifier" prints_identifier
	expect 0 "store and key are private" modes_are_private
	expect 5 "create does not replace" create a
	expect 1 "a name that is none" create ../a
	expect 1 "an algorithm that is none" create --algorithm aes-cbc b
	expect 1 "two protectors at once" create --key-file "$scratch/random" b
	expect 1 "too much memory" key create --memory 99999999 --passphrase-file "$scratch/first" b
	expect 1 "material of another size" create --material "$scratch/random" b
	expect 1 "a passphrase of two lines" key create --passphrase-file "$scratch/two-lines" "${cheap[@]}" b
	expect 1 "nobody to ask" setsid -w "$OUT/mktme-dax" key create "${cheap[@]}" b
	expect 0 "list has name, algorithm, identifier, protectors" list_has_all
	expect 0 "a damaged key is listed, as are the others" damaged_is_listed
	expect 0 "material is taken as it is" material_is_taken
	expect 0 "a second reader, by the manual, agrees" second_reader_agrees
	expect 0 "no secret is in the file" secrets_are_not_in_the_file
	expect 0 "the passphrase opens it" opens a --passphrase-file "$scratch/first"
	expect 0 "from standard input, too" from_standard_input
	expect 2 "a wrong passphrase" key load --passphrase-file "$scratch/second" a
	expect 2 "a key file that it does not have" key load --key-file "$scratch/random" a
	expect 2 "a wrong key file" key load --key-file "$scratch/other" second
	expect 4 "a key that is not there" key load nokey
	expect 1 "a key to instantiate that is no number" key load --instantiate 1x a
	expect 2 "a key that nobody has asked for" key load --passphrase-file "$scratch/first" --instantiate 1 a
	expect 0 "change-passphrase" change_passphrase
	expect 2 "change-passphrase with a wrong one" key change-passphrase --passphrase-file "$scratch/second" a
	expect 0 "protectors come and go" protectors_come_and_go
	expect 5 "the last protector stays" key remove-protector --key-file "$scratch/random" several 2
	expect 2 "a protector is not removed by its own secret" key remove-protector --key-file "$scratch/random" second 1
	expect 4 "a protector that is not there" key remove-protector --key-file "$scratch/random" second 7
	expect 0 "backup, remove, restore" backup_and_restore
	expect 5 "backup does not replace" key backup kept "$scratch/kept"
	expect 5 "restore does not replace" key restore "$scratch/kept"
	expect 4 "restore of what is no key" key restore "$scratch/first"
	expect 4 "remove of what is not there" key remove nokey
	expect 0 "unload of what is not loaded" key unload a
	expect 0 "the terminal asks twice, without echo" terminal_asks_twice
	expect 0 "and once more after a wrong passphrase" terminal_asks_again
	expect 0 "two passphrases that differ" passphrases_that_differ
	expect 0 "Ctrl-C gives the echo back" interrupt_gives_the_echo_back
	expect 0 "remove wants the name on a terminal" removal_wants_the_name
	expect 0 "two changes at a time" changed_meanwhile
	expect 0 "no core dump while it has secrets" no_core
	chmod 755 "$MKTME_DAX_KEYS"
	expect 2 "a store that others can read" key list
	for program in keyfile altered store secret encrypted users progress; do
		unit "${program}_test"
	done
}
