#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016
# Other users on the bus: each method and property that snitchd offers is called by a system user, a
# plain user, a member of group snitch and root, with arguments nobody sane sends. Nothing is added,
# changed, answered or heard beyond their rights; the daemon lives, and its memory is bounded. It
# must never use the machine's own bus, nor change its users: those are bound over in a mount
# namespace that only the daemon is in.
. "$(dirname "$0")/lib/daemon.sh"
. "$(dirname "$0")/lib/users.sh"

SYSTEM=65534
PRIVATE=peer:unix:path=$SNITCH_BUS
# What a daemon may have more after all this than before, in KiB.
GROWTH=16384

start_all() {
	start_on_bus || return 1
	play "owner 3 exe \"/usr/bin/curl\" cmd \"curl\" pid 4300 uid $OTHER"
	printf 'ads.example\n' >"$WORK/list"
	snitch mode ask && RULE=$(snitch rules add deny /usr/bin/nc to 192.0.2.1) && snitch lists add mine "$WORK/list"
}
# Questions come all the time, of root and of another user.
ask_on() {
	(
		n=1000
		while sleep 0.2; do
			n=$((n + 1))
			printf 'flow %d owner %d tcp 198.51.100.%d port 443\n' "$n" "$((n % 2 + 2))" "$((n % 250))" >&7
		done
	) &
	ASKER=$!
	PIDS+=("$ASKER")
}
first_of() { snitch --json pending | jq -r --argjson uid "$1" '[.questions[] | select(.uid == $uid)][0].id'; }

# What is not uid $1's own: rules, mode, lists, profile, trial.
state() {
	{ snitch --json rules list; snitch --json mode; snitch --json status; snitch --json lists list; } |
		jq -cs --argjson uid "$1" '[.[0].rules[] | select(.uid != $uid) | [.id, .text, .scope, .active]],
			.[1].mode, .[1].after, .[2].Profile, .[2].TrialState, [.[3].lists[] | [.name, .enabled,
			.names, .exceptions, .url]]'
}
# rogue WHO UID [ADDRESS]: all of it by that user
rogue() {
	local who=$1 uid=$2 address=${3:-$ADDRESS} before q
	before=$(state "$uid")
	q=$(first_of "$OTHER")
	[[ $q =~ ^[0-9]+$ && -n $before ]] || return 1
	"$BIN/snitch-rogue" "$address" "$who" "$uid" "$uid" "$q" "$RULE" mine /usr/bin/nc || { tail -n 3 "$WORK/daemon.log" | cut -c 1-300; return 1; }
	alive || return 1
	[[ $who == group || $who == root ]] && return
	[[ $(state "$uid") == "$before" ]] ||
		{ diff <(echo "$before") <(state "$uid"); return 1; }
	# what it got is about itself alone
	snitch --json rules list | jq -e --argjson uid "$uid" \
		'[.rules[] | select(.uid == $uid) | select(.text | contains("user \($uid) ") | not)] == []' &&
	snitch --json pending | jq -e --arg q "$q" 'any(.questions[]; .id == $q)'
}
# What an admin did is undone, so that there are questions again.
reset() {
	local ids
	ids=$(snitch --json rules list | jq -r '.rules[].id')
	# shellcheck disable=SC2086
	[[ -z $ids ]] || snitch rules rm $ids
	snitch mode ask && snitch profile auto && RULE=$(snitch rules add deny /usr/bin/nc to 192.0.2.1) &&
	until_true 20 of_other
}
of_other() { [[ $(first_of "$OTHER") =~ ^[0-9]+$ ]]; }
alive() { kill -0 "$DAEMON" && snitch --json status | jq -e .Pid; }
# The private socket is for root and the group: others do not even get to it. Were it open to them, they
# would be who they are all the same.
private_is_closed() {
	[[ $(stat -c %a "$SNITCH_BUS") == 660 ]] &&
	exit_is 2 "$BIN/snitch-rogue" "$PRIVATE" user "$PLAIN" "$PLAIN" 1 && exit_is 2 "$BIN/snitch-rogue" "$PRIVATE" system "$SYSTEM" "$SYSTEM" 1
}
open_private() { chmod 666 "$SNITCH_BUS"; }
no_agent_is_left() { until_true 5 eval '[[ $(snitch --json status | jq .Agents) -eq 0 ]]'; }
rss() { awk -v key="$1" '$1 == key {print $2}' "/proc/$DAEMON/status"; }
# Nothing that one of them sent is kept: neither in memory nor, as a name or a text, in a file.
memory_is_bounded() {
	echo "resident: $RSS KiB before, $(rss VmRSS:) KiB after, $(rss VmHWM:) KiB at most"
	[[ $(($(rss VmRSS:) - RSS)) -lt $GROWTH ]]
}
log_is_clean() {
	[[ -s $WORK/daemon.log ]] && ! LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/daemon.log"
}
files_are_clean() { [[ -z $(find "$ROOT" -name '*passwd*') && ! -e $WORK/passwd.list ]]; }

[[ $(id -u) -eq 0 ]] || skip_all "only root can become other users"
for tool in jq dbus-daemon unshare; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-rogue ]] || bail "build first: make userspace"
ok "snitchd starts, on a bus of its own" start_all
ask_on
ok "there are questions of others" until_true 20 of_other
RSS=$(rss VmRSS:)
ok "a system user gets nothing" rogue system "$SYSTEM"
ok "a plain user gets what is its own" rogue user "$PLAIN"
ok "a member of group snitch: the daemon stands it" rogue group "$MEMBER"
ok "questions come again" reset
ok "root: the daemon stands it" rogue root 0
ok "questions come again, after root" reset
ok "the private socket is closed to others" private_is_closed
open_private
ok "a system user gets nothing through it" rogue system "$SYSTEM" "$PRIVATE"
ok "a plain user gets no more than on the bus" rogue user "$PLAIN" "$PRIVATE"
ok "a member of group snitch there: the daemon stands it" rogue group "$MEMBER" "$PRIVATE"
ok "questions come again, after the group" reset
ok "root there: the daemon stands it" rogue root 0 "$PRIVATE"
ok "agents that left are gone" no_agent_is_left
ok "memory is bounded" memory_is_bounded
ok "no control character got into the log" log_is_clean
ok "no name led anywhere else" files_are_clean
finish
