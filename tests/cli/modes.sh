#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC1091
# Rules that end with a command, against a real snitchd whose device is the fake one: watch, run,
# profile, apply, built-in rules switched off. It must never confirm a trial: that writes to /etc.
. "$(dirname "$0")/lib/daemon.sh"

listed() { snitch rules list | grep -F -- "$1"; }
unlisted() { ! listed "$1"; }
held() { snitch --json pending | jq -e --arg a "$1" '.questions | any(.address == $a and .flows > 0)'; }

watch_begins() {
	"$BIN/snitch" watch 203.0.113.0/24 2001:db8::/32 >"$WORK/watch" 2>&1 &
	WATCH=$!
	PIDS+=("$WATCH")
	until_true 10 listed "ask any to 203.0.113.0/24,2001:db8::/32 priority high" &&
		snitch --json rules list | jq -e '.rules | any(.scope == "runtime" and (.file | startswith("snitch watch [")))'
}
watch_asks() {
	play 'flow 10 owner 2 tcp 203.0.113.7 port 443'
	until_true 10 held 203.0.113.7 && until_true 5 grep -q "203.0.113.7" "$WORK/watch" &&
		snitch answer "$(snitch --json pending | jq -r '.questions[0].id')" allow && play 'expect 10 allow by person'
}
watch_leaves_the_rest() {
	play 'flow 11 owner 2 tcp 198.51.100.7 port 443'
	until_true 5 eval '[[ $(snitch --json status | jq .Daemon.recorded) -ge 1 ]]' || return 1
	play 'expect 11 allow by mode'
	snitch mode ask
	play 'flow 12 owner 2 tcp 198.51.100.8 port 443'
	play 'expect 12 deny by mode'
	until_true 5 eval '[[ $(snitch --json status | jq .Daemon.refused) -ge 1 ]]' || return 1
	snitch mode observe && ! grep -q "198.51.100" "$WORK/watch"
}
watch_cannot_be_removed() {
	local id
	id=$(snitch --json rules list | jq -r '.rules[] | select(.text | startswith("ask any")) | .id')
	exit_is 1 snitch rules rm "$id" && says "it ends with snitch watch" snitch rules rm "$id"
}
watch_ends() {
	kill -9 "$WATCH"
	wait "$WATCH" 2>/dev/null
	until_true 5 unlisted "ask any to 203.0.113" || return 1
	play 'flow 13 owner 2 tcp 203.0.113.8 port 443'
	play 'expect 13 allow by mode'
}
watch_wrong() {
	exit_is 2 snitch watch && exit_is 7 snitch watch 203.0.113.0/33 && exit_is 7 snitch watch 'any priority'
}

run_exit_codes() {
	exit_is 0 snitch run -- true && exit_is 3 snitch run -- sh -c 'exit 3' && exit_is 127 snitch run -- /nowhere/none &&
	exit_is 143 snitch run -- sh -c 'kill $$' && exit_is 2 snitch run && exit_is 2 snitch run --bogus x -- true &&
	exit_is 7 snitch run --allow 'no where' -- true && exit_is 5 snitch run --rules /nowhere/none -- true
}
run_rules() {
	printf '# mine\ndeny /usr/bin/curl to 192.0.2.9\n' >"$WORK/mine.rules"
	snitch run --allow "192.0.2.1 port 80" --rules "$WORK/mine.rules" -- "$BIN/snitch" rules list >"$WORK/out"
	grep "runtime .*allow any and children to 192.0.2.1 port 80 until quit" "$WORK/out" &&
	grep "runtime .*deny /usr/bin/curl and children to 192.0.2.9 until quit" "$WORK/out" &&
	until_true 5 unlisted "and children"
}
run_record() {
	snitch run --record "$WORK/needed.rules" -- true && says "no error" snitch rules check "$WORK/needed.rules" &&
	grep -q '^# what true needed' "$WORK/needed.rules" && exit_is 1 snitch run --record /nowhere/none -- true
}
run_killed() {
	"$BIN/snitch" run -- sleep 600 &
	local pid=$!
	until_true 5 listed "allow any and children to any" || return 1
	local child; child=$(pgrep -P "$pid")
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	until_true 5 unlisted "and children" && until_true 5 eval "! kill -0 $child 2>/dev/null"
}

profile_none() { [[ $(snitch --json profile) == '{"active":"","auto":true,"profiles":[]}' ]]; }
profile_is() { snitch --json profile | jq -e --arg a "$1" --argjson b "$2" '.active == $a and .auto == $b'; }
profile_file() {
	printf 'lo-only when interface lo\nelsewhere otherwise\n' >"$ROOT/etc/snitch/profiles.conf"
	until_true 5 eval '[[ $(snitch --json profile | jq ".profiles | length") -eq 2 ]]' && snitch profile
}
profile_use() {
	snitch profile use elsewhere && profile_is elsewhere false && exit_is 5 snitch profile use nowhere &&
	listed "profile elsewhere" && snitch rules list | grep "profile lo-only.*not active"
}
profile_of_rules() {
	printf 'allow any to 192.0.2.1 profile elsewhere\nallow any to 192.0.2.2 profile lo-only\n' >"$ROOT/etc/snitch/rules.d/p.rules"
	until_true 5 listed "profile elsewhere"
}
profile_auto() { snitch profile auto && [[ $(snitch --json profile | jq .auto) == true ]]; }
profile_bad_file() {
	printf 'nonsense\n' >"$ROOT/etc/snitch/profiles.conf"
	until_true 5 grep -q "profiles go on as they were.*profiles.conf:1" "$WORK/daemon.log" &&
	[[ $(snitch --json profile | jq '.profiles | length') -eq 2 ]]
}

