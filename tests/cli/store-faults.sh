#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing is lost: snitchd is killed at each write of what it keeps, one after another, until a
# whole change passes untouched; each write fails, the disk is full, files are hostile. What counts
# is what a new daemon has then. It must never accept a state that is neither the one before nor the
# one after the change.
#
# shellcheck disable=SC2034
#
# SNITCH_FAULTS=all: all changes, each kind of failure at each write. Without it: some of them, each
# write fails in one way, the ways taking turns, and of the many writes of the first start ever some
# are tried.
. "$(dirname "$0")/lib/daemon.sh"

PLAN=$WORK/plan
STORE=$ROOT/var/lib/snitch
SPOOL=$ROOT/var/lib/snitch-fetch/spool
UNDER=("$BIN/snitch-fault" "$ROOT" "$PLAN")
FLOW=0
TRIES=50 PAUSE=0.02
KILLED=0 FAILED_WRITES=0

# arm TEXT: what is to happen from the next write on; see snitch-fault.
arm() {
	rm -f "$PLAN" "$PLAN.log" "$PLAN.fired"
	echo "$1" >"$PLAN.new"
	mv "$PLAN.new" "$PLAN"
}
disarm() {
	local fired=1
	[[ -e $PLAN.fired ]] && fired=0
	rm -f "$PLAN"
	[[ $fired -eq 0 ]] && mv "$PLAN.fired" "$PLAN.was"
	arm "0 log"
	return $fired
}

again() {
	rm -f "$PLAN"
	restart || return 1
	play 'owner 2 exe "/usr/bin/curl" cmd "curl" comm "curl" pid 4242'
}

# Everything that is kept, as the daemon tells it; of the executables that rules are bound to it does not.
state() {
	until_true 3 settled
	[[ ! -e $STORE/programs ]] || awk '$2 != "-" { print $1, $3 }' "$STORE/programs" | sort
	{ snitch --json rules list; snitch --json mode; snitch --json status; snitch --json lists list; } 2>/dev/null |
		jq -cs '([.[0].rules[] | select(.scope != "builtin") | [.text, .scope, .active]] | sort),
			[.[1].mode, .[1].after], .[2].Profile, .[2].RulesError, [.[3].lists[] |
			[.name, .kind, .enabled, .names, .ranges, .exceptions, .url, .problem]]' 2>/dev/null
}
# The files of it, those of the version before aside.
files() {
	(cd "$ROOT" && find etc run/snitch/rules var -type f ! -name '*.last' ! -name '*history*' -print0 |
		sort -z | xargs -0 cksum)
}
# Of each file that a rule names the digest is known.
settled() { ! grep -q '^- [0-9]' "$STORE/programs" 2>/dev/null; }
unfinished() { find "$ROOT" \( -name '.*' -o -name '*.tmp' -o -name '*.new' \) ! -path "$ROOT" -print; }

# ---- changes: do_X, its undoing, and what it needs before --------------------------------------

ids_of() { snitch --json rules list | jq -r --arg t "$1" '.rules[] | select(.text | contains($t)) | .id'; }
remove() {
	local ids
	ids=$(ids_of "$1")
	# shellcheck disable=SC2086
	[[ -z $ids ]] || snitch rules rm $ids
}

