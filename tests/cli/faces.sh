#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who it is, on every face: what questions, explanations and `snitch top` show of the process behind
# a flow; `snitch top` in terminals; and that the process which looks into executables is replaced.
# It must never reach a daemon of the machine.
. "$(dirname "$0")/lib/daemon.sh"

export SNITCH_ROOT=$ROOT
HOME_OF=/user.slice/user-1000.slice/user@1000.service/app.slice
CONTAINER=$(printf '0123456789abcdef%.0s' 1 2 3 4)

# put_container: what Docker keeps of one, and root alone can write.
put_container() {
	umask 022
	mkdir -p "$ROOT/var/lib/docker/containers/$CONTAINER" "$ROOT/usr/share/snitch/iap" &&
	printf '{"Config":{"Image":"debian:12"},"Image":"sha256:%s"}\n' "$CONTAINER" \
		>"$ROOT/var/lib/docker/containers/$CONTAINER/config.v2.json" &&
	cp "$TOP/userspace/iap/policies/curl.InternetAccessPolicy.json" "$ROOT/usr/share/snitch/iap"
}
# A message bus of our own in place of the system's: who asks is another user there.
bus_up() {
	local conf=$WORK/bus.conf
	chmod 711 "$WORK"
	cat >"$conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig><type>system</type><listen>unix:path=$WORK/system</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
		<allow receive_sender="*"/></policy></busconfig>
	END
	dbus-daemon --config-file="$conf" --nofork --nopidfile >"$WORK/bus.log" 2>&1 &
	PIDS+=($!)
	until_true 10 test -S "$WORK/system" && chmod 666 "$WORK/system"
}
# as UID COMMAND...: snitch as that user, over the bus.
as() {
	local uid=$1; shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups env SNITCH_BUS=system "$BIN/snitch" "$@"
}
# The interface file that is installed against what snitchd says of itself.
interface_is_documented() {
	local said=$WORK/said.xml
	introspect() {
		dbus-send --bus="$DBUS_SYSTEM_BUS_ADDRESS" --print-reply=literal --dest=org.snitch.Snitch1 \
			"/org/snitch/Snitch1$1" org.freedesktop.DBus.Introspectable.Introspect
	}
	introspect "" >"$said" && introspect "/question/$(first_id)" >"$said.question" &&
	python3 - "$TOP/userspace/dbus/org.snitch.Snitch1.xml" "$said" "$said.question" <<-'END'
		import sys, xml.etree.ElementTree as tree
		def members(root):
		    found = set()
		    for i in root.iter("interface"):
		        if not i.get("name").startswith("org.snitch"):
		            continue
		        for m in i:
		            if m.tag == "annotation":
		                continue
		            args = "".join(("<" if a.get("direction") == "out" and m.tag == "method" else "") +
		                           a.get("type") for a in m.iter("arg"))
		            found.add((i.get("name"), m.tag, m.get("name"), m.get("type") or "", args))
		    return found
		def read(path):
		    return tree.fromstring(open(path).read().strip())
		written = members(read(sys.argv[1]))
		said = members(read(sys.argv[2])) | members(read(sys.argv[3]))
		for m in sorted(written ^ said):
		    print("only", "in the file:" if m in written else "said by snitchd:", *m)
		sys.exit(bool(written ^ said) or not said)
	END
}
own_flows_only() {
	play "owner 7 parent 1 exe \"/usr/bin/own\" cmd \"own\" comm \"own\" pid 4307 uid $USER_ID"
	play 'flow 17 owner 7 tcp 203.0.113.9 port 443'
	until_true 10 eval "as 0 --json top | jq -e '[.programs[].program] | index(\"/usr/bin/own\") and length == 6'" &&
	as "$USER_ID" --json top | jq -e '[.programs[].program] == ["/usr/bin/own"] and .more == 0' &&
	as 65534 --json top | jq -e '.programs == [] and .more == 0' &&
	play 'cancel 17 closed deny' && snitch answer "$(snitch --json pending | jq -r '.questions[] | select(.program == "/usr/bin/own").id')" deny
}
first_id() { snitch --json pending | jq -r '.questions[0].id'; }
# q FILTER: true of the only question with flows whose program is $1.
q() { snitch --json pending | jq -e --arg p "$1" ".questions[] | select(.program == \$p) | $2"; }
an_agent() {
	"$BIN/snitch" --json pending --wait >"$WORK/stream" 2>&1 &
	PIDS+=($!)
	until_true 10 grep -q hello "$WORK/stream"
}
flows_wait() {
	play 'owner 3 parent 1 exe "/usr/bin/python3" cmd "python3" comm "fetch" pid 4300 flags script script "/opt/fetch" cgroup "/system.slice/nginx.service" uid 0 login 1000'
	play "owner 4 parent 1 exe \"/app/bin/gnp\" cmd \"x\" comm \"x\" pid 4301 flags disguised cgroup \"$HOME_OF/app-flatpak-org.example.App-12.scope\""
	play "owner 5 parent 1 exe \"/usr/bin/nc\" cmd \"x\" comm \"nc\" pid 4302 cgroup \"/system.slice/docker-$CONTAINER.scope\""
	play 'owner 6 parent 3 exe "/opt/\xe2\x80\xae\x1b[31m\xe6\x97\xa5" cmd "x" comm "w" pid 4303'
	play 'flow 10 owner 2 tcp 203.0.113.7 port 443'
	play 'flow 11 owner 3 tcp 2001:db8::7 port 8443'
	play 'flow 12 owner 4 tcp 198.51.100.9 port 80'
	play 'flow 13 owner 5 tcp 198.51.100.10 port 22'
	play 'flow 14 owner 6 udp 198.51.100.11 port 9'
	until_true 10 eval '[[ $(snitch pending --count) -eq 5 ]]'
}
identities_are_told() {
	q /usr/bin/python3 '.unit == "nginx.service" and .script == "/opt/fetch" and .script_verified == false and
		.loginuid == 1000 and (.login_user | length) > 0 and .user == "root" and (.flags | index("claimed"))' &&
	q /app/bin/gnp '.flatpak == "org.example.App" and .flatpak_verified == false and (.flags | index("disguised"))' &&
	q /usr/bin/nc ".container == \"$CONTAINER\" and .images[0] == \"debian:12\""
}
identities_are_read() {
	says "part of unit nginx.service" snitch pending && says "script /opt/fetch (claimed)" snitch pending &&
	says "(logged in as " snitch pending && says "part of flatpak org.example.App (claimed)" snitch pending &&
	says "part of container debian:12 (0123456789ab)" snitch pending &&
	says "! the program disguises itself" snitch pending && says "if denied: If you deny this" snitch pending
}
explained() {
	says "part of unit nginx.service" snitch explain 11 && says "script /opt/fetch (claimed)" snitch explain 11 &&
	says "started by make" snitch explain 11 && says "disguises itself" snitch explain 12 &&
	says "for: Connects to the server" snitch explain 10 && says "if denied: If you deny this" snitch explain 10 &&
	snitch --json explain 13 | jq -e '.asker.images[0] == "debian:12" and .asker.pid == 4302'
}
once_lists() {
	snitch --json top | jq -e '.more == 0 and (.programs | length) == 5 and
		(.programs[] | select(.program == "/usr/bin/python3") | .unit == "nginx.service" and .waiting == 1 and
		.flows[0].address == "2001:db8::7" and .flows[0].verdict == "hold" and .flows[0].question > 0)' &&
	says "5 flows of 5 programs, 5 wait" snitch top --once && exit_is 2 snitch top --bogus &&
	exit_is 2 snitch top --sort size && exit_is 2 snitch top --delay 0 && exit_is 1 snitch top </dev/null
}
no_steering() {
	{ snitch top --once; snitch pending; snitch explain 14; } >"$WORK/out"
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae' "$WORK/out" && grep -qF 'xe2\x80\xae' "$WORK/out"
}
log_remembers() {
	snitch answer "$(q /usr/bin/python3 .id | tr -d '"')" deny || return 1
	play 'expect 11 deny by person'
	until_true 15 eval "snitch --json log | jq -e '.flows[] | select(.program == \"/usr/bin/python3\") | .app == [\"unit nginx.service\"]'" &&
	says "part of unit nginx.service, script /opt/fetch (claimed), started by make" snitch log
}
pane() { tm capture-pane -p -t "$1"; }
pane_says() { pane "$1" | grep -qF -- "$2"; }
sees() { until_true 10 pane_says "$1" "$2" || { echo "not on the screen: $2"; pane "$1"; return 1; }; }
sees_not() { until_true 10 eval "! pane_says $1 '$2'" || { echo "still there: $2"; pane "$1"; return 1; }; }
keys() { local to=$1 k; shift; for k in "$@"; do tm send-keys -t "$to" "$k"; sleep 0.2; done; }
open_top() {
	tm new-session -d -s "$1" -x "$2" -y "$3" "env TERM=screen $BIN/snitch top --sort name; echo left \$?; sleep 60" &&
	sees "$1" "4 flows"
}
top_fits() {
	sees t "mode ask, 4 flows of 4 programs, 4 wait, by name" && sees t "? curl " &&
	tm resize-window -t t -x 40 -y 12 && sees t "4 flows, 4 programs, 4 wait, by name" && sees t "? curl " &&
	tm resize-window -t t -x 120 -y 40 && sees t "mode ask" && sees t "203.0.113.7"
}
top_details() {
	keys t n n
	sees t "by name" || return 1
	keys t Home Down Down Enter
	sees t "VERDICT" && sees t "waits    for an answer" && keys t Escape && sees t "OUT/s" && keys t '?' &&
	sees t "any key: back" && keys t x && sees t "OUT/s"
}
top_follows() {
	snitch answer "$(q /usr/bin/curl .id | tr -d '"')" deny || return 1
	play 'expect 10 deny by person'
	sees t "3 flows of 3 programs" && sees_not t "? curl "
}
top_survives() {
	kill "$DAEMON"
	sees t "waiting for it" || return 1
	start_fake && start_daemon && sees t "no flow now" && sees t "Enter details"
}
top_leaves() {
	keys t q
	sees t "left 0" && tm new-session -d -s u -x 80 -y 24 \
		"env TERM=screen $BIN/snitch top; echo left \$?; stty -a | tr ' ;' '\n' | grep -x echo; sleep 60" &&
	sees u "no flow now" && keys u C-c && sees u "left 130" && until_true 5 eval 'pane u | grep -qx echo'
}
top_wants_a_terminal() {
	tm new-session -d -s v -x 80 -y 24 "env TERM=nonsense $BIN/snitch top; echo left \$?; sleep 60" &&
	sees v "cannot be drawn on" && sees v "left 1"
}
# Of our own daemon, and of no other.
inspector() { pgrep -P "$DAEMON" -x snitchd-inspect; }
# One that lived for ten seconds is replaced at once; one that ends sooner would end again.
inspector_is_replaced() {
	local first second
	first=$(inspector)
	[[ -n $first ]] || { echo "there is none"; return 1; }
	while ((SECONDS - SINCE < 12)); do sleep 0.5; done
	kill -9 "$first"
	until_true 10 grep -q "there is another one" "$WORK/daemon.log" || return 1
	second=$(inspector)
	[[ -n $second && $second != "$first" ]] || return 1
	kill -9 "$second"
	until_true 10 grep -q "it ends again and again" "$WORK/daemon.log" && [[ -z $(inspector) && $(snitch mode) == ask:* ]]
}

