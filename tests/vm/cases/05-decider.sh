# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The decider dies, stops, is replaced; the module goes while flows are parked.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 udp:80 tcp:81
policy "unmatched ask"
decider --default hold

# kill -9, then a new one within the grace inherits.
go tcp $A tcp $F4 80 --data kept
go udp $A udp $F4 80 --wait 20000
wait_for 5 parked_is 2
id=$(field id '^FLOW .*proto=tcp')
decider_end
t_is "no decider" "$(stat_of decider_pid)" 0
t_is "within the grace all stays parked" "$(stat_of parked)" 2
go grace $A tcp $F4 81
decider --default hold
t_seen "a new decider is told again, with the mark" "^FLOW id=$id .*flags=0x[0-9a-f]*[37bf] "
t_seen "and of the owner first" '^OWNER .*exe=/opt/a '
t_ok "OWNER comes before FLOW" awk '/^OWNER/ {o = 1} /^FLOW/ {exit !o}' $LOG
t_ok "a flow that began within the grace is there too" seen '^FLOW .*:81 '
tell allow all
t_said "allowed by the new one: TCP" tcp '^echo OK'
t_said "allowed by the new one: UDP" udp '^recv OK'
t_said "allowed by the new one: the one in between" grace '^connect OK'
t_parked "nothing is parked" 0
ended tcp; ended udp; ended grace

# Nobody comes: refused when the grace is over.
far_reset
tell default hold
go tcp $A tcp $F4 82
go udp $A udp $F4 82 --keep 6000
wait_for 5 parked_is 2
decider_end
t_said "the grace is over: refused" tcp '^connect ECONNREFUSED'
t_parked "nothing is parked" 0
t_fast "without a decider: refused at once" '^connect ECONNREFUSED' 20000 $A tcp $F4 83
t_none "0 packets: TCP 82" tcp 82
t_none "0 packets: UDP 82" udp 82
t_none "0 packets: TCP 83" tcp 83
ended udp

# Takeover while the old one lives.
decider --default hold
old=$DECIDER
go tcp $A tcp $F4 84
wait_for 5 parked_is 1
t_run "a second decider without takeover" 1 timeout 5 snitch-tool decide --default deny
cp $LOG $TMP/old.log
: >$LOG
decider --takeover --default hold
t_ok "the replaced one ends with EPERM" wait_for 5 eval "! kill -0 $old"
t_seen "the new one hears of what is parked" '^FLOW .*:84 .*flags=0x[0-9a-f]*[37bf] '
tell deny all
t_said "and decides it" tcp '^connect ECONNREFUSED'

# SIGSTOP: consults go unanswered, fail mode; unread_ms: the decider is dead.
snitch-tool limits consult_ms=1000 unread_ms=3000
kill -STOP $DECIDER
go stop $A tcp $F4 85
t_said "a stopped decider: fail mode after consult_ms" stop '^connect ECONNREFUSED'
ended stop
t_ok "events unread for unread_ms: the decider counts as dead" wait_for 10 stat_is decider_alive 0
t_fast "then refused at once" '^connect ECONNREFUSED' 20000 $A tcp $F4 86
kill -CONT $DECIDER
t_ok "it reads again: alive" wait_for 10 stat_is decider_alive 1
go back $A tcp $F4 80 --data back
t_seen "and is asked again" '^FLOW .*remote=[^ ]*:80 '
tell allow all
t_said "and its word counts" back '^echo OK'
t_none "0 packets: TCP 85" tcp 85
t_none "0 packets: TCP 86" tcp 86

# Events left unread while a held flow waits.
snitch-tool limits consult_ms=2000 unread_ms=10000

# Unload with flows parked: an open device forbids it; afterwards it goes at once.
tell default hold
far_reset
go tcp $A tcp $F4 87 --wait 5000 --nonblock
go udp $A udp $F4 87 --keep 3000
wait_for 5 parked_is 2
t_run "unload with the device open is refused" 1 rmmod snitch
decider_end
health_mark
t_ok "after close, with flows parked, it unloads" rmmod snitch
t_none "0 packets: UDP 87" udp 87
t_ok "the parked SYN is not lost for ever: the program's own retry goes out unjudged" \
	wait_for 8 far_some tcp 87
t_done
