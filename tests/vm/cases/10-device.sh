# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The manners of /dev/snitch: HELLO, batches, results, EFAULT, poll, roles, random input.
. /snitch/cases/lib/case.sh

case_begin
far_up udp:7001
policy "unmatched ask"
snitch-tool limits grace_ms=1
for check in hello batch results efault roles poll fuzz; do
	t_points $check in_c timeout 120 /snitch/tools/device-test $check $F4
	sleep 0.1
	t_parked "$check: nothing stays parked" 0
done
for port in 7001 7002 7003 7004 7005; do t_none "UDP $port: 0 packets" udp $port; done
t_is "nobody is the decider" "$(stat_of decider_pid)" 0
t_is "no observer is left" "$(stat_of observers)" 0

# A slow observer loses events and never holds up a verdict.
snitch-tool limits grace_ms=3000
decider --default deny
snitch-tool observe $TMP/observer &
observer=$!
wait_for 5 grep -q WELCOME $TMP/observer
kill -STOP $observer
# One sender may be faster than its flows are told: what is beyond its share is no event.
for ((n = 0; n < 20; n++)); do in_c $A udpmany $F4 $((10000 + 150 * n)) 150 >>$TMP/flood; done
kill -CONT $observer
t_ok "an observer that does not read is told how many events it lost" \
	wait_for 20 grep -qE '^LOST .*events=[1-9]' $TMP/observer
t_ok "the decider lost nothing" eval '! grep -q "^LOST" $LOG'
kill $observer
t_parked "nothing is parked" 0

t_done
