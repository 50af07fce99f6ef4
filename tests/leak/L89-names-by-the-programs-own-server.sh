# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L89: a program has an allowed name from a name server of its own, which gives it any address; and
# L91: an address without a name, an old one, one of a hosts file that is not the machine's.
. /snitch/cases/lib/names.sh

case_begin
names_to_initial
resolver $F4 --address=/ok.test/10.78.1.1
resolver $F3 --address=/ok.test/10.78.2.2
daemon_prepare
printf '%s\n' "allow any to dns-servers port 53" "allow $A to $F3 port 53" "allow $A to *.ok.test" \
	>/etc/snitch/rules.d/20-names.rules
daemon_up
snitch mode quiet
far_reset
names $A $F3 =x.ok.test 9000 1 --any
t_ok "L89: its own server answers" grep -q '^asked 1' <<<"$OUT"
t_got "L89: 0 packets to the address that it gave" udp 9000 0
t_question "L89: the question says that the name is a claim" 9000 '.name_claimed'
$A udp 10.78.1.1 9001 >/dev/null
t_got "L91: an address that the program never looked up: 0 packets" udp 9001 0
t_question "L91: it is shown without a name" 9001 '.name == null'
names $A $F4 =x.ok.test 9002 1 --any
t_got "the configured server's address is allowed" udp 9002 1
names $B $F4 =x.ok.test 9003 1 --any
t_got "to that program alone" udp 9003 0
daemon_down
resolvers_down
names_forget
t_done