for tool in jq tmux pgrep dbus-daemon setpriv; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ $EUID -eq 0 ]] || skip_all "other users are needed: run as root"
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "a container's record is there" put_container
ok "a bus" bus_up
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/system
ok "snitchd starts on the fake device" start
SINCE=$SECONDS
ok "mode ask" snitch mode ask
ok "an agent" an_agent
ok "five programs wait" flows_wait
ok "unit, app, container, script, who logged in are told" identities_are_told
ok "and read" identities_are_read
ok "explain says who, too" explained
ok "top --once and --json" once_lists
# The bus wants users that have names; those of people begin at 1000.
USER_ID=$(awk -F: '$3 >= 1000 && $3 < 60000 {print $3; exit}' /etc/passwd)
if [[ -n $USER_ID ]]; then
	ok "users see their own flows, root sees all" own_flows_only
else
	N=$((N + 1))
	printf 'ok %d - users see their own flows # SKIP there is no user here\n' "$N"
fi
ok "the interface file says what snitchd says" interface_is_documented
ok "nothing steers the terminal" no_steering
ok "what was decided is remembered with it" log_remembers
ok "top opens in 80x24" open_top t 80 24
ok "it fits 40x12 and 120x40 while it runs" top_fits
ok "details, back, help" top_details
ok "what is answered is gone" top_follows
ok "the inspector is replaced when it ends" inspector_is_replaced
ok "top waits for a daemon that comes back" top_survives
ok "q and Ctrl-C leave, the terminal is as before" top_leaves
ok "a terminal that cannot be drawn on" top_wants_a_terminal
ok "the fake device got what it expected" fake_is_content
finish
