# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# "Allow, but judge again at the first data": the handshake goes, the first data wait in order, are
# shown to the decider, and go or do not. The far end counts packets that carry 300 bytes and more.
. /snitch/cases/lib/case.sh

CONSULT=1000

# look NAME ARGUMENT...: a connection to port 80 whose first data wait; its second FLOW is $ID.
look() {
	local name=$1 n
	shift
	n=$(count_seen '^FLOW .*flags=0x[0-9a-f]*[89a-f][0-9a-f] ')
	go $name $A segments "$@"
	wait_for 10 eval "[[ \$(count_seen '^FLOW .*flags=0x[0-9a-f]*[89a-f][0-9a-f] ') -gt $n ]]"
	ID=$(field id '^FLOW .*flags=0x[0-9a-f]*[89a-f][0-9a-f] ')
}
texts() { grep "^DATA id=$ID " $LOG | sed 's/.*text=\([a-z]*\).*/\1/' | tr '\n' ' '; }
t_texts() { t_ok "$1" wait_for 5 eval "[[ \"\$(texts)\" == \"$2 \" ]]" || t_note "$(texts)"; }

case_begin
far_up tcp:80 udp:80 udp:443
policy "unmatched ask"
snitch-tool limits consult_ms=$((CONSULT * SLOW)) >/dev/null
decider --data --default look
warm $A

# ---- TCP: the handshake goes, data do not --------------------------------------------------------

for to in $F4 $F6; do
	payload_reset
	look tcp $to 80 hello --size 300
	t_said "$to: it connects" tcp '^connect OK'
	t_said "it sends" tcp '^send OK'
	t_seen "the decider sees what" "^DATA id=$ID index=0 len=300 last=0 text=hello"
	t_ok "a flow that waits for data is one that is asked about" eval "snitch-tool flows | grep -q action=ask"
	# longer than a retransmission takes
	sleep 0.6
	t_no_payload "none of it has left"
	tell allow $ID
	t_said "allowed: the echo comes" tcp '^echo OK'
	t_ok "the far end has it" far_got tcp 80 hello
	t_cmp "and hardly more than once" "$(payload)" -le 2
	ended tcp

	payload_reset
	look tcp $to 80 refused --size 300
	wait_for 5 said tcp '^send OK'
	tell deny $ID
	t_said "$to: denied: the connection is refused" tcp '^echo ECONNREFUSED'
	ended tcp
	sleep 0.5
	t_no_payload "nothing arrives"
	t_run "nor does the server know of it" 1 far_got tcp 80 refused
done
t_parked "nothing waits" 0

# ---- several segments ------------------------------------------------------------------------------

: >$TMP/far
moved=$(stat_of cancel_moved)
payload_reset
look tcp $F4 80 a b c --size 300
t_texts "three segments, three messages" "a b c"
t_no_payload "none of them has left"
t_is "one flow" "$(stat_of parked)" 1
tell allow $ID
t_said "allowed: all are echoed" tcp '^echo OK'
t_cmp "each by its own packet" "$(payload)" -le 4
t_is "none was lost on the way" "$(stat_of cancel_moved)" "$moved"
ended tcp

: >$TMP/far
again=$(stat_of data_again)
payload_reset
look tcp $F4 80 a b c d e f g --size 300
t_texts "of seven segments four are shown" "a b c d"
t_seen "and it is said that this was all" "^DATA id=$ID index=3 len=300 last=1"
t_cmp "what else was sent is dropped and counted" "$(stat_of data_again)" -gt "$again"
t_no_payload "none of them has left"
tell allow $ID
t_said "allowed: TCP sends again what it has to" tcp '^echo OK'
ended tcp

payload_reset
look tcp $F4 80 large --size 30000
t_seen "of a large write not all is shown" "^DATA id=$ID index=[0-9]* len=[0-9]* last=1 "
t_is "but as much as fits" "$(grep "^DATA id=$ID " $LOG | sed 's/.* len=\([0-9]*\).*/\1/' | awk "{n += \$1} END {print n}")" 8160
t_no_payload "none of it has left"
tell allow $ID
t_said "allowed: all of it goes" tcp '^echo OK'
ended tcp

consulted=$(stat_of consulted)
look tcp $F4 80 one two three --size 300 --gap 600
tell allow $ID
t_said "after the verdict data go by themselves" tcp '^echo OK'
t_is "each connection is asked about twice" "$(stat_of consulted)" $((consulted + 2))
ended tcp

# ---- time -----------------------------------------------------------------------------------------------