do_add() { snitch rules add deny /usr/bin/nc to 192.0.2.1; }
undo_add() { remove "to 192.0.2.1"; }
do_user() { snitch rules add --scope user deny /usr/bin/nc to 192.0.2.2; }
undo_user() { remove "to 192.0.2.2"; }
do_timed() { snitch rules add deny /usr/bin/nc to 192.0.2.3 for 1h; }
undo_timed() { remove "to 192.0.2.3"; }
do_remove() { remove "to 198.51.100.2"; }
undo_remove() { snitch rules add deny /usr/bin/base2 to 198.51.100.2; }
do_import() { snitch rules import --scope system "$WORK/many.rules"; }
undo_import() { remove "to 203.0.113."; }
ask() {
	local proto
	for proto in "$@"; do
		FLOW=$((FLOW + 1))
		play "flow $FLOW owner 2 $proto 192.0.2.4 port 5353"
	done
	until_true 10 asked "$#" && Q=$(snitch --json pending | jq -r '.questions[0].id')
}
asked() { [[ $(snitch --json pending | jq '.questions[0].attempts // 0') -ge $1 ]]; }
prep_answer() { ask udp; }
do_answer() { snitch answer "$Q" deny forever --scope address; }
undo_answer() { remove "to 192.0.2.4"; }
# One answer, two rules: both or none.
prep_answers() { ask udp tcp; }
do_answers() { snitch answer "$Q" deny until quit --scope address-port; }
undo_answers() { remove "to 192.0.2.4"; }
do_mode() { snitch mode quiet; }
undo_mode() { snitch mode ask; }
do_mode_for() { snitch mode lockdown for 1h; }
undo_mode_for() { snitch mode ask; }
do_profile() { snitch profile use work; }
undo_profile() { snitch profile auto; }
do_list() { snitch lists add more "$WORK/more" --kind domains; }
undo_list() { snitch lists rm more; }
do_list_update() { snitch lists add mine "$WORK/more"; }
undo_list_update() { snitch lists add mine "$WORK/mine"; }
do_list_remove() { snitch lists rm mine; }
undo_list_remove() { snitch lists add mine "$WORK/mine" && snitch lists except mine ok.ads1.example; }
do_list_off() { snitch lists disable mine; }
undo_list_off() { snitch lists enable mine; }
do_except() { snitch lists except mine ok.ads2.example; }
undo_except() { snitch lists except --rm mine ok.ads2.example; }
# What the fetcher has left is taken in by itself.
do_fetched() {
	cp "$WORK/more" "$SPOOL/web.data"
	printf 'outcome = ok\nurl = https://localhost:1/list\n' >"$SPOOL/.web"
	mv "$SPOOL/.web" "$SPOOL/web.result"
	until_true 10 fetched_or_gone && kill -0 "$DAEMON"
}
fetched_or_gone() {
	[[ $(snitch --json lists list | jq '.lists[] | select(.name == "web") | .names') == 500 ]] ||
		! kill -0 "$DAEMON" 2>/dev/null
}
prep_fetched() { rm -f "$SPOOL"/*; snitch lists rm web; snitch lists add web https://localhost:1/list; }
undo_fetched() { prep_fetched; }

# Root's own file, which the program snitch writes: that one is killed.
do_admin() {
	"$BIN/snitch-fault" "$ROOT" "$PLAN" "$BIN/snitch" rules add --scope admin --root "$ROOT" deny /usr/bin/nc to 192.0.2.6 &&
	until_true 5 eval '[[ -n $(ids_of "to 192.0.2.6") ]]'
}
undo_admin() {
	snitch rules rm --root "$ROOT" "$(ids_of "to 192.0.2.6")" && until_true 5 eval '[[ -z $(ids_of "to 192.0.2.6") ]]'
}

# Executables: a new one that a rule is bound to, one that changes, and one that is right as it is now.
# meanwhile_X: what happens while there is no daemon; then_X: what must hold with a new one, wherever
# the one before was killed.
PROGRAM=/usr/bin/kept
kept_is() { snitch --json rules list | jq -e --arg t "$1" 'any(.rules[]; (.text | contains("to 198.18.0.20")) and
	.active == ($t == "active"))'; }
gone() { ! kill -0 "$DAEMON" 2>/dev/null; }
kept_is_or_gone() { kept_is "$1" || gone; }
# swap TEXT: another file at the path, as an upgrade does it
swap() {
	printf '%s\n' "$1" >"$ROOT$PROGRAM.dpkg-new"
	chmod 755 "$ROOT$PROGRAM.dpkg-new"
	mv "$ROOT$PROGRAM.dpkg-new" "$ROOT$PROGRAM"
}
becomes() { swap "$1" && kill -HUP "$DAEMON" && until_true 5 kept_is_or_gone "$2" && ! gone; }
# The daemon writes these after it has replied; the last it does is to take the file beside away.
end_writing() { until_true 1 eval '[[ ! -e $STORE/.programs.tmp ]]' || :; }
is_bound() { grep -q '^[0-9a-f]\{64\} .* /usr/bin/fresh$' "$STORE/programs"; }
is_bound_or_gone() { is_bound || gone; }
prep_bound() { kept_is active || becomes "the program" active; }
# What could not be kept is kept with the next change.
do_bound() {
	snitch rules add allow /usr/bin/fresh to 198.18.0.21 || return 1
	until_true 1 is_bound_or_gone || { kill -HUP "$DAEMON"; until_true 5 is_bound_or_gone; }
	end_writing
	is_bound && ! gone
}
undo_bound() { remove "to 198.18.0.21"; }
meanwhile_bound() { swap "stolen"; }
then_bound() { until_true 5 kept_is suspended && becomes "the program" active; }
prep_suspended() { prep_bound; }
do_suspended() { becomes "another program" suspended; }
undo_suspended() { becomes "the program" active; }
then_suspended() { until_true 5 kept_is suspended; }
prep_lifted() { kept_is suspended || becomes "another program" suspended; }
do_lifted() { becomes "the program" active; }
undo_lifted() { becomes "another program" suspended; }
then_lifted() { until_true 5 kept_is active; }
prep_approved() { prep_lifted; }
do_approved() {
	snitch rules add allow "$PROGRAM" to 198.18.0.20 || return 1
	until_true 1 settled_or_gone || { kill -HUP "$DAEMON"; until_true 5 settled_or_gone; }
	end_writing
	! gone
}
settled_or_gone() { settled || gone; }
undo_approved() { becomes "the program" suspended && do_approved && prep_lifted; }

# A file of root's, which the program snitch puts into /etc: into the test's, in a mount namespace.
in_etc() { unshare --mount --propagation private sh -c 'mount --bind "$1" /etc && shift && exec "$@"' sh "$ROOT/etc" "$@"; }
faulty() { in_etc "$BIN/snitch-fault" /etc "$PLAN" "$BIN/snitch" "$@"; }
WEB=$ROOT/etc/snitch/rules.d/web.rules
web_is() { [[ -n $(ids_of "to 192.0.2.$1") && -z $(ids_of "to 192.0.2.$((15 - $1))") ]]; }
do_apply() { faulty apply "$WORK/web.rules" && until_true 5 web_is 8; }
undo_apply() {
	rm -f "$WEB.last"
	echo "deny /usr/bin/nc to 192.0.2.7" >"$ROOT/etc/snitch/new" && mv "$ROOT/etc/snitch/new" "$WEB" && until_true 5 web_is 7
}
# on_trial COMMAND...: while the new version is tried; the trial is over then, one way or the other
on_trial() {
	local trial code
	"$BIN/snitch" apply "$WORK/web.rules" --confirm 60s >"$WORK/trial" 2>&1 &
	trial=$!
	PIDS+=("$trial")
	until_true 5 eval '[[ $(snitch --json status | jq -r .TrialState) == running ]]' || { cat "$WORK/trial"; return 1; }
	"$@"
	code=$?
	kill -INT "$trial" 2>/dev/null
	wait "$trial"
	return $code
}
do_confirm() { on_trial faulty confirm && until_true 5 web_is 8; }
undo_confirm() { undo_apply; }

CHANGES=(add user timed remove import answer answers mode mode_for profile list list_update list_remove
	list_off except fetched bound suspended lifted approved)
# Whatever writes is among these; the rest writes the same way.
FEW=(add remove import answers mode_for profile list list_remove except suspended)
FILES=(admin apply confirm)

# ---- the ways to fail --------------------------------------------------------------------------

before_and_after() {
	local name=$1
	BEFORE=$(state)
	! declare -F "prep_$name" >/dev/null || "prep_$name" || { echo "cannot prepare $name"; return 1; }
	BEFORE=$(state)
	arm "0 log"
	"do_$name" || { echo "$name fails by itself"; return 1; }
	AFTER=$(state)
	WRITES=$(wc -l <"$PLAN.log")
	cp "$PLAN.log" "$WORK/calls"
	[[ -n $BEFORE && $BEFORE != "$AFTER" && $WRITES -gt 0 ]] || { echo "$name changes nothing"; return 1; }
	"undo_$name" && [[ $(state) == "$BEFORE" ]] || { echo "$name cannot be undone"; state; return 1; }
}
differ() {
	printf '%s\n' "$1, at $(cat "$PLAN.was" 2>/dev/null):" "$2"
	diff <(echo "$BEFORE") <(state) | sed 's/^/  before: /' | cut -c 1-300
	diff <(echo "$AFTER") <(state) | sed 's/^/  after:  /' | cut -c 1-300
	tail -n 5 "$WORK/daemon.log"
	return 1
}

# A power cut forgets what was not synced: what is renamed into place is synced before, its folder after.
synced() {
	awk '
		/-wal$|-shm$|history\.db/ { next }
		$1 ~ /^(write|pwrite64|ftruncate)$/ { dirty[$2] = NR }
		$1 ~ /^f(data)?sync$/ { delete dirty[$2]; delete folder[$2] }
		$1 ~ /^rename/ {
			if ($2 in dirty) { print "renamed, not synced before: " $0; bad = 1 }
			dir = $3; sub("/[^/]*$", "", dir); folder[dir] = $0
		}
		END {
			for (dir in folder) { print "folder not synced after: " folder[dir]; bad = 1 }
			exit bad
		}' "$WORK/calls"
}

hook() { ! declare -F "$1_$name" >/dev/null || quietly "$1_$name"; }

kill_at_each() {
	local name=$1 n=0 now code
	before_and_after "$name" && synced || return 1
	while :; do
		n=$((n + 1))
		! declare -F "prep_$name" >/dev/null || "prep_$name" >/dev/null || return 1
		arm "$n kill"
		quietly "do_$name"
		code=$?
		if ! disarm; then break; fi
		KILLED=$((KILLED + 1))
		hook meanwhile
		again || { differ "$name: no new daemon after the kill $n" ""; return 1; }
		hook "then" || { differ "$name: forgotten, kill $n" ""; return 1; }
		now=$(state)
		[[ $now == "$BEFORE" || $now == "$AFTER" ]] || { differ "$name: neither before nor after, kill $n" ""; return 1; }
		[[ $code -ne 0 || $now == "$AFTER" ]] || { differ "$name: said to be done, lost, kill $n" ""; return 1; }
		[[ -z $(unfinished) ]] || { differ "$name: left for ever, kill $n" "$(unfinished)"; return 1; }
		[[ $now == "$BEFORE" ]] || quietly "undo_$name" || return 1
	done
	echo "$((n - 1)) kills"
	[[ $n -gt 1 ]] && quietly "undo_$name" && [[ $(state) == "$BEFORE" ]]
}

# one_failure NAME N WHAT: done and said so, or not done and said so in one sentence
one_failure() {
	local name=$1 n=$2 what=$3 code disk now
	! declare -F "prep_$name" >/dev/null || "prep_$name" >/dev/null || return 1
	disk=$(files)
	arm "$n $what"
	"do_$name" >/dev/null 2>"$WORK/err"
	code=$?
	if ! disarm; then
		[[ $code -ne 0 ]] || quietly "undo_$name"
		return 2
	fi
	FAILED_WRITES=$((FAILED_WRITES + 1))
	now=$(state)
	if [[ $code -eq 0 ]]; then
		[[ $now == "$AFTER" ]] || { differ "$name: said to be done, $what at $n" ""; return 1; }
		quietly "undo_$name"
		return
	fi
	[[ $now == "$BEFORE" ]] || { differ "$name: said to have failed, $what at $n" "$(cat "$WORK/err")"; return 1; }
	[[ $(wc -l <"$WORK/err") -eq 1 ]] || { differ "$name: not one error, $what at $n" "$(cat "$WORK/err")"; return 1; }
	[[ $(files) == "$disk" ]] ||
		{ differ "$name: files changed, $what at $n" "$(diff <(echo "$disk") <(files))"; return 1; }
}
# The ways in which call N may fail; without SNITCH_FAULTS=all one of them, by turns.
ways() {
	local -a all=(EIO ENOSPC)
	case $(sed -n "$1s/ .*//p" "$WORK/calls") in
	unlink* | fchmod) all=(EIO) ;;
	write | pwrite64) all=(EIO ENOSPC short) ;;
	esac
	[[ ${SNITCH_FAULTS:-} == all ]] && echo "${all[*]}" || echo "${all[$(($1 % ${#all[@]}))]}"
}
fail_at_each() {
	local name=$1 n way
	before_and_after "$name" || return 1
	for ((n = 1; n <= WRITES; n++)); do
		for way in $(ways "$n"); do
			one_failure "$name" "$n" "$way"
			[[ $? -ne 1 ]] || return 1
		done
	done
	# a disk that stays full
	one_failure "$name" "1+" ENOSPC
	[[ $? -ne 1 ]]
}

