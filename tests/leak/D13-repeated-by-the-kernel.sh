# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# A SYN that a rule drops in silence is sent again by the kernel, in nobody's name: by then an
# allowed program may hold the socket, with the data that the first one left in it.
. /snitch/leak/lib/leak.sh

leak_begin "drop $EVIL any" "allow $A any"
in_c sysctl -q -w net.ipv4.tcp_fastopen=1 net.ipv4.tcp_fastopen_blackhole_timeout_sec=0
in_f sysctl -q -w net.ipv4.tcp_fastopen=1027
for to in $F4 $F6; do
	far_reset
	in_c timeout 20 $EVIL tfoleave $A $to 80 >$TMP/way 2>&1
	t_ok "$to: the program that left it has ended" grep -q '^send' $TMP/way
	leak_none "$to: 0 packets" || t_note "$(cat $TMP/way)"
	t_ok "$to: no data" eval "! far_got tcp 80 left"
done
leak_policy
tell default allow
in_c timeout 20 $EVIL tfoleave $A $F4 80 >/dev/null 2>&1
t_ok "allowed, it arrives" wait_for 5 far_got tcp 80 left
leak_done
