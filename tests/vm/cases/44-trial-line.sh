# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The installed daemon: a trial of rules that deny everything, begun over a remote login. The login's
# connection goes on carrying data both ways, another one does not; without a confirmation the rules
# before are back. Two servers on this machine stand for sshd and for any other, the far end for
# whoever has logged in: what comes back to it says what happened.
. /snitch/cases/lib/cells.sh

SSHD=/opt/sshd OTHER=/opt/other LOGIN=/opt/login
cp "$(type -P socat)" $SSHD
cp "$(type -P socat)" $OTHER
cp "$(type -P bash)" $LOGIN

# login NAME PORT: the far end says a number five times a second; what it got back is in $TMP/NAME.
login() {
	cat >$TMP/$1.sh <<-END
	exec 3<>/dev/tcp/$C4/$2
	for ((i = 0; i < 1000; i++)); do
		echo \$i >&3 || exit
		read -rt 5 line <&3 || exit
		echo \$line
		sleep 0.2
	done
	END
	: >$TMP/$1
	in-net f $LOGIN $TMP/$1.sh >$TMP/$1 2>/dev/null &
	PIDS[$1]=$!
	wait_for 10 talks $1
}
talks() { [[ $(lines $1) -gt 3 ]]; }
lines() { wc -l <$TMP/$1; }
# goes_on NAME: it gets five more answers, the right ones
goes_on() {
	local was
	was=$(lines $1)
	wait_for 10 eval "[[ \$(lines $1) -ge $((was + 5)) ]]" && [[ $(tail -n 1 $TMP/$1) -eq $(($(lines $1) - 1)) ]]
}
stands_still() {
	local was
	sleep 1
	was=$(lines $1)
	sleep 3
	[[ $(lines $1) -eq $was ]]
}
port_of() { in_c ss -H -tn state established "sport = :$1" | awk '{n = split($4, a, ":"); print a[n]; exit}'; }
trial() {
	rm -f $TMP/trial
	SSH_CONNECTION="$F4 $1 $C4 2222" in-net c snitch apply $TMP/strict.rules --confirm $2 >$TMP/trial 2>&1 &
	PIDS[trial]=$!
	wait_for 10 tried
}
tried() { grep -q "is in force for" $TMP/trial; }
kept() { snitch rules list | grep -E "runtime.*allow $SSHD to $F4 port $1 tcp .*priority high.* lockdown"; }

case_begin
far_up tcp:80
warm $B $SSHD $OTHER $LOGIN snitch snitchd cat
daemon_prepare
printf '%s\n' "allow $FAR to any priority high lockdown" "allow $LOGIN to any priority high lockdown" \
	>/etc/snitch/rules.d/10-far-end.rules
printf '%s\n' "allow $SSHD to any" "allow $OTHER to any" "allow $B to any" >/etc/snitch/rules.d/20-before.rules
daemon_up
t_ok "snitchd starts" snitch mode quiet || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
go sshd $SSHD TCP-LISTEN:2222,fork,reuseaddr EXEC:cat
go other $OTHER TCP-LISTEN:2223,fork,reuseaddr EXEC:cat
wait_for 10 eval '[[ $(in_c ss -H -ltn "sport = :2222 or sport = :2223" | wc -l) -eq 2 ]]'
login line 2222
t_ok "somebody logs in" talks line
login also 2223
t_ok "and is at another server, too" talks also
cell "before" got $B $F4

# ---- everything is denied ---------------------------------------------------------------------------

echo "deny any to any priority high" >$TMP/strict.rules
port=$(port_of 2222)
trial $port 15s
t_ok "rules that deny everything are tried" tried || t_note "$(cat $TMP/trial)"
t_said "they say which connection is kept" trial "your connection is kept: allow $SSHD to $F4 port $port tcp"
t_ok "the rule that keeps it is listed" kept $port
t_json "the status tells of the trial" '.Trial == "strict.rules" and .TrialState == "running"' status
cell "on trial" refused $B $F4
t_ok "the login goes on, both ways" goes_on line
t_ok "the other connection does not" stands_still also
login second 2222
t_is "a second login does not get through" "$(lines second)" 0
kill ${PIDS[second]} 2>/dev/null
t_ok "nobody confirms: the trial is over" wait_for 30 eval '[[ $(j .TrialState status) == reverted ]]'
ended trial
t_is "the command fails, too" $? 1
t_ok "nothing is left of it" eval '! snitch rules list | grep -qE "strict|allow $SSHD to $F4 port"'
cell "after it" got $B $F4
t_ok "the login goes on after it" goes_on line

# ---- the daemon dies meanwhile; somebody confirms ------------------------------------------------------

trial $port 60s
t_ok "a trial again" kept $port
daemon_down
daemon_up
ended trial
t_ok "snitchd was killed: nothing is left of it, either" eval '! snitch rules list | grep -qE "strict|allow $SSHD to $F4 port"'
cell "after the kill" got $B $F4
t_ok "the login goes on after the kill" goes_on line
trial $port 60s
t_ok "a trial, and somebody confirms it" snitch confirm
ended trial
t_is "the command ends well" $? 0
t_ok "the connection is still kept, visibly" kept $port
t_ok "and goes on" goes_on line
cell "confirmed" refused $B $F4
daemon_down
daemon_up
t_ok "a restart of snitchd does not end that" kept $port
t_ok "nor the login" goes_on line
rm /etc/snitch/rules.d/strict.rules
kill ${PIDS[line]} ${PIDS[also]} ${PIDS[sshd]} ${PIDS[other]} 2>/dev/null

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
daemon_forget
t_done
