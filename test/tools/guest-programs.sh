# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # $kind, $mark and $vault are those of guest-apps.sh
# Unmodified programs, for guest-apps.sh: each function works in the current directory and
# prints what is to be the same in every directory. app_NAME writes, again_NAME finds it
# after a new mount; the mark is in all data. Two of them run at a time, of another $kind.

# hold COMMAND...: started, in the background; its input is descriptor 7, and ends with it.
hold() {
	rm -f "/tmp/$kind.in" "/tmp/$kind.held"
	mkfifo "/tmp/$kind.in"
	"$@" <"/tmp/$kind.in" >"/tmp/$kind.held" &
	held=$!
	exec 7>"/tmp/$kind.in"
}

# Until it has said that much; a minute is enough for all of them.
has_said() {
	local deadline=$((SECONDS + 60))
	until grep -q "$1" "/tmp/$kind.held"; do
		kill -0 "$held" && [ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

let_go() {
	exec 7>&-
	wait "$held"
}

# The KeyID that smaps shows while FILE is mapped, and the one that the tool tells
note_smaps() {
	local file=$PWD/$1 pid=${2:-$held} seen
	seen=$(awk -v file="$file" '
		/^[0-9a-f]+-[0-9a-f]+ / { here = $NF == file; mapped += here }
		here && $1 == "KeyID:" { keyid[$2] }
		END { for (k in keyid) printf "%s", k; if (!mapped) printf "nothing" }' "/proc/$pid/smaps")
	echo "$kind $1 smaps ${seen:--} $(keyid_of "$1")" >>/tmp/keyids
}

# That of the page-table entry of a file that nobody holds
note_entry() {
	echo "$kind $1 entry $(/test/filekey entry "$1" | sed 's/.* keyid=0 .*/-/; s/.* keyid=\([0-9]*\) .*/\1/')" \
		"$(keyid_of "$1")" >>/tmp/keyids
}

keyid_of() {
	mktme-dax status "$1" | sed -n '1s/.*: unbound$/-/p; 1s/.*: unlocked, KeyID \([0-9]*\),.*/\1/p'
}

# sqlite3 FILE MODE: the connection stays, and with it the mapping
ledger() {
	sed -e "s/MARK/$mark/" -e "s/MODE/$2/" /tools/apps.sql | sqlite3 "$1"
	hold sqlite3 "$1"
	echo "PRAGMA mmap_size = 67108864; INSERT INTO account VALUES (1000, '$mark again', 0);" >&7
	echo "SELECT count(*), max(owner) FROM account; SELECT count(text) FROM entry; SELECT 'done';" >&7
	has_said '^done'
	note_smaps "$1"
	if [ "$2" = WAL ]; then
		note_smaps "$1-shm"
	fi
	let_go
	cat "/tmp/$kind.held"
	dump "$1"
}

dump() {
	sqlite3 "$1" .dump | sed "s/$mark/MARK/" | sha256sum
}

app_sqlite() {
	ledger ledger.db PERSIST
	/tools/hostfile content ledger.db
}

app_sqlite_wal() { ledger wal.db WAL; }

again_ledger() {
	sqlite3 "$1" "PRAGMA mmap_size = 67108864; PRAGMA integrity_check"
	dump "$1"
}

again_sqlite() { again_ledger ledger.db; }

again_sqlite_wal() { again_ledger wal.db; }


app_libpmem() {
	hold /tools/pmem_app lines "$kind" 7 10000
	has_said right
	note_smaps lines
	let_go
	cat "/tmp/$kind.held"
	/tools/hostfile content lines
}

again_libpmem() { /tools/hostfile content lines; }

# The example of the library, which wants to be told that a file may be plain
app_libpmem2() {
	local plain=''
	[ "$kind" = secret ] || plain=--plain
	hold /tools/pmem2_journal $plain journal
	printf '%s\n' "$mark one" "$mark two" "$mark three" >&7
	has_said '^8[0-9] bytes'
	note_smaps journal
	let_go
	cat "/tmp/$kind.held"
	/tools/hostfile content journal
}

again_libpmem2() { /tools/pmem2_journal --print journal; }

app_libpmemobj() {
	/test/pmemobj_app create notes.pool "$mark one" "$mark two"
	note_entry notes.pool
	again_libpmemobj
}

again_libpmemobj() {
	/test/pmemobj_app read notes.pool
	pmempool check -v notes.pool
}

app_pmempool() {
	pmempool create obj made.obj
	pmempool create log made.log
	again_pmempool
	note_entry made.obj
	note_entry made.log
}

again_pmempool() {
	pmempool check -v made.obj
	pmempool check -v made.log
}

# Terse output: field 3 is the job, 5 the error, of verification, too. The files hold times
# and numbers of fio's own, so that they are compared with themselves only.
app_fio() {
	local engine
	MARK=$mark fio --minimal /tools/apps.fio >"/tmp/$kind.fio" || cat "/tmp/$kind.fio"
	awk -F ';' '$1 == 3 { print $3, "error", $5 }' "/tmp/$kind.fio"
	for engine in libpmem mmap psync; do
		note_entry fio.$engine
	done
	rm -f ./*-verify.state
	/tools/hostfile content fio.* >"/tmp/$kind.fio"
}

again_fio() { /tools/hostfile content fio.* | diff - "/tmp/$kind.fio" && echo as before; }

start_memcached() {
	memcached -u root -t 1 -s "/tmp/$kind.socket" -U 0 -m 64 -e "$PWD/cache" &
	cached=$!
	until printf 'version\r\nquit\r\n' | /tools/socket_talk "/tmp/$kind.socket"; do
		kill -0 "$cached" || return 1
		sleep 0.05
	done >/dev/null 2>&1
}

stop_memcached() {
	kill -USR1 "$cached"
	wait "$cached"
	rm -f "/tmp/$kind.socket"
}

ask_memcached() {
	{ cat; printf 'quit\r\n'; } | /tools/socket_talk "/tmp/$kind.socket" | tr -d '\r'
}

# All values, and how many there are
memcached_content() {
	seq 200 | sed 's/.*/get key&\r/' | ask_memcached | sed "s/$mark/MARK/g" | sha256sum
	printf 'stats\r\n' | ask_memcached | sed -n 's/^STAT curr_items/items/p'
}

app_memcached() {
	start_memcached
	seq 200 | awk -v mark="$mark" '{
		value = mark $1
		while (length(value) < 1000)
			value = value " " mark
		printf "set key%d 0 0 %d\r\n%s\r\n", $1, length(value), value
	}' | ask_memcached | sort | uniq -c
	memcached_content
	note_smaps cache "$cached"
	stop_memcached
}

# It takes its content for too new if it is started in the second in which it has ended.
again_memcached() {
	local ended
	ended=$(sed -n 's/^Kstop_time //p' cache.meta)
	until [ "$(date +%s)" -gt "${ended:-0}" ]; do
		sleep 0.1
	done
	start_memcached
	memcached_content
	stop_memcached
}
