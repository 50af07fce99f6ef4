# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# With the decider dead: rules go on deciding in the kernel, the unknown follows the fail mode.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 tcp:81 tcp:82 udp:80 udp:81 udp:82
rules=("allow $A any port 80" "deny $A any port 81")
policy "unmatched ask" "fail deny" "${rules[@]}"
snitch-tool limits grace_ms=500
decider --default allow
go live $A tcp $F4 82 --data first --keep 100
t_said "with a decider: the unknown is asked and allowed" live '^echo OK'
ended live
decider_end
sleep 1
far_reset
snitch-tool observe $TMP/observer &
observer=$!
wait_for 5 grep -q WELCOME $TMP/observer
for to in $F4 $F6; do
	t_out "dead decider: allowed by rule, TCP to $to" '^echo OK' $A tcp $to 80 --data rule
	t_out "dead decider: allowed by rule, UDP to $to" '^recv OK' $A udp $to 80 --wait 2000
	t_fast "dead decider: denied by rule, TCP to $to" '^connect ECONNREFUSED' 10000 $A tcp $to 81
	t_fast "dead decider: unknown TCP to $to is refused" '^connect ECONNREFUSED' 20000 \
		$A tcp $to 82 --data leak
	t_fast "dead decider: unknown UDP to $to is refused" '^send EPERM' 20000 $A udp $to 82
	in_c $A icmp $to >$TMP/ping
	t_out "dead decider: another program is refused" '^connect ECONNREFUSED' $B tcp $to 80
done
t_fast "dead decider: unknown ping is refused" '^send EPERM' 20000 $A icmp $F4
t_none "0 packets: TCP 81" tcp 81
t_none "0 packets: TCP 82" tcp 82
t_none "0 packets: UDP 82" udp 82
t_none "0 packets: ICMP" icmp
t_none "0 packets: ICMPv6" icmp6
t_cmp "counted" "$(stat_of fail_refused)" -ge 8
# told ACTION: decisions of fail mode that the observer heard of.
told() { grep -cE "^DECIDED .*action=$1 .*origin=fail" $TMP/observer; }
t_cmp "each is told to who observes" "$(told deny)" -ge 8
t_is "and nothing was allowed so" "$(told allow)" 0
# What TCP has in its queue once that was refused: it is not sent later, in the owner's name.
go take $B take $TMP/sock --data refused
go pass $A pass $TMP/sock $F4 80
t_said "dead decider: another program's data on a connection end it" take '^echo ECONNREFUSED'
ended take; ended pass
sleep 2
t_ok "and do not leave later" eval '! far_got tcp 80 refused'
go take $B take $TMP/sock --data astray --via 10.77.0.9
go pass $A pass $TMP/sock $F4 80
t_said "nor data that went past the peer first" take '^echo ECONNREFUSED'
ended take; ended pass
sleep 2
t_ok "on the right way later" eval '! far_got tcp 80 astray'
go take $A take $TMP/sock --data allowed
go pass $A pass $TMP/sock $F4 80
t_ok "the owner's do" wait_for 5 far_got tcp 80 allowed
ended take; ended pass

policy "unmatched ask" "fail allow" "${rules[@]}"
t_out "fail allow: unknown TCP passes" '^echo OK' $A tcp $F4 82 --data open
t_out "fail allow: unknown UDP passes" '^recv OK' $A udp $F4 82 --wait 2000
t_out "fail allow: a denied one stays denied" '^connect ECONNREFUSED' $A tcp $F4 81
t_none "0 packets: TCP 81" tcp 81
t_cmp "counted" "$(stat_of fail_allowed)" -ge 2
t_cmp "and told, too" "$(told allow)" -ge 2
kill $observer
wait $observer 2>/dev/null

# A decider that dies under load.
policy "unmatched ask" "fail deny" "${rules[@]}"
far_reset
decider --default hold
go many $B tcpmany $F4 3000 100 --wait 20000
wait_for 10 parked_is 100
decider_end
t_said "100 parked flows are refused after the grace" many 'connected 0 ECONNREFUSED 100'
t_is "0 packets at the far end" "$(far_total)" 0
t_parked "nothing is parked" 0
t_done
