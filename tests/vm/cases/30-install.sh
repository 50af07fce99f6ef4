# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2034
# Image: install
# `make install` on a whole system: DKMS, systemd, udev, the bus, users; and that `make uninstall`
# takes everything away again. Must never run anywhere but in the guest.
#
# HEADERS=no (31-no-headers): the same where the kernel's headers are missing. DKMS builds nothing
# then, which takes a seventh of the time; the module is put in its place by hand.
. /snitch/guest/lib.sh

TREE=$(</snitch/src/PATH)	# the same path as outside, so that the programs count as built
KVER=$(uname -r)
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' /snitch/src/dkms.conf)
UNIT=/usr/lib/systemd/system/snitchd.service

# Everything on the disks with owner and mode. Left out: what programs write about their own
# doings (logs, DKMS's signing key, depmod's tables, systemd's state), and the tree.
listing() {
	find / /lib/modules/ -xdev \( -path "$TREE" -o -path /var/log -o -path /var/lib/systemd -o -path /var/cache \
		-o -path /root -o -name 'modules.*' -o -path '/var/lib/dkms/mok.*' -o -path '/etc/*-' \
		-o -path /etc/.pwd.lock \) -prune -o -type d -printf 'd %m %u %p\n' -o -printf 'f %m %u %p\n' |
		sort -k 4
}
added() { diff /run/after /run/before | sed -n 's/^< //p'; }
removed() { diff /run/after /run/before | sed -n 's/^> //p'; }

