# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# A refused datagram is quoted in an error to its sender. When the route it waited with dies, that
# error would be sent by the initial namespace: to whatever address the sender's namespace gave
# itself.
. /snitch/leak/lib/leak.sh

leak_begin "$LOOPBACK"
mac=02:77:00:00:00:03
S4=10.99.0.9 S6=fd99::9
ip link add name vh type veth peer name vg address $mac netns f
ip addr add 10.99.0.1/24 dev vh
ip -6 addr add fd99::1/64 dev vh nodad
ip link set dev vh up
in_f ip link set dev vg up
ip neigh replace $S4 lladdr $mac dev vh nud permanent
ip neigh replace $S6 lladdr $mac dev vh nud permanent
sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
in_f nft 'table netdev host { counter got { }; chain in { type filter hook ingress device vg priority -400;
	ip protocol icmp counter name got; icmpv6 type { 1, 2, 3, 4, 128, 129 } counter name got; }; }' || t_fail "a counter"
got() { in_f nft -j list counter netdev host got | jq -r '.nftables[].counter? // empty | .packets'; }
# The counter counts: an error of the host's own, to the same address.
dead_route() {
	local own=$1 to=$2 family=$3
	ip netns add own
	ip -n own link set dev lo up
	ip -n own link add d0 type dummy
	ip -n own link add d1 type dummy
	ip -n own link set d0 up
	ip -n own link set d1 up
	ip -n own $family addr add $own dev d0 ${family:+nodad}
	ip -n own $family route add $to dev d1
	wait_for 5 ip -n own route get $to
	: >$LOG
	in-net own timeout 20 $EVIL freebind $own $to 99 >$TMP/way 2>&1
	t_seen "$own: it is a question" "$(flow_of udp 99)" || t_note "$(cat $TMP/way)"
	[[ -z ${4:-} ]] || ip -n own link del d1
	sleep 0.2
	tell deny all
	t_parked "$own: it is refused" 0
	sleep 0.5
	ip netns del own
}
before=$(got)
sysctl -q -w net.ipv4.ping_group_range="0 2147483647"
timeout 5 $FAR icmp $S4 --wait 200 >/dev/null 2>&1
t_cmp "what the host sends there is counted" "$(got)" -gt "$before"
for way in "" dies; do
	before=$(got)
	dead_route $S4 10.98.0.2 "" $way
	t_is "$S4${way:+, its route $way}: 0 packets out of the host" "$(got)" "$before"
	dead_route $S6 fd98::2 -6 $way
	t_is "$S6${way:+, its route $way}: 0 packets out of the host" "$(got)" "$before"
done
ip link del vh
leak_done
