# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Whose flow it is: two programs, short-lived ones, passed and inherited sockets, disguises.
. /snitch/cases/lib/case.sh

case_begin
far_up tcp:80 tcp:81 tcp:82 tcp:83 udp:80 udp:81
policy "unmatched ask"
decider --default hold

# Two programs, one destination: two questions, two owners.
go one $A tcp $F4 80
go two $B tcp $F4 80
t_ok "two flows are parked" wait_for 5 parked_is 2
a=$(field id '^OWNER .*exe=/opt/a ') b=$(field id '^OWNER .*exe=/opt/b ')
t_ok "two owners" test -n "$a" -a -n "$b" -a "$a" != "$b"
t_seen "the flow of the first" "^FLOW .*owner=$a "
t_seen "the flow of the second" "^FLOW .*owner=$b "
tell allow "$(field id "^FLOW .*owner=$a ")"
t_said "allowed: one" one '^connect OK'
t_is "the other still waits" "$(cat $TMP/two)" ""
tell deny all
t_said "denied: the other" two '^connect ECONNREFUSED'

# Within a millisecond: fork, connect, exit.
chmod 755 $A
for how in "" --udp; do
	: >$LOG
	go quick setpriv --reuid 1000 --regid 1000 --clear-groups $A quick $F4 80 $how
	t_said "fork, connect, exit $how" quick '^quick pid='
	us=$(sed -n 's/^quick .* us=//p' $TMP/quick)
	# Only the instruction-count clock tells how long it really took.
	[[ $SLOW -gt 1 ]] || t_cmp "it lasted less than a millisecond: $us us $how" "$us" -lt 1000
	eval "$(sed -n 's/^quick pid=\([0-9]*\) ppid=\([0-9]*\) .*/pid=\1 ppid=\2/p' $TMP/quick)"
	# First of all: the file is kept for 5 seconds, and the debug kernel is slow.
	seen '^FLOW .*:80 '
	owner=$(field id "^OWNER .*pid=$pid ")
	tell hash "$owner"
	t_seen "the executable of the dead program can still be hashed $how" \
		"^HASH id=$owner size=$(stat -c %s $A) fnv=[0-9a-f]{16} pid=0"
	t_seen "it is named: path, pid, parent, user, command line $how" \
		"^OWNER id=$owner parent=[1-9][0-9]* pid=$pid ppid=$ppid .*uid=1000 euid=1000 .*exe=/opt/a cmd=/opt/a,quick,$F4,80"
	t_seen "its flow has that owner $how" "^FLOW .*owner=$owner "
	parent=$(field parent "^OWNER id=$owner ")
	t_seen "its parent was told before $how" "^OWNER id=$parent .*pid=$ppid "
	tell deny all
done
tell hash 999999
t_seen "no such owner: ENOENT" '^HASH id=999999 error=ENOENT'
tell owner "$owner"
t_ok "OWNER again, on request" wait_for 5 eval "[[ \$(count_seen '^OWNER id=$owner ') -eq 2 ]]"

# The executable is replaced and deleted while its question waits.
cp $B /opt/gone
: >$LOG
go gone /opt/gone tcp $F4 80 --nonblock --wait 1500
seen '^FLOW .*:80 '
rm /opt/gone
owner=$(field id '^OWNER .*exe=/opt/gone')
tell hash "$owner"
t_seen "a deleted executable is hashed too" "^HASH id=$owner size=$(stat -c %s $B) "
tell deny all
ended gone

# A socket given to another program is another question.
far_reset
policy "unmatched ask" "allow $A any"
: >$LOG
go take $B take $TMP/sock --data stolen
go pass $A pass $TMP/sock $F4 80 --data own
t_said "the first program connects and sends" pass '^pass OK'
t_seen "the second program's data is a question" '^FLOW .*:80 .*flags=0x[0-9a-f]*[13579bdf][0-9a-f] '
t_seen "with the second program as owner" '^OWNER .*exe=/opt/b '
sleep 0.5
t_ok "its data has not arrived" eval '! far_got tcp 80 stolen'
tell deny all
sleep 0.5
t_ok "and never does" eval '! far_got tcp 80 stolen'
ended take; ended pass
go take $B take $TMP/sock --data gift
go pass $A pass $TMP/sock $F4 81
t_seen "the same, allowed" '^FLOW .*:81 '
tell allow all
t_ok "then it arrives" wait_for 5 far_got tcp 81 gift
ended take; ended pass

# Who only closes it says nothing.
: >$LOG
go take $B take $TMP/sock --close
go pass $A pass $TMP/sock $F4 82 --data own
t_said "a program that closes another's connection" take '^close OK'
connected() { in_f ss -H -tn state established "sport = :$1" | grep -q .; }
t_ok "its far end is told" wait_for 3 eval '! connected 82'
t_ok "and nobody is asked" eval '! grep -q "^FLOW .*:82 " $LOG'
ended take; ended pass
go take $B take $TMP/sock --close --options
go pass $A pass $TMP/sock $F4 83 --data own
t_seen "unless it put something into the header" '^FLOW .*:83 '
sleep 0.5
t_ok "which does not leave" connected 83
tell deny all
ended take; ended pass

# More connections at once than the kernel notes before somebody looks: the receiver lets nobody run.
snitch-tool observe $TMP/observer &
observer=$!
wait_for 5 grep -q WELCOME $TMP/observer
told=$(stat_of passed) lost=$(stat_of events_lost)
go take chrt -f 50 $B take $TMP/sock --data crowd
go pass $A pass $TMP/sock $F4 81 --copies 200
t_said "200 descriptors of a connection in one message" pass '^pass OK'
t_ok "as many as there is room for are judged" \
	wait_for 5 eval "[[ \$((\$(stat_of passed) - $told)) -eq 128 ]]"
