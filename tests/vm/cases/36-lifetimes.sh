# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# The installed daemon: how long rules last, what becomes of a live download when one is revoked, rules
# that end with a command, rules that count in some networks only. The far end says what happened.
. /snitch/cases/lib/cells.sh

LONG=$(printf 'x%.0s' {1..600})

case_begin
far_up tcp:80
warm $A $B $C snitch snitchd curl
daemon_prepare
echo "allow $B to $F4 port 80" >/etc/snitch/rules.d/20-known.rules
daemon_up
t_ok "snitchd starts" snitch mode quiet || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }

# ---- lifetimes ----------------------------------------------------------------------------------------

id=$(snitch rules add --scope runtime "allow $C to $F4 port 80 for 1h")
cell "for 1h" got $C $F4
daemon_down
daemon_up
cell "for 1h, after a restart" got $C $F4
# What a suspend of two hours does to the boot-time clock, done to the daemon's alone.
daemon_down
cat >$TMP/later <<'END'
#!/bin/bash
exec unshare --time --boottime 7200 --fork --kill-child snitchd --foreground
END
chmod +x $TMP/later
rm -f /run/snitch/bus
$TMP/later >>$TMP/snitchd.log 2>&1 &
later=$!
wait_for 20 snitch mode
cell "for 1h, two hours of sleep later" refused $C $F4
t_json "it is not even listed" ".rules | any(.id == \"$id\" and .active) | not" rules list
kill -9 "$(pgrep -P $later)"	# the daemon itself: unshare waits for it
wait $later 2>/dev/null
daemon_up
snitch rules rm "$id"	# no real clock goes back, as it has for this daemon
id=$(snitch rules add --scope runtime "allow $C to $F4 port 80 until reboot")
daemon_down
daemon_up
cell "until reboot, after a restart" got $C $F4
snitch rules rm $id
cell "removed" refused $C $F4
# A reboot empties /run.
snitch rules add --scope runtime "allow $C to $F4 port 80 until reboot" >/dev/null
cell "until reboot" got $C $F4
daemon_down
rm -f /run/snitch/rules/*
daemon_up
cell "until reboot, after one" refused $C $F4
end=$(($(date +%s) + 4 * SLOW))
id=$(snitch rules add --scope runtime "allow $C to $F4 port 80 until $(date -u -d @$end +%Y-%m-%dT%H:%M:%SZ)")
cell "until a date" got $C $F4
sleep $((5 * SLOW))
cell "until a date, after it" refused $C $F4

# ---- until quit --------------------------------------------------------------------------------------------

# A shell under another name makes a connection for each word that it is told.
D=/opt/d
cp /usr/bin/bash $D
cat >$TMP/talk <<END
exec 9<>"\$1"
while read -r word <&9; do { echo "\$word" >&3; } 3<>/dev/tcp/$F4/80; done
END
# talker NAME: starts one; told NAME WORD: it has something to say.
talker() {
	mkfifo $TMP/$1.words
	go $1 $D $TMP/talk $TMP/$1.words
}
told() { echo $2 >$TMP/$1.words; }
asked() { wait_for 5 held_is 1 && j '.questions[] | select(.flows > 0) | .id' pending; }
agent_up
snitch mode ask
talker first
talker second
told first quit1
id=$(asked)
t_ok "until quit: it is asked about" test -n "$id"
t_ok "until quit: nothing arrived" eval '! far_got tcp 80 quit1'
t_ok "until quit: answered so" snitch answer $id allow until quit
t_ok "until quit: it arrives" wait_for 5 far_got tcp 80 quit1
for word in quit2 quit3; do
	told first $word
	t_ok "until quit: its later connections, too" wait_for 5 far_got tcp 80 $word
done
told second other
id=$(asked)
t_ok "until quit: another process of the program is asked about" test -n "$id"
snitch answer $id deny >/dev/null
agent_down
snitch mode quiet
listed() { snitch rules list | grep -q "allow $D .*until quit"; }
t_ok "until quit: the rule is listed" listed
daemon_down
daemon_up
told first quit4
t_ok "until quit: it outlives the daemon" wait_for 5 far_got tcp 80 quit4
told second other2
sleep 1
t_ok "until quit: and is still of that process alone" eval '! grep -q "other" $TMP/far'
daemon_down
kill -9 ${PIDS[first]}
ended first 2>/dev/null
daemon_up
t_ok "until quit: gone with its process, though the daemon was away" eval '! listed'
talker third
told third after
sleep 1
t_ok "until quit: nor has the next one such a rule" eval '! far_got tcp 80 after'
agent_up
snitch mode ask
told third quit5
id=$(asked)
snitch answer $id allow until quit >/dev/null
t_ok "until quit: the daemon is there: it arrives" wait_for 5 far_got tcp 80 quit5
t_json "until quit: in force" '.rules | any(.active and (.text | contains("until quit")))' rules list
kill -9 ${PIDS[third]} ${PIDS[second]}
ended third 2>/dev/null
ended second 2>/dev/null
t_json "until quit: over at once" '.rules | any(.active and (.text | contains("until quit"))) | not' rules list
t_says "until quit: and says why" 'until quit +\(no say: its process has quit\)' snitch rules list
agent_down
snitch mode quiet

# ---- a revoked rule ---------------------------------------------------------------------------------------

endless_up 8000		# what it could send is counted by the client's file
snitch rules add "deny /usr/bin/curl to any" >/dev/null
id=$(snitch rules add "allow /usr/bin/curl to $F4 port 8000")
size() { stat -c %s $TMP/$1 2>/dev/null || echo 0; }
grows() { local was; was=$(size $1); wait_for 5 eval "[[ \$(size $1) -gt $was ]]"; }
go curl curl -sN -o $TMP/download http://$F4:8000/
t_ok "a download runs" wait_for 10 eval '[[ $(size download) -gt 3000 ]]'
t_ok "snitch rules rm" snitch rules rm $id
t_ok "the download is cut at once" wait_for 1 eval "! kill -0 ${PIDS[curl]} 2>/dev/null"
ended curl
t_cmp "curl is told" $? -ne 0
was=$(size download)
sleep 1
t_is "nothing more comes" "$(size download)" "$was"
id=$(snitch rules add "allow $C to $F4 port 80")
go live $C tcp $F4 80 --keep 3000 --data live$LONG
wait_for 5 said live '^connect OK'
snitch rules rm $id
sleep 1
t_ok "a live connection that no rule knows any more goes on" eval "! said live '^send E'"
ended live
t_said "to its end" live '^echo OK'
cell "but a new one is what the mode says" refused $C $F4

# ---- snitch run ---------------------------------------------------------------------------------------------

cat >$TMP/script <<END
#!/bin/sh
$C tcp $F4 80 --data deep
END
chmod +x $TMP/script
run() { in-net c snitch run "$@"; }
t_ok "run: a command that starts a command gets through" run -- sh -c "$TMP/script; exit 0"
t_ok "run: its data arrives" wait_for 5 far_got tcp 80 deep
cell "run: others do not, nor does the program afterwards" refused $C $F4
t_run "run: the command's exit status" 3 run -- sh -c 'exit 3'
t_run "run: no such command" 127 run -- /opt/none
run --allow "$F6 port 80" -- sh -c "$C tcp $F4 80 --data no4; $C tcp $F6 80 --data yes6" >$TMP/out 2>&1
t_ok "run --allow: what it says" wait_for 5 far_got tcp 80 yes6
t_ok "run --allow: and nothing else" eval '! far_got tcp 80 no4'
t_run "run: a rule that is none" 7 run --allow "no where" -- true
# While it runs the rule is listed; killed, it takes its rules and its command along.
go running snitch run -- sleep 600
t_ok "run: its rule is listed" wait_for 5 eval 'j "[.rules[] | select(.file | startswith(\"snitch run\"))] | any" rules list'
kill -9 ${PIDS[running]}
t_ok "run: killed, its rule is gone" wait_for 5 eval '! snitch rules list | grep -q "any and children"'
t_ok "run --record" run --record $TMP/recorded.rules -- sh -c "$C tcp $F4 80 --data rec4; $C tcp $F6 80 --data rec6; $B tcp $F4 80 --data known"
t_is "run --record: what no other rule allows, each once" "$(grep -v '^#' $TMP/recorded.rules | sort)" \
	"$(printf '%s\n' "allow $C to $F4 port 80 tcp" "allow $C to $F6 port 80 tcp" | sort)"
cell "run --record: not in force yet" refused $C $F4
install -m 644 $TMP/recorded.rules /etc/snitch/rules.d/30-recorded.rules
t_ok "run --record: a ready file" wait_for 5 eval "snitch rules list | grep -q 'admin.*allow $C to $F4 port 80'"
cell "run --record: in force" got $C $F4
rm /etc/snitch/rules.d/30-recorded.rules

# ---- profiles ------------------------------------------------------------------------------------------------

cat >/etc/snitch/profiles.conf <<END
cable when interface prof0
gate when gateway 192.0.2.77 mac 02:00:5e:00:53:77
END
echo "allow $C to $F4 port 80 profile cable" >/etc/snitch/rules.d/40-profiles.rules
echo "allow $C to $F6 port 80 profile gate" >>/etc/snitch/rules.d/40-profiles.rules
profile_is() { [[ $(j .active profile) == "$1" ]]; }
t_ok "no profile is active" wait_for 5 eval 'snitch profile | grep -q cable && [[ -z $(snitch --json profile | jq -r .active) ]]'
cell "no profile" refused $C $F4
ip link add prof0 type veth peer name prof1
sleep 1
t_ok "a link that is down says nothing" eval '[[ -z $(snitch --json profile | jq -r .active) ]]'
ip link set prof1 up
ip link set prof0 up
t_ok "a link appears: its profile is active" wait_for 5 profile_is cable
cell "profile cable" got $C $F4
cell "profile cable: the other's rule does not count" refused $C $F6
ip link del prof0
t_ok "and not when it is gone" wait_for 5 eval '[[ -z $(snitch --json profile | jq -r .active) ]]'
cell "profile gone" refused $C $F4
ip link add gate0 type veth peer name gate1
ip link set gate1 up
ip link set gate0 up
ip addr add 192.0.2.70/24 dev gate0
ip route add default via 192.0.2.77
ip neigh replace 192.0.2.77 lladdr 02:00:5e:00:53:78 dev gate0 nud permanent
sleep 1
t_ok "the right gateway with a wrong MAC is another network" eval '[[ -z $(snitch --json profile | jq -r .active) ]]'
ip neigh replace 192.0.2.77 lladdr 02:00:5e:00:53:77 dev gate0 nud permanent
t_ok "gateway and MAC: its profile is active" wait_for 5 profile_is gate
cell "profile gate" got $C $F6
t_ok "profile use" snitch profile use cable
cell "chosen" got $C $F4
daemon_down
daemon_up
t_json "a choice is kept" '.active == "cable" and (.auto | not)' profile
t_ok "profile auto" snitch profile auto
t_json "back to what the network says" '.active == "gate" and .auto' profile
t_run "no such profile" 5 snitch profile use nowhere
ip link del gate0
rm /etc/snitch/profiles.conf /etc/snitch/rules.d/40-profiles.rules

t_parked "nothing is parked at the end" 0
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log)"
daemon_down
daemon_forget
t_done
