# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Load, arm, park, unload again and again under traffic; verdicts race with everything.
. /snitch/cases/lib/case.sh

ROUNDS=6 TRAFFIC=0.2	# of a stock kernel; an emulated processor is busy with that for seconds
[[ $SLOW -eq 1 ]] || ROUNDS=4 TRAFFIC=0.4
net_up
far_up tcp:80 udp:80
for n in 1 2 3; do go churn$n $A churn $F4 80 $((60 * SLOW)); done
go churn6 $B churn $F6 80 $((60 * SLOW))
bad=0
for ((round = 1; round <= ROUNDS; round++)); do
	module_load || { bad=$round; break; }
	policy "unmatched ask" "allow $B any" || bad=$round
	case $((round % 4)) in
	0) decider --default allow ;;
	1) decider --default hold ;;
	2) decider --default none ;;
	3) decider --default deny ;;
	esac
	sleep $TRAFFIC
	policy "unmatched ask" "deny $B any" || bad=$round
	[[ $((round % 2)) -eq 0 ]] || tell allow all
	sleep $TRAFFIC
	decider_end
	rmmod snitch || { bad=$round; break; }
done
t_is "$ROUNDS rounds of load, policy, park and unload under traffic" "$bad" 0
for n in churn1 churn2 churn3 churn6; do kill "${PIDS[$n]}"; ended $n 2>/dev/null; done

# Verdicts race with closing sockets.
t_ok "load" module_load
policy "unmatched ask"
decider --default allow
go race $A churn $F4 80 $((60 * SLOW))
for ((n = SLOW > 1 ? 15 : 0; n < 20; n++)); do
	in_c $B tcpmany $F4 80 20 --same >/dev/null
	in_c $B udpmany $F4 8000 20 >/dev/null
done
kill "${PIDS[race]}"
ended race 2>/dev/null
t_parked "after the storm nothing is parked" 0 10
t_out "and a new flow works" '^echo OK' $A tcp $F4 80 --data calm
t_done
