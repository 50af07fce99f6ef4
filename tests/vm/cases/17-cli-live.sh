# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The installed daemon and command line on the real module: what they say, and what it does to traffic.
. /snitch/cases/lib/daemon.sh

C=/opt/c	# a program that no rule names
[[ -x $C ]] || cp $A $C
LONG=$(printf 'x%.0s' {1..600})

case_begin
far_up tcp:80 udp:80
warm $A $B $C snitch snitchd

# ---- without the daemon ------------------------------------------------------------------------

t_run "status without snitchd: exit status 3" 3 snitch status
t_says "it asks the kernel, and says so" 'asking the kernel' snitch status
t_json "and is JSON" '.Armed == false and .Deciding == false and .Kernel.Parked == 0' status
t_run "status -q: nothing is judged" 11 snitch status -q
t_run "mode without snitchd: exit status 3" 3 snitch mode
t_json "version" '.version | length > 0' version

# ---- status ----------------------------------------------------------------------------------

daemon_prepare
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
t_says "installed, it observes" '^mode +observe' snitch status
t_says "and decides" '^decider +snitchd' snitch status
t_run "status" 0 snitch status
t_run "status -q: observing" 10 snitch status -q
t_json "status is JSON" '.Mode == "observe" and .Deciding and .Armed and .Kernel.Parked == 0' status
t_json "mode is JSON" '.mode == "observe"' mode
t_json "rules list is JSON" '[.rules[].text] | any(contains("/opt/far"))' rules list
t_json "doctor finds nothing wrong" '.ok' doctor
t_says "rules check" 'rules, no error' snitch rules check
t_out "observing, an unknown program gets through" '^echo OK' $C tcp $F4 80 --data observed
t_ok "set mode ask" snitch mode ask
t_run "status -q: enforcing" 0 snitch status -q
t_json "mode says so" '.mode == "ask"' mode
t_is "and so does the kernel" "$(stat_of mode)" 2

# ---- rules, monitor, flows -----------------------------------------------------------------------

snitch monitor >$TMP/monitor 2>&1 &
monitor=$!
snitch --json monitor >$TMP/monitor.json 2>&1 &
monitor_json=$!
wait_for 5 grep -q hello $TMP/monitor.json
sleep 0.3
far_reset
t_out "no rule, no agent: refused" '^connect ECONNREFUSED' $A tcp $F4 80 --data leak
t_none "0 packets" tcp 80
id=$(snitch rules add allow $A to $F4 port 80)
t_ok "rules add prints an id: $id" test -n "$id"
t_says "rules list shows it" "$id.*allow $A to $F4 port 80" snitch rules list
t_json "and as JSON" ".rules | any(.id == \"$id\")" rules list
t_out "it allows" '^echo OK' $A tcp $F4 80 --data ruled
t_ok "its data arrives" far_got tcp 80 ruled
t_out "nothing else" '^connect ECONNREFUSED' $A tcp $F4 81
t_ok "monitor shows it" wait_for 5 grep -qE "allow +a\[[0-9]+\] uid 0 -> $F4:80 tcp by rule" $TMP/monitor
t_ok "and the refusal" wait_for 5 grep -qE "deny +a\[[0-9]+\] uid 0 -> $F4:81 tcp by" $TMP/monitor
t_ok "every line of monitor --json is JSON" jq -es 'length > 2' $TMP/monitor.json
t_ok "and tells program, peer, verdict and rule" jq -es --arg id "$id" --arg f $F4 'any(.type == "decision" and .comm == "a" and
	.daddr == $f and .dport == 80 and .proto == "tcp" and .verdict == "allow" and .by == "rule" and .rule == $id)' $TMP/monitor.json
