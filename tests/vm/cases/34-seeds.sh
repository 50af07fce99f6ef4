# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# What people asked for, word by word: the three rules of the article, the held connections to a
# network of one's own, built-in rules that can be seen and switched off; then rules on trial. The
# far end's counters and logs say what happened.
. /snitch/cases/lib/daemon.sh

C=/opt/c	# a program that no rule names
[[ -x $C ]] || cp $A $C
BOOK=/usr/bin/thunderbird MAIL=/usr/bin/evolution CHAT=/usr/bin/gajim
for program in $BOOK $MAIL $CHAT; do
	[[ -e $program ]] || cp $A $program
done
# there before the daemon: a file that comes later to a path with a rule is looked into first
stand_in /usr/lib/snitch/snitch-fetch
MAC=192.0.2.80	# homepage.mac.com, as this network has it

case_begin
in_f ip addr add $MAC/32 dev vf
in_c ip route add $MAC via $F4
in_f ip addr add 192.168.1.7/24 dev vf
in_f ip addr add 192.168.1.8/24 dev vf
in_c ip addr add 192.168.1.1/24 dev vc
far_up udp:53 udp:123 tcp:25 tcp:80 tcp:443 tcp:5222
warm $A $C $BOOK $MAIL $CHAT snitch snitchd
daemon_prepare
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }

N=0
# gets NAME PROGRAM ADDRESS PORT / refused NAME PROGRAM ADDRESS PORT: TCP, with words of its own.
gets() {
	local word=word$((++N))
	in_c $2 tcp $3 $4 --data $word >$TMP/sender 2>&1
	t_ok "$1" wait_for 5 far_got tcp $4 $word || t_note "$(cat $TMP/sender)"
}
refused() {
	far_reset
	t_out "$1" '^connect ECONNREFUSED' $2 tcp $3 $4 --data leak$N
	t_none "$1: 0 packets" tcp $4
}

# ---- 001: the address book, mail on port 80, the chat --------------------------------------------------

cat >/etc/snitch/rules.d/30-article.rules <<END
deny $BOOK to $MAC		# the address book does not phone home
deny $MAIL to any port 80	# graphics in spam
allow $CHAT to any		# chats are wanted
END
t_ok "001: three rules, no error" snitch rules check /etc/snitch/rules.d/30-article.rules
t_ok "001: they are loaded" wait_for 5 eval 'snitch rules list | grep -q "deny $MAIL to any port 80"'
for mode in observe quiet; do
	snitch mode $mode
	refused "001, $mode: the address book does not reach $MAC" $BOOK $MAC 80
	refused "001, $mode: nor on another port" $BOOK $MAC 443
	refused "001, $mode: mail does not use port 80" $MAIL $F4 80
	refused "001, $mode: nor over IPv6" $MAIL $F6 80
	gets "001, $mode: the chat goes through" $CHAT $F4 5222
	gets "001, $mode: anywhere" $CHAT $F6 80
done
snitch mode observe
gets "001: what no rule names goes on, observing: the address book elsewhere" $BOOK $F4 80
gets "001: mail on its own port" $MAIL $F4 25

# ---- 002: hold what goes to 192.168.1.0/24 and ask -----------------------------------------------------

snitch --json watch 192.168.1.0/24 >$TMP/watch 2>&1 &
watch=$!
t_ok "002: snitch watch begins" wait_for 10 grep -q hello $TMP/watch
t_ok "002: its rule is seen" wait_for 5 eval 'snitch rules list | grep -q "runtime.*ask any to 192.168.1.0/24 priority high"'
held_is() { [[ $(j .Kernel.Held status) == "$1" ]]; }
question() { j '.questions[] | select(.flows > 0) | .id' pending; }
# hold NAME PROGRAM ADDRESS: it waits, the watcher hears of it, nothing arrives.
hold() {
	far_reset
	go held $2 tcp $3 80 --data held$((++N))
	t_ok "$1: it is held" wait_for 5 held_is 1
	Q=$(question)
	t_ok "$1: the watcher is told" wait_for 5 eval "jq -es 'any(.type == \"question\" and .question.id == \"$Q\")' $TMP/watch"
	sleep 1
	t_none "$1: 0 packets" tcp 80
}
for mode in observe quiet; do
	snitch mode $mode
	hold "002, $mode" $C 192.168.1.7
	t_ok "002, $mode: let it continue" snitch answer "$Q" allow
	ended held
	t_ok "002, $mode: it arrives" wait_for 5 far_got tcp 80 held$N
	sleep 16	# an answer once serves a retry for 15 s
	hold "002, $mode, the next one" $C 192.168.1.8
	t_ok "002, $mode: terminate it" snitch answer "$Q" deny
	ended held
	t_said "002, $mode: the program is told" held '^connect ECONNREFUSED'
	t_none "002, $mode: nothing ever arrived" tcp 80
