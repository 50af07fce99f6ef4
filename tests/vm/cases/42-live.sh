# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# A refusal cuts live flows that it refuses, also those of programs that no rule names: by address, by
# name, by a list, after a restart. What is merely unknown, or allowed by another rule, goes on.
# What the far end received, and what came of a download, says so.
. /snitch/cases/lib/names.sh

X=10.78.1.1 Y=10.78.1.2
LONG=$(printf 'x%.0s' {1..600})

# start NAME COMMAND...: as go, here.
start() { local name=$1; shift; "$@" >$TMP/$name 2>&1 & PIDS[$name]=$!; }

case_begin
names_to_initial
printf '%s\n' "10.78.1.3 get.bad.test" "10.78.1.4 get.good.test" >$TMP/hosts
far_up tcp:80 udp:80
resolver $F4 --addn-hosts=$TMP/hosts
daemon_prepare
warm $A $B snitch snitchd curl socat
endless_up 8000		# what came of it is counted by the client's file
# Older than the policy, which refuses it; it is known whose it is once it speaks.
start old socat -u "SYSTEM:while echo old; do sleep 0.2; done" TCP:10.78.1.5:80
wait_for 10 far_got tcp 80 old
echo "deny any to 10.78.1.5" >/etc/snitch/rules.d/20-old.rules
daemon_up
t_ok "snitchd starts" snitch mode observe || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }

size() { stat -c %s $TMP/$1.file 2>/dev/null || echo 0; }
grows() { local was; was=$(size $1); wait_for 5 eval "[[ \$(size $1) -gt $was ]]"; }
# load NAME HOST: a download begins and runs.
load() {
	rm -f $TMP/$1.file
	start $1 curl -sN -o $TMP/$1.file http://$2:8000/
	t_ok "$1: a download runs" wait_for 10 eval "[[ \$(size $1) -gt 3000 ]]"
}
# t_cut NAME: it ends within a second, curl is told, and nothing more comes.
t_cut() {
	local was status=0
	t_ok "$1: cut within a second" wait_for 1 eval "! kill -0 ${PIDS[$1]} 2>/dev/null"
	kill ${PIDS[$1]} 2>/dev/null
	ended $1 || status=$?
	t_cmp "$1: curl is told" $status -ne 0
	was=$(size $1)
	sleep 1
	t_is "$1: nothing more comes" "$(size $1)" "$was"
}
t_goes() { t_ok "$1 goes on" grows $1; }
stop() { kill ${PIDS[$1]}; ended $1 2>/dev/null; }
logged() { grep -q "cut: $1 to $2 " $TMP/snitchd.log; }

t_ok "older than the policy: cut once it is known whose it is" wait_for 6 eval "! kill -0 ${PIDS[old]} 2>/dev/null"
rm /etc/snitch/rules.d/20-old.rules

# ---- by address ------------------------------------------------------------------------------------

load x $X
load y $Y
start upload $A tcp $X 80 --keep $((3000 * SLOW)) --data upload$LONG
start other $A tcp $Y 80 --keep $((4000 * SLOW)) --data other$LONG
start datagrams $B udp $X 80 --count 40 --gap 150
wait_for 5 said upload '^connect OK'
wait_for 5 said other '^connect OK'
t_some "a sender of datagrams runs" udp 80
id=$(snitch rules add "deny any to $X")
t_cut x
t_said "datagrams are refused" datagrams '^send EPERM'
far_reset
t_said "an upload is told" upload '^(send|recv) E'
ended upload
t_ok "nothing of it arrives" eval '! far_got tcp 80 upload'
ended datagrams
t_none "no datagram arrives" udp 80
t_goes y
ended other
t_ok "what goes elsewhere arrives" wait_for 5 far_got tcp 80 other
t_ok "it is said" logged /usr/bin/curl $X
t_ok "nothing is said of others" eval "! logged /usr/bin/curl $Y"
snitch rules rm $id

# ---- what is merely unknown, or allowed ---------------------------------------------------------------

snitch mode quiet
t_goes y
id=$(snitch rules add "deny any to 10.78.9.0/24")
sleep 1.5
t_goes y
t_run "a new one is refused" 7 curl -s -m 3 -o /dev/null http://$Y:8000/
snitch rules rm $id
snitch mode observe
allow=$(snitch rules add "allow /usr/bin/curl to $Y")
id=$(snitch rules add "deny any to 10.78.1.0/24")
sleep 1.5
t_goes y
snitch rules rm $allow
t_cut y
snitch rules rm $id

# ---- by name ----------------------------------------------------------------------------------------------

load bad get.bad.test
load good get.good.test
load plain 10.78.1.3
id=$(snitch rules add "deny any to *.bad.test")
t_cut bad
t_goes good
t_goes plain
stop plain
snitch rules rm $id

# ---- a list of names, a profile, a restart -----------------------------------------------------------------

load bad get.bad.test
echo other.test >$TMP/list
snitch lists add names $TMP/list
id=$(snitch rules add "deny any to list:names")
sleep 1
t_goes bad
echo get.bad.test >>$TMP/list
t_ok "the list's next version" snitch lists add names $TMP/list
t_cut bad
t_goes good
snitch rules rm $id
echo "home when interface none0" >/etc/snitch/profiles.conf
id=$(snitch rules add "deny any to 10.78.1.4 profile home")
sleep 1.5
t_goes good
t_ok "another profile" snitch profile use home
t_cut good
snitch profile auto
snitch rules rm $id
load x $X
daemon_down
echo "deny any to $X" >/etc/snitch/rules.d/30-late.rules
t_goes x
daemon_up
t_cut x
rm /etc/snitch/rules.d/30-late.rules
wait_for 5 eval '! snitch rules list | grep -q 30-late'

# ---- an answer given once ---------------------------------------------------------------------------------

snitch mode ask
agent_up
start once $A udp $X 80 --count 60 --gap 150
t_ok "a person is asked" wait_for 5 eval '[[ $(j .Kernel.Held status) == 1 ]]'
far_reset
snitch answer "$(j '.questions[] | select(.flows > 0) | .id' pending)" allow >/dev/null
t_some "an answer given once: datagrams arrive" udp 80
id=$(snitch rules add "deny any to 10.78.9.0/24")
sleep 1
far_reset
t_some "and do, whatever is refused elsewhere" udp 80
snitch rules rm $id
id=$(snitch rules add "deny any to $X")
t_said "till a rule refuses them" once '^send EPERM'
far_reset
ended once
t_none "no datagram arrives" udp 80
agent_down
snitch rules rm $id

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
names_forget
t_done
