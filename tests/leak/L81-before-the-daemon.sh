# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L81: traffic at boot before the daemon. The module loaded early with armed=1 refuses and counts it;
# without that it is a connection older than the policy: listed, and cut by a rule that refuses it.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

net_up
far_up tcp:80 tcp:81 udp:81
warm $CURL $EVIL snitch snitchd
# A machine that was in mode quiet when it went down.
t_ok "the boot before: the module loads" module_load
daemon_prepare
printf '%s\n' "allow $CURL to any port 80" >/etc/snitch/rules.d/20-boot.rules
daemon_up
t_ok "the boot before: mode quiet" snitch mode quiet
kill $DAEMON
wait $DAEMON
module_unload

far_reset
t_ok "early: the module loads, armed" module_load armed=1
chown snitch /dev/snitch
go boot $EVIL tcpmany $F4 1000 20 --wait 5000
t_out "before the daemon: TCP is refused" '^connect ECONNREFUSED' $EVIL tcp $F4 81 --data leak
t_out "before the daemon: IPv6" '^connect ECONNREFUSED' $EVIL tcp $F6 81 --data leak
t_out "before the daemon: UDP" '^send EPERM' $EVIL udp $F4 81
t_out "before the daemon: ping" '^send EPERM' $EVIL icmp $F4
ended boot
leak_none "before the daemon: 0 packets"
t_cmp "the gap is counted" "$(stat_of fail_refused)" -ge 24
t_says "doctor says that all is refused" 'policy +none loaded.*all is refused' snitch doctor
t_says "and that nobody decides" 'BAD +decider +none: flows without a rule are refused' snitch doctor
t_says "status says so" '^mode +none: no policy is loaded, all is refused' snitch status
(while [[ ! -e $TMP/stop ]]; do in_c timeout 5 $EVIL tcp $F4 81 --data leak; done) >$TMP/again 2>&1 &
again=$!
daemon_up
t_ok "while it starts: an allowed program waits for its rules at most" wait_for 10 eval \
	"in_c $CURL -s -m 5 http://$F4/ruled >/dev/null 2>&1; far_got tcp 80 ruled"
touch $TMP/stop
wait $again
t_ok "it was tried all the time" grep -q '^connect ECONNREFUSED' $TMP/again
t_none "nothing of the unknown came meanwhile" tcp 81
t_ok "the mode of before is in force" eval "j '.mode == \"quiet\"' mode"
rm -f $TMP/stop
daemon_down
module_unload

# Not armed: nobody judges before the first policy.
t_ok "early: the module loads, not armed" module_load
chown snitch /dev/snitch
t_says "doctor says that nothing is judged" 'nothing is judged' snitch doctor
go early $EVIL tcp $F4 81 --keep $((15000 * SLOW)) --data early
t_ok "what connects then does" wait_for 5 said early '^connect OK'
daemon_up
t_is "it is listed as older" "$(snitch-tool flows | grep -c "remote=$F4:81 .*older")" 1 || t_note "$(snitch-tool flows)"
far_reset
t_out "a new one is refused" '^connect ECONNREFUSED' $EVIL tcp $F4 81 --data leak
leak_none "0 packets"
snitch rules add deny $EVIL to any port 81 >/dev/null
ended early
t_ok "a rule that refuses it cuts it: nothing of it arrives" eval "! far_got tcp 81 early"
daemon_down
daemon_forget
t_done
