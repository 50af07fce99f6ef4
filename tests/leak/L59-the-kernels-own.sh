# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L59: what the kernel sends for itself has names and rules of its own, and is never a question:
# here group reports and neighbour discovery; 16-review has WireGuard, VXLAN and NFS.
. /snitch/leak/lib/leak.sh

IGMP=4 MLD=5 ND=3
# busy: a program joins groups; addresses are looked for. It sends nothing itself.
busy() {
	in_c timeout 2 socat -u UDP-RECV:7777,ip-add-membership=239.1.2.3:vc - >/dev/null 2>&1
	in_c timeout 2 socat -u "UDP6-RECV:7778,ipv6-join-group=[ff02::1234]:vc" - >/dev/null 2>&1
	in_c ip -6 neigh flush dev vc
	in_c ip -6 neigh del $F6 dev vc 2>/dev/null
	in_c $A udp fd77::77 9 >/dev/null 2>&1
	sleep 1
}
leak_begin "allow $A fd77::77"
: >$LOG
far_reset
busy
t_some "IGMP reports arrive" 2
t_cmp "so do discovery and group reports of IPv6" "$(far_nd)" -gt 0
t_is "nobody was asked" "$(count_seen '^FLOW')" 0
leak_policy "allow $A fd77::77" "deny kernel:$IGMP any" "deny kernel:$MLD any" "deny kernel:$ND any"
far_reset
busy
t_none "denied by name: no IGMP" 2
t_is "denied by name: neither discovery nor group reports" "$(far_nd)" 0
t_is "and nobody was asked" "$(count_seen '^FLOW')" 0
leak_done
