# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L88: with the rules that are installed, a program nobody knows talks on the ports of DNS, DHCP,
# NTP, mDNS, the web and the like: no port is free for all.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

leak_begin
decider_end
daemon_prepare
printf 'nameserver %s\n' 192.0.2.53 >$TMP/resolv.conf
mount --bind $TMP/resolv.conf /etc/resolv.conf
echo "allow $A to any" >/etc/snitch/rules.d/20-leak.rules
daemon_up
umount /etc/resolv.conf
for mode in quiet lockdown; do
	snitch mode $mode
	far_reset
	for port in 53 67 68 123 137 443 500 546 547 1900 3478 4500 5353 5355; do
		for to in $F4 $F6; do
			in_c $EVIL udp $to $port --size 300 >/dev/null
			in_c $EVIL udp $to $port --size 300 --bind $port >/dev/null
		done
	done
	for port in 22 53 80 443 853 3142 4460; do
		for to in $F4 $F6; do in_c timeout 10 $EVIL tcp $to $port --nonblock --wait 300 >/dev/null; done
	done
	in_c $EVIL icmp $F4 >/dev/null
	in_c $EVIL icmp $F6 >/dev/null
	sleep 0.5
	leak_none "$mode: 0 packets on any of these ports"
done
snitch mode quiet
far_reset
in_c $A udp $F4 53 >/dev/null
t_some "a program with a rule gets through" udp 53
daemon_down
daemon_forget
t_done
