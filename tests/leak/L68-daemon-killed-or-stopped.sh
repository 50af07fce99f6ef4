# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L68: who decides is killed, or stopped, with 1000 flows parked: rules go on, the unknown is
# refused after the grace, and who comes next is not told of what is over.
. /snitch/leak/lib/leak.sh

leak_begin
snitch-tool limits grace_ms=$((1000 * SLOW)) max_flows_image=2000
# parked NAME COUNT: so many datagrams of one program wait.
parked() {
	tell default hold
	far_reset
	go many $EVIL udpmany $F4 1000 $1 --keep $((20000 * SLOW))
	t_parked "$1 flows are parked" $1
}
# over HOW: he was, with that.
over() {
	in_c timeout 10 $EVIL tcp $F4 82 --data leak >$TMP/new 2>&1
	t_ok "$1: what is new is refused" grep -q '^connect ECONNREFUSED' $TMP/new
	t_parked "$1: after the grace none is parked" 0
	in_c timeout 10 $EVIL udp $F6 82 >/dev/null
	leak_none "$1: 0 packets"
	in_c $CURL -s -m 15 http://$F4/$1 >/dev/null 2>&1
	t_ok "$1: the rule goes on" far_got tcp 80 $1
	kill ${PIDS[many]} 2>/dev/null
}
parked 1000
decider_end
over killed
decider --default hold
sleep 0.5
t_is "the next is not asked about what is over" "$(count_seen '^FLOW')" 0
snitch-tool limits unread_ms=$((1000 * SLOW))
parked 1000
kill -STOP $DECIDER
over stopped
kill -CONT $DECIDER
leak_done
