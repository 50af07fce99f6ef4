# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# A new policy: an explicit deny cuts live flows, what is merely unknown goes on.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 udp:80
policy "unmatched ask" "allow $A any" "allow $B any"
decider --default hold
go live $A tcp $F4 80 --keep 4000 --data stays
go cut $B tcp $F4 80 --keep 4000 --data cut
go udp $A udp $F4 80 --count 20 --gap 400
wait_for 5 eval '[[ $(stat_of flows_tcp) -ge 2 ]]'
sleep 1
policy "unmatched ask" "deny $B any"
t_ok "re-judged" wait_for 5 eval '[[ $(stat_of rejudged) -ge 1 ]]'
t_said "allowed no more, but not denied either: TCP goes on" live '^echo OK'
ended cut
t_said "explicitly denied: cut" cut '^send E'
t_ok "its data never arrived" eval '! far_got tcp 80 cut'
t_cmp "counted" "$(stat_of aborted)" -ge 1
ended live
kill "${PIDS[udp]}"; ended udp 2>/dev/null
tell deny all

# UDP: judged again at its next packet.
policy "allow $A any"
go udp $A udp $F4 80 --count 12 --gap 300
sleep 1
policy "deny $A any"
t_said "UDP: refused from the next packet on" udp '^send EPERM'
far_reset
ended udp
t_none "0 packets after that" udp 80

# A person's answer outlives a policy that merely asks.
policy "unmatched ask"
go live $A tcp $F4 80 --keep 2500 --data answered
t_seen "asked" '^FLOW .* proto=tcp .*:80 '
tell allow all
sleep 0.5
policy "unmatched ask" "ask $A any"
t_said "a new ask never disturbs an answered connection" live '^echo OK'
ended live

# Parked flows that a new rule decides are decided.
: >$LOG
policy "unmatched ask"
go wait $A tcp $F4 80 --data ruled
go wait2 $B tcp $F4 80 --data leak
wait_for 5 parked_is 2
policy "unmatched ask" "allow $A any" "deny $B any"
t_said "a parked flow that a new rule allows goes on" wait '^echo OK'
t_said "one that it denies is refused" wait2 '^connect ECONNREFUSED'
t_seen "the decider hears of it" '^CANCEL .*why=policy action=allow'
t_seen "of both" '^CANCEL .*why=policy action=deny'
t_parked "nothing is parked" 0
go odd $A tcp $F4 80
ended odd

# Mode off lets everything pass, and what is parked too.
policy "unmatched ask"
go wait $A tcp $F4 80 --data off
wait_for 5 parked_is 1
policy "mode off"
t_out "mode off: new flows pass" '^echo OK' $B tcp $F4 80 --data off
tell allow all
t_said "what was parked is answered or let go" wait '^echo OK'
t_parked "nothing is parked" 0
t_done
