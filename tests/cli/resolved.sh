#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC1091
# What systemd-resolved tells a real snitchd: a server of our own in its place, which may begin after
# the daemon, end, and begin again. It must never listen where the machine's own one does.
. "$(dirname "$0")/lib/daemon.sh"

FOLDER=$ROOT/run/systemd/resolve
SOCKET=$FOLDER/io.systemd.Resolve.Monitor
NETNS=$(stat -L -c %i /proc/self/ns/net)

# The record "NAME is 203.0.113.LAST", as it is on the wire.
record() {
	{
		printf '%b' "$(sed -E 's/[^.]+/\n&/g; s/\.//g' <<<"$1" | sed '/^$/d' |
			awk '{printf "\\x%02x%s", length($0), $0}')"
		printf '\0\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71%b' "\\x$(printf %02x "$2")"
	} | base64 -w 0
}
reply() {
	printf '{"parameters":{"state":"success","question":[{"class":1,"type":1,"name":"%s"}],"answer":[{"raw":"%s"}]},"continues":true}\n' \
		"$1" "$(record "$1" "$2")"
}
server_up() {
	rm -f "$WORK/lines" "$WORK/asked" "$SOCKET"
	mkfifo "$WORK/lines"
	"$(dirname "$0")/varlink-server" "$SOCKET" <"$WORK/lines" >"$WORK/asked" 2>&1 7>&- &
	SERVER=$!
	PIDS+=("$SERVER")
	exec 8>"$WORK/lines"
	until_true 10 grep -q '"method":"io.systemd.Resolve.Monitor.SubscribeQueryResults"' "$WORK/asked" ||
		{ cat "$WORK/asked" "$WORK/daemon.log"; return 1; }
}
server_down() { exec 8>&-; wait "$SERVER"; }

# asked_about PORT FILTER: a flow of curl's is asked about, and its question is so.
asked_about() {
	play "flow $1 owner 2 tcp 203.0.113.$2 port $1 netns $NETNS"
	until_true 5 eval 'snitch --json pending | jq -e --argjson p '"$1"' ".questions | any((.ports | index(\$p)) and ('"$3"'))"' ||
		{ snitch --json pending; return 1; }
}
begins_later() { mkdir -p "$FOLDER" && server_up; }
tells() {
	echo '{"parameters":{"ready":true},"continues":true}' >&8
	reply www.example 7 >&8
	sleep 0.3
	asked_about 8001 7 '.name == \"www.example\" and .name_source == \"resolved\" and .name_claimed' &&
		play 'expect 8001 deny by mode'
}
begins_again() {
	server_down
	server_up && reply later.example 8 >&8 && sleep 0.3 && asked_about 8002 8 '.name == \"later.example\"'
}
tells_nonsense() {
	printf '%s\n' '{' '[]' '{"parameters":{"state":"success","question":[{"class":1,"type":1,"name":"\u0000"}],"answer":[{"raw":"AA"}]}}' >&8
	reply sane.example 9 >&8
	sleep 0.3
	asked_about 8003 9 '.name == \"sane.example\"'
}
says_no() {
	echo '{"error":"org.varlink.service.PermissionDenied","parameters":{}}' >&8
	until_true 5 grep -q "systemd-resolved does not let us know" "$WORK/daemon.log" && snitch mode
}

command -v jq >/dev/null || skip_all "no jq here"
command -v perl >/dev/null || skip_all "no perl here"
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
mkdir -p "$ROOT/run/systemd"
ok "snitchd starts on the fake device" start
ok "mode quiet, and a rule about a name" eval 'echo "allow any to *.example" >"$ROOT/etc/snitch/rules.d/10.rules" && snitch mode quiet'
ok "systemd-resolved begins after the daemon, and is asked" begins_later
ok "what it tells is a claim: shown, and allowing nothing" tells
ok "it begins again" begins_again
ok "nonsense is passed over" tells_nonsense
ok "who says no is left alone" says_no
exec 8>&-
ok "the fake device got what it expected" fake_is_content
finish
