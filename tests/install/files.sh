#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `make install` into a folder, what it laid out, and that `make uninstall` leaves nothing. It must
# never install into the machine itself.
. "$(dirname "$0")/lib.sh"

ROOT=$WORK/root
mk() { make -s -C "$TOP/userspace" DESTDIR="$ROOT" "$@"; }
files() { (cd "$ROOT" && find . ! -type d | sort); }

has_all() {
	local f
	for f in usr/bin/snitch usr/sbin/snitchd usr/lib/systemd/system/snitchd.service \
		usr/lib/snitch/snitch-fetch usr/lib/systemd/system/snitch-fetch.service \
		usr/lib/systemd/system/snitch-fetch.timer usr/lib/systemd/system/snitch-fetch.path \
		usr/lib/sysusers.d/snitch.conf usr/lib/tmpfiles.d/snitch.conf \
		usr/lib/modules-load.d/snitch.conf usr/lib/udev/rules.d/60-snitch.rules \
		usr/share/dbus-1/system.d/org.snitch.Snitch1.conf usr/share/man/man1/snitch.1 \
		usr/share/polkit-1/actions/org.snitch.Snitch1.policy usr/share/polkit-1/rules.d/org.snitch.Snitch1.rules \
		usr/share/man/man1/snitch-ask.1 usr/share/man/man1/snitch-top.1 usr/share/man/man7/snitch-import.7 \
		usr/share/bash-completion/completions/snitch \
		usr/share/zsh/vendor-completions/_snitch \
		usr/share/fish/vendor_completions.d/snitch.fish \
		"usr/src/snitch-$VERSION/dkms.conf" "usr/src/snitch-$VERSION/kmod/Kbuild"; do
		[[ -s $ROOT/$f ]] || { echo "missing or empty: $f"; return 1; }
	done
	compgen -G "$ROOT/usr/lib/snitch/rules.d/*.rules" >/dev/null || { echo "no built-in rules"; return 1; }
}
modes_are_safe() {
	[[ -z $(find "$ROOT" -perm /022 ! -type l -print -quit) ]] || { find "$ROOT" -perm /022; return 1; }
	[[ -z $(find "$ROOT" -perm /6000 -print -quit) ]]
}
runs() { "$ROOT/usr/bin/snitch" version | grep -qx "snitch $VERSION"; }
unit_verifies() {
	local said unit
	# systemd-analyze says so of every part of ours it does not like; other units are not ours.
	for unit in snitchd snitch-fetch; do
		sed "s|^ExecStart=/usr/|ExecStart=$ROOT/usr/|" \
			"$ROOT/usr/lib/systemd/system/$unit.service" >"$WORK/$unit.service"
	done
	cp "$ROOT"/usr/lib/systemd/system/snitch-fetch.{timer,path} "$WORK"
	said=$(systemd-analyze verify --man=no "$WORK"/snitch*.{service,timer,path} 2>&1 |
		grep -E 'snitchd\.service|snitch-fetch\.')
	[[ -z $said ]] || { echo "$said"; return 1; }
}
unit_is_confined() {
	local level unit
	for unit in snitchd snitch-fetch; do
		level=$(systemd-analyze security --offline=yes "$WORK/$unit.service" 2>&1 |
			sed -n "s/.*Overall exposure level for $unit.service: \([0-9.]*\).*/\1/p")
		echo "exposure level $level of $unit"
		[[ -n $level ]] && awk -v l="$level" 'BEGIN {exit !(l < 4)}' || return 1
	done
}
bus_policy_loads() {
	local conf=$WORK/bus.conf
	cat >"$conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig><type>session</type><listen>unix:dir=$WORK</listen>
		<include>$ROOT/usr/share/dbus-1/system.d/org.snitch.Snitch1.conf</include></busconfig>
	END
	sed -i 's/policy user="snitch"/policy user="root"/' \
		"$ROOT/usr/share/dbus-1/system.d/org.snitch.Snitch1.conf"
	dbus-run-session --config-file="$conf" -- true
}
man_pages_are_clean() {
	local page said
	for page in "$ROOT"/usr/share/man/man*/snitch*; do
		said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[[ -z $said ]] || { echo "$page: $said"; return 1; }
	done
}
policies_are_found() {
	compgen -G "$ROOT/usr/share/snitch/iap/*.json" >/dev/null &&
	"$ROOT/usr/bin/snitch" iap lint "$ROOT"/usr/share/snitch/iap/*.json
}
rules_check() {
	"$ROOT/usr/bin/snitch" rules check "$ROOT"/usr/lib/snitch/rules.d/*.rules
}
nothing_left() {
	[[ ! -d $ROOT ]] || [[ -z $(files) ]] || { files; return 1; }
	[[ ! -d $ROOT ]] || [[ -z $(find "$ROOT" -mindepth 1 -print -quit) ]] || { find "$ROOT"; return 1; }
}
only_kept() {
	[[ $(files | tr '\n' ' ') == './etc/snitch/rules.d/mine.rules ./var/lib/snitch/mode ' ]] || { files; return 1; }
}
older_folders_stay() {
	mkdir -p "$ROOT/usr/share/fish" && mk install && mk uninstall &&
	[[ $(cd "$ROOT" && find . -mindepth 1 | sort | tr '\n' ' ') == './usr ./usr/share ./usr/share/fish ' ]]
}
foreign_files() {
	mkdir -p "$ROOT/etc/snitch/rules.d" "$ROOT/var/lib/snitch" &&
	echo 'deny any to any' >"$ROOT/etc/snitch/rules.d/mine.rules" &&
	echo ask >"$ROOT/var/lib/snitch/mode"
}
prefix_is_kept() {
	[[ -x $ROOT/opt/snitch/bin/snitch ]] &&
	grep -q '^ExecStart=/opt/snitch/sbin/snitchd' "$ROOT/usr/lib/systemd/system/snitchd.service"
}

ok "make install DESTDIR=..." mk install
ok "every file is there" has_all
ok "nothing is writable by others or setuid" modes_are_safe
ok "the installed program runs and names its version" runs
ok "the built-in rules have no error" rules_check
ok "the policies of programs have no fault" policies_are_found
if command -v man >/dev/null; then
	ok "the man pages format without a warning" man_pages_are_clean
fi
if command -v systemd-analyze >/dev/null; then
	ok "the unit is right" unit_verifies
	ok "the unit is confined" unit_is_confined
fi
ok "the bus takes the policy" bus_policy_loads
ok "make uninstall" mk uninstall
ok "nothing is left" nothing_left
ok "make install again" mk install
ok "people make files of their own" foreign_files
ok "make uninstall again" mk uninstall
ok "only people's own files are left" only_kept
ok "make uninstall PURGE=1" mk uninstall PURGE=1
ok "nothing is left after that" nothing_left
ok "make install PREFIX=/opt/snitch" mk install PREFIX=/opt/snitch
ok "PREFIX is kept" prefix_is_kept
ok "make uninstall PREFIX=/opt/snitch" mk uninstall PREFIX=/opt/snitch
ok "nothing is left of that" nothing_left
ok "an empty folder of others stays" older_folders_stay
finish
