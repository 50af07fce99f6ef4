#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line against a real snitchd whose device is the fake one: questions, answers, JSON,
# exit codes, `snitch ask` in a terminal of 80x24 and in a dumb one. It must never reach a daemon
# of the machine: everything goes by a private socket in its own folder.
. "$(dirname "$0")/lib/daemon.sh"

export SNITCH_ROOT=$ROOT

# What is said of curl: the policies that are shipped are read from the tests' own root.
put_policy() {
	umask 022
	mkdir -p "$ROOT/usr/share/snitch/iap" &&
	cp "$TOP/userspace/iap/policies/curl.InternetAccessPolicy.json" "$ROOT/usr/share/snitch/iap"
}
silent_on_stdout() { [[ -z $("$@" 2>/dev/null) ]]; }
pending_count() { [[ $(snitch pending --count) -eq $1 ]]; }
first_id() { snitch --json pending | jq -r '.questions[0].id'; }

no_daemon() {
	exit_is 3 snitch mode && exit_is 3 snitch pending && exit_is 3 snitch rules list &&
	says "systemctl start snitchd" snitch mode
}
usage_errors() {
	exit_is 2 snitch && exit_is 2 snitch nonsense && exit_is 2 snitch answer 1 &&
	exit_is 2 snitch answer x allow && exit_is 2 snitch answer 1 maybe &&
	exit_is 2 snitch answer 1 allow for ever && exit_is 2 snitch answer 1 allow --scope world &&
	exit_is 2 snitch mode loud && exit_is 2 snitch mode ask for never && exit_is 2 snitch pending --bogus &&
	exit_is 2 snitch pending --wait --count && exit_is 2 snitch pending --timeout &&
	exit_is 2 snitch rules list --scope bogus && says "no option '--bogus'" snitch --bogus &&
	silent_on_stdout snitch nonsense
}
help_fits() {
	local c
	for c in "" $(snitch complete ""); do
		# shellcheck disable=SC2086
		snitch help $c >"$WORK/out" && [[ -s $WORK/out ]] && ! grep -E '.{80}' "$WORK/out" || return 1
	done
}
starts_observing() {
	[[ $(snitch --json mode | jq -r .mode) == observe ]] && exit_is 10 snitch status -q
}
wait_stream() {
	"$BIN/snitch" --json pending --wait >"$WORK/stream" 2>"$WORK/stream.err" &
	STREAM=$!
	PIDS+=("$STREAM")
	until_true 10 grep -q hello "$WORK/stream" || return 1
	[[ $(snitch --json status | jq .Agents) -eq 1 ]]
}
question_streams() {
	play 'flow 10 owner 2 tcp 203.0.113.7 port 443'
	until_true 10 grep -q '"question"' "$WORK/stream" || { cat "$WORK/stream" "$WORK/daemon.log"; return 1; }
	jq -se '.[1] | .type == "question" and .question.program == "/usr/bin/curl" and
		.question.address == "203.0.113.7" and .question.port == 443 and
		.question.flows == 1 and (.question.id | type) == "string" and
		.question.parents[0].program == "/usr/bin/make"' "$WORK/stream"
}
policy_is_told() {
	jq -se '.[1].question.policy | .source == "shipped with snitch" and
		(.connections | length) == 1 and (.connections[0].purpose | startswith("Connects to"))' \
		"$WORK/stream" &&
	snitch --json pending | jq -e '.questions[0].policy.connections[0].deny_consequences' &&
	says "for: Connects to the server" snitch pending
}
nothing_hostile() {
	snitch pending >"$WORK/out" && snitch --json pending >>"$WORK/out" &&
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/out" "$WORK/stream" && grep -qF 'x1b[2J' "$WORK/out"
}
answered_once() {
	local id; id=$(first_id)
	[[ $(snitch --json pending --count) == '{"count":1}' ]] && says "1 flow released" snitch answer "$id" allow &&
	play 'expect 10 allow by person' && until_true 10 pending_count 0 &&
	until_true 10 grep -q '"removed"' "$WORK/stream" && exit_is 5 snitch answer "$id" allow
}
answered_for_good() {
	play 'flow 11 owner 2 udp 2001:db8::7 port 5353'
	until_true 10 pending_count 1 || return 1
	snitch --json answer "$(first_id)" deny forever --scope address >"$WORK/out" || return 1
	jq -e '.flows == 1 and (.rule | test("^deny /usr/bin/curl .*to 2001:db8::7$"))' "$WORK/out" &&
	play 'expect 11 deny' && snitch rules list | grep "deny /usr/bin/curl .*to 2001:db8::7"
}
rule_added_and_removed() {
	local id
	id=$(snitch rules add deny /usr/bin/nc to 192.0.2.1 port 80 tcp) || return 1
	snitch rules list | grep -F "$id" | grep -F 'deny /usr/bin/nc to 192.0.2.1 port 80 tcp' &&
	snitch --json rules list | jq -e --arg id "$id" '.rules[] | select(.id == $id) | .scope == "system"' &&
	[[ $(snitch --json rules rm "$id") == "{\"removed\":[\"$id\"]}" ]] &&
	! snitch rules list | grep -F "$id" && exit_is 5 snitch rules rm "$id" &&
	says "there is no rule with this id" snitch rules rm "$id"
}
admin_rule_added_and_removed() {
	local id file=$ROOT/etc/snitch/rules.d/prompts.rules
	id=$(snitch rules add --scope admin --root "$ROOT" deny /usr/bin/nc to 192.0.2.2) || return 1
	grep -F "[id=$id] deny /usr/bin/nc to 192.0.2.2" "$file" &&
	until_true 10 eval "snitch --json rules list | jq -e --arg id $id '.rules[] | select(.id == \$id) | .scope == \"admin\"'" &&
	snitch rules rm --root "$ROOT" "$id" && [[ ! -s $file ]] && exit_is 5 snitch rules rm --root "$ROOT" "$id" &&
	exit_is 2 snitch rules add --scope user --root "$ROOT" deny any to 192.0.2.2
}
bad_rule() {
	exit_is 7 snitch rules add deny curl to nowhere at all && exit_is 2 snitch rules add
}
rules_offline() {
	printf 'allow /usr/bin/curl to 192.0.2.1\n# note\n\n' >"$WORK/good.rules"
	printf 'allow /usr/bin/curl to 192.0.2.1\nallow to\n' >"$WORK/bad.rules"
	SNITCH_BUS=/nowhere says "1 rule, no error" snitch rules check "$WORK/good.rules" &&
	SNITCH_BUS=/nowhere exit_is 7 snitch rules check "$WORK/bad.rules" &&
	says "bad.rules:2" snitch rules check "$WORK/bad.rules" && exit_is 5 snitch rules check "$WORK/none.rules" &&
	says "no error" snitch rules check - <"$WORK/good.rules"
}
rules_findings() {
	printf '%s\n' 'allow /bin/sh to any' 'allow /bin/sh to 192.0.2.1' 'deny /bin/sh to 10.0.0.1' \
		'allow /bin/sh to 10.0.0.1' 'allow /bin/sh to any until 2020-01-01' \
		'allow /nowhere/sh to any port 7' >"$WORK/says-nothing.rules"
	printf 'allow /bin/sh to any\nallow /bin/sh to 192.0.2.1 for 1h\nallow to\n' >"$WORK/two-errors.rules"
	exit_is 6 snitch rules check "$WORK/says-nothing.rules" &&
	says "nothing.rules:2: redundant: allow /bin/sh to 192.0.2.1" snitch rules check "$WORK/says-nothing.rules" &&
	exit_is 6 snitch --json rules check "$WORK/says-nothing.rules" >"$WORK/out" && jq -e '.ok and .errors == [] and
		([.findings[] | [.kind, .line, .other.line]] | sort) == ([["redundant", 2, 1],
		["contradiction", 4, 3], ["ended", 5, null], ["missing", 6, null]] | sort)' "$WORK/out" &&
	exit_is 7 snitch --json rules check "$WORK/two-errors.rules" >"$WORK/out" &&
	jq -e '(.ok | not) and [.errors[] | [.line, .column]] == [[2, 28], [3, 7]]' "$WORK/out"
}
explains_offline() {
	mkdir -p "$WORK/other/etc/snitch/rules.d"
	printf '%s\n' 'allow /usr/bin/curl to any port 80' 'deny any to 192.0.2.0/24' \
		>"$WORK/other/etc/snitch/rules.d/x.rules"
	says "x.rules:1: port 443 is not 80" snitch explain --root "$WORK/other" /usr/bin/curl to 192.0.2.7 port 443 &&
	snitch --json explain --root "$WORK/other" /usr/bin/curl to 192.0.2.7 port 80 | jq -e '.verdict == "deny" and
		.by == "kernel" and .rule.line == 2 and .misses[0].rule.line == 1 and .misses[0].matches and
		.misses[0].why == "matches, but an address is more specific than any"' &&
	snitch --json explain --root "$WORK/other" /usr/bin/wget to 10.0.0.1 | jq -e '.verdict == "none" and (.rule | not)' &&
	exit_is 7 snitch explain --root "$WORK/other" curl to 10.0.0.1 &&
	exit_is 2 snitch explain --offline 17 && exit_is 2 snitch explain && exit_is 2 snitch explain --bogus x
}
explains_as() {
	printf '%s\n' 'allow unit backup to any' 'deny script /opt/x.py to any' >"$WORK/other/etc/snitch/rules.d/x.rules"
	as() { [[ $(snitch --json explain --root "$WORK/other" "$@" | jq -r .verdict) == "$WANT" ]]; }
	WANT=allow as /usr/bin/curl as unit backup to 192.0.2.7 && WANT=allow as unit backup to 192.0.2.7 &&
	WANT=none as /usr/bin/curl to 192.0.2.7 &&
	WANT=deny as /usr/bin/python3 as unit backup as script /opt/x.py to 192.0.2.7 &&
	snitch --json explain --root "$WORK/other" /usr/bin/curl as unit backup to 192.0.2.7 port 443 |
		jq -e '.flow | startswith("/usr/bin/curl as unit backup user ")' &&
	exit_is 7 snitch explain --root "$WORK/other" /usr/bin/curl as /bin/sh to 192.0.2.7
}
explains_lists_offline() {
	mkdir -p "$WORK/other/var/lib/snitch/lists" && printf '192.0.2.0/24\nads.example\n' >"$WORK/other/var/lib/snitch/lists/bad.list" &&
	echo 'deny any to list:bad' >"$WORK/other/etc/snitch/rules.d/x.rules" &&
	snitch --json explain --root "$WORK/other" /usr/bin/curl to 192.0.2.7 | jq -e '.verdict == "deny" and .by == "kernel"' &&
	snitch --json explain --root "$WORK/other" /usr/bin/curl to x.ads.example,10.0.0.1 |
		jq -e '.verdict == "deny" and .by == "daemon"' &&
	snitch --json explain --root "$WORK/other" /usr/bin/curl to 10.0.0.1 | jq -e '.verdict == "none"'
}
explains_without_daemon() {
	says "by the rule files alone" snitch explain /usr/bin/curl to 192.0.2.7 port 443 && exit_is 3 snitch explain 1
}
explains() {
	local id rule
	rule=$(snitch rules add ask /usr/bin/curl to 198.51.100.40 port 22 for 1h) || return 1
	snitch --json explain /usr/bin/curl to 198.51.100.40 port 443 | jq -e --arg rule "$rule" '.mode == "ask" and
		.verdict == "none" and .by == "daemon" and (.misses[] | select(.rule.id == $rule).why) == "port 443 is not 22"' &&
	play 'flow 12 owner 2 tcp 198.51.100.40 port 22' && until_true 10 pending_count 1 || return 1
	id=$(first_id)
	for id in "$id" 12; do	# the question, the flow
		snitch --json explain "$id" | jq -e --arg rule "$rule" '.verdict == "ask" and .rule.id == $rule and
			(.flow | startswith("/usr/bin/curl child-of /usr/bin/make user ")) and
			(.flow | endswith(" to 198.51.100.40 port 22 tcp"))' || return 1
	done
	says "198.51.100.40" snitch explain 12 && snitch complete explain / >/dev/null &&
	snitch complete explain /bin/sh "" | grep -qx to &&
	[[ $(snitch complete explain /bin/sh as u) == unit ]] && exit_is 5 snitch explain 987654 &&
	exit_is 7 snitch explain curl to 192.0.2.1 && snitch answer "$(first_id)" deny &&
	play 'expect 12 deny by person' && snitch rules rm "$rule" && until_true 10 pending_count 0
}
# Not faster than in a while; then again.
explains_paced() {
	local refused=0
	for _ in {1..60}; do
		snitch explain /usr/bin/curl to 192.0.2.7 >"$WORK/out" 2>&1 || { refused=1; break; }
	done
	[[ $refused -eq 1 ]] && grep -F "too many explanations at once" "$WORK/out" &&
	until_true 5 snitch explain /usr/bin/curl to 192.0.2.7
}
mode_for_a_time() {
	snitch mode quiet for 1h && says "for another" snitch mode && snitch mode ask &&
	[[ $(snitch mode) == ask:* ]] && exit_is 0 snitch status -q
}
completes() {
	[[ $(snitch complete rul) == rules ]] && snitch complete mode "" | grep -qx lockdown &&
	snitch complete answer 1 a | grep -qx allow && [[ -z $(snitch complete bogus "") ]] &&
	[[ $(snitch complete --json rul) == rules && $(snitch complete help pan) == panic ]] &&
	[[ $(snitch complete "" | sort) == $(snitch help | sed -n 's/^  \([a-z][a-z]*\) *.*/\1/p' | sort) ]]
}
stream_ends_well() {
	local code
	kill "$STREAM"; wait "$STREAM"; code=$?
	[[ $code -eq 0 ]] || { echo "exit code $code"; cat "$WORK/stream.err"; return 1; }
}
timeout_ends() { exit_is 8 snitch pending --wait --timeout 1s; }
ask_without_terminal() { exit_is 1 snitch ask </dev/null && says "pending --wait --json" snitch ask </dev/null; }

