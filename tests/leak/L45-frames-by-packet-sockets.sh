# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L45: frames made by hand, which never pass the place where packets are judged; a real DHCP client
# that works so. See 25-packet-sockets for all ways.
. /snitch/leak/lib/leak.sh

BUSYBOX=$(readlink -f "$(command -v busybox)")
DHCP="busybox udhcpc -i vc -n -q -f -t 1 -T 1 -s /bin/true"
leak_begin
for way in raw dgram bypass ring; do
	for to in $F4 $F6; do
		: >$LOG
		refused "$way, $to" $EVIL packet $way vc $to 71
	done
	t_seen "$way: it is told" "^OWNER .*exe=$EVIL "
done
: >$LOG
refused "a DHCP client" $DHCP
t_seen "it is told" "^OWNER .*exe=$BUSYBOX "
leak_policy "allow $EVIL frames" "allow $BUSYBOX frames"
for way in raw dgram bypass ring; do
	far_reset
	in_c $EVIL packet $way vc $F4 71 >$TMP/way 2>&1
	t_some "$way: allowed by a rule, it arrives" udp 71 || t_note "$(cat $TMP/way)"
done
far_reset
in_c timeout 10 $DHCP >$TMP/way 2>&1
t_some "the DHCP client, too" udp 67 || t_note "$(cat $TMP/way)"
leak_done
