# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# An "inbound" connection that nobody made: raw packets by loopback, with the far end's address as
# their source, open it; the listener's answer would go to the far end.
. /snitch/leak/lib/leak.sh

leak_begin "$LOOPBACK"
# The accomplice does not spoil it with a reset.
in_f nft 'table inet mute { chain out { type filter hook output priority 0; tcp flags & rst == rst drop; }; }'
LONG=$(printf 'x%.0s' {1..600})
n=0
for unmatched in deny ask; do
	policy "unmatched $unmatched" "$LOOPBACK"
	tell default hold
	payload_reset
	in_c $EVIL fabricate $C4 $((7000 + n)) $F4 $((8000 + n)) --data leak$LONG >$TMP/way 2>&1
	n=$((n + 1))
	t_no_payload "unmatched $unmatched: the listener's data does not leave" || t_note "$(cat $TMP/way)"
	tell deny all
	sleep 0.5
	t_no_payload "unmatched $unmatched: nor later"
done
policy "mode off"
payload_reset
in_c $EVIL fabricate $C4 7010 $F4 8010 --data leak$LONG >$TMP/way 2>&1
t_ok "not judged, it does" far_payload || t_note "$(cat $TMP/way)"
leak_done
