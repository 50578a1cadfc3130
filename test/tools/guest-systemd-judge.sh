#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# After everything is unmounted: what systemd has done in this boot, by its journal and
# by what "systemctl show" has said (guest-systemd-end.sh).
set -euo pipefail
# shellcheck source=test/pmem/lib.sh
. /test/lib.sh
# shellcheck source=test/tools/guest-lib.sh
. /tools/guest-lib.sh

program="systemd, $1"
VAULT=/mnt/pmem/vault
UNIT=mktme-dax-unlock@mnt-pmem-vault.service

# fact UNIT PROPERTY
fact() { sed -n "s/^$2=//p" "/run/facts/$1"; }

is_active() { [ "$(fact "$1" ActiveState)" = active ] && [ "$(fact "$1" Result)" = success ]; }

# starts_after LATER EARLIER
starts_after() {
	local earlier later
	earlier=$(fact "$2" ActiveEnterTimestampMonotonic)
	later=$(fact "$1" InactiveExitTimestampMonotonic)
	echo "$2 was there at $earlier, $1 began at $later"
	[ "${earlier:-0}" -gt 0 ] && [ "${later:-0}" -ge "$earlier" ]
}

# in_order PATTERN...: lines of the journal
in_order() {
	local pattern line=0 next
	for pattern in "$@"; do
		next=$(sed -n "$((line + 1)),\$p" /run/journal | grep -nE -m 1 "$pattern" | cut -d: -f1) || true
		[ -n "$next" ] || { echo "no \"$pattern\" below line $line"; return 1; }
		line=$((line + next))
	done
}

not_started() { [ "$(fact "$1" ActiveState)" = inactive ] && [ ! -e /run/copy ]; }

check_unlocked() {
	check "the unit is active" is_active "$UNIT"
	check "it says which key" in_order "\]: $VAULT: unlocked with key vault"
	check "it begins when the mount is there" starts_after "$UNIT" mnt-pmem.mount
	check "its users begin when it has ended" starts_after reader.service "$UNIT"
	check "and read the file" cmp /tools/mktme-dax /run/copy
	check "shutdown locks, and then unmounts" in_order "\]: $VAULT: key vault taken away, [0-9]+ files locked" \
		"Unmounted .*/mnt/pmem"
}

check_locked() {
	check "the unit fails" test "$(fact "$UNIT" ActiveState)" = failed
	check "and says why" in_order "\]: mktme-dax unlock: vault: .*(master key|terminal)"
	check "the boot goes on" is_active mnt-pmem.mount
	check "its users are not started" not_started reader.service
}

# systemd-shutdown throws away what its programs say.
exec >/dev/console 2>&1
journalctl -D /run/log/journal --no-pager -o short-monotonic >/run/journal
cat /run/journal /run/facts/*
case $1 in
missing) check_locked ;;
*) check_unlocked ;;
esac
end_of_checks
