# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L44: IP headers of the program's own making, foreign sources, protocols nobody knows.
. /snitch/leak/lib/leak.sh

leak_begin
way "UDP" $EVIL udp 80 $EVIL header plain $C4 $F4 80
way "UDP, IPv6" $EVIL udp 80 $EVIL header plain $C6 $F6 80
way "a foreign source" $EVIL udp 80 $EVIL header plain 192.0.2.7 $F4 80
way "a foreign source, IPv6" $EVIL udp 80 $EVIL header plain 2001:db8::7 $F6 80
way "the far end as source" $EVIL udp 80 $EVIL header plain $F4 $F4 80
way "protocol 253" $EVIL 253 "" $EVIL header private $C4 $F4 0
way "protocol 253, IPv6" $EVIL 253 "" $EVIL header private $C6 $F6 0
way "protocol 253, the kernel's header" $EVIL 253 "" $EVIL raw $F4 253 --size 600
way "protocol 253, the kernel's header, IPv6" $EVIL 253 "" $EVIL raw $F6 253 --size 600
way "TCP" $EVIL tcp 80 $EVIL forge $C4 6300 $F4 80 --data leak
way "a TCP reset with data" $EVIL tcp 80 $EVIL forge $C4 6300 $F4 80 --data leak --flags 0x04
way "a SYN-ACK with data" $EVIL tcp 80 $EVIL forge $C4 6300 $F4 80 --data leak --flags 0x12
leak_done
