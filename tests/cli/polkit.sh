#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2034,SC2206
# What polkit may give to users, and what it never does: a stand-in of the test's own says yes, no,
# nothing or nonsense, on a bus of its own; then the real polkitd, where it is installed. It must
# never ask the machine's own polkit.
. "$(dirname "$0")/lib/daemon.sh"
. "$(dirname "$0")/lib/users.sh"

SYSTEM=65534
ID=org.snitch.Snitch1
ALL="$ID.keep-own $ID.answer-system $ID.manage"
BUS_POLICY='<policy user="root"><allow own="org.freedesktop.PolicyKit1"/></policy>
	<policy user="polkitd"><allow own="org.freedesktop.PolicyKit1"/></policy>
	<policy context="default"><allow send_destination="org.freedesktop.PolicyKit1"/></policy>'

# as UID COMMAND...: as that user, on the bus; become: in place of this shell
become() {
	local uid=$1; shift
	exec setpriv --reuid "$uid" --regid "$uid" --clear-groups env SNITCH_BUS=system "$@"
}
as() { (become "$@"); }
plain() { as "$PLAIN" "$WORK/bin/snitch" "$@" </dev/null; }
# manager UID METHOD SIGNATURE ARGUMENT...: a password may be asked for
CALL=(busctl --system --timeout=200 call $ID /org/snitch/Snitch1 $ID.Manager)
manager() {
	local uid=$1; shift
	as "$uid" "${CALL[@]}" "$@"
}
# answers ACTION ANSWER...: from now on; no to all others
answers() {
	: >"$WORK/checks"
	printf '%s %s\n' "$@" >"$WORK/polkit.new" && mv "$WORK/polkit.new" "$WORK/polkit"
}
answer_all() {
	local action
	for action in $ALL; do printf '%s %s\n' "$action" "$1"; done >"$WORK/polkit"
	: >"$WORK/checks"
}
asked() { grep -qx "check $1" "$WORK/checks" || { echo "not asked: $1"; cat "$WORK/checks"; return 1; }; }
not_asked() { [[ ! -s $WORK/checks ]] || { echo "asked:"; cat "$WORK/checks"; return 1; }; }
start_polkit() {
	: >"$WORK/checks"
	"$BIN/snitch-polkit" "$ADDRESS" "$WORK/polkit" >>"$WORK/checks" 2>&1 7>&- &
	POLKIT=$!
	PIDS+=("$POLKIT")
	until_true 10 grep -q ready "$WORK/checks"
}
stop_polkit() { kill "$POLKIT" 2>/dev/null; wait "$POLKIT" 2>/dev/null; }

# question N OWNER: flow N of it is held
question() {
	play "flow $1 owner $2 tcp 198.51.100.$1 port 443"
	until_true 10 is_question "$1"
}
is_question() { [[ $(id_of "$1") =~ ^[0-9]+$ ]]; }
id_of() { snitch --json pending | jq -r --arg a "198.51.100.$1" '[.questions[] | select(.address == $a)][0].id'; }
sees() { plain --json pending | jq -e --arg a "198.51.100.$1" 'any(.questions[]; .address == $a)' >/dev/null; }
sees_not() { ! sees "$1"; }
# Somebody of root's listens, or nothing would be held.
start_all() {
	mkdir "$WORK/bin" && cp "$BIN/snitch" "$WORK/bin/snitch" && start_on_bus || return 1
	play "owner 3 exe \"/usr/bin/curl\" cmd \"curl\" pid 4300 uid $PLAIN"
	play "owner 4 exe \"/usr/bin/nc\" cmd \"nc\" pid 4400 uid $OTHER"
	snitch mode ask || return 1
	"$BIN/snitch" pending --wait >/dev/null 2>&1 &
	SOMEBODY=$!
	PIDS+=("$SOMEBODY")
	until_true 10 agents 1 && question 1 2 && question 2 3 && question 3 4
}
agents() { [[ $(snitch --json status | jq .Agents) -eq $1 ]]; }
mode_is() { [[ $(snitch --json mode | jq -r .mode) == "$1" ]] || { snitch mode; return 1; }; }