# mk TARGET [VARIABLE=...]: make, as root calls it; what it said is shown when it failed.
mk() {
	local status=0
	make -C "$TREE" "$@" >/run/make.log 2>&1 || status=$?
	tail -n 40 /run/make.log
	[[ $status -eq 0 ]] || tail -n 40 /var/lib/dkms/snitch/*/build/make.log
	return $status
}

copy_tree() {
	mkdir -p "$(dirname "$TREE")"
	cp -a /snitch/src "$TREE"
}
unit_verifies() {
	local said
	said=$(systemd-analyze verify --man=no $UNIT 2>&1 | grep -F snitchd)
	[[ -z $said ]] || { echo "$said"; return 1; }
}
status_of() { stat -c '%U:%G %a' "$1"; }
daemon_pid() { systemctl show -P MainPID snitchd; }
# The daemon's user and its effective capabilities: net_admin, dac_read_search, sys_ptrace.
daemon_is_confined() {
	local pid
	pid=$(daemon_pid)
	[[ $(ps -o user= -p "$pid") == snitch ]] || { ps -fp "$pid"; return 1; }
	grep -q '^CapEff:.*0000000000081004$' "/proc/$pid/status" || { grep Cap "/proc/$pid/status"; return 1; }
}
journal() { journalctl -b -u snitchd --no-pager -o cat | tail -n 30; }
started() { systemctl enable --now snitchd && systemctl is-active snitchd || { journal; return 1; }; }
says() {
	local want=$1 said
	shift
	said=$("$@" 2>&1)
	echo "$said"
	[[ $said == *"$want"* ]]
}
# Only root may, and it is in force at once.
admin_rule() {
	local id
	id=$(snitch rules add --scope admin deny /usr/bin/nc to 192.0.2.2) || { echo "$id"; journal; return 1; }
	grep -F "[id=$id] deny /usr/bin/nc to 192.0.2.2" /etc/snitch/rules.d/prompts.rules &&
	snitch rules list | grep -F "$id" | grep -w admin && snitch rules rm "$id" &&
	! snitch rules list | grep -F "$id"
}
no_admin_rule() { setpriv --reuid alice --regid alice --clear-groups snitch rules add --scope admin deny any to 192.0.2.2; }
nothing_but_people() {
	local more
	listing >/run/after
	more=$(added | grep -v -E ' /(etc|var/lib)/snitch(/|$)')
	[[ -z $more && -z $(removed) ]] || { printf 'added:\n%s\nremoved:\n' "$more"; removed; return 1; }
}
nothing_at_all() {
	listing >/run/after
	cmp /run/before /run/after || { added; removed; return 1; }
}

hide_headers() { rm "/lib/modules/$KVER/build"; }
put_module() {
	mkdir -p "/lib/modules/$KVER/updates/dkms"
	cp /snitch/snitch.ko "/lib/modules/$KVER/updates/dkms/" && depmod
}
take_module() {
	rm -r "/lib/modules/$KVER/updates"
	ln -s "/usr/src/linux-headers-$KVER" "/lib/modules/$KVER/build" && depmod
}

t_ok "the tree is copied" copy_tree
t_is "no snitch on this machine" "$(getent passwd snitch; dkms status; command -v snitch | grep -v ^/snitch/)" ""
listing >/run/before
begun=$SECONDS
if [[ ${HEADERS:-yes} == no ]]; then
	t_ok "the headers are hidden" hide_headers
	t_ok "make install says what to do without headers" says "apt-get install linux-headers-$KVER" mk install
	t_is "DKMS will build it when they come" "$(dkms status)" "snitch/$VERSION: added"
	t_ok "the module is put in its place" put_module
else
	t_ok "make install" mk install || t_done
	t_ok "dkms status: installed" says "snitch/$VERSION, $KVER, x86_64: installed" dkms status
fi
t_note "make install took $((SECONDS - begun)) s"
t_is "the module that modprobe finds is DKMS's" "$(modinfo -F filename snitch)" \
	"/lib/modules/$KVER/updates/dkms/snitch.ko"
t_is "it has the version of dkms.conf" "$(modinfo -F version snitch)" "$VERSION"
t_is "so have the programs" "$(/usr/bin/snitch --version; /usr/sbin/snitchd --version)" \
	"snitch $VERSION"$'\n'"snitchd $VERSION"
t_is "user snitch cannot log in" "$(getent passwd snitch | cut -d: -f6,7)" "/var/lib/snitch:/usr/sbin/nologin"
t_is "its folder is its own" "$(status_of /var/lib/snitch)" "snitch:snitch 750"
t_ok "systemd-analyze verify" unit_verifies
t_is "nothing was loaded or started" "$(ls -d /sys/module/snitch 2>/dev/null; systemctl is-active snitchd)" inactive

t_ok "modprobe snitch" modprobe snitch
t_ok "udev is ready" udevadm settle -t 60
t_is "the device is the daemon's, by the udev rule" "$(status_of /dev/snitch)" "snitch:root 600"
t_ok "systemctl enable --now snitchd" started
t_ok "snitchd is user snitch with three capabilities" daemon_is_confined
t_ok "snitch status answers over the system bus" says observe env SNITCH_BUS=system /usr/bin/snitch status
t_ok "snitch mode answers a user" says observe setpriv --reuid alice --regid alice --clear-groups /usr/bin/snitch mode
t_is "the private socket is there" "$(stat -c %F /run/snitch/bus)" socket
t_ok "root adds and removes a rule of the administrator's" admin_rule
t_run "a user may not" 4 no_admin_rule
t_ok "systemctl reload" systemctl reload snitchd
t_ok "systemctl restart" systemctl restart snitchd
t_ok "snitch status answers again" says observe /usr/bin/snitch status
t_ok "systemd-modules-load takes its file" systemctl restart systemd-modules-load
t_ok "systemd-tmpfiles takes its file" systemd-tmpfiles --create snitch.conf

t_ok "make uninstall" mk uninstall
[[ ${HEADERS:-yes} == yes ]] || t_ok "the module put by hand is taken away" take_module
t_is "the module is gone" "$(ls -d /sys/module/snitch /dev/snitch 2>/dev/null)" ""
t_is "DKMS has forgotten it" "$(dkms status)$(find /lib/modules -name 'snitch*')" ""
t_is "modprobe does not find it" "$(modinfo -F filename snitch 2>&1 | grep -c 'not found')" 1
t_is "no process is left" "$(pgrep -x snitchd)" ""
t_is "the unit is gone" "$(systemctl is-enabled snitchd 2>&1 | grep -c 'No such file')" 1
t_ok "every file is gone but those of people" nothing_but_people
t_ok "make uninstall PURGE=1" mk uninstall PURGE=1
t_ok "every file is gone" nothing_at_all
t_is "so is the user" "$(getent passwd snitch; getent group snitch)" ""
t_done
