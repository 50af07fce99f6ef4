# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L75: paths, names of processes and arguments that would steer a terminal: ESC, OSC, C1 as bytes and
# as characters. Every face shows them, and none of them acts.
. /snitch/leak/lib/texts.sh

ALL="ask pending pending.json explain explain.json answer rules rules.json log log.json monitor.json agent.json journal"
texts_begin
n=0
# acts NAME TEXT: a program whose file, arguments and process are called so.
acts() {
	local program=$DIR/$2MARK$((++n)) port=$((8100 + n))
	cp $EVIL "$program"
	sends $port "$program" udp $F4 $port --data "$2" "$2MARK"
	t_ok "$1: it is asked about" test -n "$Q"
	t_none "$1: while it waits, 0 packets" udp $port
	look
	tame "$1" $ALL
	t_none "$1: refused, 0 packets" udp $port
}
acts "ESC" $'\e[2J\e[1;31m'
acts "OSC" $'\e]0;title\a\e]52;c;aGk=\e\\'
acts "C1" $'\xc2\x9b2J\xc2\x9d0;x\xc2\x9c'
acts "bytes" $'\x9b2J\x9d0;x\x9c\xff\xfe'
texts_done
