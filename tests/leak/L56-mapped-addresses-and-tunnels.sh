# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L56: IPv4-mapped IPv6 addresses, IP in IP: rules for IPv4 hold for mapped ones; a tunnel of a
# program's own making is the program's.
. /snitch/leak/lib/leak.sh

leak_begin "deny $A $F4" "allow $A any"
for kind in tcp udp; do
	refused "$kind to a mapped address that a rule denies" $A $kind ::ffff:$F4 80
done
t_out "the same by IPv6 is not denied" '^connect OK' $A tcp $F6 80
way "a mapped address, TCP" $EVIL tcp 80 $EVIL tcp ::ffff:$F4 80 --data leak
t_seen "it is told as IPv4" "^FLOW .*remote=$F4:80 "
way "a mapped address, UDP" $EVIL udp 80 $EVIL udp ::ffff:$F4 80
way "IP in IP by a raw socket" $EVIL 4 "" $EVIL raw $F4 4 --size 600
way "6in4 by a raw socket" $EVIL 41 "" $EVIL raw $F4 41 --size 600
way "IP in IPv6 by a raw socket" $EVIL 4 "" $EVIL raw $F6 4 --size 600
# A tunnel that root made: what goes in is judged by its program.
if in_c ip link add tun4 type ipip local $C4 remote $F4 2>$TMP/ipip; then
	in_c ip addr add 10.55.0.1/24 dev tun4
	in_c ip link set tun4 up
	held "into a tunnel" $EVIL udp 80 $EVIL udp 10.55.0.2 80 --size 600
	t_seen "it is told with the address inside" "^FLOW .*remote=10.55.0.2:80 "
	sent "into a tunnel" 4 "" $EVIL udp 10.55.0.2 80 --size 600
else
	t_skip "into a tunnel" "$(cat $TMP/ipip)"
fi
leak_done
