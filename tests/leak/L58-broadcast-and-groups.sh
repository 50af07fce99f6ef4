# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L58: broadcast and multicast: mDNS, SSDP, LLMNR, to the whole segment.
. /snitch/leak/lib/leak.sh

SOCAT=$(readlink -f /usr/bin/socat)
leak_begin
in_c ip route add 224.0.0.0/4 dev vc
say="echo leak | socat -u -"
way "limited broadcast" $SOCAT udp 6666 bash -c "$say UDP-DATAGRAM:255.255.255.255:6666,broadcast,so-bindtodevice=vc"
way "directed broadcast" $SOCAT udp 6666 bash -c "$say UDP-DATAGRAM:10.77.0.255:6666,broadcast"
way "mDNS" $SOCAT udp 5353 bash -c "$say UDP-DATAGRAM:224.0.0.251:5353"
way "SSDP" $SOCAT udp 1900 bash -c "$say UDP-DATAGRAM:239.255.255.250:1900"
way "LLMNR" $SOCAT udp 5355 bash -c "$say UDP-DATAGRAM:224.0.0.252:5355"
way "mDNS, IPv6" $SOCAT udp 5353 bash -c "$say 'UDP6-DATAGRAM:[ff02::fb%vc]:5353'"
leak_policy "deny $SOCAT 224.0.0.0/4" "allow $SOCAT any"
refused "a rule denies one program all groups" bash -c "$say UDP-DATAGRAM:224.0.0.251:5353"
leak_done