without_polkit() {
	exit_is 4 plain mode quiet && says "this needs root or a member of group snitch" plain mode quiet &&
	exit_is 4 plain answer "$(id_of 2)" deny forever && sees_not 1 && sees 2 && mode_is ask
}
says_no() {
	answers $ID.nothing yes
	exit_is 4 plain mode quiet && asked "$ID.manage $PLAIN quiet" && mode_is ask &&
	says "this needs root or a member of group snitch" plain mode quiet &&
	exit_is 4 plain answer "$(id_of 2)" deny forever && asked "$ID.keep-own $PLAIN quiet" &&
	exit_is 4 plain answer "$(id_of 1)" deny && asked "$ID.answer-system $PLAIN quiet" &&
	exit_is 4 plain answer "$(id_of 1)" deny forever && sees_not 1 && is_question 1 && is_question 2 &&
	says "no such question" manager "$PLAIN" GetQuestion t "$(id_of 1)"
}

keep_own() {
	answers $ID.keep-own yes
	plain answer "$(id_of 2)" deny forever && play 'expect 2 deny by person' &&
	snitch --json rules list | jq -e --argjson u "$PLAIN" 'any(.rules[]; .uid == $u and (.text | startswith("deny /usr/bin/curl")))' &&
	plain rules add --scope user deny /usr/bin/curl to 192.0.2.77 && says 192.0.2.77 snitch rules list
}
keep_own_is_own() {
	answers $ID.keep-own yes
	exit_is 4 plain answer "$(id_of 1)" deny && exit_is 4 plain answer "$(id_of 1)" deny forever &&
	exit_is 4 plain mode quiet && exit_is 4 plain rules add --scope system deny any to 192.0.2.78 && sees_not 1
}
others_stay_theirs() {
	answer_all yes
	exit_is 4 plain answer "$(id_of 3)" deny && exit_is 4 plain answer "$(id_of 3)" deny forever && not_asked &&
	sees_not 3 && is_question 3
}
answer_system() {
	answers $ID.answer-system yes
	sees 1 && sees_not 3 && exit_is 4 plain answer "$(id_of 1)" deny for 1h && asked "$ID.manage $PLAIN quiet" &&
	plain answer "$(id_of 1)" deny && play 'expect 1 deny by person' && question 4 2 &&
	manager "$PLAIN" GetQuestion t "$(id_of 4)" | grep -q 198.51.100.4 &&
	manager "$PLAIN" Dismiss t "$(id_of 4)" && play 'expect 4 deny by person' && exit_is 4 plain mode quiet
}
manage() {
	local id
	question 5 2 || return 1
	answers $ID.manage yes
	plain answer "$(id_of 5)" deny until reboot && play 'expect 5 deny by person' || return 1
	plain mode quiet && mode_is quiet && plain mode ask && mode_is ask || return 1
	id=$(plain rules add --scope system deny /usr/bin/nc to 192.0.2.79) && plain rules rm "${id##* }" || return 1
	printf 'ads.example\n' >"$WORK/list" && chmod 644 "$WORK/list" &&
	plain lists add mine "$WORK/list" && says mine snitch lists && plain lists rm mine &&
	mkdir -p "$ROOT/etc/snitch" && snitch rules add deny /usr/bin/nc to 192.0.2.82 profile home &&
	plain profile use home && says home snitch profile && plain profile auto && manager "$PLAIN" Reload
}
roots_stay_roots() {
	answer_all yes
	says "changed by root only" manager "$PLAIN" AddRule ss "deny any to 192.0.2.80" admin &&
	says "changed by root only" manager "$PLAIN" BeginTrial ssts x.rules "deny any to any" 60 "" && not_asked &&
	sees_not 3
}
system_users() {
	answer_all yes
	exit_is 4 as $SYSTEM "$WORK/bin/snitch" mode quiet && exit_is 4 as $SYSTEM "$WORK/bin/snitch" answer "$(id_of 3)" deny &&
	exit_is 4 as $SYSTEM "$WORK/bin/snitch" rules add --scope user deny any to 192.0.2.81 && not_asked
}
admins_are_not_asked() {
	answer_all no
	as "$MEMBER" "$WORK/bin/snitch" mode quiet && snitch mode ask && as "$MEMBER" "$WORK/bin/snitch" pending && not_asked
}

