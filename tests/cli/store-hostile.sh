#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2034
# Files that somebody else has been at, and a disk that is full: what is wrong is said with file and
# reason, the rest stays, a start never waits for a file. It must never mount anything but in a
# namespace of the daemon's own.
. "$(dirname "$0")/lib/daemon.sh"

TRIES=50 PAUSE=0.02
STORE=$ROOT/var/lib/snitch
PLACES=("usr/lib/snitch/rules.d/00-bad.rules" "etc/snitch/rules.d/00-bad.rules"
	"var/lib/snitch/rules/777.rules" "run/snitch/rules/777.rules")
KINDS=(truncated nul long junk folder fifo link writable owner)
declare -A REASON=(
	[truncated]=':2:' [nul]='NUL' [long]=':1:|a bigger file' [junk]='NUL' [folder]='no regular file' [fifo]='no regular file'
	[link]='symbolic link' [writable]='mode 666' [owner]='owner 4243'
)

rules() { snitch --json rules list | jq -c '[.rules[] | [.text, .scope, .active]] | sort'; }
error() { snitch --json status | jq -r .RulesError; }

# spoil PATH KIND
spoil() {
	case $2 in
	truncated) printf 'deny /usr/bin/nc to 192.0.2.9\nallow /usr/bin/cu' >"$1" ;;
	nul) printf 'deny /usr/bin/nc to 192.0.2.9\n\0\n' >"$1" ;;
	long) head -c 10000000 /dev/zero | tr '\0' x >"$1" ;;
	junk) seq 20000 | gzip -n >"$1" ;;
	empty) : >"$1" ;;
	folder) mkdir "$1" ;;
	fifo) mkfifo "$1" ;;
	link) printf 'deny /usr/bin/nc to 192.0.2.9\n' >"$WORK/target"; ln -s "$WORK/target" "$1" ;;
	# whole at once: before the change of mode or owner it would be a good one
	writable) printf 'deny /usr/bin/nc to 192.0.2.9\n' >"$WORK/odd"; chmod 666 "$WORK/odd"; mv "$WORK/odd" "$1" ;;
	owner) printf 'deny /usr/bin/nc to 192.0.2.9\n' >"$WORK/odd"; chown 4243 "$WORK/odd"; mv "$WORK/odd" "$1" ;;
	esac
}

start_good() {
	mkdir -p "$ROOT/usr/lib/snitch/rules.d" "$ROOT/etc/snitch/rules.d" "$STORE"
	printf 'allow any to loopback\n' >"$ROOT/usr/lib/snitch/rules.d/10-good.rules"
	printf 'deny /usr/bin/wget to 198.51.100.1 profile work\n' >"$ROOT/etc/snitch/rules.d/20-good.rules"
	restart && snitch rules add deny /usr/bin/nc to 198.51.100.2 && snitch rules add deny /usr/bin/nc to 198.51.100.4 &&
	snitch rules add deny /usr/bin/nc to 198.51.100.3 for 1h && seq -f 'ads%g.example' 50 >"$WORK/list" &&
	snitch lists add mine "$WORK/list" && snitch mode observe && GOOD=$(rules) && [[ $(jq length <<<"$GOOD") -eq 5 ]]
}
error_is() { [[ $(error) == *"$ROOT/$1"* && $(error) =~ $2 ]]; }
no_error() { [[ -z $(error) ]]; }
# What is in force stays; the error goes when the file does.
hostile_rules() {
	local place kind
	for place in "${PLACES[@]}"; do
		for kind in "${KINDS[@]}"; do
			spoil "$ROOT/$place" "$kind"
			kill -HUP "$DAEMON"
			until_true 10 error_is "$place" "${REASON[$kind]}" || { echo "$place, $kind: $(error)"; return 1; }
			[[ $(rules) == "$GOOD" ]] || { echo "$place, $kind: other rules"; rules; return 1; }
			rm -r "${ROOT:?}/$place"
			kill -HUP "$DAEMON"
			until_true 10 no_error || { echo "$place, $kind, gone: $(error)"; return 1; }
		done
	done
}
# At a start there is nothing to stay: the good files count, the bad one is told of.
hostile_at_start() {
	local place kind
	for place in "${PLACES[@]}"; do
		spoil "$ROOT/$place" "${KINDS[$((RANDOM % ${#KINDS[@]}))]}"
	done
	: >"$WORK/daemon.log"
	restart || return 1
	[[ $(rules) == "$GOOD" && $(error) == *"$ROOT/"* ]] || { error; rules; return 1; }
	[[ $(grep -c "files with errors are left out" "$WORK/daemon.log") -eq 1 ]] || { cat "$WORK/daemon.log"; return 1; }
	for place in "${PLACES[@]}"; do rm -r "${ROOT:?}/$place"; done
	restart && no_error && [[ $(rules) == "$GOOD" ]]
}