# What snitch itself writes: that one is killed, at each of its writes.
unreadable() { find "$ROOT/etc/snitch/rules.d" -name '*.rules' ! -perm -444; }
snitch_killed() {
	local name=$1 n=0 now PLAN=$WORK/plan-of-snitch	# not the daemon's, who may write its history
	before_and_after "$name" && synced || return 1
	while :; do
		n=$((n + 1))
		arm "$n kill"
		quietly "do_$name"
		if ! disarm; then break; fi
		sleep 0.3	# a daemon looks at the folder a moment after
		now=$(state)
		[[ $now == "$BEFORE" || $now == "$AFTER" ]] || { differ "$name: neither before nor after, kill $n" ""; return 1; }
		# the daemon of a machine is not root
		[[ -z $(unreadable) ]] || { differ "$name: a file that snitchd cannot read, kill $n" ""; return 1; }
		[[ $now == "$BEFORE" ]] || "undo_$name" || return 1
	done
	"undo_$name" && [[ $n -gt 5 && -z $(unfinished) ]]
}
snitch_fails() {
	local name=$1 n way now code PLAN=$WORK/plan-of-snitch
	before_and_after "$name" || return 1
	for ((n = 1; n <= WRITES + 1; n++)); do
		for way in $([[ $n -gt $WRITES ]] && echo ENOSPC || ways "$n"); do
			arm "$([[ $n -gt $WRITES ]] && echo 1+ || echo "$n") $way"
			"do_$name" >/dev/null 2>"$WORK/err"
			code=$?
			disarm || { [[ $code -ne 0 ]] || "undo_$name"; continue; }
			sleep 0.3
			now=$(state)
			[[ $code -ne 0 || $now == "$AFTER" ]] || { differ "$name: said to be done, $way at $n" ""; return 1; }
			[[ $code -eq 0 || $now == "$BEFORE" && -s $WORK/err ]] ||
				{ differ "$name: said to have failed, $way at $n" "$(cat "$WORK/err")"; return 1; }
			[[ -z $(unreadable) ]] || { differ "$name: a file that snitchd cannot read, $way at $n" ""; return 1; }
			[[ $now == "$BEFORE" ]] || "undo_$name" || return 1
		done
	done
}

