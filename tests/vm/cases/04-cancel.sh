# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What is parked ends when nobody waits for it: close, reconnect, kill, device and namespace gone.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 tcp:81 udp:80 udp:81
policy "unmatched ask"
decider --default hold

go tcp $A tcp $F4 80 --nonblock --wait 700
t_ok "TCP is parked" seen '^FLOW .*proto=tcp .*:80 '
t_seen "the program gives up and closes: CANCEL" "^CANCEL id=$(flow_to 80) why=closed"
t_parked "nothing is parked" 0
late=$(flow_to 80)
tell allow "$late"
t_seen "a late verdict has a RESULT of ENOENT" "^RESULT id=$late error=-2"
t_none "and lets nothing out" tcp 80

go tcp $A tcp $F4 80
wait_for 5 parked_is 1
kill -9 "${PIDS[tcp]}"
ended tcp 2>/dev/null
t_seen "kill -9 of the program: CANCEL" "^CANCEL id=$(flow_to 80) why=closed"
t_parked "nothing is parked" 0

go move $A reconnect $F4 80 $F4 81 --after 500 --wait 3000
t_ok "a socket is parked at its first destination" wait_for 5 parked_is 1
first=$(flow_to 80)
t_ok "reconnected elsewhere: a second question" seen '^FLOW .*:81 '
t_seen "the first one is cancelled" "^CANCEL id=$first "
second=$(flow_to 81)
tell allow "$first"
sleep 0.3
t_none "a verdict for the first lets nothing out: 80" tcp 80
t_none "a verdict for the first lets nothing out: 81" tcp 81
tell allow "$second"
t_said "the second verdict is the one that counts" move '^connect OK' || t_note "$(tail -n 12 $LOG)"
ended move
t_none "still nothing at the first destination" tcp 80
t_parked "nothing is parked" 0

# Datagrams survive close and exit; allowed they go out.
far_reset
go quick $A quick $F4 80 --udp
t_ok "a datagram of a program that has exited is parked" wait_for 5 parked_is 1
ended quick
sleep 0.5
t_is "and stays so" "$(stat_of parked)" 1
tell allow all
t_some "allowed: it arrives" udp 80
t_parked "nothing is parked" 0

# Routes change: each change makes all that are cached old, whether it was theirs or not.
far_reset
go v4 $A udp $F4 82 --keep 20000
go v6 $A udp $F6 83 --keep 20000
go tcp $A tcp $F4 84 --nonblock --wait 20000
t_ok "a datagram of each family and a connection are parked" wait_for 5 parked_is 3
in_c ip route add 192.0.2.0/24 dev vc
in_c ip -6 route add $F6/128 dev vc
tell allow all
t_some "the way is the same, by a new route: the datagram arrives" udp 82
t_some "that of IPv6 does" udp 83
t_some "the connection does" tcp 84
t_is "once" "$(far_packets udp 82) $(far_packets udp 83)" "1 1"
for n in v4 v6 tcp; do kill -9 "${PIDS[$n]}"; ended $n 2>/dev/null; done
in_c ip link add d0 type dummy
in_c ip link set d0 up
go v4 $A udp $F4 85 --keep 20000
go v6 $A udp $F6 86 --keep 20000
wait_for 5 parked_is 2
in_c ip route add $F4/32 dev d0
in_c ip -6 route replace $F6/128 dev d0
tell allow all
t_seen "the way leads elsewhere: CANCEL" "^CANCEL id=$(flow_to 85) why=route"
t_seen "that of IPv6, too" "^CANCEL id=$(flow_to 86) why=route"
sleep 0.3
t_none "nothing of the datagram" udp 85
t_none "nor of that of IPv6" udp 86
in_c ip link del d0
in_c ip -6 route del $F6/128 dev vc 2>/dev/null
for n in v4 v6; do kill -9 "${PIDS[$n]}"; ended $n 2>/dev/null; done

# The device goes.
go tcp $A tcp $F4 80 --nonblock --wait 2000
go udp $A udp $F4 81 --keep 2000
wait_for 5 parked_is 2
in_c ip link del vc
tell allow all
sleep 0.5
t_parked "the veth is deleted, then allowed: nothing is parked" 0
ended tcp; ended udp

# The namespace goes. A program inside keeps it alive; it is killed too.
net_up
far_up tcp:80 udp:80
go tcp $A tcp $F4 80
go udp $A udp $F4 80 --keep 60000
wait_for 5 parked_is 2
ip netns pids c | xargs -r kill -9
ended tcp 2>/dev/null; ended udp 2>/dev/null
ip netns del c
t_ok "the namespace's TCP is gone" wait_for 5 eval '[[ $(stat_of parked) -le 1 ]]'
tell allow all
t_parked "the namespace is deleted: nothing is parked" 0
t_ok "and it is really gone: its veth is" wait_for 10 eval '! in_f ip link show vf 2>/dev/null'

# Many at once, namespace first.
net_up
far_up tcp:80
go many $A tcpmany $F4 1000 50 --keep 60000
go many2 $A udpmany $F4 2000 50 --keep 60000
t_ok "100 flows are parked" wait_for 10 parked_is 100
kill -9 "${PIDS[many]}" "${PIDS[many2]}"
net_down
t_ok "killed, namespaces deleted: only datagrams are left, if any" \
	wait_for 5 eval '[[ $(stat_of parked) -le 50 ]]'
tell deny all
t_parked "denied: nothing is parked" 0
t_is "references are back: one user of the module, the decider" \
	"$(awk '$1 == "snitch" {print $3}' /proc/modules)" 1
decider_end
t_done
