#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 10 000 questions at once: programs of many users ask for many places, and nobody answers. The list
# stays at 256 "and N more", each flow gets its verdict or waits, the daemon answers others
# meanwhile, and its memory is bounded, also when it all comes again.
. "$(dirname "$0")/lib/daemon.sh"

FLOWS=10000
LISTED=256
# KiB: what the daemon may have with all that, and what a second time may add.
PEAK=10240 AGAIN=512

rss() { awk -v key="$1" '$1 == key {print $2}' "/proc/$DAEMON/status"; }
start_asking() {
	start && snitch mode ask || return 1
	"$BIN/snitch" --json pending --wait >"$WORK/stream" 2>&1 &
	PIDS+=($!)
	until_true 10 grep -q hello "$WORK/stream"
	RSS=$(rss VmRSS:)
}
# Forty programs of as many users, each with its own ancestors.
owners() {
	local i
	for ((i = 0; i < 40; i++)); do
		printf 'owner %d parent 1 exe "/usr/bin/program-%d" cmd "program-%d\\0--option=%d" pid %d uid %d\n' \
			$((100 + i)) $i $i $i $((5000 + i)) $((2000 + i))
	done
}
# flows FIRST: each to an address of its own
flows() {
	awk -v n="$FLOWS" -v first="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "flow %d owner %d tcp 198.18.%d.%d port 443\n", first + i, 100 + i % 40, i / 250, i % 250 }'
}
flows_are() { [[ $(snitch --json status | jq .Daemon.flows) -eq $1 ]]; }
all_at_once() {
	owners >&7
	flows 1000 >&7
	until_true 60 flows_are "$FLOWS" || { snitch --json status | jq -c .Daemon; return 1; }
}
listed() {
	[[ $(snitch pending --count) -eq $LISTED && $(snitch --json pending | jq '.questions | length') -eq $LISTED ]] &&
	snitch --json status | jq -e --argjson n "$FLOWS" '.More > 0 and .Waiting <= 256'
}
said_so() {
	snitch pending | tail -n 1 | grep -E '^and [0-9]+ more' && snitch --json pending | jq -e '.more > 0'
}
# Nobody takes all the places.
shared() {
	[[ $(snitch --json pending | jq '[.questions | group_by(.uid)[] | length] | max') -le 192 ]]
}
# A verdict for each flow that found no place, and each that did waits for a person.
answered() {
	local held refused
	held=$(snitch --json status | jq '.Daemon.held')
	refused=$(snitch --json status | jq '.Daemon.refused')
	echo "held $held, refused $refused"
	[[ $((held + refused)) -ge $FLOWS ]]
}
one_is_answered() {
	local id
	id=$(snitch --json pending | jq -r '.questions[-1].id')
	snitch answer "$id" deny && exit_is 5 snitch answer "$id" deny
}
replies_in_time() { timeout 5 "$BIN/snitch" mode; }
gone() {
	local i
	for ((i = 1000; i < 1000 + FLOWS; i++)); do printf 'cancel %d closed deny\n' "$i"; done >&7
	until_true 60 nothing_waits
}
nothing_waits() { [[ $(snitch --json status | jq .Waiting) -eq 0 ]]; }
memory() {
	FIRST=$(rss VmRSS:)
	[[ $(rss VmHWM:) -le $PEAK ]]
}
again() {
	flows 50000 | head -n 5000 >&7
	until_true 60 flows_are $((FLOWS + 5000)) || return 1
	[[ $(rss VmRSS:) -le $((FIRST + AGAIN)) ]]
}

for tool in jq awk; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "snitchd starts, somebody is there to be asked" start_asking
ok "10 000 flows get to it" all_at_once
ok "256 questions are listed, and more are counted" listed
ok "pending says so" said_so
ok "no user has all the places" shared
ok "each flow waits or has its verdict" answered
ok "a question can be answered" one_is_answered
ok "others are answered meanwhile" replies_in_time
ok "memory is bounded" memory
ok "the flows end, the questions stay within bounds" gone
ok "it comes again: no more memory" again
printf '# resident: %s KiB before, %s KiB with %d flows, %s KiB at most, %s KiB after it all, of it its share %s KiB\n' \
	"$RSS" "$FIRST" "$FLOWS" "$(rss VmHWM:)" "$(rss VmRSS:)" "$(awk '$1 == "Pss:" {print $2}' "/proc/$DAEMON/smaps_rollup")"
finish
