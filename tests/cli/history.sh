#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The history from the command line, against a real snitchd whose device is the fake one: log,
# review (by id and at a terminal), rules test, hits of rules, a file that is broken.
. "$(dirname "$0")/lib/daemon.sh"

DB=$ROOT/var/lib/snitch/history.db

# seen LINE...: flows 100, 101... of the script's owners.
NEXT=100
seen() {
	local line
	for line in "$@"; do
		play "flow $NEXT $line"
		NEXT=$((NEXT + 1))
	done
}
logged() { [[ $(snitch --json log "${@:2}" | jq '[.flows[].count] | add // 0') -eq $1 ]]; }

empty() {
	[[ -z $(snitch log) && $(snitch --json log) == '{"schema":1,"flows":[]}' ]] &&
	says "nothing to review" snitch review && says "0 of 0 flows" snitch rules test deny any to any
}
observed_is_logged() {
	play 'owner 3 parent 1 exe "/usr/bin/python3.11" cmd "python3" comm "python3" pid 4300'
	play 'owner 4 exe "/opt/evil\x1b[2J\n" cmd "x" comm "x" pid 4400'
	seen 'owner 2 tcp 203.0.113.7 port 443' 'owner 2 tcp 203.0.113.7 port 443' \
		'owner 2 tcp 203.0.113.8 port 443' 'owner 3 tcp 203.0.113.9 port 80' 'owner 4 udp 2001:db8::1 port 99'
	until_true 10 logged 5 || { snitch --json log; return 1; }
	snitch log >"$WORK/out" && cat "$WORK/out" &&
	grep -E 'allow +2 .*/usr/bin/curl +203\.0\.113\.7:443 tcp by mode' "$WORK/out" &&
	grep -F '[2001:db8::1]:99 udp' "$WORK/out" && ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/out" &&
	snitch --json log | jq -e '.flows[] | select(.address == "203.0.113.7") | .count == 2 and .verdict == "allow" and
		.by == "mode" and .parents == ["/usr/bin/make"] and .direction == "out" and .proto == "tcp"'
}
filters() {
	logged 3 --program curl && logged 1 --program /usr/bin/python3.11 && logged 0 --program url &&
	logged 0 --verdict refused && logged 5 --verdict allow && logged 5 --since 1h && logged 0 --user 4000000000 &&
	[[ $(snitch --json log -n 2 | jq '.flows | length') -eq 2 ]] &&
	logged 0 --since "$(date -d tomorrow +%F)" && logged 5 --since "$(date -d yesterday '+%F %H:%M')"
}
log_usage() {
	exit_is 2 snitch log --since never && exit_is 2 snitch log --since && exit_is 2 snitch log --verdict maybe &&
	exit_is 2 snitch log --user nobody-of-that-name && exit_is 2 snitch log -n x && exit_is 2 snitch log --bogus 1 &&
	exit_is 2 snitch review --accept && exit_is 2 snitch review --accept short && exit_is 2 snitch review --bogus x &&
	exit_is 2 snitch rules test && exit_is 7 snitch rules test deny curl && exit_is 2 snitch rules test --file &&
	exit_is 5 snitch rules test --file "$WORK/none"
}
follows() {
	"$BIN/snitch" --json log --follow --program curl >"$WORK/follow" 2>&1 &
	local pid=$! code
	PIDS+=("$pid")
	until_true 10 grep -q 203.0.113.8 "$WORK/follow" || return 1
	seen 'owner 2 tcp 203.0.113.77 port 443'
	until_true 10 grep -q 203.0.113.77 "$WORK/follow" || { cat "$WORK/follow"; return 1; }
	kill "$pid"; wait "$pid"; code=$?
	[[ $code -eq 0 ]] && jq -se '.[0].stream == "history" and ([.[1:][].flow.address] | sort) ==
		["203.0.113.7", "203.0.113.77", "203.0.113.8"]' "$WORK/follow"
}
rules_tested() {
	exit_is 6 snitch rules test deny /usr/bin/curl to 203.0.113.0/29 --since 7d >"$WORK/out" || { cat "$WORK/out"; return 1; }
	cat "$WORK/out"
	grep -E '^ +2  allow -> deny .*/usr/bin/curl +203\.0\.113\.7:443 tcp' "$WORK/out" &&
	grep -F '2 of 6 flows would have been judged otherwise' "$WORK/out" &&
	exit_is 0 snitch rules test deny /usr/bin/curl to 192.0.2.0/24 &&
	exit_is 0 snitch rules test --since "$(date -d tomorrow +%F)" deny any to any &&
	exit_is 6 snitch --json rules test 'deny /usr/bin/curl to any' 'allow /usr/bin/curl to 203.0.113.7' >"$WORK/out" &&
	jq -e '.rules == 2 and .flows == 6 and .changed == 2 and (.changes | length) == 2' "$WORK/out" &&
	printf '# two\ndeny any to any port 80\n\ndeny any to any port 99\n' >"$WORK/test.rules" &&
	exit_is 6 snitch --json rules test --file "$WORK/test.rules" >"$WORK/out" &&
	jq -e '.rules == 2 and .changed == 2' "$WORK/out" && logged 6 && ! snitch rules list | grep -F "port 99"
}
# With child-of: the history knows who started it.
parents_are_replayed() {
	exit_is 6 snitch rules test deny /usr/bin/curl child-of /usr/bin/make to any >"$WORK/out" &&
	exit_is 0 snitch rules test deny /usr/bin/curl child-of /usr/bin/git to any
}
# What a program belonged to, and lists, count as they do for a flow of now.
identity_is_replayed() {
	play 'owner 6 exe "/usr/bin/rsync" cmd "rsync" comm "rsync" pid 4600 cgroup "/system.slice/backup.service"'
	play 'owner 7 exe "/usr/bin/rsync" cmd "rsync" comm "rsync" pid 4700'
	seen 'owner 6 tcp 198.51.100.20 port 873' 'owner 7 tcp 198.51.100.21 port 873'
	until_true 10 logged 2 --program rsync || return 1
	snitch --json log --program rsync | jq -e '[.flows[] | select(.app == ["unit backup.service"]).address] == ["198.51.100.20"]' &&
	exit_is 6 snitch --json rules test deny unit backup to any >"$WORK/out" &&
	jq -e '[.changes[].remote] == ["198.51.100.20:873 tcp"]' "$WORK/out" &&
	printf '198.51.100.21\n' >"$WORK/list" && snitch lists add past "$WORK/list" &&
	exit_is 6 snitch --json rules test deny any to list:past >"$WORK/out" &&
	jq -e '[.changes[].remote] == ["198.51.100.21:873 tcp"]' "$WORK/out" && snitch lists rm past
}
proposal() { snitch --json review | jq -r ".proposals[] | select(.program == \"$1\") | .$2"; }
proposes() {
	snitch review </dev/null >"$WORK/out"
	cat "$WORK/out"
	[[ $(proposal /usr/bin/curl rule) == "allow /usr/bin/curl"*" to 203.0.113.7,203.0.113.8,203.0.113.77 port 443 tcp" ]] &&
	grep -F '4 times' "$WORK/out" && grep -A1 -F 'not proposed: /usr/bin/python3.11' "$WORK/out" | grep -F interpreter &&
	snitch --json review | jq -e '.not_proposed[0].why_not | test("interpreter")' &&
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/out"
}
accepts_by_id() {
	local id; id=$(proposal /usr/bin/curl id)
	exit_is 5 snitch review --accept 00000000 && snitch --json review --accept "$id" >"$WORK/out" && cat "$WORK/out" &&
	jq -e '.accepted[0].rule_id | test("^[0-9a-f]{16}$")' "$WORK/out" &&
	snitch rules list | grep "allow /usr/bin/curl .*to 203.0.113.7,203.0.113.8,203.0.113.77 port 443 tcp" &&
	[[ -z $(proposal /usr/bin/curl id) ]] && exit_is 5 snitch review --accept "$id"
}
hits_are_counted() {
	local id; id=$(jq -r '.accepted[0].rule_id' "$WORK/out")
	hits() { [[ $(snitch --json rules list | jq ".rules[] | select(.id == \"$id\") | .hits") -eq $1 ]]; }
	hits 0 || return 1
	seen 'owner 2 tcp 203.0.113.7 port 443'
	until_true 10 hits 1 && snitch rules list | grep -E "^$id +user|^$id +system" | grep -E ' 1  allow /usr/bin/curl' && [[ $(snitch --json log | jq -r '.flows[] | select(.by == "rule") | .rule') == "$id" ]]
}
refused_is_proposed() {
	snitch mode quiet || return 1
	play 'owner 5 exe "/usr/bin/wget" cmd "wget" comm "wget" pid 4500'
	seen 'owner 5 tcp 198.51.100.1 port 80' 'owner 5 tcp 198.51.100.2 port 443'
	until_true 10 logged 2 --verdict refused && [[ $(proposal /usr/bin/wget refused) == $'1\n1' ]]
}

