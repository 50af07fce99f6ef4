# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L43: data in the kinds of ICMP that the kernel itself sends unasked: echo replies, errors,
# neighbour discovery, group reports. From a program's socket they are the program's.
. /snitch/leak/lib/leak.sh

leak_begin
# type NAME PROTO NUMBER TYPE ADDRESS: the packets are long; the kernel's own are short.
type_held() {
	local name=$1 proto=$2 to=$5
	: >$LOG
	payload_reset
	go way timeout $((20 * SLOW)) $EVIL rawtype $to $3 $4
	t_seen "$name: it is a question" "$(flow_of $proto)"
	t_seen "$name: of the right program" "^OWNER .*exe=$EVIL "
	sleep 0.3
	t_no_payload "$name: while it waits, 0 packets"
	tell default deny
	tell deny all
	ended way
	t_no_payload "$name: refused, 0 packets"
	tell default allow
	in_c $EVIL rawtype $to $3 $4 >/dev/null
	t_ok "$name: allowed, it arrives" wait_for 5 far_payload
	tell default hold
}
type_held "echo reply" icmp 1 0 $F4
type_held "unreachable" icmp 1 3 $F4
type_held "time exceeded" icmp 1 11 $F4
type_held "redirect" icmp 1 5 $F4
type_held "timestamp reply" icmp 1 14 $F4
type_held "echo reply, IPv6" icmp6 58 129 $F6
type_held "packet too big, IPv6" icmp6 58 2 $F6
type_held "neighbour solicitation" icmp6 58 135 $F6
type_held "router solicitation" icmp6 58 133 $F6
type_held "group report, IPv6" icmp6 58 143 $F6
type_held "IGMP" 2 2 22 $F4
leak_done
