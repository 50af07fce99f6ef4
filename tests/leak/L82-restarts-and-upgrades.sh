# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L82: the daemon restarts, by order and by force, the module is taken out and its successor does not
# load: no window through which the unknown gets, and what does not work is said. The whole
# installation is 30-install's and 31-no-headers' (tests/vm/cases).
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

leak_begin
decider_end
daemon_prepare
echo "allow $CURL to any port 80" >/etc/snitch/rules.d/20-upgrade.rules
daemon_up
snitch mode quiet >/dev/null
far_reset
(while [[ ! -e $TMP/stop ]]; do in_c timeout 5 $EVIL tcp $F4 81 --data leak; sleep 0.05; done) >$TMP/again 2>&1 &
again=$!
N=0
# gap HOW: nobody decides now: the rule goes on, the unknown does not.
gap() {
	in_c $CURL -s -m 10 http://$F4/gap$((++N)) >/dev/null 2>&1
	t_ok "$1: the rule goes on without it" far_got tcp 80 gap$N
	t_says "$1: doctor says that nobody decides" 'BAD +decider +none' snitch doctor
	sleep 4	# longer than the grace
	t_none "$1: 0 packets" tcp 81
	daemon_up
	t_ok "$1: the next one decides" wait_for 20 eval "j .Deciding status"
	t_none "$1: 0 packets when it is back" tcp 81
}
for how in TERM KILL TERM; do
	kill -$how $DAEMON
	wait $DAEMON
	gap "ended by $how"
done
touch $TMP/stop
wait $again
t_cmp "it was tried all the time" "$(grep -c '^connect ECONNREFUSED' $TMP/again)" -gt 20
rm -f $TMP/stop

# What waits is asked about again by the next one.
snitch mode ask >/dev/null
agent_up
far_reset
go waits $EVIL tcp $F4 81 --data waited
t_parked "a flow waits" 1
daemon_down
daemon_up
agent_up
t_ok "after a restart it is a question again" wait_for 10 eval "j '.questions[] | select(.port == 81 and .flows > 0) | .id' pending"
t_none "0 packets meanwhile" tcp 81
snitch answer "$(j '.questions[] | select(.port == 81 and .flows > 0) | .id' pending)" deny >/dev/null
ended waits
t_none "refused, 0 packets" tcp 81
agent_down

# An upgrade of the module: it is not taken out under a daemon, and a successor that is broken
# is said to be missing.
t_run "the module is not taken out while snitchd has it" 1 rmmod snitch
daemon_down
t_ok "then it is" module_unload
head -c $(($(stat -c %s $MODULE) / 2)) $MODULE >$TMP/broken.ko
t_run "broken: it does not load" 1 insmod $TMP/broken.ko
t_says "broken: doctor says what to do" 'BAD +module +not loaded into .*modprobe snitch.*dkms' snitch doctor
t_run "broken: and that something is wrong" 1 snitch doctor
t_run "status without both: exit status 3" 3 snitch status
daemon_forget
t_done
