# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The installed daemon: each cell of the table of modes, and timed modes. What the far end received
# says what happened.
. /snitch/cases/lib/cells.sh

case_begin
far_up tcp:80
warm $A $B $C snitch snitchd
daemon_prepare
cat >/etc/snitch/rules.d/20-table.rules <<-END
	allow $B to $F4 port 80
	allow $B to $F6 port 80 lockdown
	deny $A to $F4 port 80
	ask $A to $F6 port 80
END
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }

# row NAME UNKNOWN ALLOWED MARKED DENIED ASKED
row() {
	cell "$1, unknown" $2 $C $F4
	cell "$1, allowed" $3 $B $F4
	cell "$1, marked" $4 $B $F6
	cell "$1, denied" $5 $A $F4
	cell "$1, asked about" $6 $A $F6
}
listed() { j "[.questions[] | select(.program == \"$C\")] | length" pending || echo 0; }
forget_questions() { local id; for id in $(snitch --json pending | jq -r '.questions[].id'); do snitch answer $id deny >/dev/null; done; sleep 16; }

# ---- the table: agent there, no agent ---------------------------------------------------------------

for agent in no yes; do
	ask=refused unknown=refused
	if [[ $agent == yes ]]; then
		agent_up
		ask=held unknown=held
	fi
	forget_questions
	snitch mode observe
	row "observe, agent $agent" got got got refused $ask
	t_is "observe, agent $agent: nobody's question" "$(listed)" 0
	snitch mode quiet
	row "quiet, agent $agent" refused got got refused $ask
	t_is "quiet, agent $agent: listed" "$(listed)" 1
	forget_questions
	snitch mode ask
	row "ask, agent $agent" $unknown got got refused $ask
	forget_questions
	snitch mode lockdown
	row "lockdown, agent $agent" refused refused got refused refused
	t_is "lockdown, agent $agent: nobody's question" "$(listed)" 0
	snitch mode off
	row "off, agent $agent" got got got got got
done
agent_down

# ---- the table: the decider hangs, the decider is dead ----------------------------------------------

for mode in ask observe quiet lockdown off; do
	snitch mode $mode
	unknown=refused plain=got denied=refused asked=refused
	case $mode in
	observe) unknown=got asked=got ;;
	lockdown) plain=refused ;;
	off) unknown=got denied=got asked=got ;;
	esac
	kill -STOP $DAEMON
	row "$mode, decider hangs" $unknown $plain got $denied $asked
	kill -CONT $DAEMON
	daemon_down
	sleep 4
	row "$mode, decider dead" $unknown $plain got $denied $asked
	daemon_up
	t_json "$mode: the mode is kept" ".mode == \"$mode\"" mode
done

# ---- timed modes ------------------------------------------------------------------------------------

snitch mode quiet
t_ok "mode observe for 8s" snitch mode observe for 8s
t_json "says so" '.mode == "observe" and .after == "quiet" and .until_boottime > 0' mode
cell "timed: observing" got $C $F4
daemon_down
daemon_up
t_json "a restart does not end it" '.mode == "observe" and .after == "quiet"' mode
date -s '-1 day' >/dev/null
t_ok "it ends by itself, whatever the calendar says" wait_for 12 eval '[[ $(j .mode mode) == quiet ]]'
date -s '+1 day' >/dev/null
cell "timed: over" refused $C $F4
snitch mode observe for 5s
daemon_down
sleep 6
daemon_up
t_json "it ends while the daemon is away, too" '.mode == "quiet"' mode
cell "timed: over while away" refused $C $F4

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
daemon_forget
t_done
