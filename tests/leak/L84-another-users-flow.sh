# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L84: two users, ann at the console, bob's program sends: ann's agent hears nothing of it and cannot
# answer. Without anybody who could, bob's flow is refused, not let through.
. /snitch/leak/lib/people.sh

people_begin
listens ann $ANN
user_sends bob $BOB 81 leak-unheard
ended bob
t_ok "with ann's agent alone it is refused at once" said bob '^connect ECONNREFUSED' || t_note "$(cat $TMP/bob)"
leak_none "0 packets"
user_sends mine $ANN 81 leak-of-ann
t_ok "ann's own waits" wait_for 10 eval "question_of $ANN"
t_ok "and she is told" wait_for 5 grep -q "\"$(question_of $ANN)\"" $TMP/ann
leak_none "while it waits, 0 packets"

listens bob-listens $BOB
user_sends bob $BOB 81 leak-of-bob
t_ok "when bob listens, his waits" wait_for 10 eval "question_of $BOB"
id=$(question_of $BOB)
t_ok "he is told" wait_for 5 grep -q "\"$id\"" $TMP/bob-listens
sleep 1
t_ok "ann is not" eval "! grep -q '\"$id\"' $TMP/ann"
t_is "nor does she see it" "$(as $ANN snitch --json pending | jq -c '[.questions[].uid] | unique')" "[$ANN]"
t_is "nor he hers" "$(as $BOB snitch --json pending | jq -c '[.questions[].uid] | unique')" "[$BOB]"
t_run "ann may not answer it" 4 as $ANN snitch answer $id allow once
t_run "nor may he hers" 4 as $BOB snitch answer "$(question_of $ANN)" allow once
leak_none "both wait, 0 packets"
t_ok "bob may" as $BOB snitch answer $id allow once
t_ok "then it arrives" wait_for 5 far_got tcp 81 leak-of-bob
ended bob
t_ok "and ann's does not" eval "! far_got tcp 81 leak-of-ann"
as $ANN snitch answer "$(question_of $ANN)" deny >/dev/null
ended mine
kill ${PIDS[ann]} ${PIDS[bob-listens]}
people_done
