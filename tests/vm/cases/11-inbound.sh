# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Answers are not questions: accepted connections and older ones pass, unless denied by name.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80
in_f $FAR tcp $F4 80 >/dev/null

# Older connections survive arming.
go old $A tcp $F4 80 --keep 3000 --data survived
go cut $B tcp $F4 80 --keep 3000 --data leak
sleep 1
policy "unmatched deny" "deny $B any"
t_out "armed: a new one is refused" '^connect ECONNREFUSED' $A tcp $F4 80
t_said "a connection older than the policy goes on" old '^echo OK'
ended cut
t_ok "an explicit deny cuts an older one: nothing of it arrives" eval '! far_got tcp 80 leak'
ended old

# Accepted connections.
go listen $A listen 90 --data accepted
t_said "a program listens" listen '^listening'
in_f $FAR tcp $C4 90 --data hi >$TMP/peer 2>&1
t_ok "accepted, unmatched deny: the answer goes out" grep -q '^echo OK' $TMP/peer
ended listen
t_cmp "counted as inbound" "$(stat_of inbound)" -ge 1
far_reset
go listen $B listen 91 --data sneaked
t_said "a program with an explicit deny listens" listen '^listening'
in_f $FAR tcp $C4 91 --data hi --wait 2000 >$TMP/peer 2>&1
t_ok "it cannot speak" eval '! grep -q "^echo OK" $TMP/peer'
ended listen
t_ok "and is told" grep -qE '^send E' $TMP/listen
policy "unmatched ask"
decider --default hold
go listen $A listen 92 --data asked
t_said "unmatched ask: a program listens" listen '^listening'
in_f $FAR tcp $C4 92 --data hi >$TMP/peer 2>&1
t_ok "it answers without any question" grep -q '^echo OK' $TMP/peer
ended listen
t_is "none was asked" "$(count_seen '^FLOW')" 0
# A server that becomes another user, as sshd does, with the same connection.
speaks_twice() {
	go listen $A listen $1 --data twice --then-as 1000
	wait_for 10 said listen '^listening'
	in_f /opt/peer -c "exec 3<>/dev/tcp/$C4/$1; echo hi >&3
		read -r -t $((3 * SLOW)) -d '' all <&3; echo -n \"\$all\"" >$TMP/peer 2>/dev/null
	ended listen
}
cp /bin/bash /opt/peer
policy "unmatched ask" "allow /opt/peer any"
speaks_twice 93
t_is "nor is one that becomes another user: all of it arrives" "$(cat $TMP/peer)" twicetwice
t_is "still none was asked" "$(count_seen '^FLOW')" 0
policy "unmatched ask" "allow /opt/peer any" "deny $A any uid 1000"
speaks_twice 94
t_is "a rule denies the other user: no more arrives" "$(cat $TMP/peer)" twice
# Two programs hold it and the kernel sends what one of them corked: whose it is nobody knows.
cat >/opt/corks <<-END
	#!/bin/bash
	exec 3>&1 >/dev/null
	$B rest $((4000 * SLOW)) &
	exec $A pathfd more 3 --data corked --keep $((3000 * SLOW))
END
chmod +x /opt/corks
policy "unmatched ask" "allow $A any" "allow $B any"
for port in 96 97; do
	: >$LOG
	go inetd socat TCP-LISTEN:$port,reuseaddr EXEC:/opt/corks,nofork
	wait_for 10 eval '[[ -n $(in_c ss -Hltn "sport = :$port") ]]'
	in_f $FAR tcp $C4 $port --data hi --wait $((4000 * SLOW)) >$TMP/peer 2>&1 &
	peer=$!
	t_seen "corked, with two programs that hold it: a question, whatever their rules" \
		"^FLOW .*flags=0x[0-9a-f]*[4-7c-f][0-9a-f] "
	sleep 0.3
	t_ok "while it waits, nothing arrives" eval '! grep -q "^echo OK" $TMP/peer'
	if [[ $port == 96 ]]; then tell deny all; else tell allow all; fi
	wait $peer
	ended inetd
	t_is "it arrives if that is allowed" "$port $(grep -c '^echo OK' $TMP/peer)" "$port $((port == 97))"
done

# Under lockdown a program without a rule gets an accepted connection.
policy "mode lockdown" "unmatched deny" "allow /opt/peer any" "allow $A any"
snitch-tool observe $TMP/observer &
observer=$!
wait_for 5 grep -q WELCOME $TMP/observer
told=$(stat_of passed)
go listen $A listen 98 --data own --keep $((3000 * SLOW))
wait_for 10 said listen '^listening'
in_f /opt/peer -c "exec 3<>/dev/tcp/$C4/98; echo hi >&3
	read -r -t $((5 * SLOW)) -d '' all <&3; echo -n \"\$all\"" >$TMP/peer 2>/dev/null &
peer=$!
wait_for 5 said listen '^send OK'
go thief $B steal ${PIDS[listen]} 4 --data stolen
ended thief
wait $peer
ended listen
t_is "lockdown: who takes an accepted connection cannot speak on it" "$(cat $TMP/peer)" own
t_is "and is told" "$(stat_of passed)" $((told + 1))
kill $observer
decider_end
policy "unmatched ask" "allow /opt/peer any" "fail deny"
sleep $((4 * SLOW))
speaks_twice 95
t_is "with nobody to ask it goes on, too" "$(cat $TMP/peer)" twicetwice
t_ok "the far end still reaches closed ports (resets are the kernel's)" \
	eval 'in_f $FAR tcp $C4 99 2>&1 | grep -q "^connect ECONNREFUSED"'
t_ok "and is answered when it pings" eval 'in_f $FAR icmp $C4 --wait 2000 | grep -q "^recv OK"'
t_done