# A trial keeps the connection that it was begun by; the daemon that knows of it is gone.
a_connection() {
	rm -f "$WORK/ends"
	python3 -uc 'import socket, time
a = socket.create_server(("127.0.0.1", 0))
b = socket.create_connection(a.getsockname())
c, peer = a.accept()
print("127.0.0.1", peer[1], *a.getsockname())
time.sleep(600)' >"$WORK/ends" &
	LINE=$!
	PIDS+=("$LINE")
	until_true 10 test -s "$WORK/ends"
	export SSH_CONNECTION
	SSH_CONNECTION=$(cat "$WORK/ends")
}
no_connection() { unset SSH_CONNECTION; kill "$LINE"; wait "$LINE" 2>/dev/null; }
kept_line() { snitch --json rules list | jq -e 'any(.rules[]; .text | contains("to 127.0.0.1 port"))'; }
die() { kept_line && kill -9 "$DAEMON" && until_true 5 gone && again; }
trial_killed() {
	local code
	BEFORE=$(state)
	AFTER=$BEFORE
	a_connection && on_trial die
	code=$?
	no_connection
	[[ $code -eq 0 ]] || { cat "$WORK/trial"; return 1; }
	[[ $(state) == "$BEFORE" && -z $(unfinished) ]] || { differ "trial: left by a daemon that is gone" ""; return 1; }
}
# Nothing needs the disk to go back.
trial_on_a_full_disk() {
	local code
	BEFORE=$(state)
	AFTER=$BEFORE
	arm "1+ ENOSPC"
	a_connection && on_trial kept_line
	code=$?
	no_connection
	arm "0 log"
	[[ $code -eq 0 ]] || { cat "$WORK/trial"; return 1; }
	[[ $(state) == "$BEFORE" ]] || { differ "trial: not reverted on a full disk" ""; return 1; }
	again && [[ $(state) == "$BEFORE" ]] || { differ "trial: not reverted after it" ""; return 1; }
}
# Once confirmed the line lasts as its rule says: until reboot.
trial_keeps_on() {
	local code
	a_connection && on_trial eval 'kept_line && faulty confirm'
	code=$?
	no_connection
	[[ $code -eq 0 ]] && until_true 5 web_is 8 && again && kept_line && web_is 8 && remove "to 127.0.0.1 port" && undo_confirm
}