pane() { tm capture-pane -p -t "$1"; }
pane_says() { pane "$1" | grep -qF -- "$2"; }
sees() { until_true 10 pane_says "$1" "$2" || { echo "not on the screen: $2"; pane "$1"; return 1; }; }
keys() { local to=$1 k; shift; for k in "$@"; do tm send-keys -t "$to" "$k"; sleep 0.2; done; }
reviews() {
	tm new-session -d -s "$1" -x 80 -y 24 \
		"env TERM=$2 SNITCH_BUS=$SNITCH_BUS $BIN/snitch review --program wget; echo left \$?; sleep 60" && sees "$1" "proposal 1 of"
}
terminal_writes_what_it_shows() {
	reviews a screen && sees a "a allow   d deny   e edit   l later" || return 1
	keys a d
	sees a "This rule will be written" && sees a "deny /usr/bin/wget" || return 1
	! snitch rules list | grep -F "deny /usr/bin/wget" || return 1
	keys a Escape
	sees a "a allow   d deny" || return 1
	keys a Enter
	! snitch rules list | grep -F "/usr/bin/wget" || return 1
	keys a d Enter
	sees a "proposal 2 of 2" && snitch rules list | grep -E "deny /usr/bin/wget .*to 198.51.100.[12] " || return 1
	keys a l
	sees a "left 0"
}
terminal_edits() {
	tm new-session -d -s e -x 80 -y 24 \
		"env TERM=screen SNITCH_BUS=$SNITCH_BUS $BIN/snitch review --program wget; echo left \$?; sleep 60"
	# not before: with its last session tmux ends, and the next one could come to it just then
	tm kill-session -t a
	sees e "proposal 1 of 1" || return 1
	keys e e
	sees e "rule:" || return 1
	tm send-keys -t e -l 'allow wget to nowhere at all'
	keys e Enter
	sees e "expected" || return 1
	tm send-keys -t e -l 'allow /usr/bin/wget to 198.51.100.0/24 port 80'
	keys e Enter
	sees e "This rule will be written" && ! snitch rules list | grep -F "198.51.100.0/24" || return 1
	keys e Enter
	sees e "left 0" && snitch rules list | grep -F "allow /usr/bin/wget to 198.51.100.0/24 port 80"
}
terminal_left() {
	seen 'owner 5 tcp 192.0.2.1 port 8080' 'owner 5 tcp 192.0.2.2 port 8081'
	until_true 10 eval '[[ $(proposal /usr/bin/wget id | wc -l) -ge 2 ]]' || return 1
	reviews c dumb || return 1
	keys c "a" Enter
	sees c "This rule will be written" || return 1
	tm capture-pane -e -p -t c | grep -q $'\033' && return 1
	keys c C-c
	sees c "left 130" && ! snitch rules list | grep -F "192.0.2."
}
survives_restart() {
	local before; before=$(snitch --json log -n 0 | jq '[.flows[].count] | add')
	kill "$DAEMON"; wait "$DAEMON" 2>/dev/null
	[[ $(stat -c %a "$DB") == 640 ]] || { stat "$DB"; return 1; }
	start_fake && start_daemon && logged "$before" -n 0
}
broken_file_is_moved() {
	kill "$DAEMON"; wait "$DAEMON" 2>/dev/null
	rm -f "$DB-wal" "$DB-shm"
	head -c 20000 /dev/urandom >"$DB"
	start_fake && start_daemon && until_true 10 test -s "$DB.broken-1" && logged 0 -n 0 &&
	grep -F "broken-1 now, and a new one is begun" "$WORK/daemon.log" || { tail "$WORK/daemon.log"; return 1; }
	play 'owner 2 exe "/usr/bin/curl" cmd "curl" comm "curl" pid 4242'
	seen 'owner 2 tcp 203.0.113.7 port 443'
	until_true 10 logged 1
}
history_off() {
	kill "$DAEMON"; wait "$DAEMON" 2>/dev/null
	rm -f "$DB"*
	echo "history = off" >"$ROOT/etc/snitch/snitchd.conf"
	start_fake && start_daemon || return 1
	says "no history is kept" snitch log && exit_is 1 snitch log && [[ ! -e $DB ]] &&
	[[ $(snitch --json status | jq .History) == false ]] && snitch rules list >/dev/null
}
bad_setting() {
	kill "$DAEMON"; wait "$DAEMON" 2>/dev/null
	echo "history = yes" >"$ROOT/etc/snitch/snitchd.conf"
	start_fake
	"$BIN/snitchd" --root "$ROOT" --no-drop --foreground --device "$WORK/dev" >"$WORK/out" 2>&1 7>&-
	[[ $? -eq 1 ]] && grep -F 'history = all|asked|off' "$WORK/out"
}

for tool in jq tmux; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "snitchd starts" start
ok "nothing was decided yet" empty
ok "what is observed is in the log, escaped" observed_is_logged
ok "log: filters" filters
ok "wrong arguments" log_usage
ok "log --follow" follows
ok "rules test: what would have changed, exit code 6 or 0" rules_tested
ok "rules test: ancestry" parents_are_replayed
ok "rules test: units and lists" identity_is_replayed
ok "review: addresses that were seen; no interpreter" proposes
ok "review --accept ID writes the rule; it is no proposal then" accepts_by_id
ok "hits and last use of a rule" hits_are_counted
ok "what was refused is proposed, too" refused_is_proposed
ok "at a terminal: shown, confirmed, written" terminal_writes_what_it_shows
ok "at a terminal: edited" terminal_edits
ok "at a dumb terminal: left without a rule" terminal_left
ok "the history survives the daemon" survives_restart
ok "a broken file is moved aside" broken_file_is_moved
ok "history = off" history_off
ok "a setting that makes no sense is refused" bad_setting
finish