password() {
	answers $ID.manage password
	exit_is 4 plain mode quiet && asked "$ID.manage $PLAIN quiet" && asked "$ID.manage $PLAIN person" &&
	says "in a terminal, without --no-ask-password, or use sudo" plain mode quiet && mode_is ask
}
typed() {
	answers $ID.manage typed
	exit_is 4 plain --no-ask-password mode quiet && ! grep -q person "$WORK/checks" && mode_is ask &&
	plain mode quiet && mode_is quiet && asked "$ID.manage $PLAIN person" && snitch mode ask
}
# Looking at questions never asks a person.
looking() {
	question 6 2 || return 1
	answers $ID.answer-system typed
	sees_not 6 && says "no such question" manager "$PLAIN" GetQuestion t "$(id_of 6)" &&
	! grep -q person "$WORK/checks" && manager "$PLAIN" Answer tsss "$(id_of 6)" deny address once &&
	asked "$ID.answer-system $PLAIN person" && play 'expect 6 deny by person'
}
# A pkttyagent of the test's own, at a terminal: is started, says that it is ready, and ended.
make_terminal_agent() {
	cat >"$WORK/bin/pkttyagent" <<-'END'
		#!/bin/bash
		trap 'echo ended >>"$AGENT_LOG"; exit' TERM
		echo "begun $*" >>"$AGENT_LOG"
		eval "exec $3>&-"
		while :; do sleep 0.1; done
	END
	chmod 755 "$WORK/bin/pkttyagent"
	: >"$WORK/agent.log"
	chmod 666 "$WORK/agent.log"
}
at_terminal() {
	: >"$WORK/agent.log"
	script -qec "setpriv --reuid $PLAIN --regid $PLAIN --clear-groups env SNITCH_BUS=system PATH=$1:/usr/bin:/bin \
		AGENT_LOG=$WORK/agent.log $WORK/bin/snitch ${*:2}" /dev/null </dev/null
}
terminal() {
	answers $ID.manage typed
	make_terminal_agent
	at_terminal "$WORK/bin" mode quiet && mode_is quiet &&
	grep -q "^begun --fallback --notify-fd" "$WORK/agent.log" && until_true 5 grep -q ended "$WORK/agent.log" || return 1
	snitch mode ask
	at_terminal "$WORK/bin" --no-ask-password mode quiet && return 1
	[[ ! -s $WORK/agent.log ]] && mode_is ask
}
terminal_without_agent() {
	answers $ID.manage typed
	mkdir -p "$WORK/none" && ln -sf "$(command -v env)" "$WORK/none/env" &&
	script -qec "setpriv --reuid $PLAIN --regid $PLAIN --clear-groups env SNITCH_BUS=system PATH=$WORK/none $WORK/bin/snitch mode quiet" \
		/dev/null </dev/null && mode_is quiet && snitch mode ask
}

nonsense() {
	local word
	for word in error text short long both; do
		answers $ID.manage $word $ID.answer-system $word
		exit_is 4 plain mode quiet && asked "$ID.manage $PLAIN quiet" && mode_is ask && sees_not 7 || { echo "$word"; return 1; }
	done
}
dies() {
	answers $ID.manage die
	exit_is 4 plain mode quiet && mode_is ask && wait "$POLKIT" && start_polkit
}
# It never answers: others go on, flows are judged, questions answered; and the wait ends.
never() {
	local waiting
	answers $ID.manage never
	plain mode quiet >"$WORK/waiting" 2>&1 &
	waiting=$!
	until_true 10 grep -q "$ID.manage" "$WORK/checks" && kill -0 $waiting || return 1
	question 8 3 && plain answer "$(id_of 8)" deny && play 'expect 8 deny by person' &&
	as "$MEMBER" "$WORK/bin/snitch" mode ask && snitch rules list && kill -0 $waiting || { echo "something waited"; return 1; }
	exit_is 4 wait $waiting && mode_is ask && until_true 5 grep -q cancel "$WORK/checks"
}
# busctl's calls wait for a person: 120 s
wait_for_person() {
	become "$1" "${CALL[@]}" SetMode st quiet 0 >"$WORK/wait.$2" 2>&1 &
	LAST=$!
}
persons_wait() { [[ $(grep -c "$ID.manage $1 person" "$WORK/checks") -eq $2 ]]; }
cancelled() { [[ $(grep -c cancel "$WORK/checks") -eq $1 ]]; }
caller_leaves() {
	answers $ID.manage never
	wait_for_person "$PLAIN" 0
	until_true 10 persons_wait "$PLAIN" 1 && kill "$LAST" || return 1
	until_true 10 cancelled 1 && grep -q "uid $PLAIN left before polkit had answered" "$WORK/daemon.log" && mode_is ask
}
too_many() {
	local n
	local -a waiting=()
	answers $ID.manage never
	for n in 1 2 3 4; do
		wait_for_person "$PLAIN" "$n"
		waiting+=("$LAST")
		until_true 10 persons_wait "$PLAIN" "$n" || return 1
	done
	says "too many calls wait for polkit" manager "$PLAIN" SetMode st quiet 0 && persons_wait "$PLAIN" 4 &&
	plain rules list && sees_not 7 || return 1
	# another user is not in the way of that one, and the other way round
	wait_for_person "$OTHER" 5
	waiting+=("$LAST")
	until_true 10 persons_wait "$OTHER" 1 && snitch mode ask || return 1
	kill "${waiting[@]}"
	wait "${waiting[@]}" 2>/dev/null
	until_true 10 cancelled 5 || { cat "$WORK/checks"; return 1; }
	mode_is ask && answers $ID.manage yes && plain mode ask
}
# A call of a megabyte is not kept.
too_large() {
	local text
	answer_all yes
	text="deny any to 192.0.2.90 # $(head -c 100000 /dev/zero | tr '\0' x)"
	says "this needs root" manager "$PLAIN" AddRules ass 4 "$text" "$text" "$text" "$text" system && not_asked &&
	manager "$PLAIN" AddRules ass 1 "deny any to 192.0.2.91" system && says 192.0.2.91 snitch rules list
}
bus_goes() {
	kill -0 "$DAEMON" && snitch --json status | jq -e .Pid
}

