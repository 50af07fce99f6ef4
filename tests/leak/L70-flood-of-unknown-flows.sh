# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L70: one user asks for more flows than anybody could answer: they have a bound, are refused and
# counted, and others go on.
. /snitch/leak/lib/leak.sh

leak_begin
snitch-tool limits max_flows_netns=4000	# only the user's and the programs' own bounds here
for n in 1 2 3; do cp $EVIL $DIR/evil$n; done
far_reset
for n in 1 2 3; do go flood$n "${USER1[@]}" $DIR/evil$n udpmany $F4 $((n * 10000)) 5000 --keep $((5000 * SLOW)); done
for n in 1 2 3; do t_said "the flood, program $n" flood$n '^sent [0-9]+ EPERM [0-9]+ other 0'; done
t_cmp "so many of one user wait and no more" "$(stat_of parked)" -le 2048
t_cmp "the others were refused, and counted" "$(($(stat_of bound_uid) + $(stat_of bound_image)))" -ge 12000
leak_none "0 packets"
in_c $CURL -s -m 15 http://$F4/meanwhile >/dev/null 2>&1
t_ok "meanwhile an allowed program gets through" far_got tcp 80 meanwhile
go other setpriv --reuid 1001 --clear-groups $EVIL udp $F6 81
t_seen "and another user's question is put" "$(flow_of udp 81)"
tell deny all
for n in 1 2 3; do ended flood$n; done
ended other
leak_done
