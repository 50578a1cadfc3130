# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The host's part of the suite "systemd": what of the host's systemd comes into the VM. Units
# are those of a boot to multi-user.target; links between them are made in the guest. Each
# boot is judged by guest-systemd-judge.sh, when systemd has unmounted everything.

SYSTEMD_PROGRAMS='/lib/systemd/systemd /lib/systemd/systemd-journald /lib/systemd/systemd-shutdown
	/usr/bin/systemctl /usr/bin/journalctl
	/usr/bin/systemd-ask-password /lib/systemd/systemd-reply-password'
SYSTEMD_UNITS='basic.target final.target local-fs-pre.target local-fs.target multi-user.target
	paths.target poweroff.target shutdown.target slices.target sockets.target swap.target
	sysinit.target timers.target umount.target systemd-journald-dev-log.socket
	systemd-journald.service systemd-journald.socket systemd-poweroff.service'

# Options of vm/run.sh, one a line
list_systemd_options() {
	local file
	for file in $SYSTEMD_PROGRAMS; do
		printf '%s\n' --add "$file:$file"
	done
	for file in $SYSTEMD_UNITS; do
		printf '%s\n' --add "/lib/systemd/system/$file:/lib/systemd/system/$file"
	done
	file=tools/mktme-dax/systemd/mktme-dax-unlock@.service
	printf '%s\n' --add "$file:/lib/systemd/system/${file##*/}"
}

# boot_systemd WHAT OPTION...: one boot with the DIMM of this suite
boot_systemd() {
	local name=tools-systemd-$1 status=0
	shift
	vm/run.sh --name "$name" --dimm build/tools-systemd.img --timeout 600 --add "$VM_TOOLS":/tools "$@" \
		>&2 || status=$?
	touch "$LOGS/$name/report"
	merge_report systemd "$LOGS/$name/report"
	tap "$([ "$status" -eq 0 ] || grep -q ' tests failed$' "$LOGS/$name/status" && echo ok || echo not ok)" \
		"systemd: ${name#tools-systemd-}: the VM ended well" "$(head -n 1 "$LOGS/$name/status" 2>/dev/null)"
}

run_systemd() {
	local options way
	prepare_vm
	mapfile -t options < <(list_systemd_options)
	boot_systemd prepare --fresh --script /tools/guest-systemd-prepare.sh
	for way in encrypted missing key-file passphrase; do
		boot_systemd "$way" "${options[@]}" --script "$way" --append rdinit=/tools/guest-systemd-begin.sh
	done
	check_plaintext systemd build/tools-systemd.img /dev/null
	rm -f build/tools-systemd.img
}
