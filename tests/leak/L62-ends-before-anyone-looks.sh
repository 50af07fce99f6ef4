# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L62: fork, exec, send, exit within a millisecond, many times: none gets through, and each that
# is asked about is known although it has gone.
. /snitch/leak/lib/leak.sh

leak_begin
leak_policy "deny $EVIL any"
far_reset
in_c $EVIL oneshots $EVIL $F4 81 2000 >$TMP/shots
t_said "2000 of them were refused" shots '^oneshots sent 0 refused 2000 '
leak_none "0 packets"
leak_policy
: >$LOG
far_reset
in_c $EVIL oneshots $EVIL $F4 82 300 >$TMP/shots
t_ok "300 of them are questions" wait_for 20 eval "[[ \$(count_seen '$(flow_of udp 82)') -eq 300 ]]"
leak_none "while they wait, 0 packets"
owners=$(grep -oE "^FLOW .*:82 " $LOG | grep -oE 'owner=[0-9]+' | sort -u)
t_is "of 300 processes" "$(wc -l <<<"$owners")" 300
t_is "each with its program" "$(grep -cE "^OWNER id=($(sed 's/owner=//' <<<"$owners" | paste -sd'|')) .*exe=$EVIL " $LOG)" 300
tell deny all
sleep 0.5
leak_none "refused, 0 packets"
tell default allow
in_c $EVIL oneshots $EVIL $F4 82 20 >$TMP/shots
t_ok "allowed, they arrive although their senders have gone" wait_for 5 eval '[[ $(far_packets udp 82) -eq 20 ]]'
leak_done