t_ok "monitor says of which executable" wait_for 5 grep -qE "a\[[0-9]+\] .* \[${A}[],]" $TMP/monitor
t_ok "and the executable's path" jq -es --arg a $A 'any(.type == "decision" and .exe == $a)' $TMP/monitor.json
# What went, when it ends: of TCP with the socket, of UDP with the program; of what was refused, nothing.
bytes=$(far_bytes tcp 80)
monitor_tells() { jq -es --arg a $A --argjson n "$bytes" "$1" $TMP/monitor.json; }
t_ok "monitor tells the end of a flow" wait_for 5 grep -qE "ended +a\[[0-9]+\] uid 0 -> $F4:80 tcp, $bytes bytes sent, [0-9]+ received" $TMP/monitor
t_ok "what went and came on it, and whose it was" wait_for 5 monitor_tells 'any(.type == "ended" and .exe == $a and .dport == 80
	and .bytes == $n and .rx_bytes >= 5 and .rx_bytes <= 6)'
t_ok "each byte once" monitor_tells '[.[] | select(.type == "ended" and .exe == $a) | .bytes] | add == $n'
t_is "nothing of a refused flow" "$(jq -s '[.[] | select(.type == "ended" and .dport == 81)] | length' $TMP/monitor.json)" 0
udp=$(snitch rules add allow $A to $F4 port 80 udp)
t_run "a datagram, and its program is gone" 0 in_c $A udp $F4 80 --size 500
t_ok "it is told soon after" wait_for 5 monitor_tells 'any(.type == "ended" and .exe == $a and .proto == "udp"
	and .packets == 1 and .bytes == 528)'
snitch rules rm "$udp" >/dev/null
kill $monitor $monitor_json
wait $monitor
t_is "monitor ends well" $? 0
wait $monitor_json
t_is "monitor --json, too" $? 0

go live $A tcp $F4 80 --keep 2500 --data stays$LONG
pid=${PIDS[live]}
wait_for 5 said live '^connect OK'
t_says "flows lists a live connection" "^a +$pid .* tcp .* $F4:80 +allow +rule" snitch flows
t_json "and as JSON" ".flows | any(.pid == $pid and .comm == \"a\" and .proto == \"tcp\" and
	.daddr == \"$F4\" and .dport == 80 and .verdict == \"allow\" and .by == \"rule\" and .packets >= 1 and
	.exe == \"$A\" and .rx_packets >= 1)" flows
