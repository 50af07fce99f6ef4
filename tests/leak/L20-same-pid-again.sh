# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L20: while a question waits its process ends, and another gets its pid.
. /snitch/leak/lib/leak.sh

leak_begin
: >$LOG
far_reset
go first $EVIL udp $F4 80 --size 100
t_seen "a datagram waits" "$(flow_of udp 80)"
first=$(flow_to 80)
pid=${PIDS[first]}
ended first
t_ok "its process has gone" eval "[[ ! -e /proc/$pid ]]"
cp $EVIL $DIR/second
echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
in-net c $DIR/second udp $F4 81 --size 100 --keep 3000 >$TMP/second 2>&1 &
t_is "another program has its pid" $! $pid
t_seen "what that sends is another question" "$(flow_of udp 81)"
t_seen "of that program" "^OWNER .* pid=$pid .*exe=$DIR/second "
t_is "the two have different owners" "$(field owner "^FLOW .*:80 ")" "$(field id "^OWNER .*exe=$EVIL ")"
tell allow $first
t_some "allowed, the first goes on" udp 80
sleep 0.5
t_none "the second does not" udp 81
tell deny all
wait $!
t_none "refused, it never does" udp 81
leak_done
