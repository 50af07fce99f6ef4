# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L64: marks, bound devices, types of service, control groups, VRF: none changes the verdict.
. /snitch/leak/lib/leak.sh

SOCAT=$(readlink -f /usr/bin/socat)
leak_begin
say="echo leak | socat -u -"
way "SO_MARK" $SOCAT tcp 80 bash -c "$say TCP:$F4:80,setsockopt-int=1:36:51820"
way "SO_MARK, UDP" $SOCAT udp 80 bash -c "$say UDP:$F4:80,setsockopt-int=1:36:51820"
way "SO_BINDTODEVICE" $SOCAT tcp 80 bash -c "$say TCP:$F4:80,so-bindtodevice=vc"
way "type of service" $SOCAT udp 80 bash -c "$say UDP:$F4:80,tos=184"
way "SO_PRIORITY" $SOCAT udp 80 bash -c "$say UDP:$F4:80,setsockopt-int=1:12:6"
mkdir -p /sys/fs/cgroup/leak
way "another control group" $SOCAT tcp 80 bash -c "echo \$\$ >/sys/fs/cgroup/leak/cgroup.procs; $say TCP:$F4:80"
# Routed by mark to a table of its own, as full tunnels do it.
in_c ip rule add fwmark 51820 table 200
in_c ip route add default via $F4 dev vc table 200
way "routed by its mark" $SOCAT udp 81 bash -c "$say UDP:10.44.0.1:81,setsockopt-int=1:36:51820"
in_c nft 'table ip mark { chain out { type route hook output priority mangle; udp dport 83 meta mark set 51820; }; }'
way "marked by another firewall, and routed again" $SOCAT udp 83 bash -c "$say UDP:10.44.0.1:83"
if in_c ip link add vrf0 type vrf table 300 2>$TMP/vrf; then
	in_c ip link set vrf0 up
	in_c ip link set vc master vrf0
	in_c ip -6 addr add $C6/64 dev vc nodad 2>/dev/null
	in_c ip neigh replace $F4 lladdr 02:77:00:00:00:02 dev vc nud permanent
	way "by a VRF" $SOCAT tcp 80 bash -c "$say TCP:$F4:80,so-bindtodevice=vrf0"
	way "by a VRF, UDP" $SOCAT udp 80 bash -c "$say UDP:$F4:80,so-bindtodevice=vrf0"
else
	t_skip "by a VRF" "$(cat $TMP/vrf)"
fi
leak_done