pane() { tm capture-pane -p -t "$1"; }
pane_says() { pane "$1" | grep -qF -- "$2"; }
sees() { until_true 10 pane_says "$1" "$2" || { echo "not on the screen: $2"; pane "$1"; tail -n 3 "$WORK/daemon.log"; return 1; }; }
open_ask() {
	tm new-session -d -s "$1" -x 80 -y 24 "env TERM=$2 SNITCH_BUS=$SNITCH_BUS $BIN/snitch ask; echo left \$?; sleep 60" &&
	sees "$1" "$3"
}
keys() { local to=$1 k; shift; for k in "$@"; do tm send-keys -t "$to" "$k"; sleep 0.2; done; }
ask_shows() {
	play 'flow 20 owner 2 tcp 198.51.100.9 port 22'
	sees a "curl wants to connect to 198.51.100.9" && sees a "TCP 22 (ssh)" &&
	sees a "make > curl" && sees a "1 flow waits, refused in" &&
	sees a "purpose  Connects to the server" && sees a "so says  shipped with snitch"
}
ask_tells_what_denying_costs() {
	sleep 0.6
	keys a d
	sees a "denied:  If you deny this, the transfer fails." && keys a Escape &&
	sees a "purpose  Connects to the server"
}
ask_answers() {
	sleep 0.6
	keys a d o
	play 'expect 20 deny by person'
	sees a "to 198.51.100.9 port 22 tcp once (1 flow)" && until_true 5 pending_count 0
}
ask_writes_rule() {
	play 'flow 21 owner 2 tcp 198.51.100.10 port 80'
	sees a "wants to connect to 198.51.100.10" || return 1
	sleep 0.6
	keys a a 2 r
	sees a "This rule will be written" && sees a "to 198.51.100.10 until reboot" || return 1
	pending_count 1 || return 1
	keys a Enter
	play 'expect 21 allow by person'
	until_true 5 pending_count 0 && snitch rules list | grep "allow /usr/bin/curl .*to 198.51.100.10 until reboot"
}
ask_ignores_early_keys() {
	tm send-keys -t a a o a o a o
	play 'flow 22 owner 2 tcp 198.51.100.11 port 81'
	until_true 5 pane_says a "198.51.100.11" || return 1
	tm send-keys -t a a o
	sleep 1
	pending_count 1 && pane_says a "a allow   d deny"
}
ask_withdraws() {
	play 'cancel 22 closed deny'
	sees a "missed: refused unanswered"
}
ask_later() {
	keys a l
	sees a "put off"
}
no_agents() { [[ $(snitch --json status | jq .Agents) -eq 0 ]]; }
ask_leaves() {
	keys a C-c
	sees a "left 130" && until_true 5 no_agents
}
dumb_ask() {
	play 'flow 30 owner 2 icmp 198.51.100.12'
	sees d "wants to ping 198.51.100.12" || return 1
	sleep 0.6
	keys d "a o" Enter
	play 'expect 30 allow by person'
	sees d "once (1 flow)" && ! tm capture-pane -e -p -t d | grep -q $'\033'
}
ask_survives_restart() {
	tm new-session -d -s r -x 80 -y 24 "env TERM=screen SNITCH_BUS=$SNITCH_BUS $BIN/snitch ask; echo left \$?; sleep 60"
	sees r "wants to connect to 198.51.100.11" || return 1
	kill "$DAEMON"
	sees r "waiting for it" || return 1
	start_fake && start_daemon && sees r "no questions" || return 1
	play 'owner 2 exe "/usr/bin/wget" cmd "wget" comm "wget" pid 4243'
	play 'flow 40 owner 2 tcp 198.51.100.13 port 443'
	sees r "wget wants to connect to 198.51.100.13"
}