done
refused "002: the rest follows the mode: quiet" $C $F4 80
snitch mode ask
refused "002: mode ask: the watcher is not asked about the rest" $C $F4 80
snitch mode observe
gets "002: observing, the rest goes through, unasked" $C $F4 80
gets "002: an allowed program is asked about like others there, and elsewhere not" $CHAT $F4 80
hold "002: the chat, for all its rule" $CHAT 192.168.1.7
kill $watch
wait $watch 2>/dev/null
ended held
t_ok "002: the watch ends, and so does its rule" wait_for 5 eval '! snitch rules list | grep -q "192.168.1.0/24"'
gets "002: afterwards nothing is held" $C 192.168.1.8 80
# In a terminal: keys answer. Killed, it leaves nothing behind.
tmux -L seeds -f /dev/null new-session -d -x 80 -y 24 "snitch watch 192.168.1.0/24"
screen() { tmux -L seeds capture-pane -p 2>/dev/null; }
t_ok "002: in a terminal" wait_for 10 eval 'screen | grep -q "no questions"'
go held $C tcp 192.168.1.7 80 --data terminal
t_ok "002: the card is shown" wait_for 10 eval 'screen | grep -q /opt/c'
sleep 2
tmux -L seeds send-keys a
sleep 1
tmux -L seeds send-keys o
t_ok "002: a key lets it go" wait_for 10 far_got tcp 80 terminal || t_note "$(screen)"
ended held
tmux -L seeds kill-server
t_ok "002: the terminal is closed, the rule is gone" wait_for 5 eval '! snitch rules list | grep -q "192.168.1.0/24"'
t_run "002: no address" 7 snitch watch 192.168.1.0/240

# ---- 003: nothing is exempt: each built-in can be seen, and switched off ---------------------------------

snitch mode quiet
t_ok "003: each file of built-in rules says what breaks" eval '
	for f in $(snitch --json rules disable builtin | jq -r ".builtin[].name"); do
		snitch rules disable builtin $f </dev/null 2>&1 | grep -q "Switched off, " || { echo $f; exit 1; }
	done'
t_ok "003: asked without an answer, nothing is switched off" eval '[[ -z $(find /etc/snitch/rules.d -type l) ]]'
in_c $FAR server tcp:8080 --log $TMP/near &
wait_for 10 eval '[[ -n $(in_c ss -H -ltn "sport = :8080") ]]'
t_out "003: loopback works" '^echo OK' $C tcp 127.0.0.1 8080 --data near
t_says "003: switched off, with a warning" 'Switched off, local services' snitch rules disable builtin loopback --yes
t_ok "003: the rule is gone" wait_for 5 eval '! snitch rules list | grep -q "builtin.*to loopback"'
t_out "003: now it is refused, and pending" '^connect ECONNREFUSED' $C tcp 127.0.0.1 8080 --data near
t_json "003: seen" ".questions | any(.program == \"$C\" and .address == \"127.0.0.1\")" pending
agent_up
snitch mode ask
go held $C tcp 127.0.0.1 8080 --data near
t_ok "003: or asked about" wait_for 5 held_is 1
snitch answer "$(question)" allow >/dev/null
t_said "003: and let go" held '^echo OK'
ended held
agent_down
snitch mode quiet
t_ok "003: switched on again" snitch rules enable builtin loopback
t_out "003: loopback works again" '^echo OK' $C tcp ::1 8080 --data near
# The kernel's own; 43-built-ins switches each file off.
echo "deny kernel icmp-reply to any" >/etc/snitch/rules.d/50-kernel-icmp.rules
t_ok "003: a file of the same name stands for a built-in one" wait_for 5 eval '! snitch rules list | grep -q "builtin.*icmp-reply"'
answers() { in_f $FAR icmp $C4 --wait 500 | grep -q '^recv OK'; }
t_ok "003: no echo reply leaves" eval '! answers'
rm /etc/snitch/rules.d/50-kernel-icmp.rules
t_ok "003: and without that file it does again" wait_for 10 answers
# Our own downloads: no program of ours is exempt.
gets "003: snitch's own downloader has a rule" /usr/lib/snitch/snitch-fetch $F4 443
t_says "003: it is switched off like others" 'lists stay as they are' snitch rules disable builtin fetch --yes
refused "003: then it is refused like others" /usr/lib/snitch/snitch-fetch $F4 443
snitch rules enable builtin fetch
gets "003: and goes again" /usr/lib/snitch/snitch-fetch $F4 443
t_run "003: no such built-in" 5 snitch rules disable builtin nonsense --yes

# ---- rules on trial ------------------------------------------------------------------------------------

