# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Every bound holds, is counted, and one full flow never stops another destination.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 udp:80
policy "unmatched ask" "allow $B any port 80"
decider --default hold

snitch-tool limits max_flows=40 max_flows_image=10 max_flows_uid=20 max_flows_netns=30
t_out "one image: the eleventh flow is refused" '^sent 10 EPERM 5 other 0' $A udpmany $F4 1000 15
t_parked "ten are parked" 10
t_is "counted" "$(stat_of bound_image)" 5
tell deny all
t_parked "answered: room again" 0
for n in 1 2 3; do go many$n setpriv --reuid 1000 --clear-groups $A udpmany $F4 $((n * 1000)) 10 --keep 3000; done
t_ok "one user: twenty flows of three programs" wait_for 5 parked_is 20
wait_for 5 eval '[[ $(stat_of bound_uid) -eq 10 ]]'
t_is "ten were refused and counted" "$(stat_of bound_uid)" 10
for n in 4 5; do go many$n setpriv --reuid $((2000 + n)) --clear-groups $A udpmany $F4 $((n * 1000)) 10 --keep 3000; done
t_ok "one namespace: thirty flows" wait_for 5 parked_is 30
t_ok "ten were refused and counted" wait_for 5 stat_is bound_netns 10
go many6 true
in_f setpriv --reuid 2010 --clear-groups $A udpmany $C4 6000 10 >/dev/null
in_f setpriv --reuid 2011 --clear-groups $A udpmany $C4 7000 10 >/dev/null
t_ok "in all: forty" parked_is 40
t_is "counted" "$(stat_of bound_global)" 10
t_out "a program with a rule is not touched by full bounds" '^echo OK' $B tcp $F4 80 --data ruled
tell deny all
t_parked "answered" 0
for n in 1 2 3 4 5; do ended many$n; done

# The initial namespace is nearly everybody's: one user there has his share and no more.
ip link add own0 type dummy
ip addr add 10.55.0.1/24 dev own0
ip link set dev own0 up
snitch-tool limits max_flows=80 max_flows_image=20 max_flows_uid=20 max_flows_netns=20
for n in 1001 1002; do
	setpriv --reuid $n --clear-groups $A udpmany 10.55.0.2 $((n + 1000)) 25 --keep 2000 >/dev/null &
	MANY[n]=$!
done
t_ok "in the initial namespace two users have a share each" wait_for 5 parked_is 40
tell deny all
for n in 1001 1002; do wait ${MANY[n]}; done
# Large packets count by their size: 16 MiB of one user.
snitch-tool limits max_flows=4096 max_flows_image=1024 max_flows_uid=2048 max_flows_netns=2048
before=$(stat_of bound_uid)
for n in 1 2 3 4; do
	setpriv --reuid 1003 --clear-groups $A udpmany 10.55.0.2 $((n * 100)) 90 --size 60000 --keep 2000 >/dev/null &
	MANY[n]=$!
done
t_ok "a user's packets have a bound together" wait_for 10 eval '[[ $(stat_of bound_uid) -gt $before ]]'
t_cmp "which is 16 MiB" "$(stat_of parked_bytes)" -le $((16 << 20))
t_cmp "and no less than a few" "$(stat_of parked_bytes)" -ge $((8 << 20))
tell deny all
for n in 1 2 3 4; do wait ${MANY[n]}; done
ip link del own0
tell deny all

# Packets of one flow, and the socket's send buffer.
far_reset
go pile $A udp $F4 1001 --count 30 --nonblock --keep 2000
t_ok "one flow is parked" wait_for 5 parked_is 1
wait_for 5 said pile '(send .*\n*){1}'
wait_for 5 eval '[[ $(stat_of bound_packets) -ge 22 ]]'
t_is "with eight packets" "$(snitch-tool parked | sed -n 's/.* packets=\([0-9]*\).*/\1/p')" 8
t_is "the others are counted" "$(stat_of bound_packets)" 22
tell allow all
t_ok "allowed: eight arrive" wait_for 5 eval '[[ $(far_packets udp 1001) -eq 8 ]]'
ended pile

far_reset
go big $A udp $F4 1002 --count 200 --size 1400 --nonblock --keep 2500
wait_for 5 parked_is 1
t_ok "large packets: at most 32 KiB are parked" eval '[[ $(stat_of parked_bytes) -le 32768 ]]'
ended big
t_ok "no send failed for want of buffer: $(sort $TMP/big | cut -d' ' -f2 | uniq -c | xargs)" \
	eval '! grep -q EAGAIN $TMP/big'
tell deny all

# One socket, one destination held and full: the others go on.
policy "unmatched ask" "allow $A any port 80" "allow $B any port 80"
far_reset
go held $A udpmany $F4 80 2 --keep 1
ended held
t_some "one socket, two destinations: the allowed one arrives" udp 80
t_none "the other waits" udp 81
tell deny all
go many $A tcpmany $F4 2000 100 --keep 5000
t_ok "100 TCP flows are held" wait_for 10 parked_is 100
t_out "another flow of that program with a rule" '^echo OK' $A tcp $F4 80 --data through
t_out "another program with a rule" '^echo OK' $B tcp $F4 80 --data through
tell deny all
t_parked "nothing is parked" 0
ended many
t_run "limits above the ceiling are refused" 1 snitch-tool limits max_flows=100000
t_is "and change nothing" "$(stat_of max_flows)" 4096
t_done