trial_reverts() {
	printf 'deny /usr/bin/nc to any\n' >"$WORK/web.rules"
	[[ $(id -u) -eq 0 ]] || { exit_is 4 snitch apply "$WORK/web.rules" --confirm 2s; return; }
	snitch apply "$WORK/web.rules" --confirm 3s >"$WORK/out" &
	local pid=$!
	until_true 5 eval 'snitch --json rules list | jq -e ".rules | any(.file == \"trial of web.rules\" and .scope == \"runtime\")"' || return 1
	exit_is 1 snitch apply "$WORK/web.rules" --confirm 3s
	wait "$pid"
	[[ $? -eq 1 ]] && grep -q '^reverted' "$WORK/out" && unlisted "deny /usr/bin/nc to any" &&
	[[ ! -e $ROOT/etc/snitch/rules.d/web.rules ]] && snitch --json status | jq -e '.TrialState == "reverted"'
}
trial_wrong() {
	[[ $(id -u) -eq 0 ]] || return 0
	printf 'deny nobody\n' >"$WORK/bad.rules"
	exit_is 7 snitch apply "$WORK/bad.rules" --confirm 3s && exit_is 5 snitch apply "$WORK/none.rules" --confirm 3s &&
	exit_is 2 snitch apply && exit_is 2 snitch apply "$WORK/web.rules" --confirm never &&
	exit_is 7 snitch apply "$WORK/web.rules" --confirm 2h && exit_is 5 snitch confirm
}

builtins() {
	mkdir -p "$ROOT/usr/lib/snitch/rules.d" && cp "$TOP"/userspace/rules.d/*.rules "$ROOT/usr/lib/snitch/rules.d" || return 1
	local f
	for f in "$ROOT"/usr/lib/snitch/rules.d/*.rules; do
		says "Switched off, " snitch rules disable builtin "${f##*/}" --root "$ROOT" </dev/null || return 1
		[[ ! -e $ROOT/etc/snitch/rules.d/${f##*/} ]] || return 1
	done
}
builtin_off_and_on() {
	local mask=$ROOT/etc/snitch/rules.d/20-dns.rules
	kill -HUP "$DAEMON"
	until_true 5 listed "to dns-servers port 53" && snitch rules disable builtin dns --yes --root "$ROOT" &&
	[[ $(readlink "$mask") == /dev/null ]] && until_true 5 unlisted "to dns-servers" &&
	snitch rules disable builtin --root "$ROOT" | grep "^off 20-dns.rules" &&
	snitch rules enable builtin 20-dns --root "$ROOT" && [[ ! -L $mask ]] && until_true 5 listed "to dns-servers" || return 1
	# nobody can ask the kernel: switched off, it is denied
	snitch rules disable builtin kernel-groups --yes --root "$ROOT" && until_true 5 listed "deny kernel igmp to any" &&
	until_true 5 listed "deny kernel mld to any" && snitch rules enable builtin kernel-groups --root "$ROOT" &&
	until_true 5 listed "allow kernel igmp to any" && until_true 5 unlisted "deny kernel igmp"
}
builtin_wrong() {
	printf 'allow any to 192.0.2.3\n' >"$ROOT/etc/snitch/rules.d/10-loopback.rules"
	exit_is 5 snitch rules disable builtin nonsense --root "$ROOT" && exit_is 2 snitch rules disable nonsense &&
	exit_is 1 snitch rules disable builtin loopback --yes --root "$ROOT" &&
	exit_is 1 snitch rules enable builtin loopback --root "$ROOT" && [[ -f $ROOT/etc/snitch/rules.d/10-loopback.rules ]]
}

mode_survives() {
	snitch mode quiet && snitch mode observe for 1h || return 1
	kill -9 "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	rm -f "$SNITCH_BUS"
	start_fake && start_daemon &&
	snitch --json mode | jq -e '.mode == "observe" and .after == "quiet" and .until_boottime > 0'
}

command -v jq >/dev/null || skip_all "no jq here"
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "snitchd starts on the fake device" start
ok "watch: its rule is there, and seen" watch_begins
ok "watch: what goes there is held, and asked about" watch_asks
ok "watch: the rest is the mode's" watch_leaves_the_rest
ok "watch: its rule cannot be removed, it ends" watch_cannot_be_removed
ok "watch: killed, its rule is gone" watch_ends
ok "watch: wrong addresses" watch_wrong
ok "run: exit codes" run_exit_codes
ok "run: rules, for the command and its children" run_rules
ok "run: a record is a file of rules" run_record
ok "run: killed, rules and command end" run_killed
ok "profile: none" profile_none
ok "profile: a file is noticed" profile_file
ok "profile: so are rules" profile_of_rules
ok "profile: use" profile_use
ok "profile: auto" profile_auto
ok "profile: a bad file changes nothing" profile_bad_file
ok "apply: unconfirmed, the rules are reverted" trial_reverts
ok "apply: wrong files and times" trial_wrong
ok "built-in: each says what breaks, and nothing breaks unasked" builtins
ok "built-in: off and on" builtin_off_and_on
ok "built-in: wrong names, files of one's own" builtin_wrong
ok "a timed mode survives kill -9" mode_survives
ok "the fake device got what it expected" fake_is_content
finish
