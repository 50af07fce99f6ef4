# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L73: who approves by himself: another user's program answers, or one in the user's own session. The
# first may nothing at all, the other never for good; for root neither.
. /snitch/leak/lib/people.sh

people_begin
listens root 0
listens bob $BOB
t_ok "root listens, and bob" eval "grep -q hello $TMP/root && grep -q hello $TMP/bob"
before=$(rules_now)
# rogue NAME UID ID: all that bob could say to it.
rogue() {
	local verb
	for verb in "allow once" "allow until quit" "allow for 1h" "allow forever" "deny"; do
		t_run "$1: bob may not answer $verb" 4 as $BOB snitch answer $3 $verb --scope any
	done
	t_ok "$1: bob is not told" eval "! grep -q '\"$3\"' $TMP/bob"
	t_is "$1: he sees none" "$(as $BOB snitch --json pending | jq '.questions | length')" 0
	leak_none "$1: 0 packets"
}
user_sends ann $ANN 81 leak
t_ok "ann's flow waits" wait_for 10 eval "question_of $ANN"
id=$(question_of $ANN)
t_ok "root's agent is told" wait_for 5 grep -q "\"$id\"" $TMP/root
rogue "ann's" $ANN $id
t_run "bob may not add a rule for all" 4 as $BOB snitch rules add allow $EVIL to any
t_run "nor end the asking" 4 as $BOB snitch mode observe
leak_none "0 packets"
t_run "ann's own session may not answer for ever" 4 as $ANN snitch answer $id allow forever --scope any
leak_none "0 packets"
t_is "no rule came of all that" "$(rules_now)" "$before"
t_ok "ann may let it through once" as $ANN snitch answer $id allow once
t_ok "then it arrives" wait_for 5 far_got tcp 81 leak
ended ann
far_reset
user_sends root 0 81 leak-of-root
t_ok "root's flow waits" wait_for 10 eval "question_of 0"
id=$(question_of 0)
rogue "root's" 0 $id
snitch answer $id deny >/dev/null
ended root
t_ok "refused, it never came" eval "! far_got tcp 81 leak-of-root"
t_is "no rule came of that" "$(rules_now)" "$before"
kill ${PIDS[bob]}
people_done
