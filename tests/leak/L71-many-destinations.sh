# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L71: one program, 500 ports of one place: one question, and one answer for all of them.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

leak_begin
decider_end
daemon_prepare
daemon_up
snitch mode ask
agent_up
far_reset
go many $EVIL udpmany $F4 1000 500 --keep $((20000 * SLOW))
t_parked "500 flows wait" 500
t_json "in one question" '.questions | length == 1' pending
leak_none "while it waits, 0 packets"
id=$(j '.questions[0].id' pending)
t_ok "one answer" snitch answer $id deny once --scope address
t_parked "is for all of them" 0
leak_none "refused, 0 packets"
kill ${PIDS[many]}
agent_down
daemon_down
daemon_forget
t_done
