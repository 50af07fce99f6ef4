# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L53: MPTCP opens more connections by itself, to addresses that the other end names: each address
# is judged, in the name of the program that opened the first.
. /snitch/leak/lib/leak.sh

F4B=10.77.0.3
if [[ ! -d /proc/sys/net/mptcp ]]; then
	t_skip "MPTCP" "this kernel has none"
	t_done
fi
leak_begin
in_f ip addr add $F4B/24 dev vf
in_c ip neigh replace $F4B lladdr 02:77:00:00:00:02 dev vc nud permanent
in_f $FAR server mptcp:85 &
wait_for 10 far_listens -t 85
in_c ip mptcp limits set subflow 4 add_addr_accepted 4
in_f ip mptcp limits set subflow 4 add_addr_accepted 4
in_f ip mptcp endpoint add $F4B dev vf signal
in_f nft "table inet b { counter got { }; chain in { type filter hook prerouting priority -440;
	iifname \"vf\" ip daddr $F4B meta l4proto tcp counter name got; }; }"
got() { in_f nft -j list counter inet b got | jq -r '.nftables[].counter? // empty | .packets'; }
# join NAME: an allowed program's connection; its further one goes to the second address.
join() {
	: >$LOG
	go way $A tcp $F4 85 --mptcp --data first --keep 2500
	t_said "$1: the first connection is there" way '^connect OK'
}
leak_policy "allow $A $F4"
join "the second address has no rule"
t_seen "it is a question" "^FLOW .*proto=tcp .*remote=$F4B:85 "
t_seen "of the program" "^OWNER .*exe=$A "
sleep 0.5
t_is "while it waits, 0 packets there" "$(got)" 0
tell deny all
ended way
t_is "refused, 0 packets there" "$(got)" 0
leak_policy "allow $A $F4" "deny $A $F4B"
join "the second address is denied"
ended way
t_is "0 packets there" "$(got)" 0
leak_policy "allow $A any"
join "all is allowed"
ended way
t_cmp "the second address is reached" "$(got)" -gt 0
leak_done
