# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L42: ping carries data, by raw and by datagram sockets: asked about as ICMP.
. /snitch/leak/lib/leak.sh

PING=$(readlink -f /usr/bin/ping)
leak_begin
ping="ping -n -c 1 -W 5 -s 1000 -p 6c65616b"
way "ping" $PING icmp "" $ping $F4
way "ping, IPv6" $PING icmp6 "" $ping $F6
way "ping by a user" $PING icmp "" "${USER1[@]}" $ping $F4
way "a datagram socket" $EVIL icmp "" $EVIL icmp $F4
way "a datagram socket, IPv6" $EVIL icmp6 "" $EVIL icmp $F6
way "a raw socket" $EVIL icmp "" $EVIL rawtype $F4 1 8
way "a raw socket, IPv6" $EVIL icmp6 "" $EVIL rawtype $F6 58 128
leak_done