snitch mode observe
cat >$TMP/strict.rules <<END
deny $C to any port 80
END
# trial [SPAN]: begins, in the background; it is in force.
trial() {
	# not in c: without a daemon it speaks to the kernel, which hears the first namespace only
	snitch apply $TMP/strict.rules --confirm ${1:-8s} >$TMP/trial 2>&1 &
	PIDS[trial]=$!
	wait_for 5 eval 'snitch rules list | grep -q "deny $C to any port 80"'
}
gets "trial: before" $C $F4 80
t_ok "trial: begins" trial
refused "trial: in force" $C $F4 80
t_ok "trial: no file has it" eval '[[ ! -e /etc/snitch/rules.d/strict.rules ]]'
t_run "trial: one at a time" 1 snitch apply $TMP/strict.rules --confirm 8s
ended trial
t_is "trial: unconfirmed" $? 1
t_said "trial: and says so" trial '^reverted'
gets "trial: reverted by itself" $C $F4 80
trial
kill -9 ${PIDS[trial]}
refused "trial: the command is killed, the clock runs" $C $F4 80
t_ok "trial: reverted all the same" wait_for 15 eval '! snitch rules list | grep -q "deny $C to any port 80"'
gets "trial: reverted without the command" $C $F4 80
trial 60s
daemon_down
daemon_up
gets "trial: the daemon is killed and comes back with the rules before" $C $F4 80
ended trial
t_said "trial: the command hears of it" trial '^reverted'
trial 60s
kill -TERM $DAEMON
wait $DAEMON
gets "trial: a daemon that ends takes the trial along" $C $F4 80
kill -9 ${PIDS[trial]}
daemon_up
trial 5s
daemon_down
t_said "trial: no daemon at all: the command loads the rules before" trial '^reverted'
ended trial
gets "trial: they are in force" $C $F4 80
daemon_up
trial 60s
t_ok "trial: confirm" snitch confirm
ended trial
t_is "trial: confirmed" $? 0
refused "trial: confirmed, in force" $C $F4 80
daemon_down
daemon_up
refused "trial: for good" $C $F4 80
t_run "trial: nothing to confirm" 5 snitch confirm
# A new version of the file, tried: the old one's rules do not count, and come back.
echo "deny $C to any port 443" >$TMP/strict.rules
snitch apply $TMP/strict.rules --confirm 5s >$TMP/trial 2>&1 &
PIDS[trial]=$!
t_ok "trial: a new version" wait_for 5 eval 'snitch rules list | grep -q "deny $C to any port 443"'
gets "trial: what the old version denied" $C $F4 80
refused "trial: what the new one denies" $C $F4 443
ended trial
refused "trial: the old version is back" $C $F4 80
gets "trial: the new one is not" $C $F4 443
rm /etc/snitch/rules.d/strict.rules
echo "allow nobody" >$TMP/strict.rules
t_run "trial: what are no rules" 7 snitch apply $TMP/strict.rules --confirm 5s

# The line on which it was typed: its peer stays reachable, and can be seen to. The server here stands
# for sshd, the client for the one who sits far away.
$FAR server tcp:2222 --log $TMP/sshd &
wait_for 10 eval '[[ -n $(ss -H -ltn "sport = :2222") ]]'
$B tcp 127.0.0.1 2222 --keep 20000 --data login >$TMP/line 2>&1 &
line=$!
wait_for 5 eval '[[ -n $(ss -H -tn state established "sport = :2222") ]]'
port=$(ss -H -tn state established 'dport = :2222' | awk '{n = split($3, a, ":"); print a[n]; exit}')
echo "deny $FAR to any priority high" >$TMP/strict.rules
SSH_CONNECTION="127.0.0.1 $port 127.0.0.1 2222" snitch apply $TMP/strict.rules --confirm 30s >$TMP/trial 2>&1 &
trial=$!
t_ok "trial: the connection that is there is kept, visibly" wait_for 5 eval \
	'snitch rules list | grep -q "runtime.*allow $FAR to 127.0.0.1 port $port tcp .*priority high.* lockdown"' || t_note "$(snitch rules list; cat $TMP/trial)"
kill -INT $trial
wait $trial
t_is "trial: Ctrl-C reverts" $? 1
t_ok "trial: that rule is gone, too" eval '! snitch rules list | grep -q "allow $FAR to 127.0.0.1 port"'
SSH_CONNECTION="127.0.0.1 1 127.0.0.1 2222" snitch apply $TMP/strict.rules --confirm 30s >$TMP/trial 2>&1 &
trial=$!
t_ok "trial: one that is only claimed" wait_for 5 eval 'snitch rules list | grep -q "deny $FAR to any"'
t_ok "trial: is not kept" eval '! snitch rules list | grep -q "allow $FAR to 127.0.0.1"'
kill -INT $trial
wait $trial 2>/dev/null
kill $line

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
daemon_forget
stand_ins_gone
t_done
