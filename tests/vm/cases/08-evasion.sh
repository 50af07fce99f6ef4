# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Ways around connect(): each is judged, 0 bytes reach the far end.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 tcp:81 udp:80 udp:81
policy "unmatched ask" "allow $A any port 80" "deny $B any"
decider --default hold

# Simultaneous open with a colluding peer. A closed port answers with the kernel's resets, so
# here everything but resets is counted.
in_f nft 'table inet sim { counter got { }; chain in { type filter hook prerouting priority -440;
	iifname "vf" tcp dport 4000-4003 tcp flags & rst == 0 counter name got; }; }'
sim_got() { in_f nft -j list counter inet sim got | jq -r '.nftables[].counter? // empty | .packets'; }
for prog in $B /opt/c; do
	cp -n $B $prog 2>/dev/null
	far_reset
	: >$LOG
	go sim $prog simopen $F4 4000 4001 --wait 4000 --data leak
	in_f $FAR simopen $C4 4001 4000 --wait 4000 --data bait >$TMP/peer 2>&1 &
	ended sim
	t_said "simultaneous open by $prog does not connect" sim '^connect E'
	t_is "simultaneous open by $prog: 0 packets" "$(sim_got)" 0
	wait $!
done
tell deny all
cp -n $A /opt/d
policy "unmatched ask" "allow $A any" "allow /opt/d any" "deny $B any"
far_reset
go sim /opt/d simopen $F4 4002 4003 --wait 4000 --data allowed
in_f $FAR simopen $C4 4003 4002 --wait 4000 --data bait >$TMP/peer 2>&1 &
ended sim
t_cmp "the same, allowed by rule, does: $(head -n 1 $TMP/sim)" "$(sim_got)" -gt 0
wait $!

# TCP_REPAIR in a user namespace: established without a SYN.
repair_up() {
	ip link del rep0 2>/dev/null
	setpriv --reuid 1000 --regid 1000 --clear-groups unshare -Urn sleep 600 &
	KEEPER=$!
	wait_for 5 eval "[[ \$(readlink /proc/$KEEPER/ns/net) != \$(readlink /proc/self/ns/net) ]]"
	sleep 0.2
	in_f ip link add rep0 type veth peer name rep1
	in_f ip link set rep0 netns $KEEPER
	in_f ip addr add 10.88.0.2/24 dev rep1
	in_f ip link set dev rep1 up
	nsenter -t $KEEPER -n ip addr add 10.88.0.1/24 dev rep0
	nsenter -t $KEEPER -n ip link set lo up
	nsenter -t $KEEPER -n ip link set dev rep0 up
	in_f nft 'table inet rep { counter got { }; chain in { type filter hook prerouting priority -440; iifname "rep1" meta l4proto tcp counter name got; }; }'
}
rep_got() { in_f nft -j list counter inet rep got | jq -r '.nftables[].counter? // empty | .packets'; }
# The namespace's owner enters it, and is root there.
in_r() { setpriv --reuid 1000 --regid 1000 --clear-groups nsenter -t $KEEPER -U -n --preserve-credentials "$@"; }
repair() { in_r "$1" repair 10.88.0.1 5000 10.88.0.2 80 --data leak; }
repair_up
t_is "the way there is open" "$(in_r $A tcp 10.88.0.2 80 --data way | grep -c '^echo OK')" 1
t_cmp "and counted" "$(rep_got)" -gt 3
before=$(rep_got)
repair $B >$TMP/repair 2>&1
t_said "TCP_REPAIR: the program has an established socket" repair '^connect OK'
sleep 1
t_is "TCP_REPAIR by a denied program: 0 packets" "$(rep_got)" "$before"
: >$LOG
repair /opt/c >$TMP/repair 2>&1 &
t_seen "TCP_REPAIR by an unknown program is a question" '^FLOW .*remote=10.88.0.2:80 '
sleep 1
t_is "and 0 packets" "$(rep_got)" "$before"
tell deny all
wait $!
t_is "denied: 0 packets" "$(rep_got)" "$before"
kill $KEEPER
in_f nft delete table inet rep

# A segment made by hand: from nothing, and into an allowed connection of another program.
far_reset
go forge $B forge $C4 6000 $F4 80 --data forged
ended forge
t_said "a forged segment by a denied program: EPERM" forge '^send EPERM'
t_none "0 packets" tcp 80
: >$LOG
go forge /opt/c forge $C4 6000 $F4 80 --data forged
t_seen "by an unknown program: a question" '^FLOW .*remote=[^ ]*:(80|0) '
sleep 0.3
t_none "0 packets" tcp 80
tell deny all
ended forge
go keep $A tcp $F4 80 --bind 6100 --keep 4000 --data mine
sleep 1
far_reset
in_c $B forge $C4 6100 $F4 80 --data forged >$TMP/forge 2>&1
t_said "forged into another's connection: EPERM" forge '^send EPERM'
t_none "0 packets" tcp 80
ended keep
t_ok "the far end's server never saw the forged data" eval '! grep -q forged $TMP/far'

# MPTCP and SMC: the kernel makes the TCP socket.
if [[ -d /proc/sys/net/mptcp ]]; then
	far_reset
	in_c $B tcp $F4 80 --mptcp --data leak >$TMP/mptcp 2>&1
	t_said "MPTCP by a denied program: refused" mptcp '^connect E'
	t_none "0 packets" tcp 80
	: >$LOG
	go mptcp /opt/c tcp $F4 80 --mptcp --data leak
	t_seen "MPTCP by an unknown program: a question" '^FLOW .*proto=tcp .*:80 '
	t_seen "with the program as owner" '^OWNER .*exe=/opt/c '
	sleep 0.5
	t_none "0 packets" tcp 80
	tell deny all
	t_said "denied: the program is told" mptcp '^connect E'
	t_none "still 0 packets" tcp 80
	t_out "MPTCP by an allowed program works" '^echo OK' $A tcp $F4 80 --mptcp --data multi
else
	t_skip "MPTCP" "this kernel has none"
fi
far_reset
if modprobe smc 2>/dev/null; then
	in_c timeout 20 $B smc $F4 80 --data leak >$TMP/smc 2>&1
	t_said "SMC by a denied program: refused" smc '^connect E'
	t_none "0 packets" tcp 80
	: >$LOG
	go smc timeout 20 /opt/c smc $F4 80 --data leak
	t_seen "SMC by an unknown program: a question" '^FLOW .*proto=tcp .*:80 '
	sleep 0.5
	t_none "0 packets" tcp 80
	tell deny all
	ended smc
	t_none "denied: 0 packets" tcp 80
	t_out "SMC by an allowed program works" '^send OK' timeout 20 $A smc $F4 80 --data smc
	t_ok "and its data arrives" wait_for 5 far_got tcp 80 smc
else
	t_skip "SMC" "this kernel has none"
fi

# Reconnect: a socket allowed to one place goes to another.
far_reset
policy "unmatched ask" "allow $A any port 80" "deny $A any port 81"
go move $A reconnect $F4 80 $F4 81 --after 300
ended move
t_said "allowed first" move '^first EINPROGRESS'
t_said "reconnected to a denied place: refused" move '^second ECONNREFUSED'
t_none "0 packets there" tcp 81
go move $A reconnect $F4 80 $F4 81 --after 300 --udp
ended move
t_said "the same with UDP" move '^send EPERM'
t_none "0 packets there" udp 81
t_parked "nothing is parked" 0
t_done
