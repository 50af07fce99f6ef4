# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Simultaneous open: both ends send a SYN, none ever accepts. Both families; see 08-evasion, too.
# Also with a socket that was accepted once: that it may answer says nothing of whom it calls.
. /snitch/leak/lib/leak.sh

leak_begin "$LOOPBACK"
# What is not a reset counts: a closed port answers the accomplice with resets of the kernel's.
in_f nft 'table inet sim { counter got { }; chain in { type filter hook prerouting priority -440;
	iifname "vf" tcp dport 4000-4001 tcp flags & rst == 0 counter name got; }; }'
got() { in_f nft -j list counter inet sim got | jq -r '.nftables[].counter? // empty | .packets'; }
n=0
for pair in "$F4 $C4" "$F6 $C6" "$F4 $C4 --accepted" "$F6 $C6 --accepted"; do
	read -r far own used <<<"$pair"
	before=$(got)
	: >$LOG
	go way $EVIL simopen $far 4000 4001 $used --wait 3000 --data leak
	in_f $FAR simopen $own 4001 4000 --wait 3000 --data bait >/dev/null 2>&1 &
	peer=$!
	t_seen "$far $used: a question" "$(flow_of tcp 4000)"
	sleep 0.5
	t_is "$far $used: while it waits, 0 packets" "$(got)" "$before"
	tell default deny
	tell deny all
	ended way
	wait $peer
	t_is "$far $used: refused, 0 packets" "$(got)" "$before"
	tell default allow
	go way $EVIL simopen $far 4000 4001 $used --wait 3000 --data leak
	in_f $FAR simopen $own 4001 4000 --wait 3000 --data bait >/dev/null 2>&1
	ended way
	t_cmp "$far $used: allowed, they arrive" "$(got)" -gt "$before"
	tell default hold
done
leak_done
