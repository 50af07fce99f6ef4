# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L54: SCTP, UDP-Lite, DCCP, L2TP, ESP: any protocol is asked about, none is waved through.
. /snitch/leak/lib/leak.sh

modprobe -a sctp dccp dccp_ipv4 dccp_ipv6 l2tp_ip 2>/dev/null
leak_begin
# kind NAME PROTO PORT ADDRESS
kind() {
	if [[ $(in_c $EVIL kind $1 127.0.0.1 9 --wait 1 2>&1; tell deny all) == no* ]]; then
		t_skip "$1" "this kernel has none"
		return
	fi
	way "$1, $4" $EVIL $2 "$3" $EVIL kind $1 $4 ${3:-9}
}
for to in $F4 $F6; do
	kind udplite udplite 80 $to
	kind sctp sctp 80 $to
	kind sctp-many sctp 80 $to
	kind dccp 33 80 $to
done
kind l2tp 115 "" $F4
way "ESP" $EVIL 50 "" $EVIL raw $F4 50 --size 600
way "ESP, IPv6" $EVIL 50 "" $EVIL raw $F6 50 --size 600
way "GRE" $EVIL 47 "" $EVIL raw $F4 47 --size 600
way "ESP in UDP" $EVIL udp 4500 $EVIL udp $F4 4500 --size 600
leak_done
