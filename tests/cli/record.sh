#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A recording that goes on while the kernel goes and comes back, and its replay: both connections are
# in it, and judged as they were. It must never reach a daemon of the machine.
. "$(dirname "$0")/lib/daemon.sh"

a_daemon() {
	mkdir -p "$ROOT/var/lib" "$ROOT/run" "$ROOT/etc/snitch/rules.d"
	echo 'deny /usr/bin/make to 203.0.113.8' >"$ROOT/etc/snitch/rules.d/x.rules"
	"$BIN/snitchd" --root "$ROOT" --no-drop --foreground --device "$WORK/dev" --record "$WORK/recording" \
		>>"$WORK/daemon.log" 2>&1 7>&- &
	PIDS+=($!)
	DAEMON=$!
	until_true 10 test -S "$SNITCH_BUS"
}
decides() {
	play 'owner 1 exe "/usr/bin/make" cmd "make" comm "make" pid 4100'
	play "flow $1 owner 1 tcp $2 port 443"
	play "expect $1 $3"
	until_true 10 grep -q "$2" "$WORK/daemon.log"
}
# With its script the fake ends, and that is what a module that is unloaded looks like.
kernel_goes() {
	exec 7>&-
	until_true 10 grep -q "the kernel is gone" "$WORK/daemon.log"
}
ends() { kill "$DAEMON" && wait "$DAEMON"; }
one_beginning() { [[ $(grep -ac SNITCHR1 "$WORK/recording") -eq 1 ]]; }
replays() {
	"$BIN/snitchd" --root "$ROOT" --no-drop --foreground --replay "$WORK/recording" >"$WORK/replay.log" 2>&1 ||
		{ cat "$WORK/replay.log"; return 1; }
	grep -q "observed: /usr/bin/make to 203.0.113.7 " "$WORK/replay.log" &&
	grep -q "refused: /usr/bin/make to 203.0.113.8 " "$WORK/replay.log" || { cat "$WORK/replay.log"; return 1; }
}

[[ -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "a kernel" start_fake
ok "a daemon that records" a_daemon
ok "a flow is allowed" decides 10 203.0.113.7 allow
ok "the kernel goes" kernel_goes
ok "another one comes" start_fake
ok "a flow is refused there" decides 11 203.0.113.8 deny
ok "the daemon ends" ends
ok "the recording has one beginning" one_beginning
ok "it replays whole" replays
finish
