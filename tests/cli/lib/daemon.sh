# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the tests of the command line: a real snitchd in a private folder, its device the fake
# one. It must never reach a daemon of the machine: everything goes by a private socket there.
. "$(dirname "${BASH_SOURCE[0]}")/../../install/lib.sh"

BIN=${SNITCH_BIN:-$TOP/build/bin}
ROOT=$WORK/root
export SNITCH_BUS=$ROOT/run/snitch/bus LC_ALL=C.UTF-8
unset NO_COLOR
PIDS=()
# A command that runs the daemon, if any.
UNDER=()
DAEMON=
snitch() { "$BIN/snitch" "$@"; }
tm() { tmux -L "snitch-test-$$" -f /dev/null "$@"; }
cleanup() {
	tm kill-server 2>/dev/null
	[[ ${#PIDS[@]} -eq 0 ]] || kill "${PIDS[@]}" 2>/dev/null
	wait 2>/dev/null
	remove_work
}
trap cleanup EXIT

# until_true SECONDS COMMAND...: tries some times a second.
TRIES=10 PAUSE=0.1
until_true() {
	local n=$(($1 * TRIES)); shift
	while ! "$@"; do
		((n-- > 0)) || return 1
		sleep "$PAUSE"
	done
}

start_daemon() {
	mkdir -p "$ROOT/var/lib" "$ROOT/run" "$ROOT/etc/snitch/rules.d"
	"${UNDER[@]}" "$BIN/snitchd" --root "$ROOT" --no-drop --foreground --device "$WORK/dev" >>"$WORK/daemon.log" 2>&1 7>&- &
	PIDS+=($!)
	DAEMON=$!
	until_true 10 daemon_is_up_or_gone && [[ -S $SNITCH_BUS ]]
}
daemon_is_up_or_gone() { [[ -S $SNITCH_BUS ]] || ! kill -0 "$DAEMON" 2>/dev/null; }
quietly() { "$@" >/dev/null 2>&1; }

# Ends what runs, however it does, and starts a new daemon on a new device.
stop_daemon() {
	exec 7>&-
	[[ -z $DAEMON ]] || { kill "$DAEMON"; wait "$DAEMON"; } 2>/dev/null
	[[ ${#PIDS[@]} -eq 0 ]] || kill "${PIDS[@]}" 2>/dev/null	# a device that nobody came to
	wait 2>/dev/null
	PIDS=()
	rm -f "$SNITCH_BUS"
}
restart() {
	stop_daemon
	start_fake && start_daemon && until_true 10 quietly snitch mode || { cat "$WORK/daemon.log"; return 1; }
}

# A fake device, in the place of the one before.
start_fake() {
	exec 7>&-
	rm -f "$WORK/dev" "$WORK/script"
	mkfifo "$WORK/script"
	"$BIN/snitch-fake" "$WORK/dev" "$WORK/script" >>"$WORK/fake.log" 2>&1 &
	PIDS+=($!)
	exec 7>"$WORK/script"
	until_true 10 test -S "$WORK/dev" || { cat "$WORK/fake.log"; return 1; }
}

start() {
	start_fake || return 1
	start_daemon || { cat "$WORK/daemon.log"; return 1; }
	play 'owner 1 exe "/usr/bin/make" cmd "make" comm "make" pid 4100'
	play 'owner 2 parent 1 exe "/usr/bin/curl" cmd "curl\0-sS\0https://203.0.113.7/\x1b[2J" comm "curl" pid 4242'
}

# play LINE: a line of the fake device's script, played at once.
play() { printf '%s\n' "$1" >&7; }
exit_is() {
	local want=$1 got; shift
	"$@"; got=$?
	[[ $got -eq $want ]] || { echo "exit code $got, not $want"; return 1; }
}
says() {
	local want=$1 said; shift
	said=$("$@" 2>&1)
	echo "$said"
	[[ $said == *"$want"* ]]
}
fake_is_content() {
	local log
	exec 7>&-
	sleep 0.5
	for log in "$WORK"/fake*.log; do
		[[ ! -s $log ]] || { echo "$log:"; cat "$log"; return 1; }
	done
}
