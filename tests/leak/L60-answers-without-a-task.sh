# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L60: what the kernel answers by itself needs no question and brings nothing down: SYN-ACKs,
# resets, the acknowledgements of closed connections. But it carries no program's data.
. /snitch/leak/lib/leak.sh

leak_begin
: >$LOG
t_ok "a closed port answers with a reset" eval 'in_f $FAR tcp $C4 99 2>&1 | grep -q "^connect ECONNREFUSED"'
t_ok "over IPv6, too" eval 'in_f $FAR tcp $C6 99 2>&1 | grep -q "^connect ECONNREFUSED"'
t_ok "ping is answered" eval 'in_f $FAR icmp $C4 --wait 2000 | grep -q "^recv OK"'
for own in $C4 $C6; do
	go listen $EVIL listen 92 --data answer --keep 100
	t_said "a program listens" listen '^listening'
	t_ok "a SYN is answered, $own" eval "in_f $FAR tcp $own 92 --data hello | grep -q '^echo OK'"
	ended listen
	wait_for 5 eval '[[ -n $(in_c ss -H -tan state time-wait)$(in_f ss -H -tan state time-wait) ]]'
	t_ok "a closed connection is left behind, $own" eval '[[ -n $(in_c ss -H -tan state time-wait)$(in_f ss -H -tan state time-wait) ]]'
done
# Strangers to those states: each is answered with a reset, or not at all.
for flags in 0x10 0x11 0x01 0x12 0x00 0x29; do
	in_f $FAR forge $F4 6400 $C4 92 --flags $flags --data stray >/dev/null
done
sleep 0.5
t_is "nobody was asked about any of it" "$(count_seen '^FLOW')" 0
in_f sysctl -q -w net.ipv4.tcp_syncookies=2
in_c sysctl -q -w net.ipv4.tcp_syncookies=2
go listen $EVIL listen 93 --data answer --keep 100
t_said "with SYN cookies: a program listens" listen '^listening'
t_ok "and is reached" eval "in_f $FAR tcp $C4 93 --data hello | grep -q '^echo OK'"
ended listen
leak_policy "deny $EVIL any"
payload_reset
go listen $EVIL listen 94 --data "$(printf 'x%.0s' {1..600})"
t_said "a denied program listens" listen '^listening'
in_f $FAR tcp $C4 94 --data hello --wait 2000 >/dev/null 2>&1
ended listen
t_no_payload "its data does not ride on such answers"
leak_done