# A start is cut off at each write, the first one ever and one with rules.
start_killed() {
	local n=0 fired=1 step=${2:-1}
	while [[ $fired -eq 1 ]]; do
		n=$((n + step))
		stop_daemon
		[[ $1 == later ]] || rm -rf "$STORE" "$ROOT/run/snitch"
		start_fake || return 1
		arm "$n kill"
		start_daemon
		disarm || fired=0
		again || return 1
		[[ -z $(unfinished) ]] || { unfinished; return 1; }
		[[ $1 != later || $(state) == "$GOOD" ]] || { differ "start: lost, kill $n" ""; return 1; }
	done
	echo "$((n / step)) starts"
	[[ $n -gt 3 ]]
}
start_with_rules() { GOOD=$(state); BEFORE=$GOOD AFTER=$GOOD; start_killed later; }

# Decisions written when the daemon ends: it is killed there, and what was written before stays.
counted() { snitch --json log -n 1000 | jq '[.flows[].count] | add // 0'; }
whole() {
	python3 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check").fetchone()[0])' "$STORE/history.db"
}
decide() {
	FLOW=$((FLOW + 1))
	play "flow $FLOW owner 2 tcp 198.51.100.1 port 80"
	until_true 10 eval '[[ $(snitch --json status | jq .Daemon.flows) -eq 1 ]]'
}
end_killed() {
	local n=0 before now fired=1
	again && decide && again || return 1
	while [[ $fired -eq 1 ]]; do
		n=$((n + 1))
		before=$(counted)
		[[ $before -gt 0 ]] && decide || return 1
		arm "$n kill"
		stop_daemon
		disarm || fired=0
		again || return 1
		now=$(counted)
		[[ $now -eq $before || $now -eq $((before + 1)) ]] || { echo "kill $n: $before decisions, then $now"; return 1; }
	done
	echo "$n ends"
	stop_daemon
	[[ $n -gt 3 && $(whole) == ok && ! -e $STORE/history.db.broken-1 ]] && again
}