# state FILE MODE: whatever it is, the daemon starts, has the rules and that mode, and names the file
state() {
	local file=$1 mode=$2 kind
	for kind in junk empty long folder fifo link; do
		[[ $file != mode || $kind != link ]] || kind=folder
		rm -rf "$WORK/kept"
		stop_daemon
		: >"$WORK/daemon.log"
		[[ ! -e $STORE/$file ]] || mv "$STORE/$file" "$WORK/kept"
		spoil "$STORE/$file" "$kind"
		restart || { echo "$file, $kind: no start"; return 1; }
		[[ $(rules) == "$GOOD" && $(snitch --json mode | jq -r .mode) == "$mode" ]] ||
			{ echo "$file, $kind: other rules or mode"; snitch mode; return 1; }
		[[ $kind == empty ]] || grep -F "$STORE" "$WORK/daemon.log" | grep -qF "${file%%.*}" ||
			{ echo "$file, $kind: nothing is said"; cat "$WORK/daemon.log"; return 1; }
		[[ ! -e $WORK/target || $(<"$WORK/target") == "deny /usr/bin/nc to 192.0.2.9" ]] ||
			{ echo "$file: the link's target was written to"; return 1; }
		rm -rf "${STORE:?}/$file" "$STORE"/history.db*
		[[ ! -e $WORK/kept ]] || mv "$WORK/kept" "$STORE/$file"
	done
	restart
}
# A list that cannot be read is told of; the rules are as they were.
hostile_list() {
	local file kind
	for file in mine.conf mine.list mine.except; do
		for kind in folder fifo link writable owner; do
			rm -rf "$WORK/kept"
			[[ ! -e $STORE/lists/$file ]] || mv "$STORE/lists/$file" "$WORK/kept"
			spoil "$STORE/lists/$file" "$kind"
			restart && [[ $(rules) == "$GOOD" ]] || return 1
			says "$file" snitch --json lists list || { echo "$file, $kind: nothing is said"; return 1; }
			rm -rf "${STORE:?}/lists/$file"
			[[ ! -e $WORK/kept ]] || mv "$WORK/kept" "$STORE/lists/$file"
		done
	done
	restart && snitch --json lists list | jq -e '.lists[0] | .names == 50 and .problem == ""'
}

# ---- a small disk --------------------------------------------------------------------------------

start_small() {
	UNDER=(unshare --mount --propagation private sh -c
		'cp -a "$1" "$2" && mount -t tmpfs -o size=1m,mode=755 tmpfs "$1" && cp -a "$2/." "$1" && shift 2 && exec "$@"'
		sh "$STORE" "$WORK/copy")
	restart && DISK=/proc/$DAEMON/root$STORE && [[ -d $DISK/rules ]] && [[ $(rules) == "$GOOD" ]]
}
one_error() {
	local code
	"$@" >/dev/null 2>"$WORK/err"
	code=$?
	[[ $code -ne 0 && $(wc -l <"$WORK/err") -eq 1 ]] && grep -q "No space left" "$WORK/err" ||
		{ echo "$*: exit code $code"; cat "$WORK/err"; return 1; }
}
full() {
	dd if=/dev/zero of="$DISK/filler" bs=4k 2>/dev/null
	[[ $(stat -f -c %a "$DISK") -eq 0 ]] || return 1
	one_error snitch rules add deny /usr/bin/nc to 192.0.2.10 &&
	one_error snitch mode quiet && one_error snitch profile use work &&
	one_error snitch lists add more "$WORK/list" && one_error snitch lists except mine ok.ads1.example &&
	one_error snitch rules rm "$(snitch --json rules list | jq -r '[.rules[] | select(.scope == "system") | .id][0]')" || return 1
	[[ $(rules) == "$GOOD" && $(snitch --json mode | jq -r .mode) == observe ]] && no_error &&
	snitch --json lists list | jq -e '[.lists[] | [.name, .names, .problem]] == [["mine", 50, ""]]'
}
# Full as it is, the files are those of before, and a verdict is not held up by a history that has no room.
full_goes_on() {
	play 'owner 2 exe "/usr/bin/nc" cmd "nc" pid 4242'
	play 'flow 10 owner 2 tcp 198.51.100.2 port 80'
	play 'expect 10 deny by rule'
	until_true 10 eval '[[ $(snitch --json status | jq .Daemon.flows) -eq 1 ]]' && sleep 6 && quietly snitch mode &&
	cmp "$DISK/rules/system.rules" "$WORK/copy/rules/system.rules" && [[ -z $(find "$DISK" -name '.*.tmp') ]]
}
room_again() {
	rm "$DISK/filler"
	snitch rules add deny /usr/bin/nc to 192.0.2.10 && snitch mode quiet && snitch lists add more "$WORK/list" &&
	grep -q 192.0.2.10 "$DISK/rules/system.rules" && [[ $(<"$DISK/mode") == quiet ]] && kill -0 "$DAEMON"
}

[[ $(id -u) -eq 0 ]] || skip_all "only root can give files to others"
for tool in jq unshare; do command -v "$tool" >/dev/null || skip_all "no $tool here"; done
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fake ]] || bail "build first: make userspace"
ok "snitchd starts with rules of all four places" start_good
ok "bad files of rules: refused with place and reason, the rest stays" hostile_rules
ok "bad files of rules at a start: the others count" hostile_at_start
ok "bad file of the mode: quiet" state mode quiet
ok "bad file of the profile" state profile observe
ok "bad file of suspended programs" state suspended observe
ok "bad file of known programs" state programs observe
ok "bad history" state history.db observe
ok "bad files of lists" hostile_list
ok "a small disk" start_small
ok "full: one error each, all as before" full
ok "full: what is in force goes on" full_goes_on
ok "room again: it is written again" room_again
finish
