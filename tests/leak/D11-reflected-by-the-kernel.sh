# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Loopback may be used by all, and the kernel answers what comes by it: with the far end's address
# as their source, such packets would be quoted to the far end in errors, echoed, acknowledged.
. /snitch/leak/lib/leak.sh

LONG=$(printf 'x%.0s' {1..600})
leak_begin "$LOOPBACK"
chmod 755 $DIR $EVIL
# reflect NAME COMMAND...: to a closed port of our own: nothing comes out of the machine.
reflect() {
	local name=$1 mode
	shift
	for mode in deny ask; do
		policy "unmatched $mode" "$LOOPBACK"
		far_reset
		: >$LOG
		in_c timeout 10 "$@" >$TMP/way 2>&1
		sleep 0.3
		leak_none "$name, unmatched $mode: 0 packets" || t_note "$(cat $TMP/way)"
		tell deny all
		sleep 0.3
		leak_none "$name, unmatched $mode: nor later"
	done
	t_seen "$name: it is a question" "^FLOW "
	policy "mode off"
	far_reset
	in_c timeout 10 "$@" >/dev/null 2>&1
	sleep 0.3
	t_cmp "$name: not judged, the kernel's answer goes out" "$(far_total)" -gt 0
}
in_c sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
reflect "a user's socket with the far end's address" "${USER1[@]}" $EVIL freebind $F6 $C6 99
reflect "a raw socket" $EVIL header plain $F4 $C4 99 --data $LONG
reflect "a raw socket, IPv6" $EVIL header private $F6 $C6 0 --data $LONG
reflect "a segment for a closed port" $EVIL forge $F4 6100 $C4 99 --flags 0x02
# What comes from here is still loopback.
policy "unmatched deny" "$LOOPBACK"
for to in 127.0.0.1 ::1 $C4 $C6; do
	t_out "an ordinary socket to $to is not stopped" '^send OK' $EVIL udp $to 99
	t_out "nor a raw one" '^send OK' $EVIL rawtype $to 253 0
done
leak_done
