# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L25: somebody else accepts the connection and hands it to the service: the service answers for it.
. /snitch/leak/lib/leak.sh

LONG=$(printf 'x%.0s' {1..600})
leak_begin "deny $EVIL any" "allow $A any"
# activate PROGRAM: inetd's way: the program gets the connection as descriptor 1.
activate() {
	printf '#!/bin/bash\nexec %s senddata 1 service%s 2>%s\n' $1 $LONG $TMP/service >$DIR/service
	chmod 755 $DIR/service
	payload_reset
	: >$LOG
	go inetd socat TCP6-LISTEN:90,ipv6only=0,reuseaddr EXEC:$DIR/service,nofork
	wait_for 10 eval '[[ -n $(in_c ss -H -ltn "sport = :90") ]]'
	in_f $FAR tcp $C4 90 --data hello --wait 3000 >$TMP/peer 2>&1
	ended inetd
}
activate $EVIL
t_no_payload "a service whose program is denied says nothing"
activate $A
t_ok "one whose program is allowed does" far_payload || t_note "$(cat $TMP/inetd $TMP/service $TMP/peer)"
# By descriptor: the activator is allowed, the service is not known; what it begins is its own.
: >$LOG
leak_policy "allow $A any"
go way $A path send $F4 80 --udp --data service --exec $EVIL
t_seen "a socket that was opened for it: the service is the owner" "^OWNER .*exe=$EVIL "
tell deny all
ended way
t_ok "and nothing of it arrives" eval "! far_got udp 80 service"
leak_done
