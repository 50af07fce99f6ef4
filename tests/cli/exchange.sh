#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules of other firewalls imported into a real snitchd, and its rules exported: what is said, what
# is stored, and that it is all or nothing. It must never read or write outside its own folder.
. "$(dirname "$0")/lib/daemon.sh"

HARD=$TOP/tests/exchange
STORE=$ROOT/var/lib/snitch/rules/system.rules

rules_text() { snitch --json rules list | jq -r '.rules[] | select(.scope != "builtin") | .text' | sort; }
stored() { [[ $(rules_text | wc -l) -eq $1 ]] || { echo "stored: $(rules_text)"; return 1; }; }
remove_all() {
	local ids
	ids=$(snitch --json rules list | jq -r '.rules[] | select(.scope != "builtin") | .id')
	# shellcheck disable=SC2086
	[[ -z $ids ]] || snitch rules rm $ids
}
import() { snitch rules import --scope system "$@"; }

wrong_words() {
	exit_is 2 snitch rules import && exit_is 2 snitch rules import --bogus x &&
	exit_is 2 snitch rules import --format tar x && exit_is 2 snitch rules import a b &&
	exit_is 2 snitch rules import --scope builtin x && exit_is 2 snitch rules import --scope &&
	exit_is 2 snitch rules export --format opensnitch && exit_is 2 snitch rules export --reviewed &&
	exit_is 5 snitch rules import "$WORK/none.lsrules" && exit_is 2 snitch rules import --root /x y
}
dry_run_stores_nothing() {
	import --dry-run "$HARD/lsrules/switches.lsrules" >"$WORK/out" &&
	grep -q '^22 would be imported (11 disabled for review), 2 kept but not enforced, 4 not carried over$' "$WORK/out" &&
	grep -q 'rule 6, action "dney": not carried over' "$WORK/out" && stored 0
}
dry_run_needs_no_daemon() {
	SNITCH_BUS=/nowhere import --dry-run "$HARD/lsrules/mark.lsrules" && SNITCH_BUS=/nowhere exit_is 3 import "$HARD/lsrules/mark.lsrules"
}
imports_lsrules() {
	import "$HARD/lsrules/ports-protocols.lsrules" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	[[ $(cat "$WORK/out") == "10 imported (0 disabled for review), 14 not carried over" ]] &&
	[[ $(grep -c 'not carried over' "$WORK/err") -eq 14 ]] && stored 9 &&
	rules_text | grep -x 'deny any to any port 6660-6669 tcp'
}
again_adds_nothing() {
	import "$HARD/lsrules/ports-protocols.lsrules" && stored 9 && [[ $(wc -l <"$STORE") -eq 9 ]]
}
allow_waits() {
	remove_all && import "$HARD/lsrules/switches.lsrules" &&
	rules_text | grep -x 'allow /usr/bin/curl to any disabled  # arrives disabled' &&
	! rules_text | grep '^allow' | grep -v disabled
}
reviewed_counts() {
	remove_all && import --reviewed "$HARD/lsrules/switches.lsrules" &&
	rules_text | grep -x 'allow /usr/bin/curl to any  # arrives disabled'
}
refused_as_a_whole() {
	remove_all && exit_is 7 import "$HARD/lsrules/twice.lsrules" && says "twice.lsrules:3: " import "$HARD/lsrules/twice.lsrules"
	stored 0
}
json_report() {
	local f=$HARD/lsrules/bad-remotes.lsrules
	import --json --dry-run "$f" | jq -e '.imported == 4 and .review == 2 and (.report | length) > 10 and
		(.report[] | select(.key == "remote-domains" and .found == "17") | .line == 7 and .rule == 1 and .fate == "left") and
		(.rules[] | select(.text == "deny any to *.good.example") | .review == false)'
}
hostile_names() {
	local name=$WORK/$'a\033[2Jb.lsrules'
	cp "$HARD/lsrules/programs.lsrules" "$name" && import --dry-run "$name" >"$WORK/out" 2>&1 && [[ -s $WORK/out ]] &&
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/out"
}
writes_lists() {
	mkdir "$WORK/lists" && import --lists "$WORK/lists" "$HARD/lsrules/denied.lsrules" &&
	grep -x '203.0.113.0/24' "$WORK/lists/ads-trackers-test.list" &&
	rules_text | grep -x 'deny any to list:ads-trackers-test  # blocks list:ads-trackers-test for privacy' &&
	exit_is 1 import --lists "$WORK/lists" "$HARD/lsrules/denied.lsrules"
}
no_daemon_no_lists() {
	mkdir "$WORK/lists2" && SNITCH_BUS=/nowhere exit_is 3 import --lists "$WORK/lists2" "$HARD/lsrules/denied.lsrules" &&
	[[ -z $(ls -A "$WORK/lists2") ]]
}
imports_opensnitch() {
	local folder=$WORK/opensnitch
	mkdir "$folder" && cp "$HARD"/opensnitch/*.json "$folder" && echo x >"$folder/README" && ln -s nowhere "$folder/.hidden.json" &&
	remove_all && import --format opensnitch "$folder" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	grep -E '^[0-9]+ imported \([0-9]+ disabled for review\), [0-9]+ not carried over$' "$WORK/out" &&
	grep -F 'command.json:4: process.command "python3 /opt/x.py": not carried over' "$WORK/err" &&
	rules_text | grep -x 'deny any to \*.telemetry.example,\*.telemetry.test  # telemetry' &&
	rules_text | grep -x 'drop /usr/bin/wget to ::/0 udp  # two programs'
}
runtime_takes_what_ends() {
	remove_all && snitch rules import --scope runtime "$HARD/opensnitch/until-restart.json" && rules_text | grep 'until reboot' &&
	remove_all && snitch rules import --scope runtime "$HARD/opensnitch/span.temporary.json" && rules_text | grep 'for 1h30m'
}
all_or_nothing() {
	remove_all && mv "$ROOT/var/lib/snitch/rules" "$ROOT/var/lib/snitch/away" && : >"$ROOT/var/lib/snitch/rules" || return 1
	exit_is 1 import "$HARD/lsrules/ports-protocols.lsrules" && stored 0
	local bad=$?
	rm "$ROOT/var/lib/snitch/rules" && mv "$ROOT/var/lib/snitch/away" "$ROOT/var/lib/snitch/rules" && return $bad
}
to_the_administrator() {
	local root=$WORK/admin
	mkdir -p "$root/etc/snitch/rules.d" &&
	snitch rules import --scope admin --root "$root" "$HARD/lsrules/remote-keys.lsrules" &&
	[[ $(grep -c '^\[id=' "$root/etc/snitch/rules.d/prompts.rules") -eq 12 ]] || return 1
	# It reads them, and sees that some say what others say.
	snitch rules check --root "$root"
	[[ $? -eq 6 ]]
}
# There and back, by each format: the same rules.
round() {
	local format=$1 rule
	remove_all || return 1
	for rule in 'deny /usr/bin/nc to 192.0.2.1 port 80,8000-8100 tcp priority high  # a "note"' 'allow any to *.example.com' \
		'ask "/opt/a b" to local-net disabled' 'deny /usr/bin/ssh child-of /usr/bin/git to any in'; do
		snitch rules add --scope system "$rule" || return 1
	done
	rules_text >"$WORK/before"
	snitch rules export --format "$format" "$WORK/rules.$format" && remove_all && stored 0 &&
	import --reviewed --format "$format" "$WORK/rules.$format" && rules_text >"$WORK/after" || return 1
	# programs that are not here stay disabled in rules of others
	[[ $format != lsrules ]] || sed -i 's/ disabled  # there is no such program here | /  # /; s/  # there is no such program here$//; s/ in disabled$/ in/' "$WORK/after"
	diff "$WORK/before" "$WORK/after"
}
export_says_what_is_left() {
	remove_all && snitch rules add --scope system 'deny any to list:trackers' && snitch rules add --scope system 'drop any to 192.0.2.1' || return 1
	says 'lists are files of their own there' snitch rules export --format lsrules &&
	says 'written as deny' snitch rules export --format lsrules && snitch rules export --format lsrules 2>/dev/null | jq -e '.rules | length == 1' &&
	[[ $(snitch --json rules export 2>/dev/null | jq '.rules | length') -eq 2 ]]
}
many_at_once() {
	remove_all || return 1
	jq -n '{rules: [range(5000) | {action: "deny", process: "any", "remote-domains": "d\(.).example"}]}' >"$WORK/many.lsrules"
	says "5000 imported" import "$WORK/many.lsrules" && stored 5000 && [[ $(wc -l <"$STORE") -eq 5000 ]]
}

command -v jq >/dev/null || skip_all "no jq here"
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "wrong words: exit code 2, no file: 5" wrong_words
ok "import --dry-run needs no daemon, import does" dry_run_needs_no_daemon
ok "snitchd starts on the fake device" start
ok "import --dry-run tells all and stores nothing" dry_run_stores_nothing
ok "an .lsrules file is imported; the rest is told with its place" imports_lsrules
ok "imported again it adds nothing" again_adds_nothing
ok "allow rules arrive disabled" allow_waits
ok "--reviewed takes them as they stand" reviewed_counts
ok "a file that is wrong as a whole: exit code 7, nothing stored" refused_as_a_whole
ok "the report as JSON" json_report
ok "hostile names come out escaped" hostile_names
ok "denied remotes become a list file and one rule" writes_lists
ok "without a daemon no list stays" no_daemon_no_lists
ok "a folder of OpenSnitch" imports_opensnitch
ok "rules that end are taken with --scope runtime" runtime_takes_what_ends
ok "what cannot be written leaves the rules as they were" all_or_nothing
ok "the administrator's rules below --root" to_the_administrator
ok "there and back as JSON" round json
ok "there and back as a file of rules" round snitch
ok "there and back as .lsrules" round lsrules
ok "export says what it leaves out" export_says_what_is_left
ok "5000 rules in one transaction" many_at_once
finish