# An agent hears of the system's questions while polkit says yes, without a word from a person.
agent() {
	kill "$SOMEBODY"
	until_true 10 agents 0 || return 1
	answers $ID.answer-system yes
	become "$PLAIN" "$WORK/bin/snitch" --json pending --wait >"$WORK/heard" 2>&1 </dev/null &
	PIDS+=($!) AGENT=$!
	until_true 10 asked "$ID.answer-system $PLAIN quiet" && question 10 2 &&
	until_true 10 heard question 10 && question 11 4 && ! heard question 11
}
heard() { jq -se --arg t "$1" --arg a "198.51.100.$2" 'any(.[]; .type == $t and .question.address == $a)' "$WORK/heard" >/dev/null; }
agent_loses_it() {
	answers $ID.answer-system no
	kill -HUP "$POLKIT" && until_true 10 grep -q '"rights"' "$WORK/heard" || return 1
	# nobody is there to ask now: refused at once
	play 'flow 12 owner 2 tcp 198.51.100.12 port 443' && play 'expect 12 deny by mode'
	until_true 10 is_question 12 && ! heard question 12 &&
	snitch --json pending | jq -e 'any(.questions[]; .address == "198.51.100.12" and .state == "pending")'
}
agent_gets_it_again() {
	answers $ID.answer-system yes
	kill -HUP "$POLKIT" && until_true 10 heard question 12 && ! grep -q person "$WORK/checks" || return 1
	answers $ID.answer-system error
	kill -HUP "$POLKIT" && until_true 10 eval '[[ $(grep -c "\"rights\"" "$WORK/heard") -gt 2 ]]'
	kill "$AGENT"
}

