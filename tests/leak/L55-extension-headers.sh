# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L55: extension headers, options and fragments: the transport is found, or the packet is asked
# about as it is; a rule for one port never lets another one through behind them.
. /snitch/leak/lib/leak.sh

leak_begin "allow $EVIL any port 82 proto udp"
for way in hopopts dstopts many first; do
	way "$way: found behind it" $EVIL udp 81 $EVIL header $way $C6 $F6 81
	t_out "$way: and a rule for that port holds" '^send OK' $EVIL header $way $C6 $F6 82
done
# Where nothing says what it is: a question, whatever the rules for ports say.
for way in later none private; do
	for port in 81 82; do
		: >$LOG
		far_reset
		go way $EVIL header $way $C6 $F6 $port
		t_seen "$way, $port: it is a question" "^FLOW " || t_note "$(cat $TMP/way)"
		sleep 0.3
		leak_none "$way, $port: while it waits, 0 packets"
		tell deny all
		ended way
		leak_none "$way, $port: refused, 0 packets"
	done
	tell default allow
	far_reset
	in_c $EVIL header $way $C6 $F6 81 >/dev/null
	t_cmp "$way: allowed, it arrives" "$(far_total)" -gt 0
	tell default hold
done
for way in hopopts first later; do
	held "IPv4 with $way" $EVIL udp "" $EVIL header $way $C4 $F4 81
done
leak_done
