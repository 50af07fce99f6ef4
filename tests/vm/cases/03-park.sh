# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Unknown flows are parked: nothing leaves, the program waits; then allowed or refused.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 tcp:81 udp:80 udp:81
policy "unmatched ask"
decider --default hold

for to in $F4 $F6; do
	far_reset
	go tcp $A tcp $to 80 --data hello
	t_seen "TCP to $to is parked" "^FLOW .*proto=tcp .*remote=$to:80 "
	sleep 0.5
	t_none "while parked nothing leaves" tcp 80
	t_is "the program waits" "$(cat $TMP/tcp)" ""
	tell allow "$(flow_to 80)"
	t_said "allowed: it connects and gets its echo" tcp '^echo OK'
	t_ok "the far end received the data" far_got tcp 80 hello

	go tcp $A tcp $to 81 --data leak
	t_seen "TCP to $to, port 81, is parked" "^FLOW .*proto=tcp .*remote=$to:81 "
	tell deny "$(flow_to 81)"
	t_said "denied: ECONNREFUSED" tcp '^connect ECONNREFUSED'
	t_none "0 packets at the far end" tcp 81

	go tcp $A tcp $to 81 --nonblock --wait 5000
	t_said "nonblocking: EINPROGRESS" tcp '^start EINPROGRESS'
	wait_for 5 parked_is 1
	tell deny all
	t_said "denied: poll and SO_ERROR say ECONNREFUSED" tcp '^connect ECONNREFUSED'
done
t_parked "no TCP is parked any more" 0

for to in $F4 $F6; do
	for how in "" --connect; do
		far_reset
		go udp $A udp $to 80 $how --count 2 --gap 1000 --wait 5000
		t_seen "UDP $how to $to is parked" "^FLOW .*proto=udp .*remote=$to:80 "
		t_said "send returns at once" udp '^send OK'
		sleep 0.3
		t_none "while parked nothing leaves" udp 80
		tell allow all
		t_said "allowed: the answer comes" udp '^recv OK'
		t_ok "both datagrams arrived" wait_for 5 eval "[[ \$(far_packets udp 80) -eq 2 ]]"
		ended udp
	done
	far_reset
	n=$(count_seen '^FLOW .*:81 ')
	go udp $A udp $to 81 --connect --count 2 --gap 2000 --wait 100
	t_ok "UDP to $to, port 81" wait_for 5 eval "[[ \$(count_seen '^FLOW .*:81 ') -gt $n ]]"
	tell deny all
	t_said "denied: the next send is refused" udp '^send (ECONNREFUSED|EPERM)'
	ended udp
	go udp $A udp $to 81 --recverr --count 2 --gap 2000
	wait_for 5 parked_is 1
	tell deny all
	t_said "unconnected with an error queue: told there or at the next send" udp \
		'^(errqueue E|send E)'
	ended udp
	t_none "0 packets at the far end" udp 81
done

for to in $F4 $F6; do
	far_reset
	proto=icmp; [[ $to != *:* ]] || proto=icmp6
	go ping $A icmp $to --wait 5000
	t_seen "ping to $to is parked" "^FLOW .*proto=$proto .*remote=$to:"
	sleep 0.3
	t_none "while parked nothing leaves" $proto
	tell allow all
	t_said "allowed: the answer comes" ping '^recv OK'
	ended ping
	far_reset
	go ping $A icmp $to --count 1 --wait 400
	wait_for 5 parked_is 1
	tell deny all
	ended ping
	t_none "denied: 0 packets" $proto
	go raw $A raw $to 253 --keep 500
	t_seen "a protocol without ports to $to is a flow too" "^FLOW .*proto=253 .*remote=$to:0 "
	tell allow all
	t_some "allowed: it arrives" 253
	ended raw
done
t_parked "nothing is parked any more" 0

# A refused curl ends within 50 ms of the verdict.
warm curl
(in_c curl -v -m 60 http://$F4:81/ >$TMP/curl 2>&1; echo "status $?" >>$TMP/curl; now_us >$TMP/curl.end) &
t_seen "curl is parked" '^OWNER .*exe=/usr/bin/curl '
seen '^FLOW .*:81 '; wait_for 5 parked_is 1
sleep 0.5
start=$(now_us)
tell deny all
wait $!
t_cmp "curl ends within 50 ms of the verdict" $((($(<$TMP/curl.end) - start) / 1000)) -le $((50 * SLOW))
t_said "with connection refused" curl '[Cc]onnection refused'
t_said "and exit status 7" curl '^status 7'

# No second SYN while the first waits.
far_reset
go tcp $A tcp $F4 80 --data late
wait_for 5 parked_is 1
sleep 8
t_is "8 s later one packet is parked" "$(snitch-tool parked | sed -n 's/.* packets=\([0-9]*\).*/\1/p')" 1
t_none "and nothing left" tcp 80
tell allow all
t_said "then it connects" tcp '^echo OK'
t_parked "nothing is parked" 0

# Time limits.
snitch-tool limits hold_ms=1000 hold_tcp_ms=1500 hold_dns_ms=300
far_reset
go tcp $A tcp $F4 90 --data leak
t_seen "a question nobody answers ends: TCP" "^CANCEL id=$(wait_for 3 seen :90; flow_to 90) why=timeout action=deny" 5
t_said "and the program is refused" tcp '^connect ECONNREFUSED'
go udp $A udp $F4 93 --count 3 --gap 1500
t_ok "a UDP question" seen '^FLOW .*:93 '
t_said "it ends; the program's retry is refused at once" udp '^send EPERM'
ended udp
t_is "all its retries without a new question" "$(count_seen '^FLOW .*:93 ')" 1
go udp $A udp $F4 91 --keep 2500
t_seen "UDP too" "^CANCEL .*why=timeout" 3
go dns $A udp $F4 53 --keep 2000
seen '^FLOW .*:53 '
t_seen "DNS earlier" "^CANCEL id=$(flow_to 53) why=timeout" 2
ended dns; ended udp
tell default none
go slow $A udp $F4 92 --keep 3500
t_seen "a decider that does not answer: fail mode after consult_ms" \
	"^CANCEL id=$(seen :92; flow_to 92) why=consult action=deny" 5
ended slow
for port in 90 91 92 93 53; do
	t_none "TCP $port: 0 packets" tcp $port
	t_none "UDP $port: 0 packets" udp $port
done
t_parked "nothing is parked at the end" 0
t_done
