# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# PPPoE sockets send frames of any content to any device, and anybody may open one.
. /snitch/leak/lib/leak.sh

leak_begin
chmod 755 $DIR $EVIL
in_f nft 'table netdev ppp { counter got { }; chain in { type filter hook ingress device vf priority -400;
	ether type 0x8864 counter name got; }; }'
got() { in_f nft -j list counter netdev ppp got | jq -r '.nftables[].counter? // empty | .packets'; }
mac=02:77:00:00:00:02
if ! modinfo pppoe >/dev/null 2>&1; then
	t_skip "PPPoE" "this kernel has none"
	leak_done
fi
# A device has room for 1024 hooks (net/netfilter/core.c).
{
	echo "table netdev crowd {"
	for ((n = 0; n < 1024; n++)); do echo "chain c$n { type filter hook egress device vc priority $n; }"; done
	echo "}"
} | in_c nft -f -
t_run "where a device cannot be watched there are no such sockets" 1 modprobe pppoe
t_ok "the module is not there" eval '[[ ! -e /sys/module/pppoe ]]'
in_c nft delete table netdev crowd
t_run "then it comes" 0 modprobe pppoe
tell default deny
# Of what becomes of a frame these sockets tell nothing.
t_out "a user sends one" '^send' "${USER1[@]}" $EVIL pppoe vc $mac
t_is "0 packets" "$(got)" 0
t_seen "it is told" "^OWNER .*exe=$EVIL "
policy "unmatched ask" "allow $EVIL frames"
t_out "allowed by a rule, it goes" '^send OK' "${USER1[@]}" $EVIL pppoe vc $mac
t_is "and arrives" "$(got)" 1
ip netns add late
ip link add name vl netns late type veth peer name vm netns f
in_f nft add chain netdev ppp late '{ type filter hook ingress device vm priority -400; }'
in_f nft add rule netdev ppp late ether type 0x8864 counter name got
ip -n late link set vl up
in_f ip link set vm up
leak_policy
t_run "in a later namespace a user sends one" 0 in-net late "${USER1[@]}" $EVIL pppoe vl $mac
t_is "0 more packets" "$(got)" 1
ip netns del late
leak_done