for tool in jq tmux; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "without a daemon: exit code 3 and what to do" no_daemon
ok "wrong arguments: exit code 2" usage_errors
ok "explain by the rule files" explains_offline
ok "explain: what a program runs as" explains_as
ok "explain by the files of lists" explains_lists_offline
ok "explain without a daemon says so" explains_without_daemon
ok "help fits 80 columns" help_fits
ok "a policy of curl is there" put_policy
ok "snitchd starts on the fake device" start
ok "it starts in mode observe" starts_observing
ok "mode ask" snitch mode ask
ok "pending --wait --json is an agent" wait_stream
ok "a parked flow becomes a question in the stream" question_streams
ok "what the policy of the program says is in it" policy_is_told
ok "hostile bytes come out escaped" nothing_hostile
ok "answer allow releases the flow; a second answer finds nothing" answered_once
ok "answer deny forever writes a rule" answered_for_good
ok "rules add, list, rm" rule_added_and_removed
ok "the administrator's rules are written by snitch itself" admin_rule_added_and_removed
ok "a rule that is none: exit code 7" bad_rule
ok "rules check works without a daemon" rules_offline
ok "rules check finds rules that say nothing" rules_findings
ok "explain, by a description, a question, a waiting flow" explains
ok "explain: not without end" explains_paced
ok "mode for a time" mode_for_a_time
ok "complete" completes
ok "SIGTERM ends the stream with 0" stream_ends_well
ok "pending --wait --timeout ends with 8" timeout_ends
ok "ask without a terminal names the way out" ask_without_terminal
ok "ask opens in 80x24" open_ask a screen "no questions"
ok "ask shows who, whom and how long" ask_shows
ok "d says what denying costs" ask_tells_what_denying_costs
ok "d o denies once" ask_answers
ok "a 2 r Enter shows the rule, then writes it" ask_writes_rule
ok "keys too early for a question are ignored" ask_ignores_early_keys
ok "a flow that ended is said" ask_withdraws
ok "l puts it off" ask_later
ok "Ctrl-C leaves and unregisters" ask_leaves
ok "ask opens in a dumb terminal" open_ask d dumb "missed"
ok "lines answer there, without one escape sequence" dumb_ask
ok "ask waits for a daemon that comes back" ask_survives_restart
ok "the fake device got what it expected" fake_is_content
finish