t_json "flows --parked" '.parked == []' flows --parked
t_json "flows tells what it descends from" ".flows | any(.pid == $pid and (.parents | length) > 0)" flows
# top: what the kernel knows, by program; snitchd has to ask whose flows are that it was never consulted about.
t_json "top tells program, peer, packets both ways, and the rule" ".programs | any(.program == \"$A\" and .user == \"root\"
	and .sent > 0 and .received_packets > 0 and (.flows | any(.pid == $pid and .address == \"$F4\" and .port == 80 and .proto == \"tcp\"
	and .verdict == \"allow\" and .by == \"rule\" and .rule == \"$id\" and .sent_packets >= 1 and .received_packets >= 1)))" top
t_says "top --once is for people" "^ +a +root +[0-9]+ .* $F4" snitch top --once
deny=$(snitch rules add deny $A to any port 80 priority high)
ended live
t_said "a rule that denies it cuts the live connection" live '^send E'
t_ok "its data never arrives" eval '! far_got tcp 80 stays'
far_reset
t_fast "and denies new ones at once" '^connect ECONNREFUSED' 10000 $A tcp $F4 80
t_none "0 packets" tcp 80
t_json "a cut connection is listed no more" ".flows | any(.pid == $pid) | not" flows
t_ok "rules rm" snitch rules rm "$deny"
t_out "the rule before counts again" '^echo OK' $A tcp $F4 80 --data again
t_ok "rules rm of that" snitch rules rm "$id"
t_json "rules list has neither" ".rules | any(.id == \"$id\" or .id == \"$deny\") | not" rules list
t_out "refused again" '^connect ECONNREFUSED' $A tcp $F4 80
t_run "no such rule: exit status 5" 5 snitch rules rm "$id"
t_run "no rule at all: exit status 7" 7 snitch rules add allow to nowhere

# ---- pending, answer ---------------------------------------------------------------------------

agent_up
t_ok "an agent registers" grep -q hello $TMP/agent
# asked NAME PORT [OPTION...]: a flow of C is parked; nothing arrives; its question is $Q.
asked() {
	local name=$1 to=$2
	shift 2
	far_reset
	go asked $C tcp ${to%,*} ${to#*,} "$@"
	t_parked "$name: parked" 1
	wait_for 5 eval "snitch --json pending | jq -e '.questions | any(.program == \"$C\" and .port == ${to#*,} and .flows > 0)'"
	Q=$(j ".questions[] | select(.program == \"$C\" and .port == ${to#*,} and .flows > 0) | .id" pending)
	sleep 0.3
	t_none "$name: 0 packets" tcp ${to#*,}
}
asked "once" $F4,80 --data once
t_says "pending lists program and peer" "^$Q +$C wants to connect to .*$F4" snitch pending
t_json "as JSON, too" ".questions | any(.id == \"$Q\" and .program == \"$C\" and .address == \"$F4\" and .port == 80)" pending
t_ok "the agent was told" wait_for 5 grep -q "\"$Q\"" $TMP/agent
t_json "flows --parked shows it held" ".parked | any(.held and .dport == 80 and .daddr == \"$F4\")" flows --parked
t_json "status counts it" '.Kernel.Held == 1' status
t_says "answer allow" '1 flow released' snitch answer "$Q" allow
t_said "the program goes on" asked '^echo OK'
ended asked
t_ok "its data arrives" far_got tcp 80 once
t_run "a second answer finds nothing: exit status 5" 5 snitch answer "$Q" allow
asked "once is for that process, another is asked about" $F4,80 --data leak
snitch answer "$Q" deny >/dev/null
ended asked
asked "deny" $F4,82
t_json "answer deny, as JSON" '.flows == 1' answer "$Q" deny
t_said "the program is told" asked '^connect ECONNREFUSED'
ended asked
t_none "0 packets" tcp 82
asked "forever" $F6,83 --data leak
t_json "answer deny forever writes a rule" '.flows == 1 and (.rule | contains("deny /opt/c"))' answer "$Q" deny forever
t_said "the program is told" asked '^connect ECONNREFUSED'
ended asked
t_says "rules list shows it" "deny $C .*to $F6 port 83" snitch rules list
t_fast "the next one is refused at once" '^connect ECONNREFUSED' 10000 $C tcp $F6 83
t_none "0 packets" tcp 83
asked "for a time" $F4,84 --data leak
t_ok "answer allow for 3s" snitch answer "$Q" allow for 3s
t_said "the kernel of the far end refuses: it got through" asked '^connect ECONNREFUSED'
ended asked
t_some "packets arrive" tcp 84
sleep 5
asked "and when the time is over it is asked again" $F4,84
snitch answer "$Q" deny >/dev/null
ended asked
agent_down
t_ok "the agent is gone" eval '[[ $(j .Agents status 2>/dev/null || echo 0) -eq 0 ]]'

# ---- lockdown -----------------------------------------------------------------------------------

allow=$(snitch rules add allow $A to any)
marked=$(snitch rules add allow $B to $F4 port 80 tcp lockdown)
go live $A tcp $F4 80 --keep 2500 --data live$LONG
go marked $B tcp $F4 80 --keep 2500 --data marked
wait_for 5 eval "said live '^connect OK' && said marked '^connect OK'"
t_ok "mode lockdown" snitch mode lockdown
far_reset
for to in $F4 $F6; do
	t_out "lockdown: a rule that is not marked allows nothing, $to" '^connect ECONNREFUSED' $A tcp $to 80
	in_c $A udp $to 80 >/dev/null
	in_c $C tcp $to 80 >/dev/null
	in_c $C udp $to 80 >/dev/null
done
t_none "lockdown: 0 packets: TCP" tcp 80
t_none "lockdown: 0 packets: UDP" udp 80
ended live
t_said "lockdown: a live connection is cut" live '^send E'
ended marked
t_said "lockdown: that of a marked rule goes on" marked '^echo OK'
t_out "lockdown: a marked rule allows" '^echo OK' $B tcp $F4 80 --data marked
t_ok "mode ask again" snitch mode ask
snitch rules rm $marked
t_out "an unmarked rule counts again" '^connect OK' $A tcp $F4 80

# ---- panic, release ------------------------------------------------------------------------------

in_c $FAR server tcp:8080 --log $TMP/near &
# burst: everybody tries everything.
burst() {
	local to prog
	for to in $F4 $F6; do
		for prog in $A $C $FAR; do
			in_c $prog tcp $to 80 --nonblock --wait 300 --data leak$LONG
			in_c $prog udp $to 80 --size 600
		done
		in_c $A icmp $to
		in_c $A raw $to 253
	done >$TMP/burst 2>&1
	in_f $FAR icmp $C4 --wait 300 >$TMP/back 2>&1
}
# panic NAME: cuts what lives; 0 packets of anything reach the far end; loopback works.
panic() {
	go live $A tcp $F4 80 --keep 4000 --data live$LONG
	go sends $A udp $F4 80 --count 30 --gap 300 --size 600
	wait_for 5 said live '^connect OK'
	wait_for 5 said sends '^send OK'
	t_ok "$1: panic" snitch panic
	sleep 0.5
	far_reset
	burst
	sleep 1
	t_is "$1: 0 packets at the far end" "$(far_total)" 0
	t_out "$1: loopback works" '^echo OK' $A tcp 127.0.0.1 8080 --data near
	t_out "$1: over IPv6, too" '^echo OK' $A tcp ::1 8080 --data near
	t_says "$1: status shows it" '^PANIC' snitch status
	ended live
	t_said "$1: a live connection is cut" live '^send E'
	t_said "$1: a live UDP socket is refused" sends '^send EPERM'
	kill "${PIDS[sends]}"; ended sends 2>/dev/null
	t_is "$1: still 0 packets" "$(far_total)" 0
}
# released NAME: back to before.
released() {
	t_ok "$1: release" snitch release
	t_says "$1: no panic any more" '^mode' snitch status
	t_ok "$1: status shows none" eval '! snitch status 2>/dev/null | grep -q PANIC'
	for to in $F4 $F6; do
		t_out "$1: what a rule allows works again, $to" '^echo OK' $A tcp $to 80 --data back
	done
}
panic "mode ask"
released "mode ask"
t_json "mode ask is what it was" '.mode == "ask"' mode
t_json "so are the rules" ".rules | any(.id == \"$allow\")" rules list
far_reset
t_out "what no rule allows is refused as before" '^connect ECONNREFUSED' $C tcp $F4 80
t_none "0 packets" tcp 80

snitch mode observe
panic "mode observe"
t_ok "mode observe: the daemon reloads, the panic stands" kill -HUP $DAEMON
sleep 0.5
burst
t_is "0 packets after a reload" "$(far_total)" 0
daemon_down
daemon_up
t_ok "the daemon is started anew" snitch mode
burst
t_is "0 packets with a new daemon" "$(far_total)" 0
t_json "panic as JSON, twice" '.panic' panic
t_json "release as JSON" '.panic == false' release
released "mode observe"
t_out "observing goes on" '^echo OK' $C tcp $F4 80 --data observed

# What waits when the panic comes stays where it is, whoever answers.
snitch mode ask
agent_up
asked "before a panic" $F4,80 --data leak$LONG
snitch panic >/dev/null
sleep 0.5
snitch answer "$Q" allow >/dev/null 2>&1
sleep 0.5
t_is "panic: an answer lets nothing out" "$(far_total)" 0
snitch release >/dev/null
ended asked
agent_down

daemon_down
sleep 4		# the grace is over
panic "no daemon"
released "no daemon"
t_run "status says that there is no daemon" 3 snitch status
t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_forget
t_done
