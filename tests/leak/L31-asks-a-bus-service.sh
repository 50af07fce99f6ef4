# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L31: a service of the message bus is asked to fetch something. It goes out in that service's name,
# a limit: it is told as that. Where that is asked about, as started by the bus.
. /snitch/leak/lib/leak.sh

BUS=$(readlink -f "$(type -P dbus-daemon)")
mkdir -p $DIR/share/dbus-1/services
for to in 80 81; do
	printf '[D-BUS Service]\nName=org.example.Fetch%s\nExec=%s -s -m 15 http://%s:%s/asked\n' \
		$to $CURL $F4 $to >$DIR/share/dbus-1/services/fetch$to.service
done
# asked PORT: a stranger asks the service that fetches from there.
asked() {
	DBUS_SESSION_BUS_ADDRESS=unix:path=$TMP/bus timeout 20 dbus-send --session --print-reply \
		--dest=org.example.Fetch$1 / org.example.Fetch.Get
}
export -f asked
export TMP
leak_begin
XDG_DATA_DIRS=$DIR/share in_c dbus-daemon --session --nopidfile --address=unix:path=$TMP/bus --fork
leak_observe
far_reset
in_c bash -c "asked 80" >/dev/null 2>&1 &
t_some "limit: it goes out" tcp 80
t_told "it is detected" tcp 80 $CURL
wait $!
way "where the service may not" $CURL tcp 81 bash -c "asked 81"
t_seen "the bus is told" "^OWNER .*exe=$BUS "
leak_done
