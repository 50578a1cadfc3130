#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# PID 1 of a boot with systemd, before it becomes systemd: what an initramfs does.
#
#   guest-systemd-begin.sh encrypted|missing|key-file|passphrase     how the key is opened
#
# The unit is the packaged one, enabled by its link, and what is said is read from the
# journal. /sys is read-only: then systemd has no units for devices, and does not wait for
# a udevd, which is not here. It does not read /etc/fstab either then.
set -euo pipefail

export PATH=/tools:/usr/sbin:/usr/bin:/sbin:/bin
VAULT=/mnt/pmem/vault
UNIT=mktme-dax-unlock@mnt-pmem-vault.service
UNITS=/etc/systemd/system

mount_all() {
	mkdir -p /proc /sys /dev /run /tmp /mnt
	mount -t proc proc /proc
	mount -t sysfs -o ro sysfs /sys
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t devtmpfs devtmpfs /dev
	mount -t tmpfs tmpfs /run
	ln -sfn /proc/self/fd /dev/fd
}

link_to() {
	local target=$1 unit
	shift
	mkdir -p "$UNITS/$target.wants"
	for unit in "$@"; do
		ln -sfn "/lib/systemd/system/$unit" "$UNITS/$target.wants/$unit"
	done
}

# own_unit NAME TARGET: from stdin
own_unit() {
	mkdir -p "$UNITS/$2.wants"
	cat >"$UNITS/$1"
	ln -sfn "../$1" "$UNITS/$2.wants/$1"
}

make_units() {
	ln -sfn multi-user.target /lib/systemd/system/default.target
	link_to sysinit.target systemd-journald.service
	link_to sockets.target systemd-journald.socket systemd-journald-dev-log.socket
	mkdir -p "$UNITS/multi-user.target.wants" "$UNITS/$UNIT.d" /lib/systemd/system-shutdown
	ln -sfn /lib/systemd/system/mktme-dax-unlock@.service "$UNITS/multi-user.target.wants/$UNIT"
	ln -sfn /tools/mktme-dax /usr/bin/mktme-dax
	printf '#!/bin/bash\nexec /init --late /tools/guest-systemd-judge.sh %s\n' "$1" \
		>/lib/systemd/system-shutdown/judge
	chmod 755 /lib/systemd/system-shutdown/judge
	tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
}

# As they are made of /etc/fstab: the store as a part of the system, the vault with "nofail"
make_mounts() {
	own_unit 'etc-mktme\x2ddax.mount' local-fs.target <<-END
		[Unit]
		Before=local-fs.target
		[Mount]
		What=/dev/pmem0.1
		Where=/etc/mktme-dax
		Type=ext4
	END
	own_unit mnt-pmem.mount multi-user.target <<-END
		[Mount]
		What=/dev/pmem0
		Where=/mnt/pmem
		Type=ext4
		Options=dax=always,nofail
	END
}

# What needs the files, as the README of the package says; and the end of the boot
make_users() {
	own_unit reader.service multi-user.target <<-END
		[Unit]
		Requires=$UNIT
		After=$UNIT
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/usr/bin/cp $VAULT/file /run/copy
	END
	own_unit end.service multi-user.target <<-END
		[Unit]
		After=multi-user.target
		[Service]
		Type=oneshot
		ExecStart=/tools/guest-systemd-end.sh $UNIT
	END
}

# A person at the console, who is asked for a passphrase
make_person() {
	own_unit person.path paths.target <<-END
		[Path]
		PathExistsGlob=/run/systemd/ask-password/ask.*
	END
	cat >"$UNITS/person.service" <<-END
		[Service]
		Type=oneshot
		ExecStart=/tools/guest-systemd-person.sh
	END
}

# drop_in: as "systemctl edit" makes it
drop_in() {
	cat >"$UNITS/$UNIT.d/key.conf"
}

choose_key() {
	case $1 in
	encrypted) keyctl add user kmk 0123456789abcdef0123456789abcdef @u ;;
	missing) ;;
	key-file) drop_in <<-END
		[Service]
		Environment="OPTIONS=--key-file /etc/mktme-dax/vault.key"
		END
		;;
	passphrase) # As the README has it
		sed -n '/^  ExecStart=$/,/^  ExecStart=.*ask-password/s/^  //p' /tools/README.Debian |
			sed '1i[Service]' | drop_in
		make_person ;;
	esac
}

mount_all
make_units "$1"
make_mounts
make_users
choose_key "$1"
exec /lib/systemd/systemd --log-target=journal --show-status=no
