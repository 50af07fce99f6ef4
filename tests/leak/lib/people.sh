# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2034,SC2154
# What the cases about people share: the guest's own system bus, on which each user is who he is, and
# two users, ann and bob. Must never call anything for them over root's private socket.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

ANN=4243 BOB=4244
export SNITCH_BUS=system

# as UID COMMAND...: that user's; a sender is in namespace c by itself.
as() { setpriv --reuid $1 --regid $1 --clear-groups -- "${@:2}"; }
# user_sends NAME UID PORT TEXT: evil, started by that user, wants to send it.
user_sends() { go $1 setpriv --reuid $2 --regid $2 --clear-groups -- $EVIL tcp $F4 $3 --data $4; }

# people_begin [LINE...]: leak_begin; then bus, users and the daemon in mode ask, nobody listens.
people_begin() {
	leak_begin "$@"
	decider_end
	chmod 755 $DIR $EVIL
	# Whom the bus does not find there it does not let in. The guest's disk is thrown away.
	getent passwd ann >/dev/null || printf '%s\n' "ann:x:$ANN:$ANN::/:/bin/sh" "bob:x:$BOB:$BOB::/:/bin/sh" >>/etc/passwd
	getent group ann >/dev/null || printf '%s\n' "ann:x:$ANN:" "bob:x:$BOB:" >>/etc/group
	mkdir -p /run/dbus
	dbus-daemon --system --nofork --nopidfile >$TMP/bus 2>&1 &
	wait_for 20 test -S /run/dbus/system_bus_socket
	daemon_prepare
	daemon_up
	snitch mode ask >/dev/null
	far_reset
}
people_done() {
	daemon_down
	daemon_forget
	rm -rf /run/dbus
	t_done
}
# listens NAME UID: an agent of that user's; what it hears is in $TMP/NAME.
listens() {
	setpriv --reuid $2 --regid $2 --clear-groups -- snitch --json pending --wait >$TMP/$1 2>&1 &
	PIDS[$1]=$!
	wait_for 10 grep -q hello $TMP/$1
}
# question_of UID: the id of that user's question, as root sees it.
question_of() { j ".questions[] | select(.uid == $1 and .flows > 0) | .id" pending; }
rules_now() { snitch --json rules list | jq -cS '[.rules[] | [.id, .text, .active]]'; }
