# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# After daemon.sh: a real snitchd on a message bus of the test's own, with users of its own. It must
# never use the machine's own bus, nor change its users: those are bound over in a mount namespace
# that only the daemon and the bus are in.

PLAIN=4243 OTHER=4244 MEMBER=4245 SNITCH=4200
ADDRESS=unix:path=$WORK/system-bus
export DBUS_SYSTEM_BUS_ADDRESS=$ADDRESS

start_bus() {
	cat >"$WORK/bus.conf" <<-END
		<busconfig>
		<type>system</type><listen>$ADDRESS</listen><auth>EXTERNAL</auth>
		<policy context="default">
		<allow user="*"/><deny own="*"/><deny send_type="method_call"/><allow send_type="signal"/>
		<allow send_requested_reply="true" send_type="method_return"/>
		<allow send_requested_reply="true" send_type="error"/><allow receive_type="*"/>
		<allow send_destination="org.freedesktop.DBus"/>
		</policy>
		<include>$TOP/userspace/dbus/org.snitch.Snitch1.conf</include>
		${BUS_POLICY-}
		</busconfig>
	END
	chmod 711 "$WORK"
	"${UNDER[@]}" dbus-daemon --config-file="$WORK/bus.conf" --nofork --nopidfile >"$WORK/bus.log" 2>&1 &
	PIDS+=($!)
	until_true 10 test -S "$WORK/system-bus" || { cat "$WORK/bus.log"; return 1; }
}
make_users() {
	printf '%s\n' root:x:0:0::/:/bin/sh nobody:x:65534:65534::/:/bin/false \
		"plain:x:$PLAIN:$PLAIN::/:/bin/sh" "other:x:$OTHER:$OTHER::/:/bin/sh" \
		"member:x:$MEMBER:$MEMBER::/:/bin/sh" "snitch:x:$SNITCH:$SNITCH::/:/bin/false" \
		"polkitd:x:4246:4246::/:/bin/false" >"$WORK/passwd"
	printf '%s\n' root:x:0: nogroup:x:65534: "plain:x:$PLAIN:" "other:x:$OTHER:" "member:x:$MEMBER:" \
		"snitch:x:$SNITCH:member" polkitd:x:4246: >"$WORK/group"
	UNDER=(unshare --mount --propagation private sh -c
		'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && shift 2 && exec "$@"'
		sh "$WORK/passwd" "$WORK/group")
}
start_on_bus() {
	make_users && start_bus && start || return 1
	until_true 10 grep -q "on the system bus" "$WORK/daemon.log" || { cat "$WORK/daemon.log"; return 1; }
}