base() {
	mkdir -p "$ROOT/var/lib/snitch-fetch/jobs" "$SPOOL" "$ROOT/etc/snitch/lists" "$STORE"
	seq -f 'deny /usr/bin/nc to 203.0.113.%g' 20 >"$WORK/many.rules"
	seq -f 'ads%g.example' 300 >"$WORK/mine"
	seq -f 'ads%g.example' 500 >"$WORK/more"
	printf 'deny /usr/bin/wget to 198.51.100.9 profile work\n' >"$ROOT/etc/snitch/rules.d/admin.rules"
	printf '%s\n' 'ads.example.com' >"$ROOT/etc/snitch/lists/theirs.list"
	mkdir -p "$ROOT/usr/bin" && printf 'the program\n' >"$ROOT$PROGRAM" && printf 'fresh\n' >"$ROOT/usr/bin/fresh"
	chmod 755 "$ROOT$PROGRAM" "$ROOT/usr/bin/fresh"
	printf 'deny /usr/bin/nc to 192.0.2.7\n' >"$WEB"
	printf 'deny /usr/bin/nc to 192.0.2.8\n' >"$WORK/web.rules"
}
start_base() {
	mkdir -p "$ROOT/etc/snitch/rules.d" && base && again || return 1
	snitch mode ask && snitch rules add deny /usr/bin/base1 to 198.51.100.1 &&
	snitch rules add --scope user deny /usr/bin/base1 to 198.51.100.3 &&
	snitch rules add deny /usr/bin/base1 to 198.51.100.4 for 1h &&
	snitch rules add allow "$PROGRAM" to 198.18.0.20 && undo_remove && undo_list_remove
}
many_kills() { echo "killed at $KILLED writes"; [[ $KILLED -gt 60 ]]; }
many_failures() { echo "$FAILED_WRITES writes failed"; [[ $FAILED_WRITES -gt 60 ]]; }

