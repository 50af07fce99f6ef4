# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L36: through an allowed proxy on this machine: loopback is judged like all else, per program.
. /snitch/leak/lib/leak.sh

PROXY=$(readlink -f /usr/bin/socat)
leak_begin "allow $PROXY any"
serve() {
	in_c socat TCP-LISTEN:9050,bind=127.0.0.1,fork,reuseaddr TCP:$F4:80 &
	in_c socat TCP6-LISTEN:9051,bind=[::1],fork,reuseaddr "TCP:[$F6]:80" &
	wait_for 10 eval '[[ -n $(in_c ss -H -ltn "sport = :9051") ]]'
}
serve
# proxied NAME ADDRESS PORT: the program is asked about its way to the proxy; the proxy would send.
proxied() {
	: >$LOG
	far_reset
	go way $EVIL tcp $2 $3 --data leak
	t_seen "$1: a question" "$(flow_of tcp $3)"
	t_seen "$1: of the program behind the proxy" "^OWNER .*exe=$EVIL "
	sleep 0.3
	leak_none "$1: while it waits, 0 packets"
	tell default deny
	tell deny all
	ended way
	leak_none "$1: refused, 0 packets"
	tell default allow
	go way $EVIL tcp $2 $3 --data leak
	t_some "$1: allowed, the proxy sends for it" tcp 80
	ended way
	tell default hold
}
proxied "127.0.0.1" 127.0.0.1 9050
proxied "::1" ::1 9051
leak_policy "allow $PROXY any" "deny $EVIL 127.0.0.0/8" "$LOOPBACK"
refused "a rule denies it the proxy" $EVIL tcp 127.0.0.1 9050 --data leak
leak_done