payload_reset
look tcp $F4 80 slow --size 300
t_seen "who says no more is to be judged by what it said" "^DATA id=$ID index=1 len=0 last=1" 5
t_no_payload "it still waits"
tell allow $ID
t_said "and can be allowed" tcp '^echo OK'
ended tcp

payload_reset
look tcp $F4 80 forgotten --size 300
t_seen "without an answer fail mode follows" "^CANCEL id=$ID why=consult" 10
ended tcp
t_no_payload "which refuses"

# ---- the end of a socket, of a decider, of a policy -------------------------------------------------------

: >$TMP/far
look tcp $F4 80 goodbye --size 300 --close
ended tcp
tell allow $ID
t_ok "a program that has ended: its data arrive" wait_for 5 far_got tcp 80 goodbye

payload_reset
look tcp $F4 80 away --size 300
decider_end
decider --data --default look
t_seen "a new decider is told again" "^FLOW id=$ID .*flags=0x[0-9a-f]*[89a-f][13579bdf] "
t_seen "with data" "^DATA id=$ID index=0 len=300 last=0 text=away"
t_no_payload "nothing has left"
tell allow $ID
t_said "it allows" tcp '^echo OK'
ended tcp

payload_reset
look tcp $F4 80 policy --size 300
policy "allow $A any" "unmatched ask"
t_seen "a new policy decides what waits" "^CANCEL id=$ID why=policy action=allow"
t_said "and lets it go" tcp '^echo OK'
ended tcp
policy "unmatched ask"
go tcp $A segments $F4 80 first second --size 300 --gap 1500
wait_for 5 seen '^DATA .*text=first'
policy "unmatched ask"
t_is "a new policy without an opinion leaves it alone" "$(stat_of parked)" 1
tell allow all
t_said "and what was allowed goes on" tcp '^echo OK'
ended tcp

# An entry whose data are asked about, then denied by rule.
payload_reset
go tcp $A segments $F4 80 cut --size 300 --wait 3000
wait_for 5 seen '^DATA .*text=cut'
policy "deny $A any" "unmatched ask"
t_said "a policy that denies cuts it" tcp '^echo ECONNREFUSED'
t_no_payload "nothing has left"
ended tcp
policy "unmatched ask"

# ---- a SYN with data, UDP -------------------------------------------------------------------------------------

in_c sysctl -q -w net.ipv4.tcp_fastopen=5
in_f sysctl -q -w net.ipv4.tcp_fastopen=0x403
payload_reset
n=$(count_seen '^FLOW ')
go tfo $A tfo $F4 80 --data fastopen --size 400
wait_for 5 more_flows $n
t_seen "a SYN with data stays where it is" "^DATA id=$(flow_to 80) index=0 len=400 last=0 text=fastopen"
t_none "nothing at all has left" tcp 80
tell allow all
wait_for 5 far_payload
t_ok "allowed: it arrives" far_payload
t_is "one flow, told again" "$(count_seen '^FLOW ') $(count_seen "^FLOW id=$(flow_to 80) ")" "$((n + 2)) 2"
ended tfo

for to in $F4 $F6; do
	far_reset
	n=$(count_seen '^FLOW ')
	go udp $A udp $to 443 --count 2 --size 500 --gap 300 --wait 5000
	wait_for 5 more_flows $n
	t_seen "UDP to $to: the first datagram is shown" "^DATA id=$(flow_to 443) index=0 len=500 last=0"
	t_seen "and the second" "^DATA id=$(flow_to 443) index=1 len=500 last=0"
	t_none "none has left" udp 443
	tell allow all
	t_ok "allowed: both arrive" wait_for 5 eval "[[ \$(far_packets udp 443) -eq 2 ]]"
	ended udp
	far_reset
	go udp $A udp $to 443 --size 500 --wait 500
	wait_for 5 parked_is 1
	tell deny all
	ended udp
	t_none "denied: none arrives" udp 443
done

# ---- who does not want to know ---------------------------------------------------------------------------------

decider_end
decider --default look
go tcp $A segments $F4 80 plain --size 300
t_said "without the feature the flag has no effect" tcp '^echo OK'
ended tcp
t_is "nothing was shown" "$(count_seen '^DATA ')" 0
t_parked "nothing is parked any more" 0
decider_end
decider --data --default look
look tcp $F4 80 unload --size 300
decider_end
t_ok "the module unloads while data wait" wait_for 10 module_unload
kill ${PIDS[tcp]} 2>/dev/null
t_done