[[ $(id -u) -eq 0 ]] || skip_all "only root may look at the daemon's system calls"
command -v jq >/dev/null || skip_all "no jq here"
[[ -x $BIN/snitch && -x $BIN/snitchd && -x $BIN/snitch-fault ]] || bail "build first: make userspace"
ok "snitchd starts, its system calls looked at" start_base
[[ $BAD -eq 0 ]] || bail "nothing else can be tried"
[[ ${SNITCH_FAULTS:-} == all ]] && STEP=1 || STEP=7 CHANGES=("${FEW[@]}") FILES=(admin apply)
for change in "${CHANGES[@]}"; do ok "killed at each write: $change" kill_at_each "$change"; done
for change in "${FILES[@]}"; do
	ok "snitch killed at each write: $change" snitch_killed $change
	ok "each write of snitch fails: $change" snitch_fails $change
done
ok "killed during a trial: the rules before, and no others" trial_killed
ok "a trial is reverted on a full disk" trial_on_a_full_disk
ok "a trial is confirmed: its line is kept on" trial_keeps_on
ok "killed at each write of a start" start_with_rules
ok "killed at each write of an end: history" end_killed
ok "there were kills" many_kills
for change in "${CHANGES[@]}"; do
	[[ $change == fetched ]] || ok "each write fails: $change" fail_at_each "$change"
done
ok "there were failures" many_failures
ok "killed at each write of the first start" start_killed first "$STEP"
finish
