# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# snitch cut: open connections are ended on request, one, a program's, or those older than the policy;
# nobody ends another user's. The far end says what arrived. And the setting about forwarded traffic.
. /snitch/cases/lib/daemon.sh

USER1=1001

case_begin
far_up tcp:80
in_f $FAR tcp $F4 80 >/dev/null
warm $A $B snitch snitchd
daemon_prepare

# open NAME PROGRAM [UID]: connects, and sends NAME in three seconds.
open() {
	go $1 ${3:+setpriv --reuid $3 --clear-groups} $2 tcp $F4 80 --keep 3000 --data $1
	wait_for 5 said $1 '^connect OK'
}
# t_cut NAME WHO...: those are cut, nothing of them arrives; t_goes: they go on.
t_cut() {
	local name=$1 who
	shift
	for who in "$@"; do
		ended $who
		t_ok "$name: $who is told" said $who '^(send|recv) E'
		t_ok "$name: nothing of $who arrives" eval "! far_got tcp 80 $who"
	done
}
t_goes() {
	local name=$1 who
	shift
	for who in "$@"; do
		ended $who
		t_ok "$name: $who goes on" far_got tcp 80 $who
	done
}
as_user() { setpriv --reuid $1 --clear-groups "${@:2}"; }
cookie_of() { j ".flows[] | select(.pid == ${PIDS[$1]}) | .cookie" flows; }

# ---- older than the policy -----------------------------------------------------------------------

open old-a $A
open old-b $B
echo "allow $A to $F4 port 80" >/etc/snitch/rules.d/20-a.rules
echo "allow $B to $F4 port 80" >/etc/snitch/rules.d/20-b.rules
echo "forward = rules" >/etc/snitch/snitchd.conf
mkdir -p /run/dbus
dbus-daemon --system --fork >$TMP/dbus 2>&1
daemon_up
t_ok "snitchd starts" snitch mode quiet || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
open young $A
t_json "older ones are listed as such" '[.flows[] | select(.by == "older" and .dport == 80)] | length == 2' flows
t_run "snitch cut without saying what" 2 snitch cut
t_run "with nonsense" 2 snitch cut 12x
# The far end's are older, too; those go by themselves whose peer was cut before them.
t_says "snitch cut --older" '^[234] connections cut$' snitch cut --older
t_cut "older" old-a old-b
t_goes "older" young
t_run "then there is none: exit status 5" 5 snitch cut --older

# ---- one -----------------------------------------------------------------------------------------

open one $A
open other $A
id=$(cookie_of one)
t_says "flows says its number" " $id( |\$)" snitch flows
t_json "snitch cut ID, as JSON" '.cut == 1 and .left == 0' cut $id
t_cut "by its number" one
t_goes "by its number" other

# ---- a program's ----------------------------------------------------------------------------------

open prog-a $A
open prog-a2 $A
open prog-b $B
t_run "a program without any: exit status 5" 5 snitch cut --program /usr/bin/true
t_says "snitch cut --program" '^2 connections cut$' snitch cut --program $A
t_cut "a program's" prog-a prog-a2
t_goes "a program's" prog-b

# ---- whose it is ------------------------------------------------------------------------------------

open roots $A
open users $A $USER1
t_is "with a user the kernel leaves others alone" "$(snitch-tool cut uid 1002 program $A)" $'cut 0\nleft 0'
t_is "and what is named but another's" "$(snitch-tool cut uid $USER1 cookie "$(cookie_of roots)")" $'cut 0\nleft 0'
t_is "not that user's" "$(snitch-tool cut uid $USER1 program $A)" $'cut 1\nleft 0'
t_cut "whose it is" users
t_goes "whose it is" roots
t_run "nothing at all is named: refused" 1 snitch-tool cut uid $USER1
if SNITCH_BUS=system wait_for 10 snitch mode; then
	open roots2 $A
	open users2 $A $USER1
	t_run "a user cuts nobody else's by the bus: exit status 5" 5 as_user $USER1 snitch cut "$(cookie_of roots2)"
	t_run "nor the older ones" 5 as_user $USER1 snitch cut --older
	t_run "but its own" 0 as_user $USER1 snitch cut --program $A
	t_cut "by the bus" users2
	t_goes "by the bus" roots2
else
	t_skip "a user by the bus" "no system bus here"
fi

# ---- without the daemon ---------------------------------------------------------------------------------

open late $A
daemon_down
rm -f /run/snitch/bus
t_ok "root needs no daemon" snitch cut --program $A
t_cut "without the daemon" late
t_ok "the kernel counted them" eval '[[ $(stat_of aborted) -ge 7 ]]'

# ---- forwarded traffic: the setting ---------------------------------------------------------------------

forward_is() { [[ $(snitch-tool status | awk '$1 == "forward" {print $2}') == "$1" ]]; }
daemon_up
t_ok "forward = rules" wait_for 5 forward_is rules
t_says "snitch status says so" '^forwarded +judged by the rules for kernel forwarded; 0 flows' snitch status
t_json "as JSON" '.Kernel.Forward == "rules"' status
daemon_down
echo "forward = ignore" >/etc/snitch/snitchd.conf
daemon_up
t_ok "forward = ignore" wait_for 5 forward_is ignore
daemon_down
: >/etc/snitch/snitchd.conf
daemon_up
t_ok "nothing said: log" wait_for 5 forward_is log
snitch mode lockdown >/dev/null
t_ok "lockdown: by the rules" wait_for 5 forward_is rules
snitch mode quiet >/dev/null
t_ok "afterwards as before" wait_for 5 forward_is log
snitch panic >/dev/null
t_ok "panic: by rules, of which there are none" wait_for 5 forward_is rules
snitch release >/dev/null
daemon_down
t_done
