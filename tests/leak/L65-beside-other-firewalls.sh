# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L65: other firewalls, before and after us, flushed and loaded again: we still enforce, and what
# they drop stays dropped.
. /snitch/leak/lib/leak.sh

leak_begin
chain() { in_c nft "table inet other { chain $1 { type filter hook output priority $2; policy $3; $4 }; }"; }
chain first -2147483648 accept 'accept;'
chain last 2147483647 accept 'accept;'
way "chains that accept all, first and last" $EVIL tcp 80 $EVIL tcp $F4 80 --data leak
in_c nft flush ruleset
way "the rule set flushed" $EVIL udp 80 $EVIL udp $F4 80
in_c iptables -I OUTPUT -j ACCEPT
in_c ip6tables -I OUTPUT -j ACCEPT
way "iptables accepts all" $EVIL tcp 80 $EVIL tcp $F6 80 --data leak
in_c iptables -F
# While a question waits the others come and go.
: >$LOG
far_reset
go way $EVIL tcp $F4 80 --data leak --wait 3000
t_seen "a question waits" "$(flow_of tcp 80)"
in_c nft flush ruleset
chain first -2147483648 accept 'accept;'
sleep 0.3
leak_none "the others loaded again: 0 packets"
tell deny all
ended way
leak_none "refused: 0 packets"
for where in -300 -100 0 100; do
	in_c nft flush ruleset
	chain drops $where accept "ip daddr $F4 tcp dport 80 drop;"
	far_reset
	in_c curl -s -m 2 http://$F4/dropped >/dev/null 2>&1
	t_none "what we allow and they drop stays here, priority $where" tcp 80
	: >$LOG
	go way $EVIL tcp $F4 80 --nonblock --wait 2000
	seen "$(flow_of tcp 80)"
	tell allow all
	ended way
	t_none "also when it has waited, priority $where" tcp 80
	tell deny all
done
in_c nft flush ruleset
in_c nft "table ip nat { chain out { type nat hook output priority -100; ip daddr 10.44.0.9 dnat to $F4; }; }"
way "redirected by DNAT: the address asked for is judged" $EVIL tcp 80 $EVIL tcp 10.44.0.9 80 --data leak
t_seen "and told" "^FLOW .*remote=10.44.0.9:80 "
leak_done