t_is "the others are counted as lost" "$(($(stat_of events_lost) - lost))" 72
tell deny all
ended take; ended pass
told=$(stat_of passed)
go take $B take $TMP/sock --data after
go pass $A pass $TMP/sock $F4 81
t_ok "there is room again" wait_for 5 eval "[[ \$(stat_of passed) -eq $((told + 1)) ]]"
tell deny all
ended take; ended pass
kill $observer

# Exec with a connected socket.
: >$LOG
go exec $A tcp $F4 80 --exec $B --data inherited
t_seen "exec of another program: a question at its next packet" '^FLOW .*:80 '
t_seen "with the new program as owner" '^OWNER .*exe=/opt/b .*cmd=/opt/b,senddata'
sleep 0.3
t_ok "its data has not arrived" eval '! far_got tcp 80 inherited'
tell deny all
ended exec
t_ok "and never does" eval '! far_got tcp 80 inherited'
: >$LOG
go same $A tcp $F4 80 --exec $A --data sameprog
t_said "exec of the same executable is no new question" same '^echo OK'
t_is "none was asked" "$(count_seen '^FLOW')" 0

# What comes in for it the kernel acknowledges: nothing of the new program's is in that.
cp /bin/bash /opt/tool
policy "unmatched ask" "allow /opt/tool any"
: >$LOG
in_f socat -U TCP-LISTEN:84,reuseaddr SYSTEM:"sleep $((2 * SLOW)); head -c 50000 /dev/zero; sleep $((6 * SLOW))" &
wait_for 10 far_listens -t 84
go quiet /opt/tool -c "exec 3<>/dev/tcp/$F4/84; exec sleep $((6 * SLOW))"
acknowledged() { in_f ss -Htin state established "sport = :84" | grep -qE 'bytes_acked:5000[01] '; }
t_ok "exec of a program that says nothing: what comes for it is acknowledged" wait_for 5 acknowledged
ended quiet
t_is "exec of a program that says nothing: nobody is asked" "$(count_seen '^FLOW .*:84 ')" 0
policy "unmatched ask"

# A script that becomes another of the same interpreter, by its full path or by the same words.
mkdir -p /opt/one /opt/two
cat >/opt/one/x <<-END
	#!/bin/bash
	exec 3<>/dev/tcp/$F4/80 || exit
	(echo -n "fork\$1" >&3; :)
	cd /opt/two
	exec env \$1 \$1
END
cat >/opt/two/x <<-'END'
	#!/bin/bash
	echo -n "becomes$1" >&3
	sleep 2
END
chmod +x /opt/one/x /opt/two/x
for script in /opt/two/x ./x; do
	: >$LOG
	go script env -C /opt/one ./x $script
	t_seen "a script connects: $script" '^FLOW .*:80 '
	tell allow all
	t_ok "what its fork writes goes" wait_for 5 far_got tcp 80 fork$script
	t_seen "what another script writes is a question" '^FLOW .*:80 .*flags=0x[0-9a-f]*[13579bdf][0-9a-f] '
	t_is "the fork was none" "$(count_seen '^FLOW .*:80 ')" 2
	t_seen "with that script as owner" "^OWNER .*flags=0x4.* exe=/usr/bin/bash .*script=$script\$"
	sleep 0.3
	tell deny all
	ended script
	t_ok "it does not arrive" eval "! far_got tcp 80 becomes$script"
done

# mm->exe_file is another program's: no allow rule matches.
far_reset
policy "unmatched ask" "allow $A any" "allow /usr/bin/true any"
: >$LOG
cp $B /opt/liar; chmod 755 /opt/liar
go liar setpriv --reuid 1000 --regid 1000 --clear-groups /opt/liar disguise $A $F4 80 --wait 1500
t_said "a program puts another's name into /proc" liar '^exe /opt/a'
t_seen "it is asked about under its own name, as disguised" '^OWNER .*flags=0x[0-9a-f]*[4-7c-f] .*exe=/opt/liar '
sleep 0.3
t_none "0 packets" tcp 80
tell deny all
ended liar
policy "unmatched ask" "allow /opt/liar any"
: >$LOG
go liar setpriv --reuid 1000 --regid 1000 --clear-groups /opt/liar disguise $A $F4 80 --wait 1500
t_seen "disguised, even its own allow rule does not match" '^FLOW .*:80 '
tell deny all
ended liar
t_none "0 packets" tcp 80

# argv in a page that never comes (as in a FUSE file) stops nobody.
: >$LOG
go lazy $A lazyargv $F4 80 --wait 1500
t_seen "argv in a page that never comes: parked all the same" '^FLOW .*:80 ' 3
t_seen "with its path" '^OWNER .*exe=/opt/a '
tell deny all
t_said "and answered at once" lazy '^connect ECONNREFUSED'
ended lazy

# Hostile names and long paths come through whole.
name=$'/opt/x\n\e[31m y'
cp $B "$name"
: >$LOG
go odd "$name" tcp $F4 80 --nonblock --wait 800
t_seen "control characters in a path are bytes like others" \
	'^OWNER .*exe=/opt/x\\x0a\\x1b\[31m\\x20y '
ended odd
long=/opt/$(printf 'd%.0s' {1..200})/$(printf 'e%.0s' {1..200})/$(printf 'f%.0s' {1..200})
mkdir -p "$long"; cp $B "$long/prog"
: >$LOG
go long "$long/prog" tcp $F4 80 --nonblock --wait 800
t_seen "a path of 600 bytes is whole" "^OWNER .*exe=$long/prog "
ended long

tell deny all
t_parked "nothing is parked at the end" 0
t_done