# The real one, with our actions and rules, and a rule of this machine's administrator.
POLKITD=/usr/lib/polkit-1/polkitd
start_polkitd() {
	stop_polkit
	mkdir -p "$WORK/actions" "$WORK/rules.d" &&
	cp "$TOP/userspace/dbus/org.snitch.Snitch1.policy" "$WORK/actions" &&
	cp "$TOP/userspace/dbus/org.snitch.Snitch1.rules" "$WORK/rules.d" || return 1
	cat >"$WORK/rules.d/10-test.rules" <<-END
		polkit.addRule(function(action, subject) {
			if (action.id == "$ID.manage" && subject.user == "plain") return polkit.Result.YES;
			if (action.id == "$ID.keep-own" && subject.user == "other") return polkit.Result.NO;
		});
	END
	chmod -R a+rX "$WORK/actions" "$WORK/rules.d"
	# shellcheck disable=SC2016,SC2034,SC2206
	"${UNDER[@]}" unshare --mount --propagation private sh -c 'mount --bind "$1" /usr/share/polkit-1/actions &&
		mount --bind "$2" /usr/share/polkit-1/rules.d && exec "$3"' sh "$WORK/actions" "$WORK/rules.d" "$POLKITD" \
		>"$WORK/polkitd.log" 2>&1 7>&- &
	PIDS+=($!)
	until_true 10 polkitd_is_up || { cat "$WORK/polkitd.log" "$WORK/bus.log"; return 1; }
}
polkitd_is_up() { busctl --system call org.freedesktop.DBus / org.freedesktop.DBus NameHasOwner s org.freedesktop.PolicyKit1 | grep -q true; }
# Who asks about others must be named in the action: snitchd runs as user snitch.
may_ask() {
	local name
	name=$(busctl --system call org.freedesktop.DBus / org.freedesktop.DBus GetNameOwner s $ID | sed 's/.*"\(.*\)"/\1/') &&
	as "$1" busctl --system call org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority \
		org.freedesktop.PolicyKit1.Authority CheckAuthorization '(sa{sv})sa{ss}us' system-bus-name 1 name s "$name" "$2" 0 0 ""
}
owner_may_ask() {
	local action
	for action in $ALL; do
		says "(bba{ss}) true false" may_ask "$SNITCH" "$action" && ! says "(bba{ss})" may_ask "$PLAIN" "$action" || return 1
	done
}
polkitd_decides() {
	plain mode quiet && mode_is quiet && plain mode ask || return 1
	exit_is 4 as "$OTHER" "$WORK/bin/snitch" --no-ask-password mode quiet &&
	says "or a password" as "$OTHER" "$WORK/bin/snitch" --no-ask-password mode quiet &&
	exit_is 4 plain --no-ask-password rules add --scope user deny /usr/bin/nc to 192.0.2.84 &&
	says "or a password" plain --no-ask-password rules add --scope user deny /usr/bin/nc to 192.0.2.84 &&
	exit_is 4 as "$OTHER" "$WORK/bin/snitch" rules add --scope user deny /usr/bin/nc to 192.0.2.84 &&
	says "root or group snitch; scope \"runtime\" is allowed" as "$OTHER" "$WORK/bin/snitch" rules add --scope user deny /usr/bin/nc to 192.0.2.84 &&
	exit_is 4 as $SYSTEM "$WORK/bin/snitch" mode quiet
}
# What stands in /etc the user polkitd of this test may not read.
polkitd_has_no_complaint() {
	cat "$WORK/polkitd.log"
	grep -q "executing 2 rules" "$WORK/polkitd.log" && ! grep -v /etc/polkit-1 "$WORK/polkitd.log" | grep -iE "snitch|error"
}

[[ $(id -u) -eq 0 ]] || skip_all "only root can become other users"
for tool in jq dbus-daemon unshare setpriv busctl script; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-polkit ]] || bail "build first: make userspace"
ok "snitchd starts, on a bus of its own" start_all
ok "without polkit all is as the own rights have it" without_polkit
ok "a polkit is there" start_polkit
ok "it says no" says_no
ok "keep-own: lasting answers and rules for oneself" keep_own
ok "keep-own gives nothing else" keep_own_is_own
ok "other people's questions stay theirs" others_stay_theirs
ok "answer-system: see, answer once, dismiss" answer_system
ok "manage: modes, rules, lists, profiles, lasting answers" manage
ok "what is root's stays root's" roots_stay_roots
ok "system users get nothing" system_users
ok "root and group snitch need no polkit" admins_are_not_asked
ok "a password that nobody types" password
ok "a password that somebody types" typed
ok "looking never asks for one" looking
ok "at a terminal pkttyagent is there while it is needed" terminal
ok "and its absence does no harm" terminal_without_agent
ok "what cannot be understood is a no" nonsense
ok "polkit dies over the question" dies
ok "polkit never answers, and nothing else waits" never
ok "who leaves does not wait" caller_leaves
ok "a user has four calls that wait, not more" too_many
ok "a large call does not wait" too_large
ok "an agent hears of the system's questions" agent
ok "and no more when polkit has another mind" agent_loses_it
ok "and again" agent_gets_it_again
if [[ -x $POLKITD ]]; then
	ok "the real polkitd takes our actions and rules" start_polkitd
	ok "only snitchd's user may ask it" owner_may_ask
	ok "and it decides" polkitd_decides
	ok "without a complaint" polkitd_has_no_complaint
fi
ok "snitchd lives" bus_goes
ok "the fake device saw what it expected" fake_is_content
finish
