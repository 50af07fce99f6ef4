# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L48: packets written into a tun device, which the machine forwards: nobody's socket. The policy
# says what becomes of them.
. /snitch/leak/lib/leak.sh

T4=10.79.0.2 T6=fd79::2
modprobe -q tun
mkdir -p /dev/net
[[ -c /dev/net/tun ]] || mknod /dev/net/tun c 10 200
leak_begin
in_c sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
in_c ip tuntap add mode tun name tun7
in_c ip addr add 10.79.0.1/24 dev tun7
in_c ip -6 addr add fd79::1/64 dev tun7 nodad
in_c ip link set tun7 up
leak_observe
# written: both families, by a program that no rule names.
written() {
	far_reset
	in_c $EVIL tun tun7 $F4 80 --count 3 --from $T4
	in_c $EVIL tun tun7 $F6 81 --count 3 --from $T6
} >/dev/null
leak_policy "forward log"
written
t_some "logged: it goes out" udp 80
t_some "logged: IPv6, too" udp 81
t_told "it is detected" udp 80 ''
t_ok "as what is forwarded" grep -qE '^OWNER .* kernel=12 ' $SEEN
t_ok "with the device that brought it" eval \
	'grep -qE "$(flow_of udp 80).*ifindex=$(in_c ip -j link show dev tun7 | jq ".[0].ifindex") " $SEEN'
leak_policy "forward rules"
written
sleep 0.3
leak_none "by rules, and there is none: 0 packets"
leak_done
